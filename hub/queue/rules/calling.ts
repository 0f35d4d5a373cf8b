import type { DurationMs, EpochMs } from '@hallhub/sync/base';

/*
 * Who is called next. A rule is pure and knows nothing of tickets' lives: it is given who waits and the counter that is free, and
 * names one of them and why. The counter is bound by the call, never before.
 */

/** Somebody who waits. */
export interface Waiting {
  readonly id: string;
  readonly service: string;
  readonly class: string;
  /** From when the wait counts. Ahead of now: an appointment that came before its time. */
  readonly arrival: EpochMs;
  /** Sent to the front of its service. */
  readonly front: boolean;
  /** Nobody else may call it. */
  readonly forCounter?: string;
  /** It has a booked time, so that it may be called before `arrival` where nobody else waits. */
  readonly isAppointment: boolean;
}

/** A class of visitors: how fast waiting makes them more urgent. */
export interface VisitorClass {
  /** Credit for each minute of waiting; 1 for everybody without a claim. */
  readonly rate: number;
  /** Before all other classes, within the cap: for those who cannot stand, and for what cannot wait. */
  readonly first: boolean;
}

export interface Calling {
  readonly now: EpochMs;
  readonly counter: { readonly id: string; readonly services: ReadonlySet<string> };
  readonly classes: Readonly<Record<string, VisitorClass>>;
  /** How many of the first tier were called in a row in this hall, and how many may be before somebody else is. */
  readonly firstInRow: number;
  readonly firstCap: number;
  /** Whoever has waited longer than that is called before any other claim, by service. */
  readonly callBy: Readonly<Record<string, DurationMs | undefined>>;
  /** Other counters at work, and when each can be expected to be free. */
  readonly others: readonly { readonly services: ReadonlySet<string>; readonly freeAt: EpochMs }[];
  /** How long a service can be expected to take. */
  readonly lasts: (service: string) => DurationMs;
}

export type CallReason = 'overdue' | 'sent-to-front' | 'first-tier' | 'slot' | 'turn' | 'early';
export interface Called {
  readonly id: string;
  readonly because: CallReason;
}
export type CallingRule = (waiting: readonly Waiting[], calling: Calling) => Called | undefined;

export const CALLING_RULES = ['accumulating-priority', 'first-come', 'static-priority'] as const;
export type CallingRuleName = (typeof CALLING_RULES)[number];

const ORDINARY: VisitorClass = { rate: 1, first: false };
const MINUTE = 60_000;

const waitOf = ({ arrival }: Waiting, { now }: Calling): number => Math.max(0, now - arrival);
const classOf = ({ class: kind }: Waiting, { classes }: Calling): VisitorClass => classes[kind] ?? ORDINARY;

/** Credit of a class that waits: its rate times its minutes. Another name for it is aging. */
export const creditOf = (one: Waiting, calling: Calling): number =>
  (classOf(one, calling).rate * waitOf(one, calling)) / MINUTE;

/** Who arrived first; of two of one instant the one whose id is the smaller, so that every counter sees the same order. */
export const byArrival = (a: Waiting, b: Waiting): number => a.arrival - b.arrival || (a.id < b.id ? -1 : 1);

const best = (some: readonly Waiting[], order: (a: Waiting, b: Waiting) => number): Waiting | undefined =>
  some.reduce<Waiting | undefined>((first, one) => (first && order(first, one) <= 0 ? first : one), undefined);

/** Whom this counter may call at all. */
const callable = (waiting: readonly Waiting[], { counter }: Calling): readonly Waiting[] =>
  waiting.filter(({ service, forCounter }) =>
    forCounter === undefined ? counter.services.has(service) : forCounter === counter.id,
  );

/** Everybody whose wait counts by now: the others come before their booked time. */
const due = (waiting: readonly Waiting[], { now }: Calling): readonly Waiting[] =>
  waiting.filter(({ arrival }) => arrival <= now);

const named = (one: Waiting | undefined, because: CallReason): Called | undefined => one && { id: one.id, because };

/** Nobody else waits: an appointment that is here already need not sit before a free counter. */
const early = (some: readonly Waiting[], { now }: Calling): Called | undefined =>
  named(
    best(
      some.filter(({ arrival, isAppointment }) => isAppointment && arrival > now),
      byArrival,
    ),
    'early',
  );

/**
 * A booked slot that nobody could keep if this counter took `candidate` now: here already, begins before the counter would be
 * free again, and no other counter that serves it is free by then. It is called at once, so that nobody sits idle for it.
 */
function slotAtRisk(some: readonly Waiting[], candidate: Waiting, calling: Calling): Waiting | undefined {
  const freeAgain = calling.now + calling.lasts(candidate.service);
  return best(
    some.filter(
      ({ isAppointment, arrival, service }) =>
        isAppointment &&
        arrival > calling.now &&
        arrival < freeAgain &&
        !calling.others.some(({ services, freeAt }) => services.has(service) && freeAt <= arrival),
    ),
    byArrival,
  );
}

/** As they came, and nothing else: what other rules are compared with. */
export const firstCome: CallingRule = (waiting, calling) => {
  const mine = callable(waiting, calling);
  return named(best(due(mine, calling), byArrival), 'turn') ?? early(mine, calling);
};

/** The class with the highest rate first, whoever else waits however long: what other rules are compared with. */
export const staticPriority: CallingRule = (waiting, calling) => {
  const mine = callable(waiting, calling);
  const rank = (one: Waiting): number => {
    const { first, rate } = classOf(one, calling);
    return first ? Number.POSITIVE_INFINITY : rate;
  };
  const order = (a: Waiting, b: Waiting): number => {
    const [x, y] = [rank(a), rank(b)];
    return x === y ? byArrival(a, b) : y - x;
  };
  return named(best(due(mine, calling), order), 'turn') ?? early(mine, calling);
};

/**
 * Accumulating priority: each class earns credit at its own rate while it waits, and the highest credit is served, so that no
 * class starves. Above it, in this order: who is overdue by the limit of the service; who was sent to the front; the first tier,
 * unless `firstCap` of it were called in a row and somebody else waits. A booked slot that could not be kept otherwise comes before
 * an ordinary turn. (Stanford, Taylor and Ziedins 2014, for the credit; the tiers and slots are this product's.)
 */
export const accumulatingPriority: CallingRule = (waiting, calling) => {
  const mine = callable(waiting, calling);
  const here = due(mine, calling);
  const overdue = here.filter(
    (one) => waitOf(one, calling) > (calling.callBy[one.service] ?? Number.POSITIVE_INFINITY),
  );
  if (overdue.length > 0) return named(best(overdue, byArrival), 'overdue');
  const toFront = here.filter(({ front }) => front);
  if (toFront.length > 0) return named(best(toFront, byArrival), 'sent-to-front');
  const first = here.filter((one) => classOf(one, calling).first);
  const rest = here.filter((one) => !classOf(one, calling).first);
  if (first.length > 0 && (rest.length === 0 || calling.firstInRow < calling.firstCap))
    return named(best(first, byArrival), 'first-tier');
  const turn = best(rest, (a, b) => creditOf(b, calling) - creditOf(a, calling) || byArrival(a, b));
  if (!turn) return early(mine, calling);
  const slot = slotAtRisk(mine, turn, calling);
  return slot ? named(slot, 'slot') : named(turn, 'turn');
};

export const callingRules: Readonly<Record<CallingRuleName, CallingRule>> = {
  'accumulating-priority': accumulatingPriority,
  'first-come': firstCome,
  'static-priority': staticPriority,
};
