import type { AccessController, AccessEvent } from '@hallhub/device-drivers/capabilities';
import type { Receipt } from '@hallhub/device-drivers/kit';
import type { Cancel, Clock, DurationMs, EpochMs, Failure, RandomBytes, Result } from '@hallhub/sync/base';
import { hours, ms, ok, plus, seconds, uuidv7 } from '@hallhub/sync/base';
import { backoff } from '@hallhub/sync/link';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { Vault } from '../../vault/index.ts';
import type { TerminalProjection } from './project.ts';
import type { PersonRow, TerminalStore } from './store.ts';

const RETRY = { first: seconds(2), max: seconds(300) };
/** The device does not take what it should have, or took it and has something else. */
const NOT_TAKEN: ReadonlySet<string> = new Set(['E-DEV-0203', 'E-DEV-0208']);
/** What it refused so often it will refuse again: it is asked anew the day after. */
const REFUSED_OFTEN = 3;
const AGAIN_TOMORROW = hours(24);
const ORDER_LIVES = seconds(60);
const LOOK_EVERY = seconds(60);
const COMPARE_EVERY = hours(24);

export interface WorkerDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly deviceId: string;
  readonly store: TerminalStore;
  readonly projection: TerminalProjection;
  readonly vault: Pick<Vault, 'match'>;
  /** Undefined while the device is away. */
  readonly device: () => AccessController | undefined;
  /** Inside a transaction; `fresh`: nobody has it on record yet. */
  readonly record: (event: AccessEvent) => void;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}

export interface TerminalWorker {
  start(): void;
  /** Something may be due. */
  kick(): void;
  stop(): void;
}

/** Brings one terminal to what it should have, one step at a time, and reads what it recorded. Everything is resumable. */
export function createTerminalWorker(deps: WorkerDeps): TerminalWorker {
  const { db, clock, random, deviceId, store, projection, log } = deps;
  let running = false;
  let busy = false;
  let kicked = false;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let cancelTimer: Cancel | undefined;

  const arm = (delay: DurationMs): void => {
    cancelTimer?.();
    if (running) cancelTimer = clock.after(delay, () => void work());
  };
  const work = async (): Promise<void> => {
    if (busy) {
      kicked = true;
      return;
    }
    busy = true;
    kicked = false;
    try {
      const device = deps.device();
      if (device) await step(device);
    } catch (error) {
      log('error', 'the work at a terminal failed', { device: deviceId, err: error });
    } finally {
      busy = false;
    }
    const next = store.nextAt(deviceId);
    const wait = next === undefined ? LOOK_EVERY : Math.min(LOOK_EVERY, Math.max(seconds(1), next - clock.now()));
    // Read again: a kick may have come while it worked.
    arm((kicked as boolean) ? ms(0) : ms(wait));
  };
  const alive = (): boolean => running && !kickedAway();
  const kickedAway = (): boolean => deps.device() === undefined;

  const step = async (device: AccessController): Promise<void> => {
    if (clock.monotonic() - lookedAt >= LOOK_EVERY) {
      const met = await meet(device);
      if (!met.ok) {
        log('warn', 'a terminal does not say who it is', { device: deviceId, code: met.error.code });
        return;
      }
      const read = await readHistory(device);
      if (!read.ok)
        log('warn', 'what a terminal recorded could not be read', { device: deviceId, code: read.error.code });
      else lookedAt = clock.monotonic();
    }
    if (!store.terminal(deviceId)) return;
    for (let row = store.due(deviceId, clock.now()); row && alive(); row = store.due(deviceId, clock.now()))
      if (!(await bring(device, row))) return;
    const known = store.terminal(deviceId);
    if (known && clock.now() - known.comparedAt >= COMPARE_EVERY && alive()) await compare(device);
  };

  /** Other hardware than last time has nobody, and its numbers are others. What it recorded before it came here is not ours. */
  const meet = async (device: AccessController): Promise<Result<void>> => {
    const digest = await device.digest();
    if (!digest.ok) return digest;
    const { terminal, validity } = digest.value;
    if (store.terminal(deviceId)?.terminal === terminal) return ok();
    let position: string | null = null;
    for (let more = true; more && running;) {
      const page: Awaited<ReturnType<AccessController['history']>> = await device.history(position);
      if (!page.ok) return page;
      ({ position, more } = page.value);
    }
    transact(db, () => {
      store.meet(deviceId, { terminal, validity, position });
      projection.timePassed(0 as EpochMs);
    });
    log('info', 'a terminal was met', { device: deviceId });
    return ok();
  };
  const readHistory = async (device: AccessController): Promise<Result<void>> => {
    for (let more = true; more && alive();) {
      const page = await device.history(store.terminal(deviceId)?.position ?? null);
      if (!page.ok) return page;
      transact(db, () => {
        for (const event of page.value.events) deps.record(event);
        store.move(deviceId, page.value.position);
      });
      ({ more } = page.value);
    }
    return ok();
  };

  const order = <A>(name: string, args: A) => ({
    id: uuidv7(clock.now(), random),
    name,
    args,
    issuedAt: clock.now(),
    expiresAt: plus(clock.now(), ORDER_LIVES),
    issuedBy: 'gate-terminals',
  });
  /** One person, put or taken away. False: the device is left alone for a while. */
  const bring = async (device: AccessController, row: PersonRow): Promise<boolean> => {
    const { personId } = row;
    const target = row.wanted === null ? undefined : projection.target(row);
    const before = projection.unseal(row, row.cards);
    if (row.wanted !== null && target?.digest !== row.wanted) {
      // Time went on since it was decided: decided anew.
      store.want(row, target?.digest ?? null);
      return true;
    }
    const after = target?.cards ?? [];
    const all = [...new Set([...before, ...after])];
    store.begin(row, projection.seal(row, all));
    if (!target) {
      const gone = await withdraw(device, personId, all);
      if (!gone.ok) return postpone(row, gone.error);
      store.done(row, null, null);
      return true;
    }
    const put = await device.put({
      ...order('put', {
        personId,
        cards: [...target.cards],
        without: before.filter((card) => !target.cards.includes(card)),
        validFrom: target.validFrom,
        validTo: target.validTo,
      }),
      name: 'put',
    });
    if (put.ok) {
      store.done(row, target.digest, projection.seal(row, after));
      return true;
    }
    if (!NOT_TAKEN.has(put.error.code)) return postpone(row, put.error);
    // What it has is a right that no longer is: better none.
    const gone = await withdraw(device, personId, all);
    if (!gone.ok) return postpone(row, gone.error);
    store.emptied(row);
    return postpone(row, put.error);
  };
  const withdraw = (device: AccessController, personId: string, cards: readonly string[]): Promise<Receipt> =>
    device.withdraw({ ...order('withdraw', { personId, cards: [...cards] }), name: 'withdraw' });
  /** False: the device is left alone for a while. */
  const postpone = (row: PersonRow, { code, detail }: Failure): boolean => {
    const isHopeless = NOT_TAKEN.has(code) && row.wanted !== null && row.attempts >= REFUSED_OFTEN;
    const delay = isHopeless ? AGAIN_TOMORROW : backoff(RETRY, row.attempts + 1, random);
    store.failed(row, code, plus(clock.now(), delay));
    if (row.attempts === 0) log('warn', 'a terminal did not take a person', { device: deviceId, code, detail });
    return NOT_TAKEN.has(code);
  };

  /** Everything it has beside everything it should have. People whom nobody here put there stay, and are counted. */
  const compare = async (device: AccessController): Promise<void> => {
    const ids = new Set<string>();
    const cards = new Set<string>();
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<AccessController['people']>> = await device.people(cursor);
      if (!page.ok) {
        log('warn', 'the people of a terminal could not be read', { device: deviceId, code: page.error.code });
        return;
      }
      for (const { personId, cards: theirs } of page.value.people) {
        if (personId === undefined) for (const card of theirs) cards.add(card);
        else ids.add(personId);
      }
      cursor = page.value.next;
    } while (cursor !== null);
    transact(db, () => {
      let missing = 0;
      for (const row of store.everybody(deviceId)) {
        const theirs = projection.unseal(row, row.cards);
        const isThere = ids.delete(row.personId) || (theirs.length > 0 && theirs.every((card) => cards.has(card)));
        for (const card of theirs) cards.delete(card);
        if (isThere || row.held === null || row.held !== row.wanted) continue;
        missing += 1;
        store.lost(row);
      }
      const foreign = ids.size + cards.size;
      store.compared(deviceId, clock.now(), foreign);
      if (missing + foreign > 0)
        log('warn', 'a terminal had others than it should', { device: deviceId, missing, foreign });
    });
    kicked = true;
  };

  return {
    start: () => {
      running = true;
      arm(ms(0));
    },
    kick: () => {
      kicked = true;
      if (!busy) arm(ms(0));
    },
    stop: () => {
      running = false;
      cancelTimer?.();
    },
  };
}
