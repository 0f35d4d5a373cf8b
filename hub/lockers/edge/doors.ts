import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { Cabinet } from '@hallhub/device-drivers/capabilities';
import type { Cancel, Clock, EpochMs, RandomBytes } from '@hallhub/sync/base';
import { epochMs, ms, seconds, uuidv7 } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { afterCommit, transact } from '@hallhub/sync/sqlite';
import type { EdgeCabinet } from '../cabinet-contract.ts';
import type { Door, DoorEffect, DoorInput, DoorMake, DoorTimes, Hold, Outcome } from '../rules/door.ts';
import { DOOR_TIMES, dueAt, stepDoor } from '../rules/door.ts';
import type { EdgeLockerStore } from './store.ts';

export type EdgeCompartment = EdgeCabinet['compartments'][number];

/** One compartment of one cabinet. */
export interface DoorPlace {
  readonly cabinet: string;
  readonly compartment: string;
}

/** What is written down of a door, in the transaction in which it came to pass. */
export type DoorNote =
  | { readonly what: 'opened'; readonly order: string; readonly sure: boolean }
  | { readonly what: 'reminded' | 'not-closed' | 'opened-without-order' }
  | { readonly what: 'held'; readonly why: Hold };

export interface DoorsDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly store: EdgeLockerStore;
  readonly compartment: (place: DoorPlace) => EdgeCompartment | undefined;
  readonly places: () => readonly DoorPlace[];
  readonly times?: DoorTimes;
  /** An order ended; `another`: it is to be given another door. Inside the transaction, as is {@link DoorsDeps.note}. */
  readonly ended: (place: DoorPlace, order: string, outcome: Outcome, another: boolean) => void;
  readonly note: (place: DoorPlace, note: DoorNote) => void;
  /** After the commit. */
  readonly changed: (cabinet: string) => void;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** Receipts after which the board surely gave no pulse, or the contact shows that the door did not move. */
const DID_NOT_OPEN: ReadonlySet<string> = new Set([
  ...['E-DEV-0102', 'E-DEV-0201', 'E-DEV-0203', 'E-DEV-0205', 'E-DEV-0208', 'E-DEV-0404', 'E-DEV-0405', 'E-DEV-0409'],
]);
/** What could not be written down is read again, and written down then. */
const READ_AGAIN = seconds(5);

export interface Doors {
  /** Moves a door on. What follows leaves this process only after the commit. */
  step(place: DoorPlace, input: DoorInput): void;
  door(place: DoorPlace): Door;
  makeOf(place: DoorPlace): DoorMake;
  /** Power or program came back: every door is read, nothing that was under way goes on. Returns what ends it. */
  attend(host: AgentHost): Cancel;
  /** Other cabinets, or other boards behind them. */
  follow(): void;
}

/**
 * The doors of this agent's cabinets, each by the machine of `rules/door.ts`: the new state is committed, then the pulse is
 * given. A board is never told anything out of what was written down before a restart.
 */
export function createDoors(deps: DoorsDeps): Doors {
  const { db, clock, store, times = DOOR_TIMES } = deps;
  let host: AgentHost | undefined;
  let cancelTimer: Cancel = () => undefined;
  let cancelRead: Cancel = () => undefined;
  const listening = new Map<string, { readonly capability: Cabinet; readonly stop: Cancel }>();

  const makeOf = (place: DoorPlace): DoorMake => {
    const compartment = deps.compartment(place);
    return { contacts: compartment?.contacts ?? true, items: compartment?.items ?? false };
  };
  const boardOf = (device: string): Cabinet | undefined => host?.capability(device, 'cabinet');

  const step = (place: DoorPlace, input: DoorInput): void => {
    transact(db, () => {
      const { cabinet, compartment } = place;
      const before = store.door(cabinet, compartment);
      const { door, effects } = stepDoor(before, input, clock.now(), { make: makeOf(place), times });
      if (door !== before) store.putDoor(cabinet, compartment, door, dueAt(door, times));
      const another = effects.some((effect) => effect.do === 'another-door');
      for (const effect of effects) carryOut(place, effect, another);
      if (door === before && effects.length === 0) return;
      afterCommit(db, () => {
        arm();
        deps.changed(cabinet);
      });
    });
  };
  const carryOut = (place: DoorPlace, effect: DoorEffect, another: boolean): void => {
    switch (effect.do) {
      case 'pulse':
        afterCommit(db, () => void pulse(place, effect));
        return;
      case 'read':
        afterCommit(db, readLater);
        return;
      case 'opened':
        deps.note(place, { what: 'opened', order: effect.order, sure: effect.sure });
        return;
      case 'end':
        deps.ended(place, effect.order, effect.outcome, another);
        return;
      case 'remind':
        deps.note(place, { what: 'reminded' });
        return;
      case 'alert-staff':
        deps.note(place, effect.why === 'not-closed' ? { what: 'not-closed' } : { what: 'held', why: effect.why });
        return;
      case 'alarm':
        deps.note(place, { what: 'opened-without-order' });
        return;
      // Whoever shows the order sees that somebody is asked; the other door was asked for with the end.
      case 'ask':
      case 'another-door':
        return;
    }
  };
  /** As {@link step}, for what nobody waits for: what cannot be written now is read again later. */
  const take = (place: DoorPlace, input: DoorInput): void => {
    try {
      step(place, input);
    } catch (error) {
      deps.log('error', 'what a door did cannot be written down', { ...place, err: error });
      readLater(READ_AGAIN);
    }
  };

  const pulse = async (place: DoorPlace, effect: Extract<DoorEffect, { do: 'pulse' }>): Promise<void> => {
    const compartment = deps.compartment(place);
    const now = clock.now();
    const receipt =
      compartment &&
      (await boardOf(compartment.device)?.unlock({
        id: uuidv7(now, deps.random),
        name: 'unlock',
        args: { compartment: compartment.lock },
        issuedAt: now,
        expiresAt: effect.expiresAt,
        issuedBy: effect.order,
      }));
    const result =
      receipt?.ok === true ? 'taken' : DID_NOT_OPEN.has(receipt?.error.code ?? 'E-DEV-0102') ? 'refused' : 'unknown';
    if (receipt?.ok === false)
      deps.log('warn', 'a lock did not do as it was told', { ...place, code: receipt.error.code });
    take(place, { type: 'pulse', order: effect.order, attempt: effect.attempt, result });
  };

  const placesOf = (device: string): readonly { readonly place: DoorPlace; readonly lock: number }[] =>
    deps.places().flatMap((place) => {
      const compartment = deps.compartment(place);
      return compartment?.device === device ? [{ place, lock: compartment.lock }] : [];
    });
  const read = async (device: string): Promise<void> => {
    const answer = await boardOf(device)?.doors();
    if (answer?.ok !== true) return;
    for (const { place, lock } of placesOf(device)) {
      const found = answer.value.doors.find(({ compartment }) => compartment === lock);
      if (!found) continue;
      const { open, occupied } = found;
      take(place, { type: 'seen', ...(open !== undefined && { open }), ...(occupied !== undefined && { occupied }) });
    }
  };
  const devices = (): ReadonlySet<string> =>
    new Set(deps.places().flatMap((place) => deps.compartment(place)?.device ?? []));
  const readAll = (): void => {
    for (const device of devices()) void read(device);
  };
  function readLater(after = ms(0)): void {
    cancelRead();
    cancelRead = clock.after(after, readAll);
  }

  const listen = (device: string): void => {
    const capability = boardOf(device);
    const known = listening.get(device);
    if (known?.capability === capability) return;
    known?.stop();
    listening.delete(device);
    if (!capability) return;
    const stops = [
      capability.onDoor(({ compartment, open }) => {
        tell(device, compartment, { open });
      }),
      capability.onItem(({ compartment, occupied }) => {
        tell(device, compartment, { occupied });
      }),
    ];
    listening.set(device, {
      capability,
      stop: () => {
        for (const stop of stops) stop();
      },
    });
  };
  /** A board tells what has changed: the rest is as it was, once it has been read. */
  const tell = (
    device: string,
    lock: number,
    change: { readonly open: boolean } | { readonly occupied: boolean },
  ): void => {
    for (const { place, lock: its } of placesOf(device)) {
      if (its !== lock) continue;
      const { stage, open, occupied } = store.door(place.cabinet, place.compartment);
      if (stage.at === 'unread') readLater();
      else
        take(place, {
          type: 'seen',
          ...(open !== undefined && { open }),
          ...(occupied !== undefined && { occupied }),
          ...change,
        });
    }
  };
  const follow = (): void => {
    const wanted = devices();
    for (const [device, { stop }] of listening)
      if (!wanted.has(device)) {
        stop();
        listening.delete(device);
      }
    for (const device of wanted) listen(device);
    readLater();
  };

  const pass = (): void => {
    for (const { cabinet, compartment } of store.due(clock.now())) take({ cabinet, compartment }, { type: 'time' });
    arm();
  };
  function arm(): void {
    cancelTimer();
    const due = host && store.nextDue();
    if (due === undefined) return;
    // One that could not be written is tried again, and not without a pause.
    cancelTimer = clock.after(ms(Math.max(20, due - clock.now())), pass);
  }

  return {
    step,
    makeOf,
    door: ({ cabinet, compartment }) => store.door(cabinet, compartment),
    follow,
    attend: (fresh) => {
      host = fresh;
      for (const place of deps.places()) take(place, { type: 'restart' });
      follow();
      arm();
      const stops = [
        fresh.onDevices(follow),
        fresh.onHealth(({ deviceId, health }) => {
          if (health.state === 'ready' && listening.has(deviceId)) void read(deviceId);
        }),
      ];
      return () => {
        for (const stop of stops) stop();
        for (const { stop } of listening.values()) stop();
        listening.clear();
        cancelTimer();
        cancelRead();
        host = undefined;
      };
    },
  };
}

/** An order is for whoever stands there now: two pulses, and the time that a board takes for each. */
export const orderExpires = (now: EpochMs): EpochMs => epochMs(now + 15_000);
