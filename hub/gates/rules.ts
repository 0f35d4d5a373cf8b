import type { DurationMs, EpochMs } from '@hallhub/sync/base';
import type { CampusDay, CampusTime } from '../calendar/index.ts';
import type { RefusalCode } from './codes.ts';
import type { Curfew } from './curfew.ts';
import { pastCurfew } from './curfew.ts';
import type { Direction, Pass, Window } from './pass.ts';
import { isSamePerson } from './pass.ts';

/** Three scopes (timed for each gate, timed for the area, in and out of the area), and how strictly it is meant. */
export interface AntiPassback {
  readonly scope: 'gate' | 'area' | 'in-out';
  /** gate, area: not again within this time. in-out: being inside is forgotten after this time. */
  readonly within: DurationMs;
  /** `warn`: let in, and said so. */
  readonly mode: 'strict' | 'warn';
}

/** How a gate stands at the moment, over all passes. */
export type Standing = 'controlled' | 'open' | 'closed' | 'lock-down' | 'fire';

/** What a gate and its area ask for; configuration. */
export interface GateRules {
  readonly id: string;
  readonly area: string;
  readonly direction: Direction;
  /** `known`: whoever has any approval may leave, late or not; `checked`: leaving needs the same as coming in. */
  readonly exit: 'known' | 'checked';
  readonly antiPassback?: AntiPassback;
  /** Nobody comes in before somebody who may lead has. */
  readonly firstPerson: boolean;
  /** Two people show their credentials, one after the other. */
  readonly twoPeople: boolean;
  readonly whenClockLost: 'refuse' | 'continue';
  /** While what other gates of the area did is unknown: `strict` refuses what is counted together, `lenient` goes by its own count. */
  readonly whenAlone: 'strict' | 'lenient';
  /** What a credential shown under duress does: let in as if nothing were, with an alarm; or refuse. */
  readonly duress: 'admit' | 'refuse';
  /** When the area shuts for the night; absent: never. */
  readonly curfew?: Curfew;
}

/** How fresh the picture of the hall is, and what this gate does when it is not. */
export interface Freshness {
  /** Time since the hall last said "that is all"; undefined when it never did. */
  readonly age: DurationMs | undefined;
  readonly maxStaleness: DurationMs;
  readonly whenStale: 'refuse' | 'continue';
}

/** A pass of the credential that was shown, and what its holder has done so far. Grants not walked through yet count as walked. */
export interface Candidate {
  readonly pass: Pass;
  /** On the pass's account. */
  readonly used: { readonly ever: number; readonly today: number };
  /** Heads let in on the pass's slot so far. */
  readonly slotTaken: number;
  /** Whether another pass of the request is inside. */
  readonly otherInside: boolean;
  /** When the subject last went this way through this gate, and through any gate of the area. */
  readonly lastHere?: EpochMs;
  readonly lastInArea?: EpochMs;
  /** Since when the subject is inside the area. */
  readonly insideSince?: EpochMs;
}

/** Which gates that count the same cannot be heard: none, some of other areas only, or some of this area. */
export type Alone = false | 'elsewhere' | 'area';

export interface DecisionInput {
  readonly gate: GateRules;
  readonly standing: Standing;
  /** Whether its barrier is left open, where it stands so for a fire: the order for that may not have been taken, or there is none. */
  readonly released: boolean;
  readonly candidates: readonly Candidate[];
  readonly now: EpochMs;
  /** The campus clock at `now`; read by the caller, because a time zone is a table, not arithmetic. */
  readonly local: CampusTime;
  /** YYYYMMDD of the card itself; absent for cards without expiry and for other credentials. */
  readonly cardValidTo?: string;
  /** The credential says that its holder is being forced. */
  readonly duress: boolean;
  /** Comes in on the card of somebody who just went in: their uses are spent, they are inside. */
  readonly companion: boolean;
  readonly clockTrusted: boolean;
  readonly alone: Alone;
  readonly freshness: Freshness;
  /** Heads inside the area, and how many may be; absent without a limit. */
  readonly occupancy?: { readonly inside: number; readonly limit: number };
  /** Whether somebody who may lead has come in today. */
  readonly led: boolean;
  /** Whether a door that this one is interlocked with is open or about to open. */
  readonly otherDoorOpen: boolean;
  /** Who showed a credential here moments ago and waits, or has just gone in. */
  readonly partners: readonly Pass[];
}

export type Decision =
  | { readonly granted: true; readonly pass: Pass; readonly warnings: readonly RefusalCode[] }
  | {
      readonly granted: false;
      readonly code: RefusalCode;
      readonly pass?: Pass;
      /** Refused only until somebody else shows a credential as well. */
      readonly awaits?: 'escort' | 'second';
    };

/**
 * Whether this subject may go through this gate now. Total: every input has an answer, and every refusal says why. A deny
 * list beats every pass. Of several passes one that grants wins, and of those the one that costs its holder least; of
 * several refusals the one that tells the person most.
 */
export function decide(input: DecisionInput): Decision {
  const { gate, candidates } = input;
  if (input.standing === 'fire') return { granted: false, code: input.released ? 'E-GATE-0121' : 'E-GATE-0127' };
  if (!input.clockTrusted && gate.whenClockLost === 'refuse') return { granted: false, code: 'E-GATE-0108' };
  const denial = candidates.find(({ pass }) => pass.effect === 'deny' && holds(pass, input));
  if (denial) return { granted: false, code: 'E-GATE-0112', pass: denial.pass };
  if (input.duress && gate.duress === 'refuse') return { granted: false, code: 'E-GATE-0113' };

  let granting: Candidate | undefined;
  let best: { readonly code: RefusalCode; readonly pass: Pass } | undefined;
  for (const candidate of candidates) {
    const { pass } = candidate;
    if (pass.effect === 'deny') continue;
    const code = refusalOf(candidate, input);
    if (code === undefined) granting = cheaper(granting, candidate);
    else if (!best || telling(code) > telling(best.code)) best = { code, pass };
  }
  if (granting)
    return {
      granted: true,
      pass: granting.pass,
      warnings: [
        ...(passedBack(granting, input) ? (['E-GATE-0110'] as const) : []),
        ...(input.duress ? (['E-GATE-0113'] as const) : []),
        ...(lateUnder(input) && granting.pass.kind === 'roster' ? (['E-GATE-0140'] as const) : []),
      ],
    };
  if (!best) return { granted: false, code: 'E-GATE-0101' };
  const awaits = AWAITS[best.code];
  return { granted: false, ...best, ...(awaits && { awaits }) };
}

/** Refusals from the one that tells a person least to the one that tells most: how near this approval came to opening the gate. */
const TELLING: readonly RefusalCode[] = [
  ...(['E-GATE-0101', 'E-GATE-0103', 'E-GATE-0105', 'E-GATE-0102', 'E-GATE-0104', 'E-GATE-0115'] as const),
  ...([
    'E-GATE-0114',
    'E-GATE-0109',
    'E-GATE-0126',
    'E-GATE-0124',
    'E-GATE-0123',
    'E-GATE-0110',
    'E-GATE-0107',
  ] as const),
  ...(['E-GATE-0106', 'E-GATE-0141', 'E-GATE-0122', 'E-GATE-0116', 'E-GATE-0111'] as const),
  ...(['E-GATE-0118', 'E-GATE-0117'] as const),
  ...(['E-GATE-0119', 'E-GATE-0120'] as const),
];
const telling = (code: RefusalCode): number => TELLING.indexOf(code);

const AWAITS: Readonly<Partial<Record<RefusalCode, 'escort' | 'second'>>> = {
  'E-GATE-0119': 'escort',
  'E-GATE-0120': 'second',
};

/** Why this pass does not open this gate now; undefined when it does. In the order in which a person can do least about it. */
function refusalOf(candidate: Candidate, input: DecisionInput): RefusalCode | undefined {
  return (
    approvalRefusal(candidate, input) ??
    historyRefusal(candidate, input) ??
    trustRefusal(input) ??
    gateRefusal(candidate.pass, input) ??
    companyRefusal(candidate.pass, input)
  );
}

/** A way out that only asks whether somebody is known here: nobody is locked in because an hour has passed. */
const leavingFreely = ({ gate }: DecisionInput): boolean => gate.direction === 'out' && gate.exit === 'known';

/** What the approval itself says: withdrawn, when, where, which way. */
function approvalRefusal({ pass, insideSince }: Candidate, input: DecisionInput): RefusalCode | undefined {
  if (pass.revoked) return 'E-GATE-0105';
  if (input.now < pass.validFrom) return 'E-GATE-0102';
  if (!leavingFreely(input) && input.now >= pass.validUntil) return 'E-GATE-0103';
  // Whoever is inside may leave by any way out.
  const leaving = leavingFreely(input) && insideSince !== undefined;
  if (!leaving && !coversPlace(pass, input.gate)) return 'E-GATE-0104';
  if (pass.direction !== undefined && pass.direction !== input.gate.direction) return 'E-GATE-0115';
  if (!leavingFreely(input) && !withinWindows(pass.windows, input.local)) return 'E-GATE-0114';
  return undefined;
}

/** What its holder has done already. A companion's host has just gone through. */
function historyRefusal(candidate: Candidate, input: DecisionInput): RefusalCode | undefined {
  if (input.gate.direction === 'in' && !input.companion) {
    const { uses } = candidate.pass;
    const used = uses?.per === 'day' ? candidate.used.today : candidate.used.ever;
    if (uses && used >= uses.max) return 'E-GATE-0109';
    if (candidate.pass.oneInside && candidate.otherInside) return 'E-GATE-0124';
  }
  if (
    input.alone !== false &&
    input.gate.whenAlone === 'strict' &&
    !leavingFreely(input) &&
    countedTogether(candidate.pass, input)
  )
    return 'E-GATE-0126';
  const { slot } = candidate.pass;
  if (input.gate.direction === 'in' && slot && candidate.slotTaken >= slot.capacity) return 'E-GATE-0123';
  if (input.gate.antiPassback?.mode === 'strict' && passedBack(candidate, input)) return 'E-GATE-0110';
  return undefined;
}

/** Whether card and picture of the hall can be believed. The way out asks neither. */
function trustRefusal(input: DecisionInput): RefusalCode | undefined {
  if (leavingFreely(input)) return undefined;
  if (input.cardValidTo !== undefined && input.local.date > input.cardValidTo) return 'E-GATE-0107';
  const { age, maxStaleness, whenStale } = input.freshness;
  if (whenStale === 'refuse' && (age === undefined || age > maxStaleness)) return 'E-GATE-0106';
  return undefined;
}

/** How the gate and its area stand. Whoever may override comes in during a lock-down, and through a gate that is shut. */
function gateRefusal(pass: Pass, input: DecisionInput): RefusalCode | undefined {
  const overrides = pass.may.includes('override');
  if (input.standing === 'closed' && !overrides) return 'E-GATE-0122';
  if (input.standing === 'lock-down' && !overrides) return 'E-GATE-0116';
  if (input.otherDoorOpen) return 'E-GATE-0117';
  if (input.gate.direction === 'out') return undefined;
  if (lateUnder(input)?.then === 'refuse' && !overrides) return 'E-GATE-0141';
  if (input.occupancy && input.occupancy.inside >= input.occupancy.limit && !overrides) return 'E-GATE-0111';
  if (input.gate.firstPerson && !input.led && !pass.may.includes('lead')) return 'E-GATE-0118';
  return undefined;
}

/** The curfew under which somebody comes in while the area is shut for the night. */
const lateUnder = ({ gate, local }: DecisionInput): Curfew | undefined =>
  gate.direction === 'in' && gate.curfew && pastCurfew(gate.curfew, local) ? gate.curfew : undefined;

/** Who else has to be there. */
function companyRefusal(pass: Pass, { gate, partners, companion }: DecisionInput): RefusalCode | undefined {
  if (companion) return undefined;
  const others = partners.filter((partner) => !isSamePerson(partner, pass));
  if (pass.escorted && gate.direction === 'in' && !others.some(({ may }) => may.includes('escort')))
    return 'E-GATE-0119';
  // Whoever needs an escort is nobody's second.
  if (gate.twoPeople && others.every(({ escorted }) => escorted)) return 'E-GATE-0120';
  return undefined;
}

/** Whether what others gates did has a say: counts of uses and heads, one permit's cars, in and out of an area. */
const countedTogether = ({ uses, slot, oneInside }: Pass, { gate, companion, alone }: DecisionInput): boolean =>
  !companion &&
  (uses !== undefined ||
    slot !== undefined ||
    oneInside ||
    (alone === 'area' && gate.antiPassback !== undefined && gate.antiPassback.scope !== 'gate'));

function passedBack(
  { lastHere, lastInArea, insideSince }: Candidate,
  { gate, now, companion }: DecisionInput,
): boolean {
  const rule = gate.antiPassback;
  if (!rule || companion) return false;
  const recently = (at: EpochMs | undefined): boolean => at !== undefined && now - at < rule.within;
  switch (rule.scope) {
    case 'gate':
      return recently(lastHere);
    case 'area':
      return recently(lastInArea);
    case 'in-out':
      // Who came in while the gate stood open is unknown inside: only a checked exit may hold that against somebody.
      return gate.direction === 'in' ? recently(insideSince) : gate.exit === 'checked' && insideSince === undefined;
  }
}

const holds = (pass: Pass, { now, gate }: DecisionInput): boolean =>
  !pass.revoked && now >= pass.validFrom && now < pass.validUntil && coversPlace(pass, gate);

const coversPlace = ({ places }: Pass, gate: GateRules): boolean =>
  places.length === 0 || places.includes(gate.id) || places.includes(gate.area);

/** Of two passes that both open: the one without a count, then the one that ends first. */
function cheaper(left: Candidate | undefined, right: Candidate): Candidate {
  if (!left) return right;
  const counted = Number(left.pass.uses !== undefined) - Number(right.pass.uses !== undefined);
  if (counted < 0) return left;
  if (counted > 0) return right;
  return left.pass.validUntil <= right.pass.validUntil ? left : right;
}

/** Whether an instant of the campus clock lies in one of the windows; no windows: always. */
export function withinWindows(windows: readonly Window[], local: CampusTime): boolean {
  return windows.length === 0 || windows.some((window) => withinWindow(window, local));
}

function withinWindow(window: Window, { minute, yesterday, ...today }: CampusTime): boolean {
  const { from, until } = window;
  if (from < until) return fits(window, today) && minute >= from && minute < until;
  return (fits(window, today) && minute >= from) || (fits(window, yesterday) && minute < until);
}

const fits = ({ weekdays, on }: Window, day: CampusDay): boolean =>
  (weekdays === undefined || weekdays.includes(day.weekday)) && (on === undefined || on === day.kind);
