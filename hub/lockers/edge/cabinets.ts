import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { Cancel, Clock, EpochMs, RandomBytes, Result } from '@hallhub/sync/base';
import { failure, iso, minutes, ok, plus, uuidv7 } from '@hallhub/sync/base';
import type { EventData, EventType } from '@hallhub/sync/contract';
import type { Db } from '@hallhub/sync/sqlite';
import { afterCommit, transact } from '@hallhub/sync/sqlite';
import type { CredentialKind, DoorView, EdgeCabinet, LockerPass, Size } from '../cabinet-contract.ts';
import { SIZES, lockerDoor, lockerEnded, lockerGuessed } from '../cabinet-contract.ts';
import type { DoorTimes, Outcome } from '../rules/door.ts';
import { isFree } from '../rules/door.ts';
import type { LockerAnswer, LockerOrderView } from '../terminal-contract.ts';
import type { DoorPlace, Doors } from './doors.ts';
import { createDoors, orderExpires } from './doors.ts';
import type { By, EdgeLockerStore, OrderRow } from './store.ts';

export interface CabinetsDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly store: EdgeLockerStore;
  /** Keyed hash under this agent's own key. */
  readonly match: (type: string, value: string) => Uint8Array;
  /** The hub's time, best guess. */
  readonly now: () => EpochMs;
  readonly clockReading: () => EventData<typeof lockerEnded>['clock'];
  /** Tells the hub, in the caller's transaction. */
  readonly append: <E extends EventType>(event: {
    readonly type: E;
    readonly subject: string;
    readonly data: EventData<E>;
  }) => void;
  readonly times?: DoorTimes;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** What the agent beside cabinets does, with the hub and without it. Errors are `E-LOCK-01nn`. */
export interface Cabinets {
  list(): readonly EdgeCabinet[];
  doors(cabinet: string): Result<readonly DoorView[]>;
  /** What somebody may do who shows this. Errors: `E-LOCK-0102`, `E-LOCK-0103` (after {@link MOST_WRONG} wrong ones). */
  shown(cabinet: string, kind: CredentialKind, value: string): Result<readonly LockerPass[]>;
  /** Where the thing of a pass lies. */
  lies(pass: LockerPass): string | undefined;
  /**
   * Opens a door by a pass that was shown; the same again is the same order. Errors: `E-LOCK-0102` used or over, `E-LOCK-0104`,
   * `E-LOCK-0105`, `E-LOCK-0106`, `E-LOCK-0107`, `E-LOCK-0109`.
   *
   * @param size of a deposit, in place of the pass's own
   */
  begin(passId: string, by: CredentialKind, size?: Size): Result<LockerOrderView>;
  order(id: string): LockerOrderView | undefined;
  /** Errors: `E-LOCK-0108` nobody is asked any more. */
  answer(id: string, answer: LockerAnswer): Result<LockerOrderView>;
  /** Staff open a door, whatever lies behind it. The same `order` again is the same order. */
  open(place: DoorPlace, order: string): Result<LockerOrderView>;
  /** Staff have looked: the door is shut, and behind it is nothing but `item`. Errors: `E-LOCK-0101`, `E-LOCK-0105`, `E-LOCK-0109`. */
  checked(place: DoorPlace, item: string | null): Result<void>;
  onChange(listener: (cabinet: string) => void): Cancel;
  /** What the hub told of them has changed. */
  follow(): void;
  attend(host: AgentHost): Cancel;
}

/** So many wrong codes within {@link WRONG_WITHIN} silence a cabinet for as long. */
export const MOST_WRONG = 5;
export const WRONG_WITHIN = minutes(10);

export function createCabinets(deps: CabinetsDeps): Cabinets {
  const { db, clock, store } = deps;
  const listeners = new Set<(cabinet: string) => void>();
  let known: readonly EdgeCabinet[] | undefined;
  const list = (): readonly EdgeCabinet[] => (known ??= store.cabinets());
  const cabinetOf = (id: string): EdgeCabinet | undefined => list().find((one) => one.id === id);
  const compartmentOf = ({ cabinet, compartment }: DoorPlace) =>
    cabinetOf(cabinet)?.compartments.find(({ id }) => id === compartment);
  const newId = (): string => uuidv7(clock.now(), deps.random);
  const stamp = ({ compartment }: Pick<DoorPlace, 'compartment'>) => ({
    ...{ at: iso(clock.now()), clock: deps.clockReading(), id: newId(), compartment },
  });

  const doors: Doors = createDoors({
    ...deps,
    compartment: compartmentOf,
    places: () =>
      list().flatMap(({ id, compartments }) => compartments.map((one) => ({ cabinet: id, compartment: one.id }))),
    note: (place, note) => {
      deps.append({ type: lockerDoor, subject: place.cabinet, data: { ...stamp(place), ...note } });
    },
    ended: (place, id, outcome, another) => {
      const order = store.order(id);
      if (order) settle(place, order, outcome, another);
    },
    changed: (cabinet) => {
      for (const listener of listeners) listener(cabinet);
    },
  });

  /** An order came to its end: what lies where changes with it, and the hub is told. */
  const settle = (place: DoorPlace, order: OrderRow, outcome: Outcome, another: boolean): void => {
    const { ended } = outcome;
    const sure = 'sure' in outcome && outcome.sure;
    if (!store.endOrder(order.id, clock.now(), ended, sure)) return;
    if (ended === 'stored' && order.item !== null) store.putContent(place.cabinet, place.compartment, order.item);
    if (ended === 'collected') store.dropContent(place.cabinet, place.compartment);
    if ((ended === 'stored' || ended === 'collected') && order.passId !== null)
      store.usePass(order.passId, clock.now());
    deps.append({
      type: lockerEnded,
      subject: place.cabinet,
      data: {
        ...stamp(place),
        ...{ order: order.id, purpose: order.purpose, by: order.by, outcome: ended, sure },
        ...(order.passId !== null && { passId: order.passId }),
        ...(order.item !== null && { item: order.item }),
      },
    });
    const pass = another && order.passId !== null ? store.pass(order.passId) : undefined;
    const instead = pass && freeOf(pass.cabinet, pass.size);
    if (!pass || !instead) return;
    const next = start(instead, { purpose: pass.purpose, passId: pass.id, item: pass.item, by: order.by });
    if (next.ok) store.follow(order.id, next.value.id);
  };

  const isToBeHad = (place: DoorPlace): boolean =>
    isFree(doors.door(place), doors.makeOf(place)) &&
    store.content(place.cabinet, place.compartment) === undefined &&
    store.hold(place.cabinet, place.compartment) === undefined &&
    store.openAt(place.cabinet, place.compartment) === undefined;
  /** The first door of this size that may be given to somebody; else of the next larger one. */
  const freeOf = (cabinet: string, size: Size): DoorPlace | undefined => {
    const all = cabinetOf(cabinet)?.compartments ?? [];
    return SIZES.slice(SIZES.indexOf(size))
      .flatMap((wanted) => all.filter((one) => one.size === wanted))
      .map(({ id }) => ({ cabinet, compartment: id }))
      .find(isToBeHad);
  };

  type Wanted = Pick<OrderRow, 'purpose' | 'passId' | 'item' | 'by'>;
  /** Why this door is not opened now. */
  const obstacle = (place: DoorPlace, purpose: OrderRow['purpose']) => {
    const { stage, hold } = doors.door(place);
    if (stage.at === 'opening' || stage.at === 'asking' || store.openAt(place.cabinet, place.compartment))
      return 'E-LOCK-0105';
    if (stage.at === 'open') return 'E-LOCK-0109';
    if (stage.at === 'unread' || (hold !== undefined && purpose !== 'service')) return 'E-LOCK-0106';
    return undefined;
  };
  const start = (place: DoorPlace, wanted: Wanted, id = newId()): Result<OrderRow> =>
    transact(db, () => {
      const code = obstacle(place, wanted.purpose);
      if (code) return failure(code, place.compartment);
      const now = clock.now();
      store.addOrder({ id, ...place, ...wanted, at: now });
      const purpose = wanted.purpose === 'return' ? 'collect' : wanted.purpose;
      doors.step(place, { type: 'order', order: { id, purpose, expiresAt: orderExpires(now) } });
      const row = store.order(id);
      return row?.outcome === 'refused'
        ? failure('E-LOCK-0106', place.compartment)
        : row
          ? ok(row)
          : failure('E-LOCK-0101');
    });

  const view = (row: OrderRow): LockerOrderView => {
    const { id, purpose, compartment, endedAt, outcome, sure, next } = row;
    const base = { id, purpose, compartment };
    if (endedAt !== null && outcome !== null)
      return { ...base, state: 'ended', shutIt: false, outcome, sure: sure === 1, ...(next !== null && { next }) };
    const { stage } = doors.door(row);
    switch (stage.at) {
      case 'asking':
        return { ...base, state: 'asking', shutIt: false, mayReopen: !stage.reopened, askedUntil: stage.until };
      case 'open':
        return { ...base, state: 'open', shutIt: stage.reminded > 0 };
      case 'opening':
      case 'unread':
      case 'resting':
        return { ...base, state: 'opening', shutIt: false };
    }
  };
  const viewed = (result: Result<OrderRow>): Result<LockerOrderView> => (result.ok ? ok(view(result.value)) : result);

  const isGood = ({ validFrom, validTo }: LockerPass): boolean => validFrom <= deps.now() && deps.now() < validTo;
  const wrong = (cabinet: string): void => {
    const now = clock.now();
    const before = store.guesses(cabinet);
    const fresh = !before || now >= plus(before.since, WRONG_WITHIN);
    const count = fresh ? 1 : before.wrong + 1;
    store.putGuesses(cabinet, count, fresh ? now : before.since);
    if (count !== MOST_WRONG) return;
    // From then on it is silent for the whole time, and not for what is left of it.
    store.putGuesses(cabinet, count, now);
    deps.append({
      type: lockerGuessed,
      subject: cabinet,
      data: { at: iso(now), clock: deps.clockReading(), id: newId(), wrong: count },
    });
  };
  const isSilent = (cabinet: string): boolean => {
    const guesses = store.guesses(cabinet);
    return guesses !== undefined && guesses.wrong >= MOST_WRONG && clock.now() < plus(guesses.since, WRONG_WITHIN);
  };
  const lies = ({ cabinet, compartment, item }: LockerPass): string | undefined => {
    const at = store.whereIs(cabinet, item);
    return compartment === undefined || compartment === at ? at : undefined;
  };

  return {
    list,
    lies,
    doors: (id) => {
      const cabinet = cabinetOf(id);
      if (!cabinet) return failure('E-LOCK-0101', id);
      return ok(
        cabinet.compartments.map(({ id: compartment, size }): DoorView => {
          const place = { cabinet: id, compartment };
          const { stage, open, occupied, hold } = doors.door(place);
          const item = store.content(id, compartment);
          const why = hold ?? store.hold(id, compartment);
          return {
            ...{ compartment, size, stage: stage.at, free: isToBeHad(place) },
            ...(open !== undefined && { open }),
            ...(occupied !== undefined && { occupied }),
            ...(why !== undefined && { hold: why }),
            ...(item !== undefined && { item }),
          };
        }),
      );
    },
    shown: (cabinet, kind, value) =>
      transact(db, () => {
        if (!cabinetOf(cabinet)) return failure('E-LOCK-0101', cabinet);
        if (isSilent(cabinet)) return failure('E-LOCK-0103');
        const hash = Buffer.from(deps.match(kind, value)).toString('hex');
        const passes = store.passesBy(cabinet, kind, hash).filter(isGood);
        if (passes.length > 0) return ok(passes);
        // A card is read, not guessed.
        if (kind === 'locker-code') wrong(cabinet);
        return failure('E-LOCK-0102');
      }),
    begin: (passId, by, size) =>
      transact(db, () => {
        const pass = store.pass(passId);
        if (!pass || !isGood(pass)) return failure('E-LOCK-0102');
        const underWay = store.openBy(passId);
        if (underWay) return ok(view(underWay));
        const { cabinet, purpose, item } = pass;
        const wanted = { purpose, passId, item, by };
        if (purpose === 'deposit') {
          const place =
            pass.compartment === undefined
              ? freeOf(cabinet, size ?? pass.size)
              : { cabinet, compartment: pass.compartment };
          if (!place) return failure('E-LOCK-0104');
          return isToBeHad(place) ? viewed(start(place, wanted)) : failure('E-LOCK-0105', place.compartment);
        }
        const compartment = lies(pass);
        return compartment === undefined ? failure('E-LOCK-0107') : viewed(start({ cabinet, compartment }, wanted));
      }),
    order: (id) => {
      const row = store.order(id);
      return row && view(row);
    },
    answer: (id, answer) =>
      transact(db, () => {
        const row = store.order(id);
        if (row?.endedAt !== null || doors.door(row).stage.at !== 'asking') return failure('E-LOCK-0108');
        doors.step(row, { type: 'answer', order: id, answer });
        return ok(view(store.order(id) ?? row));
      }),
    open: (place, order) =>
      transact(db, () => {
        const before = store.order(order);
        if (before) return ok(view(before));
        if (!compartmentOf(place)) return failure('E-LOCK-0101', place.compartment);
        const by: By = 'staff';
        return viewed(start(place, { purpose: 'service', passId: null, item: null, by }, order));
      }),
    checked: (place, item) =>
      transact(db, () => {
        if (!compartmentOf(place)) return failure('E-LOCK-0101', place.compartment);
        if (store.openAt(place.cabinet, place.compartment)) return failure('E-LOCK-0105', place.compartment);
        const { stage, open } = doors.door(place);
        if (stage.at !== 'resting' || (doors.makeOf(place).contacts && open !== false))
          return failure('E-LOCK-0109', place.compartment);
        doors.step(place, { type: 'checked' });
        if (item === null) store.dropContent(place.cabinet, place.compartment);
        else store.putContent(place.cabinet, place.compartment, item);
        deps.append({ type: lockerDoor, subject: place.cabinet, data: { ...stamp(place), what: 'checked' } });
        afterCommit(db, () => {
          for (const listener of listeners) listener(place.cabinet);
        });
        return ok();
      }),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    follow: () => {
      known = undefined;
      doors.follow();
    },
    attend: (host) => doors.attend(host),
  };
}
