import type { Code, DurationMs, Failure, MonoMs, Result } from '@hallhub/sync/base';
import { ms, seconds } from '@hallhub/sync/base';
import { type Presented, credentialText } from '../../capabilities/index.ts';
import type { OperatingState } from '../../kit/index.ts';
import { isReaderFault, statusCode } from './codes.ts';

export type Step = 'find' | 'select' | 'read';

/** What a card says: all of its text, or its number alone. */
export type ReadCard = Extract<Presented, { readonly type: 'resident-id' | 'resident-number' }>;

export interface ReaderState {
  readonly step: Step;
  /** The number of the card that was reported last, until it has surely left. */
  readonly held: string | undefined;
  /** Since when no card answers. */
  readonly absentSince: MonoMs | undefined;
  /** Tries in a row that failed with the card that lies there now, and what the last one said. */
  readonly failures: number;
  readonly lastFailure: Code | undefined;
  /** The person was told that this card cannot be read. */
  readonly told: boolean;
  /** Requests in a row that nothing sensible answered. */
  readonly unanswered: number;
}

export const initialState: ReaderState = {
  step: 'find',
  held: undefined,
  absentSince: undefined,
  failures: 0,
  lastFailure: undefined,
  told: false,
  unanswered: 0,
};

export type ReaderInput =
  | { readonly type: 'answer'; readonly sw3: number; readonly at: MonoMs }
  /** The answer that holds a card: to a read with status 90, or to the one request of a reader that does all in one. */
  | { readonly type: 'card'; readonly card: Result<ReadCard>; readonly at: MonoMs }
  | { readonly type: 'no-answer'; readonly reason: Failure; readonly at: MonoMs };

export type ReaderEffect =
  | { readonly do: 'ask'; readonly step: Step; readonly after: DurationMs }
  | { readonly do: 'report'; readonly card: ReadCard }
  | { readonly do: 'report-unreadable'; readonly code: Code }
  | { readonly do: 'health'; readonly state: OperatingState; readonly reason?: Failure }
  /** Nothing is heard for so long that the line itself is suspect; it begins anew with {@link resume}. */
  | { readonly do: 'reopen'; readonly reason: Failure };

export interface ReaderTiming {
  /** Between two questions whether a card is there. */
  readonly pollEvery: DurationMs;
  /** Between two looks at a card that was read and still lies there. */
  readonly lookAgainEvery: DurationMs;
  /** Without an answering card for so long, the card has left. Bridges the gaps of a card at the edge of the field. */
  readonly leftAfter: DurationMs;
}

export const DEFAULT_TIMING: ReaderTiming = { pollEvery: ms(100), lookAgainEvery: ms(300), leftAfter: ms(800) };

/** As often a card is tried before its holder hears that it cannot be read. */
const TRIES = 3;
/** As many requests go unanswered before the reader counts as down, and before its line is opened anew. */
const DOWN_AFTER = 3;
const REOPEN_AFTER = 12;

export interface Transition {
  readonly state: ReaderState;
  readonly effects: readonly ReaderEffect[];
}

/** The line is open (again). What is known of the card that lies there survives, so that it is not reported twice. */
export function resume(state: ReaderState): Transition {
  return {
    state: { ...initialState, held: state.held },
    effects: [{ do: 'ask', step: 'find', after: ms(0) }],
  };
}

/** Find, select, read, and again: exactly one `ask` or `reopen` comes out of every input. */
export function advance(state: ReaderState, input: ReaderInput, timing: ReaderTiming): Transition {
  switch (input.type) {
    case 'no-answer':
      return unanswered(state, input.reason, timing);
    case 'card':
      return withHealth(cardArrived({ ...state, unanswered: 0 }, input.card, timing));
    case 'answer':
      return answered({ ...state, unanswered: 0 }, input.sw3, input.at, timing);
  }
}

function answered(state: ReaderState, sw3: number, at: MonoMs, timing: ReaderTiming): Transition {
  if (sw3 === 0x80) return withHealth(nobodyThere(state, at, timing));
  switch (state.step) {
    case 'find': {
      if (sw3 === 0x9f) return withHealth(ask({ ...state, absentSince: undefined }, 'select', ms(0)));
      const code = statusCode(sw3) ?? 'E-CARD-0199';
      return withHealth(ask(state, 'find', timing.pollEvery), { code });
    }
    case 'select':
      if (sw3 === 0x90) return withHealth(ask(state, 'read', ms(0)));
      return failed(state, statusCode(sw3) ?? 'E-CARD-0199', timing);
    case 'read':
      return failed(state, statusCode(sw3) ?? 'E-CARD-0199', timing);
  }
}

function nobodyThere(state: ReaderState, at: MonoMs, timing: ReaderTiming): Transition {
  const absentSince = state.absentSince ?? at;
  if (at - absentSince < timing.leftAfter) return ask({ ...state, absentSince }, 'find', timing.pollEvery);
  const next = ask({ ...initialState, absentSince }, 'find', timing.pollEvery);
  // Somebody came too close to be ignored, and went before we could read: they wait for an answer.
  if (state.failures === 0 || state.told || state.held !== undefined) return next;
  return report(next, { do: 'report-unreadable', code: state.lastFailure ?? 'E-CARD-0203' });
}

function cardArrived(state: ReaderState, card: Result<ReadCard>, timing: ReaderTiming): Transition {
  if (!card.ok) return failed(state, card.error.code, timing);
  const number = credentialText(card.value);
  const next = ask({ ...initialState, held: number }, 'find', timing.lookAgainEvery);
  return state.held === number ? next : report(next, { do: 'report', card: card.value });
}

function failed(state: ReaderState, code: Code, timing: ReaderTiming): Transition {
  const reason = isReaderFault(code) ? { code } : undefined;
  // A card that was read lies there still; that some readers cannot select it again is nobody's trouble.
  if (state.held !== undefined) return withHealth(ask(state, 'find', timing.lookAgainEvery), reason);
  const failures = state.failures + 1;
  const tell = failures >= TRIES && !state.told;
  const next = ask({ ...state, failures, lastFailure: code, told: state.told || tell }, 'find', timing.pollEvery);
  return withHealth(tell ? report(next, { do: 'report-unreadable', code }) : next, reason);
}

function unanswered(state: ReaderState, reason: Failure, timing: ReaderTiming): Transition {
  const count = state.unanswered + 1;
  const waiting: ReaderState = { ...state, unanswered: count };
  const base = state.step === 'find' ? ask(waiting, 'find', timing.pollEvery) : failed(waiting, 'E-CARD-0203', timing);
  // It says nothing about the reader's health that a card went missing in mid-read.
  const effects = base.effects.filter((effect) => effect.do !== 'health');
  if (count >= REOPEN_AFTER) {
    const others = effects.filter((effect) => effect.do !== 'ask');
    return {
      state: base.state,
      effects: [...others, { do: 'health', state: 'down', reason }, { do: 'reopen', reason }],
    };
  }
  if (count < DOWN_AFTER) return { state: base.state, effects };
  return { state: base.state, effects: [{ do: 'health', state: 'down', reason }, ...effects] };
}

function ask(state: ReaderState, step: Step, after: DurationMs): Transition {
  return { state: { ...state, step }, effects: [{ do: 'ask', step, after }] };
}

/** What people wait for goes before everything else. */
function report(transition: Transition, effect: ReaderEffect): Transition {
  return { state: transition.state, effects: [effect, ...transition.effects] };
}

function withHealth(transition: Transition, reason?: Failure): Transition {
  // An inner step has told already what ails the reader.
  if (transition.effects.some((effect) => effect.do === 'health')) return transition;
  const health: ReaderEffect = reason ? { do: 'health', state: 'degraded', reason } : { do: 'health', state: 'ready' };
  return { state: transition.state, effects: [...transition.effects, health] };
}

/** How long each step may take (one vendor's application; a read's transfer time comes on top). */
export const STEP_TIMEOUTS: Readonly<Record<Step, DurationMs>> = { find: ms(800), select: ms(300), read: ms(1_100) };
/** How long a late answer is waited out. */
export const QUIET: DurationMs = ms(300);
export const LONGEST_PAUSE_IN_REPLY: DurationMs = ms(200);
/** A bug of ours in one round must not become a busy loop. */
export const AFTER_BUG: DurationMs = seconds(1);
