import type { Clock, EpochMs, RandomBytes, Result } from '@hallhub/sync/base';
import { epochMs, failure, ok, plus, uuidv7, hours } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { CabinetConfig } from '../config/index.ts';
import type { Notifications } from '../notifications/index.ts';
import type { Chain, Order } from './chain.ts';
import type { Consignments } from './consignments.ts';
import { trackingHash } from './consignments.ts';
import type { Custody } from './custody.ts';
import type { Link } from './custody/link.ts';
import type { PickUpCodes } from './pick-up-codes.ts';
import type { CabinetStore, Reservation } from './store/cabinets.ts';
import type { ConsignmentStore, Size } from './store/consignments.ts';

/** What happened at a door, as the cabinet's agent or somebody at its screen tells it; each with an id of its own. */
export interface DoorReport {
  readonly id: string;
  readonly cabinet: string;
  readonly compartment: string;
  readonly at: EpochMs;
  readonly by: string;
  readonly what:
    | { readonly kind: 'stored'; readonly item: string; readonly sure: boolean }
    | {
        readonly kind: 'collected';
        readonly item: string;
        readonly sure: boolean;
        readonly by: 'recipient' | 'delegate' | 'sender';
      }
    | { readonly kind: 'emptied'; readonly item: string; readonly sure: boolean }
    | { readonly kind: 'cancelled'; readonly item: string }
    | { readonly kind: 'out-of-use'; readonly why: string }
    | { readonly kind: 'checked' }
    | { readonly kind: 'seen'; readonly said: string };
}

/** Compartments, who has which, and what follows from what happened at their doors. */
export interface Cabinets {
  readonly all: readonly CabinetConfig[];
  /** Errors: `E-CUST-0701`. */
  get(cabinet: string): Result<CabinetConfig>;
  /** The smallest free one that is large enough. Errors: `E-CUST-0701`, `E-CUST-0702`. */
  reserve(what: { cabinet: string; item: string; size: Size; purpose: Reservation['purpose'] }): Result<Reservation>;
  /** It lies in a compartment: dropped off there, or ready for whoever collects it, who is told. Errors: `E-CUST-0703`, `E-CUST-0707`, custody's. */
  store(what: { item: string; cabinet: string; compartment: string; sure: boolean }, order: Order): Result<Link>;
  /** It is in no compartment any more: its reservation and its codes are over. Joins the transaction. */
  left(item: string): void;
  /** Takes a report in, once. Errors: those of the custody rules; the report is kept all the same. */
  report(report: DoorReport): Result<void>;
  /** Somebody may collect in the recipient's place, once. Returns the code. Errors: `E-CUST-0705`, `E-CUST-0706`. */
  delegate(item: string): Result<string>;
  /** Longer ready: until then. Errors: `E-CUST-0706`. */
  prolong(item: string, until: EpochMs): Result<void>;
}

const SIZES: readonly Size[] = ['small', 'medium', 'large'];

export function createCabinets(deps: {
  readonly db: Db;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: RandomBytes;
  readonly all: readonly CabinetConfig[];
  readonly store: CabinetStore;
  readonly rows: ConsignmentStore;
  readonly consignments: Pick<Consignments, 'people'>;
  readonly codes: PickUpCodes;
  readonly chain: Chain;
  readonly custody: Custody;
  readonly notifications: Pick<Notifications, 'notify'>;
  /** The channel on which people hear. */
  readonly notices: string | undefined;
}): Cabinets {
  const { db, clock, store, rows, codes, chain, custody } = deps;
  const byId = new Map(deps.all.map((one) => [one.id, one]));
  const get: Cabinets['get'] = (id) => {
    const found = byId.get(id);
    return found ? ok(found) : failure('E-CUST-0701', id);
  };

  const reserve: Cabinets['reserve'] = ({ cabinet, item, size, purpose }) =>
    transact(db, () => {
      const found = get(cabinet);
      if (!found.ok) return found;
      const before = store.reservationOf(item);
      if (before?.cabinet === cabinet) return ok(before);
      if (before) return failure('E-CUST-0703', before.compartment);
      const taken = new Set([
        ...store.active(cabinet).map(({ compartment }) => compartment),
        ...store.outOfUse(cabinet).map(({ compartment }) => compartment),
      ]);
      const fits = found.value.compartments
        .filter((door) => SIZES.indexOf(door.size) >= SIZES.indexOf(size) && !taken.has(door.id))
        .toSorted((a, b) => SIZES.indexOf(a.size) - SIZES.indexOf(b.size));
      for (const { id: compartment } of fits) {
        const now = clock.now();
        const row = { id: uuidv7(now, deps.random), cabinet, compartment, item, purpose, at: now };
        if (store.reserve(row)) return ok(row);
      }
      return failure('E-CUST-0702', cabinet);
    });

  const tell = (item: string, about: 'ready' | 'return', cabinet: CabinetConfig, code: string): void => {
    const row = rows.get(item);
    const people = row && deps.consignments.people(row);
    const to = about === 'ready' ? people?.recipient.number : people?.sender.number;
    if (deps.notices === undefined || to === undefined) return;
    const text =
      about === 'ready'
        ? `有文件待取：${cabinet.label.zh}。A document is ready at ${cabinet.label.en}.`
        : `您的文件已退回：${cabinet.label.zh}。Your document came back to ${cabinet.label.en}.`;
    deps.notifications.notify({
      ...{ channel: deps.notices, to, text, personal: `${text} 取件码 Code: ${code}` },
      dedupe: `locker/${about}/${item}/${clock.now()}`,
    });
  };

  const left = (item: string): void => {
    const now = clock.now();
    store.release(item, now);
    codes.end(item);
    const row = rows.get(item);
    if ((row?.readySince ?? null) !== null) rows.setReady(item, null, null);
  };
  const lay: Cabinets['store'] = ({ item, cabinet, compartment, sure }, order) => {
    const before = chain.ordered(order.id);
    if (before) return ok(before);
    const found = get(cabinet);
    if (!found.ok) return found;
    const held = store.reservationOf(item);
    if (held && (held.cabinet !== cabinet || held.compartment !== compartment)) store.release(item, clock.now());
    const at = clock.now();
    // A cabinet that was alone gave the door without asking: what lies there has it.
    const reservation = { id: uuidv7(at, deps.random), cabinet, compartment, item, purpose: 'deposit' as const, at };
    if (store.reservationOf(item) === undefined && !store.reserve(reservation))
      return failure('E-CUST-0703', compartment);
    const place = { at: 'compartment' as const, cabinet, compartment };
    const row = rows.get(item);
    const known = chain.known.item(item);
    if (!known) {
      if (!row) return failure('E-CUST-0707', item);
      const tracking = deps.consignments.people(row)?.tracking ?? '';
      const premises = row.revision === 0;
      const what = { id: item, to: row.to, size: row.size, tracking: trackingHash(tracking), premises, place, sure };
      const dropped = custody.dropOff(what, order);
      if (!dropped.ok || row.to !== chain.me) return dropped;
    }
    const ready = chain.known.item(item)?.to === chain.me;
    // A delivery within one campus: dropped off, and ready at once.
    const second = known ? order : { ...order, id: `${order.id}/ready` };
    const placed = custody.place({ id: item, place, ready, sure }, second);
    if (!placed.ok || !ready) return placed;
    const goesBack = chain.known.item(item)?.returning !== undefined;
    const now = clock.now();
    const until = plus(now, hours(24 * (row?.keepDays ?? 3)));
    rows.setReady(item, now, until);
    store.setPurpose(item, goesBack ? 'return' : 'ready');
    const code = codes.issue(item, goesBack ? 'return' : 'collect', until);
    tell(item, goesBack ? 'return' : 'ready', found.value, code);
    return placed;
  };

  const follow = (report: DoorReport): Result<unknown> => {
    const { what, id, by, at, cabinet, compartment } = report;
    const now = clock.now();
    const order: Order = { id: `door/${id}`, by, doneAt: at };
    switch (what.kind) {
      case 'stored':
        return lay({ item: what.item, cabinet, compartment, sure: what.sure }, order);
      case 'collected': {
        const done = custody.handOver({ id: what.item, to: what.by, sure: what.sure }, order);
        if (done.ok) left(what.item);
        return done;
      }
      case 'emptied': {
        const done = custody.place({ id: what.item, place: { at: 'desk' }, ready: false, sure: what.sure }, order);
        if (done.ok) left(what.item);
        return done;
      }
      case 'cancelled':
        // Whether it is empty staff say; until then the cabinet holds the door.
        if (!chain.known.item(what.item)) store.release(what.item, now);
        return ok();
      case 'out-of-use':
        store.setOutOfUse(cabinet, compartment, what.why, epochMs(at));
        return ok();
      case 'checked':
        store.setInUse(cabinet, compartment);
        return ok();
      case 'seen':
        return ok();
    }
  };

  return {
    ...{ all: deps.all, get, reserve, left },
    store: (what, order) => transact(db, () => lay(what, order)),
    report: (report) =>
      transact(db, () => {
        const { what, id, at, by, cabinet, compartment } = report;
        const item = 'item' in what ? what.item : null;
        const said = what.kind === 'seen' ? what.said : what.kind;
        const door = { cabinet, compartment };
        if (!store.addEvent(door, { id, at, what: said, item, by })) return ok();
        const done = follow(report);
        return done.ok ? ok() : done;
      }),
    delegate: (item) =>
      transact(db, () => {
        const row = rows.get(item);
        const expiresAt = row?.expiresAt ?? null;
        if (expiresAt === null) return failure('E-CUST-0706', item);
        if (!rows.setDelegated(item)) return failure('E-CUST-0705', item);
        return ok(codes.issue(item, 'delegate', expiresAt));
      }),
    prolong: (item, until) =>
      transact(db, () => {
        const row = rows.get(item);
        const since = row?.readySince ?? null;
        if (!row || since === null) return failure('E-CUST-0706', item);
        rows.setReady(item, since, until);
        const people = deps.consignments.people(row);
        const code = codes.issue(item, 'collect', until);
        const held = store.reservationOf(item);
        const cabinet = held && byId.get(held.cabinet);
        if (people && cabinet) tell(item, 'ready', cabinet, code);
        return ok();
      }),
  };
}
