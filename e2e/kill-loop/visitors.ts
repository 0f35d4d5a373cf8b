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
  /** Relay pulses at a moment at which no committed grant was open. */
  readonly strayPulses: number;
}

const REMEMBERED = 12;
const OPEN = new Set(['releasing', 'released']);

interface Visitor {
  readonly who: Person;
  readonly requestId: string;
}

/**
 * One visitor after the other comes to the gate: new ones, known ones, and such as have just been revoked; most walk
 * through when they are let in, some turn round.
 */
export async function visitors(stage: Stage): Promise<GateNotes> {
  const { campus, random, database } = stage;
  const { turnstile, gateReader, hall } = campus;
  const revoked: { requestId: string; afterEntry: number }[] = [];
  const walked: number[] = [];
  let strayPulses = 0;
  let known: Visitor[] = [];
  let born = 0;
  let last: string | undefined;

  const decided = (after: number): StoredEntry | undefined =>
    database.entriesAfter(after).find(({ state }) => state !== 'unexpected');
  const openGrants = (): readonly StoredEntry[] => database.entriesAfter(0).filter(({ state }) => OPEN.has(state));
  /** Whose grant the arm was last released for; somebody else may slip through what a killed hub left released. */
  let releasedFor: number | undefined;
  turnstile.onPulse(() => {
    const open = openGrants();
    if (open.length === 0) strayPulses += 1;
    const releasing = open.filter(({ state }) => state === 'releasing');
    releasedFor = releasing.length === 1 ? releasing[0]?.seq : undefined;
  });
  const isOpen = (seq: number): boolean => OPEN.has(database.entriesAfter(seq - 1)[0]?.state ?? '');

  /** A gate takes a passage for the oldest grant that waits; it is this one's for certain where the arm was released for it. */
  const walkNow = (seq: number): 'on the own grant' | 'on another' | undefined => {
    const [oldest] = openGrants();
    if (!turnstile.walk()) return undefined;
    return oldest?.seq === seq && releasedFor === seq ? 'on the own grant' : 'on another';
  };
  const newVisitor = (): Visitor => {
    const who = person('张三', born++);
    const visitor = { who, requestId: approveVisit(hall, who, GATE) };
    known = [...known, visitor].slice(-REMEMBERED);
    return visitor;
  };
  /** By turns somebody new, somebody known, and somebody whose visit has just been revoked; nobody twice in a row. */
  const next = async (turn: number): Promise<Visitor> => {
    const others = known.filter(({ requestId }) => requestId !== last);
    if (turn % 3 === 0 || others.length === 0) {
      const visitor = newVisitor();
      // Most come when the hub has heard of them, some are faster.
      if (random.chance(0.8)) await maybe(() => database.hasPass(visitor.requestId), { within: 4_000 });
      return visitor;
    }
    const visitor = random.of(others);
    if (turn % 3 === 2 && hall.requests.get(visitor.requestId)?.state === 'approved') {
      hall.requests.revoke(visitor.requestId, '来访取消');
      if (random.chance(0.8)) await maybe(() => database.isRevoked(visitor.requestId), { within: 4_000 });
    }
    return visitor;
  };

  for (let turn = 0; !stage.over; turn += 1) {
    const { who, requestId } = await next(turn);
    last = requestId;
    const isRevoked = database.isRevoked(requestId);
    const before = database.lastEntry();
    if (isRevoked) {
      revoked.push({ requestId, afterEntry: before });
      stage.seen.swipesAfterRevocation += 1;
    }
    await gateReader.put(who.card);
    const entry = await maybe(() => decided(before), { within: 6_000 });
    if (entry && OPEN.has(entry.state) && random.chance(0.8)) {
      const walk = await maybe(() => walkNow(entry.seq), { within: 700 });
      if (walk === 'on the own grant') walked.push(entry.seq);
    }
    if (entry) await maybe(() => !isOpen(entry.seq), { within: 8_000 });
    await gateReader.lift();
  }
  return { revoked, walked, strayPulses };
}
