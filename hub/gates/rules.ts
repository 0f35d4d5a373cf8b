import type { DurationMs, EpochMs } from '@hallhub/sync/base';
import type { RefusalCode } from './codes.ts';

/** What a decision needs to know of one pass. */
export interface PassView {
  readonly requestId: string;
  /** Which of the request's people this pass is for. */
  readonly person: number;
  /** How many come in on this person's card without a document of their own. */
  readonly companions: number;
  readonly validFrom: EpochMs;
  /** Exclusive. */
  readonly validUntil: EpochMs;
  readonly revoked: boolean;
  /** Gate and area ids that the approval names; empty: every gate of the campus. */
  readonly places: readonly string[];
  /** Daily hours in minutes since midnight, campus time; `until` <= `from` runs over midnight. */
  readonly daily?: { readonly from: number; readonly until: number };
}

/** How fresh the picture of the hall is, and what this gate does when it is not. */
export interface Freshness {
  /** Time since the hall last said "that is all"; undefined when it never did. */
  readonly age: DurationMs | undefined;
  readonly maxStaleness: DurationMs;
  readonly whenStale: 'refuse' | 'continue';
}

export interface DecisionInput {
  readonly gate: { readonly id: string; readonly area: string };
  readonly passes: readonly PassView[];
  readonly now: EpochMs;
  /** The campus calendar at `now`; computed by the caller because a time zone is a table, not arithmetic. */
  readonly local: { readonly date: string; readonly minute: number };
  /** YYYYMMDD of the card itself; absent for cards without expiry and for other documents. */
  readonly cardValidTo?: string;
  readonly clockTrusted: boolean;
  readonly freshness: Freshness;
}

export type Decision =
  | { readonly granted: true; readonly pass: PassView }
  | { readonly granted: false; readonly code: RefusalCode; readonly pass?: PassView };

/**
 * Whether this person may walk through this gate now. Total: every input has an answer, and every refusal says why. Of
 * several passes the one that grants wins; of several refusals the one that tells the person most.
 */
export function decide(input: DecisionInput): Decision {
  if (!input.clockTrusted) return { granted: false, code: 'E-GATE-0108' };
  let best: { readonly code: RefusalCode; readonly pass: PassView } | undefined;
  for (const pass of input.passes) {
    const code = refusalOf(pass, input);
    if (code === undefined) return checkCircumstances(pass, input);
    if (!best || RANK[code] > RANK[best.code]) best = { code, pass };
  }
  return best ? { granted: false, ...best } : { granted: false, code: 'E-GATE-0101' };
}

/** How much a refusal tells: "not at this gate" beats "too early" beats "too late" beats "withdrawn" beats "never heard of". */
const RANK: Readonly<Record<RefusalCode, number>> = {
  'E-GATE-0101': 0,
  'E-GATE-0103': 1,
  'E-GATE-0105': 2,
  'E-GATE-0102': 3,
  'E-GATE-0104': 4,
  'E-GATE-0106': 5,
  'E-GATE-0107': 5,
  'E-GATE-0108': 5,
};

function refusalOf(pass: PassView, { gate, now, local }: DecisionInput): RefusalCode | undefined {
  if (pass.revoked) return 'E-GATE-0105';
  if (now >= pass.validUntil) return 'E-GATE-0103';
  if (now < pass.validFrom) return 'E-GATE-0102';
  if (pass.daily && !withinDaily(pass.daily, local.minute)) return 'E-GATE-0102';
  if (pass.places.length > 0 && !pass.places.includes(gate.id) && !pass.places.includes(gate.area))
    return 'E-GATE-0104';
  return undefined;
}

/** What has nothing to do with the approval: the card's own date, and whether the approval can still be believed. */
function checkCircumstances(pass: PassView, { cardValidTo, local, freshness }: DecisionInput): Decision {
  if (cardValidTo !== undefined && local.date > cardValidTo) return { granted: false, code: 'E-GATE-0107', pass };
  const stale = freshness.age === undefined || freshness.age > freshness.maxStaleness;
  if (stale && freshness.whenStale === 'refuse') return { granted: false, code: 'E-GATE-0106', pass };
  return { granted: true, pass };
}

function withinDaily({ from, until }: { readonly from: number; readonly until: number }, minute: number): boolean {
  return from < until ? minute >= from && minute < until : minute >= from || minute < until;
}
