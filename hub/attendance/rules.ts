import type { DurationMs, EpochMs } from '@hallhub/sync/base';
import { epochMs } from '@hallhub/sync/base';

/** Where a resident was in a night. `unknown` is no accusation: nobody can say. */
export const STATUSES = ['in', 'late', 'out', 'unknown', 'leave', 'exempt'] as const;
export type Status = (typeof STATUSES)[number];
/** How many residents are where. */
export type Counts = Readonly<Record<Status, number>>;

/** What a judgement rests on, as a reader is told. */
export type Ground =
  /** Came in, in time or after the curfew. */
  | 'came-in'
  /** Went out, and did not come back in time. */
  | 'went-out'
  /** Was seen leaving after the night had begun, so had been inside. */
  | 'left-later'
  /** Was seen coming in after the night had begun, so had been outside. */
  | 'came-later'
  /** What was seen before and after contradicts itself: one passage was missed. */
  | 'contradiction'
  /** A gate stood open, or its devices or its agent were away, since the last passage. */
  | 'unseen'
  /** The last passage is not certain: let through, and nobody can say whether they went. */
  | 'unconfirmed'
  /** The last passage is too long ago to say anything. */
  | 'stale'
  /** Never seen at a gate of the building. */
  | 'never'
  | 'leave'
  | 'exempt';

/** One night of a building, as instants. */
export interface Night {
  /** YYYYMMDD: the campus date on which it begins. */
  readonly date: string;
  /** From then on whoever comes in is late. */
  readonly curfew: EpochMs;
  /** From then on whoever is not in is out for the night. */
  readonly lateUntil: EpochMs;
  /** When it is over: what happens later says nothing about it. */
  readonly close: EpochMs;
}

/** Somebody was seen at a gate of the building. */
export interface Passage {
  readonly at: EpochMs;
  readonly way: 'in' | 'out';
  /** False: let through, and nobody can say whether they went. */
  readonly sure: boolean;
}

export interface Span {
  readonly from: EpochMs;
  /** Exclusive. */
  readonly until: EpochMs;
}

export interface NightInput {
  readonly night: Night;
  /** What is known up to this instant is weighed. Before the end of the night the judgement is provisional. */
  readonly asOf: EpochMs;
  /** Of this resident, at gates of this building, in any order. */
  readonly passages: readonly Passage[];
  /** When somebody may have gone through a gate of the building unseen, in any order. */
  readonly blind: readonly Span[];
  /** Leaves that stand. */
  readonly leaves: readonly Span[];
  readonly exempt: boolean;
  /** After so long the last passage says nothing any more. */
  readonly staleAfter: DurationMs;
}

export interface Judgement {
  readonly status: Status;
  readonly ground: Ground;
  /** The passage that it rests on: when they came in, went out, or came back in the small hours. */
  readonly at?: EpochMs;
}

/**
 * Where a resident was. Whereabouts at the end of the time for coming late (or now, before it) decide: they follow from the
 * last passage before, or from the first one after, unless somebody may have gone unseen in between. What was seen stands;
 * of what was not seen nobody is accused. Total, and the order of passages does not matter.
 */
export function judge(input: NightInput): Judgement {
  const { night, asOf } = input;
  if (input.exempt) return { status: 'exempt', ground: 'exempt' };
  const seen = judgeSeen(input);
  if (seen.status === 'in') return seen;
  const moment = epochMs(Math.min(asOf, night.lateUntil));
  return input.leaves.some((leave) => contains(leave, moment) || contains(leave, night.lateUntil))
    ? { ...seen, status: 'leave', ground: 'leave' }
    : seen;
}

function judgeSeen({ night, asOf, passages, blind, leaves, staleAfter }: NightInput): Judgement {
  const moment = Math.min(asOf, night.lateUntil);
  const known = passages.filter(({ at }) => at <= Math.min(asOf, night.close));
  const before = last(known.filter(({ at }) => at <= moment));
  const after = first(known.filter(({ at }) => at > moment));
  const unseen = (from: number, until: number): boolean =>
    blind.some((span) => span.from < until && span.until > from && span.until > span.from);

  const fresh = before && moment - before.at <= staleAfter ? before : undefined;
  const told = fresh?.sure === true && !unseen(fresh.at, moment) ? fresh.way : undefined;
  // Whoever leaves was inside, and whoever comes in was outside, the moment before.
  const implied = after?.sure === true && !unseen(moment, after.at) ? opposite(after.way) : undefined;
  const curfew = curfewFor(night, leaves);
  // Coming in late was seen, whatever happened unseen afterwards.
  const lateAt = before?.sure === true && before.way === 'in' && before.at > curfew ? before.at : undefined;

  if (told !== undefined && implied !== undefined && told !== implied)
    return lateAt === undefined ? unknown('contradiction', before) : { status: 'late', ground: 'came-in', at: lateAt };
  if (told === 'in' || lateAt !== undefined) {
    return lateAt === undefined
      ? { status: 'in', ground: 'came-in', ...at(before) }
      : { status: 'late', ground: 'came-in', at: lateAt };
  }
  if (implied === 'in') return { status: 'in', ground: 'left-later', ...at(after) };
  if (implied === 'out') return { status: 'out', ground: 'came-later', ...at(after) };
  if (told === 'out') return { status: 'out', ground: 'went-out', ...at(before) };
  return unknown(groundOf(before, fresh), before);
}

const groundOf = (before: Passage | undefined, fresh: Passage | undefined): Ground => {
  if (!before) return 'never';
  if (!fresh) return 'stale';
  return fresh.sure ? 'unseen' : 'unconfirmed';
};

const unknown = (ground: Ground, passage: Passage | undefined): Judgement => ({
  status: 'unknown',
  ground,
  ...at(passage),
});
const at = (passage: Passage | undefined): { at?: EpochMs } => (passage ? { at: passage.at } : {});
const opposite = (way: Passage['way']): Passage['way'] => (way === 'in' ? 'out' : 'in');
const contains = ({ from, until }: Span, moment: EpochMs): boolean => from <= moment && moment < until;

/** Somebody whose leave ends in the night has until then to come back. */
const curfewFor = ({ curfew, lateUntil }: Night, leaves: readonly Span[]): number =>
  Math.max(
    curfew,
    ...leaves
      .filter((leave) => contains(leave, curfew) && leave.until <= lateUntil)
      .map(({ until }) => until as number),
  );

/** In which order passages of one instant are taken is settled, so that the order in which they arrive is not. */
const rank = ({ at: when, way, sure }: Passage): readonly [number, number, number] => [
  when,
  way === 'in' ? 1 : 0,
  sure ? 1 : 0,
];
const later = (one: Passage, other: Passage): boolean => {
  const [mine, theirs] = [rank(one), rank(other)];
  const index = mine.findIndex((value, place) => value !== theirs[place]);
  return index >= 0 && (mine[index] ?? 0) > (theirs[index] ?? 0);
};
const last = (passages: readonly Passage[]): Passage | undefined =>
  passages.reduce<Passage | undefined>((best, one) => (best && !later(one, best) ? best : one), undefined);
const first = (passages: readonly Passage[]): Passage | undefined =>
  passages.reduce<Passage | undefined>((best, one) => (best && !later(best, one) ? best : one), undefined);

/** From what nobody holds against anybody to what counts most. */
const WEIGHT: Readonly<Record<Status, number>> = { exempt: 0, leave: 0, in: 0, unknown: 1, late: 2, out: 3 };

/** Whether `one` says less against somebody than `other`. */
export const isMilder = (one: Status, other: Status): boolean => WEIGHT[one] < WEIGHT[other];

/** What somebody has to answer for. */
export const counts = (status: Status): boolean => status === 'late' || status === 'out';
