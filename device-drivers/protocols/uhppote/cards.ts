import { type DurationMs, type Failure, type Result, err, failure, ok } from '@hallhub/sync/base';
import type { AccessController, AccessEvent, EnrolledPerson } from '../../capabilities/index.ts';
import type { Command, CommandLedger, Receipt } from '../../kit/index.ts';
import type { DriverEnvironment } from '../../kit/index.ts';
import type { Controller } from './controller.ts';
import type { Link } from './link.ts';
import { toInstant, wholeDays } from './local-time.ts';
import type { CardRecord, ControllerEvent, DoorRights } from './packets.ts';
import type { DoorParams } from './params.ts';
import { NO_PRIVILEGE, reasonText } from './reasons.ts';

const PAGE = 20;
const FIRST = 0;
const LAST = 0xffff_ffff;
const CARD_SHOWN = 1;
const OVERWRITTEN = 0xff;

/** What a controller refuses for want of a record that the hub may not have given it; the hub has the last word. */
const LEFT_TO_HUB: ReadonlySet<number> = new Set([5, NO_PRIVILEGE, 15, 18]);

export const isLeftToHub = ({ granted, reason }: Pick<ControllerEvent, 'granted' | 'reason'>): boolean =>
  !granted && LEFT_TO_HUB.has(reason);

/** The number that a reader on a Wiegand-34 line makes of a UID; undefined for one that is not of four bytes. */
export function cardNumber(uid: string, byteOrder: DoorParams['byteOrder']): number | undefined {
  if (!/^[0-9A-F]{8}$/.test(uid)) return undefined;
  const bytes = Buffer.from(uid, 'hex');
  return byteOrder === 'big' ? bytes.readUInt32BE() : bytes.readUInt32LE();
}

/** Upper-case hex, UID0 first. */
export function cardUid(number: number, byteOrder: DoorParams['byteOrder']): string {
  const bytes = Buffer.alloc(4);
  if (byteOrder === 'big') bytes.writeUInt32BE(number);
  else bytes.writeUInt32LE(number);
  return bytes.toString('hex').toUpperCase();
}

/** A card event of one door as the capability tells it. */
export function accessOf(
  event: ControllerEvent & { readonly at: AccessEvent['at']; readonly replayed: boolean },
  { serial, byteOrder }: DoorParams,
): AccessEvent {
  return {
    terminal: String(serial),
    // An index begins anew when the controller is reset; with its time it is one event for ever.
    key: `${event.index}@${event.time ?? ''}`,
    card: cardUid(event.card, byteOrder),
    method: 'card',
    granted: event.granted,
    ...(event.direction === 1 && { direction: 'in' as const }),
    ...(event.direction === 2 && { direction: 'out' as const }),
    ...(!event.granted && { reason: reasonText(event.reason) }),
    ...(isLeftToHub(event) && { leftToHub: true as const }),
    at: event.at,
    replayed: event.replayed,
  };
}

/** The cards of one door. A record is the controller's, its rights are the doors': others' rights stay as they are. */
export function createCards({
  link,
  controller,
  params,
  ledger,
  clock,
}: Pick<DriverEnvironment, 'clock'> & {
  readonly link: Link;
  readonly controller: Controller;
  readonly params: DoorParams;
  readonly ledger: CommandLedger;
}): Omit<AccessController, 'onAccess' | 'onSnapshot'> {
  const { serial, door, byteOrder, utcOffset } = params;
  const timeout = params.replyTimeoutMs as DurationMs;
  type Veto = () => Failure | undefined;

  const recordOf = async (card: number): Promise<Result<CardRecord | undefined>> => {
    const reply = await link.ask({ name: 'get-card', serial, card }, { timeout });
    return reply.ok ? ok(reply.value.record) : reply;
  };
  const withRight = (doors: DoorRights, right: number): DoorRights => {
    const changed: [number, number, number, number] = [...doors];
    changed[door - 1] = right;
    return changed;
  };
  const elsewhere = (record: CardRecord | undefined): boolean =>
    record?.doors.some((right, index) => right !== 0 && index !== door - 1) === true;

  /** Gives the order and looks: an answer that was lost is found out so, and nothing is ordered twice. */
  const change = async (
    request: ({ readonly name: 'put-card' } & CardRecord) | { readonly name: 'delete-card'; readonly card: number },
    veto: Veto,
  ): Promise<Result<void>> => {
    const reply = await link.ask({ ...request, serial }, { timeout, veto });
    const isLost = !reply.ok && reply.error.code === 'E-DEV-0202';
    if (!reply.ok && !isLost) return reply;
    const seen = await recordOf(request.card);
    if (!seen.ok) return isLost ? reply : failure('E-DEV-0206', 'it took the order, and could not be asked');
    const wanted = request.name === 'put-card' ? request : undefined;
    if (same(seen.value, wanted)) return ok();
    return isLost ? reply : failure('E-DEV-0203', `${request.name} did nothing`);
  };
  const put = async (card: number, days: { from: string; to: string }, veto: Veto): Promise<Result<void>> => {
    const before = await recordOf(card);
    if (!before.ok) return before;
    const record = before.value;
    if (elsewhere(record) && (record?.from !== days.from || record.to !== days.to))
      return failure('E-DEV-0203', 'another door of this controller has the card for other days');
    const wanted: CardRecord = { card, ...days, doors: withRight(record?.doors ?? [0, 0, 0, 0], 1) };
    return same(record, wanted) ? ok() : change({ name: 'put-card', ...wanted }, veto);
  };
  const withdraw = async (card: number, veto: Veto): Promise<Result<void>> => {
    const before = await recordOf(card);
    if (!before.ok) return before;
    const record = before.value;
    if (!record || record.doors[door - 1] === 0) return ok();
    if (elsewhere(record)) return change({ name: 'put-card', ...record, doors: withRight(record.doors, 0) }, veto);
    return change({ name: 'delete-card', card }, veto);
  };
  /** One card after the other; the first that fails ends it, and the caller may give the whole again. */
  const each = (
    command: Command<string, { readonly cards: readonly string[]; readonly without?: readonly string[] }>,
    act: (card: number, veto: Veto) => Promise<Result<void>>,
  ): Promise<Receipt> =>
    ledger.run(command, (veto) =>
      controller.inTurn(async () => {
        const late = veto();
        if (late) return err(late);
        const numbers = command.args.cards.map((uid) => cardNumber(uid, byteOrder));
        for (const former of command.args.without ?? []) {
          const number = cardNumber(former, byteOrder);
          const gone = number === undefined ? ok() : await withdraw(number, veto);
          if (!gone.ok) return gone;
        }
        if (numbers.length === 0) return failure('E-DEV-0203', 'it knows people by their cards alone');
        for (const number of numbers) {
          if (number === undefined) return failure('E-DEV-0203', 'a card whose UID is not of four bytes');
          const done = await act(number, veto);
          if (!done.ok) return done;
        }
        return ok({ commandId: command.id, confirmation: 'observed', at: clock.now() });
      }),
    );

  return {
    put: (command) => {
      const days = wholeDays(command.args.validFrom, command.args.validTo, utcOffset);
      return each(command, (card, veto) =>
        days ? put(card, days, veto) : Promise.resolve(failure('E-DEV-0203', 'no whole day: it knows no hours')),
      );
    },
    withdraw: (command) => each(command, withdraw),
    clear: (command) =>
      ledger.run(command, (veto) =>
        controller.inTurn(async () => {
          const reply = await link.ask({ name: 'delete-cards', serial }, { timeout, veto });
          if (!reply.ok) return reply;
          if (!reply.value.done) return failure('E-DEV-0203', 'delete-cards');
          return ok({ commandId: command.id, confirmation: 'acknowledged', at: clock.now() });
        }),
      ),
    digest: async () => {
      const reply = await link.ask({ name: 'count-cards', serial }, { timeout });
      return reply.ok ? ok({ terminal: String(serial), people: reply.value.count, validity: 'day' }) : reply;
    },
    people: async (after) => {
      const people: EnrolledPerson[] = [];
      const first = after === null ? 1 : Number(after);
      for (let index = first; index < first + PAGE; index += 1) {
        const reply = await link.ask({ name: 'get-card-at', serial, index }, { timeout });
        if (!reply.ok) return reply;
        if (reply.value.card === 0) return ok({ people, next: null });
        const { record } = reply.value;
        if (record && record.doors[door - 1] !== 0) people.push(enrolled(record, params));
      }
      return ok({ people, next: String(first + PAGE) });
    },
    history: async (position) => {
      const eventAt = async (index: number): Promise<Result<ControllerEvent>> => {
        const reply = await link.ask({ name: 'get-event', serial, index }, { timeout });
        return reply.ok ? ok(reply.value.event) : reply;
      };
      const newest = await eventAt(LAST);
      if (!newest.ok) return newest;
      const asked = position === null ? Number.NaN : Number(position);
      // Reset, or handed to somebody else: its numbers began anew.
      const from = asked <= newest.value.index ? asked + 1 : undefined;
      const start = from ?? (await eventAt(FIRST));
      const first = typeof start === 'number' ? ok(start) : start.ok ? ok(start.value.index) : start;
      if (!first.ok) return first;
      const events: AccessEvent[] = [];
      let index = Math.max(1, first.value);
      for (const end = index + PAGE; index < end && index <= newest.value.index; index += 1) {
        const event = await eventAt(index);
        if (!event.ok) return event;
        if (event.value.type === OVERWRITTEN) {
          const oldest = await eventAt(FIRST);
          if (!oldest.ok) return oldest;
          index = Math.max(index, oldest.value.index - 1);
          continue;
        }
        const { time } = event.value;
        if (event.value.type !== CARD_SHOWN || event.value.door !== door || time === undefined) continue;
        events.push(accessOf({ ...event.value, at: toInstant(time, utcOffset), replayed: true }, params));
      }
      return ok({ events, position: String(index - 1), more: index <= newest.value.index });
    },
  };
}

const same = (record: CardRecord | undefined, wanted: CardRecord | undefined): boolean =>
  record === undefined || wanted === undefined
    ? record === wanted
    : record.from === wanted.from && record.to === wanted.to && record.doors.join() === wanted.doors.join();

const enrolled = ({ card, from, to }: CardRecord, { byteOrder, utcOffset }: DoorParams): EnrolledPerson => ({
  cards: [cardUid(card, byteOrder)],
  validFrom: toInstant(`${from} 00:00:00`, utcOffset),
  validTo: (toInstant(`${to} 00:00:00`, utcOffset) + 86_400_000) as AccessEvent['at'],
});
