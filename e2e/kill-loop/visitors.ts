import { GATE } from '../testing/campus.ts';
import type { StoredEntry } from '../testing/hub-database.ts';
import type { Person } from '../testing/people.ts';
import { approveVisit, person } from '../testing/people.ts';
import { maybe } from '../testing/until.ts';
import type { Stage } from './stage.ts';

/** What an observer beside the gate wrote down. */
export interface GateNotes {
  /** Revocations that were in the hub's database before the card was put on the reader: nothing after `afterEntry` may be a grant. */
  readonly revoked: readonly { readonly requestId: string; readonly afterEntry: number }[];
  /** The entry that had let somebody through who then did walk. */
  readonly walked: readonly number[];
  /** Relay pulses seen while the card of somebody revoked lay on the reader. */
  readonly pulsesForRevoked: number;
}

const REMEMBERED = 12;
const OPEN = new Set(['releasing', 'released']);

/**
 * One visitor after the other comes to the gate: new ones, known ones, and such as have just been revoked; most walk
 * through when they are let in, some turn round.
 */
export async function visitors(stage: Stage): Promise<GateNotes> {
  const { campus, random, database } = stage;
  const { turnstile, gateReader, hall } = campus;
  const revoked: { requestId: string; afterEntry: number }[] = [];
  const walked: number[] = [];
  let pulsesForRevoked = 0;
  let known: { readonly who: Person; readonly requestId: string }[] = [];
  let last: string | undefined;

  const decided = (after: number): StoredEntry | undefined =>
    database.entriesAfter(after).find(({ state }) => state !== 'unexpected');
  const isOpen = (seq: number): boolean => OPEN.has(database.entriesAfter(seq - 1)[0]?.state ?? '');

  const next = async (): Promise<{ readonly who: Person; readonly requestId: string }> => {
    const others = known.filter(({ requestId }) => requestId !== last);
    if (others.length < 3 || random.chance(0.35)) {
      const who = person('张三', known.length === 0 ? 0 : Number(known.at(-1)?.who.number.slice(14, 17)) + 1);
      const visitor = { who, requestId: approveVisit(hall, who, GATE) };
      known = [...known, visitor].slice(-REMEMBERED);
      // Most come when the hub has heard of them, some are faster.
      return random.chance(0.2) ? visitor : random.of(others.length > 0 ? others : [visitor]);
    }
    const visitor = random.of(others);
    const approved = hall.requests.get(visitor.requestId)?.state === 'approved';
    if (approved && random.chance(0.3)) {
      hall.requests.revoke(visitor.requestId, '来访取消');
      if (random.chance(0.7)) await maybe(() => database.isRevoked(visitor.requestId), { within: 4_000 });
    }
    return visitor;
  };

  while (!stage.over) {
    const { who, requestId } = await next();
    last = requestId;
    const before = database.lastEntry();
    const pulses = turnstile.pulses.length;
    const isRevoked = database.isRevoked(requestId);
    if (isRevoked) revoked.push({ requestId, afterEntry: before });
    await gateReader.put(who.card);
    const entry = await maybe(() => decided(before), { within: 6_000 });
    if (entry && OPEN.has(entry.state) && random.chance(0.8)) {
      if (await maybe(() => turnstile.walk(), { within: 700 })) walked.push(entry.seq);
    }
    if (entry) await maybe(() => !isOpen(entry.seq), { within: 8_000 });
    if (isRevoked) pulsesForRevoked += turnstile.pulses.length - pulses;
    await gateReader.lift();
  }
  return { revoked, walked, pulsesForRevoked };
}
