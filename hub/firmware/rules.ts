import type { Receipt } from '@hallhub/device-drivers/kit';
import type { Code, DurationMs, EpochMs } from '@hallhub/sync/base';
import { minutes, plus, seconds } from '@hallhub/sync/base';
import type { Plan } from './plan.ts';
import { isOpen, pauseOf, reachOf } from './plan.ts';

/**
 * One device of a roll-out. `waiting`: not begun, or put back. `sending`: an order is on its way or the device is being
 * asked how it stands. `installing`: it took the image and has not reported the new version yet. The rest are ends; `done`
 * only by the device's own word.
 */
export const targetStates = ['waiting', 'sending', 'installing', 'done', 'failed', 'skipped', 'cancelled'] as const;
export type TargetState = (typeof targetStates)[number];
export const rolloutStates = ['running', 'paused', 'halted', 'done', 'cancelled'] as const;
export type RolloutState = (typeof rolloutStates)[number];

export interface Target {
  readonly deviceId: string;
  readonly state: TargetState;
  /** Orders that went out. */
  readonly tries: number;
  /** In `sending`: the receipt of the order is awaited; otherwise the device is asked. */
  readonly ordered: boolean;
  /** Whether the last order may still be at work in the device although nobody speaks of it. */
  readonly uncertain: boolean;
  /** Times in a row that it did not answer before its first order. */
  readonly misses: number;
  /** Not looked at before. */
  readonly nextAt: EpochMs;
  /** In flight after an order: given up at this time. */
  readonly giveUpAt?: EpochMs;
  readonly orderedAt?: EpochMs;
  /** In flight: as much the device has confirmed, in bytes (or hundredths where it fetches by itself). */
  readonly confirmed?: number;
  /** Where its transfer was taken up after it broke off; 0: it had to begin again. */
  readonly takenUpAt?: number;
  readonly from?: string;
  readonly reported?: string;
  readonly code?: Code;
  readonly startedAt?: EpochMs;
  readonly endedAt?: EpochMs;
}

export interface Rollout {
  readonly state: RolloutState;
  readonly version: string;
  readonly plan: Plan;
  /** From 0; as many as the plan's stages: everything that is left. */
  readonly stage: number;
  readonly stageOpensAt: EpochMs;
  /** Failures that an operator has seen and gone on after. */
  readonly forgiven: number;
  /** In the order in which they have their turn. */
  readonly targets: readonly Target[];
}

/** What a device said when it was asked. */
export type Seen =
  | { readonly answered: false }
  | {
      readonly answered: true;
      readonly version: string;
      /** Its driver is at an update. */
      readonly busy: boolean;
      /** Fed by its driver: nothing goes on in it once the driver has stopped. */
      readonly fed: boolean;
    };

export type RolloutInput =
  /** Time has passed; `minute` is that of the campus's day. */
  | { readonly type: 'tick'; readonly minute: number }
  /** The process was started: receipts that were awaited will not come. */
  | { readonly type: 'restart' }
  | { readonly type: 'seen'; readonly deviceId: string; readonly seen: Seen; readonly minute: number }
  /** It is not to be updated, and why. Counts before its first order only. */
  | { readonly type: 'unfit'; readonly deviceId: string; readonly code: Code }
  | { readonly type: 'receipt'; readonly deviceId: string; readonly nth: number; readonly receipt: Receipt }
  | {
      readonly type: 'progress';
      readonly deviceId: string;
      readonly confirmed: number;
      readonly takenUpAt?: number | undefined;
    }
  /** A device in flight has become ready. */
  | { readonly type: 'ready'; readonly deviceId: string }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  | { readonly type: 'cancel' };

export type RolloutEffect =
  | { readonly type: 'look'; readonly deviceId: string }
  /** The device's order number `nth`; carried out after the state is durable. */
  | { readonly type: 'order'; readonly deviceId: string; readonly nth: number }
  | { readonly type: 'stop'; readonly deviceId: string };

export interface RolloutStep {
  readonly rollout: Rollout;
  readonly effects: readonly RolloutEffect[];
}

/** An order lives this long: agents refuse one that is to live longer. */
export const ORDER_LIFE = minutes(60);
/** A device that was told to fetch by itself may be at it unseen for so long. */
const UNSEEN_WORK = minutes(15);
/** An order whose outcome nobody told is given up after this. */
const GIVE_UP = minutes(90);
/** With its image a device is back within this, or it has failed. */
const BACK_WITHIN = minutes(15);
const LOOK_EVERY = seconds(15);
const AGAIN = minutes(1);
const MOST_MISSES = 5;

/** The order was stopped because somebody wanted it so. */
const STOPPED: ReadonlySet<Code> = new Set<Code>(['E-OSDP-0304']);
const OUT_OF_SERVICE: Code = 'E-DEV-0405';
/** Asking again would change nothing. */
const FINAL: ReadonlySet<Code> = new Set<Code>(['E-DEV-0301', 'E-DEV-0302', 'E-DEV-0404', 'E-DEV-0305']);
/** It certainly is not at work: the order never reached it, or it said no. */
const CERTAIN: ReadonlySet<Code> = new Set<Code>([
  'E-DEV-0102',
  'E-DEV-0201',
  'E-DEV-0203',
  'E-DEV-0205',
  'E-DEV-0304',
  'E-DEV-0409',
]);
/** It was sent a program and does not answer any more. */
const DARK: Code = 'E-FW-0304';

export const isEnd = (state: TargetState): boolean => state !== 'waiting' && !isInFlight(state);
export const isInFlight = (state: TargetState): boolean => state === 'sending' || state === 'installing';
/** Whether the roll-out still has something to do or to wait for. */
export const isOver = ({ state, targets }: Pick<Rollout, 'state' | 'targets'>): boolean =>
  state === 'done' || (state === 'cancelled' && targets.every((target) => isEnd(target.state)));

export const newTarget = (deviceId: string, now: EpochMs): Target => ({
  deviceId,
  state: 'waiting',
  tries: 0,
  ordered: false,
  uncertain: false,
  misses: 0,
  nextAt: now,
});

/** Whether what a device reports is the version that was ordered: equal but for a leading v and a variant in brackets. */
export function isVersion(reported: string, ordered: string): boolean {
  const plain = (text: string): string => text.trim().replace(/^v(?=\d)/i, '');
  return plain(reported) === plain(ordered) || plain(reported).startsWith(`${plain(ordered)}(`);
}

/**
 * The next state of a roll-out. An order leaves only while it runs and inside its window, never for a device that has
 * reported the version, never for more devices at once than the plan allows.
 */
export function advance(rollout: Rollout, input: RolloutInput, now: EpochMs): RolloutStep {
  const step = take(rollout, input, now);
  return { rollout: settle(step.rollout, now), effects: step.effects };
}

function take(rollout: Rollout, input: RolloutInput, now: EpochMs): RolloutStep {
  const quiet = (next: Rollout): RolloutStep => ({ rollout: next, effects: [] });
  switch (input.type) {
    case 'tick':
      return tick(rollout, input.minute, now);
    case 'restart':
      return quiet({
        ...rollout,
        targets: rollout.targets.map((target) =>
          isInFlight(target.state)
            ? { ...target, ordered: false, uncertain: target.uncertain || target.ordered, nextAt: now }
            : target,
        ),
      });
    case 'pause':
      return quiet(rollout.state === 'running' ? { ...rollout, state: 'paused' } : rollout);
    case 'resume':
      return quiet(
        rollout.state === 'paused' || rollout.state === 'halted'
          ? { ...rollout, state: 'running', forgiven: failuresOf(rollout) }
          : rollout,
      );
    case 'cancel':
      return cancel(rollout, now);
    default:
      return ofDevice(rollout, input, now);
  }
}

type DeviceInput = Extract<RolloutInput, { readonly deviceId: string }>;

function ofDevice(rollout: Rollout, input: DeviceInput, now: EpochMs): RolloutStep {
  const target = rollout.targets.find(({ deviceId }) => deviceId === input.deviceId);
  if (!target || !isInFlight(target.state)) return { rollout, effects: [] };
  const { next, effect } = targetStep(rollout, target, input, now);
  const targets = rollout.targets.map((one) => (one === target ? next : one));
  // One that went dark may be the first of many: nobody else is sent the image before a person has looked.
  const darkened = next.code === DARK && next.state === 'failed' && rollout.state !== 'cancelled';
  return {
    rollout: { ...rollout, targets, ...(darkened && { state: 'halted' }) },
    effects: effect ? [effect] : [],
  };
}

interface TargetStep {
  readonly next: Target;
  readonly effect?: RolloutEffect;
}

function targetStep(rollout: Rollout, target: Target, input: DeviceInput, now: EpochMs): TargetStep {
  switch (input.type) {
    case 'ready':
      return { next: target.ordered ? target : { ...target, nextAt: now } };
    case 'progress': {
      const { confirmed, takenUpAt } = input;
      if (!target.ordered) return { next: target };
      return { next: { ...target, confirmed, ...(takenUpAt !== undefined && { takenUpAt }) } };
    }
    case 'unfit':
      return { next: target.tries > 0 ? target : end(target, 'skipped', now, input.code) };
    case 'receipt':
      if (!target.ordered || target.tries !== input.nth) return { next: target };
      return { next: receive(rollout, target, input.receipt, now) };
    case 'seen': {
      // An answer to a question from before the order says nothing of what the order did.
      if (target.ordered) return { next: target };
      const seen = input.seen.answered ? { ...target, reported: input.seen.version } : target;
      return input.seen.answered
        ? answered(rollout, seen, input.seen, isOpen(rollout.plan, input.minute), now)
        : { next: silent(rollout, seen, now) };
    }
  }
}

function answered(
  rollout: Rollout,
  target: Target,
  { version, busy, fed }: Extract<Seen, { readonly answered: true }>,
  open: boolean,
  now: EpochMs,
): TargetStep {
  const later = { ...target, misses: 0, nextAt: plus(now, LOOK_EVERY) };
  const over = target.giveUpAt !== undefined && now >= target.giveUpAt;
  if (isVersion(version, rollout.version)) {
    return { next: target.tries === 0 ? end(target, 'skipped', now, 'E-FW-0301') : end(target, 'done', now) };
  }
  const { from: known, ...rest } = later;
  const asked = { ...rest, from: known ?? version };
  if (over) return { next: end(asked, 'failed', now, target.code ?? 'E-FW-0303') };
  if (busy || target.state === 'installing') return { next: asked };
  const unseenUntil = target.orderedAt === undefined ? now : plus(target.orderedAt, UNSEEN_WORK);
  if (target.uncertain && !fed && now < unseenUntil) return { next: asked };
  if (rollout.state === 'cancelled') return { next: end(asked, 'cancelled', now) };
  if (target.tries >= rollout.plan.maxTries) return { next: end(asked, 'failed', now, target.code ?? 'E-FW-0303') };
  if (rollout.state !== 'running' || !open) return { next: putBack(asked, now) };
  const nth = target.tries + 1;
  return {
    next: {
      ...asked,
      state: 'sending',
      tries: nth,
      ordered: true,
      uncertain: false,
      orderedAt: now,
      giveUpAt: plus(now, GIVE_UP),
      startedAt: target.startedAt ?? now,
    },
    effect: { type: 'order', deviceId: target.deviceId, nth },
  };
}

/** It was asked and did not answer. */
function silent(rollout: Rollout, target: Target, now: EpochMs): Target {
  if (target.tries === 0) {
    if (rollout.state === 'cancelled') return end(target, 'cancelled', now);
    const misses = target.misses + 1;
    return misses >= MOST_MISSES
      ? end({ ...target, misses }, 'skipped', now, 'E-FW-0305')
      : putBack({ ...target, misses }, plus(now, AGAIN));
  }
  if (target.giveUpAt !== undefined && now >= target.giveUpAt) return end(target, 'failed', now, DARK);
  return { ...target, nextAt: plus(now, LOOK_EVERY) };
}

function receive(rollout: Rollout, target: Target, receipt: Receipt, now: EpochMs): Target {
  if (receipt.ok) {
    if (receipt.value.confirmation === 'observed') return end({ ...target, reported: rollout.version }, 'done', now);
    return {
      ...target,
      state: 'installing',
      ordered: false,
      uncertain: true,
      nextAt: plus(now, LOOK_EVERY),
      giveUpAt: plus(now, BACK_WITHIN),
    };
  }
  const { code } = receipt.error;
  const { confirmed, ...bare } = target;
  // What the device itself gave up it does not remember.
  const kept = confirmed === undefined || code.startsWith('E-OSDP-') ? bare : target;
  if (code === OUT_OF_SERVICE) return end(target, target.tries > 1 ? 'failed' : 'skipped', now, code);
  if (STOPPED.has(code)) return end(target, 'cancelled', now, code);
  if (FINAL.has(code)) return end(target, 'failed', now, code);
  // Whether it has a new program is asked of the device itself before anything is sent again.
  return {
    ...kept,
    code,
    ordered: false,
    uncertain: !CERTAIN.has(code),
    nextAt: plus(now, CERTAIN.has(code) ? AGAIN : LOOK_EVERY),
    giveUpAt: earlier(target.giveUpAt, plus(now, minutes(30))),
  };
}

const earlier = (one: EpochMs | undefined, other: EpochMs): EpochMs => (one !== undefined && one < other ? one : other);

function end(target: Target, state: 'done' | 'failed' | 'skipped' | 'cancelled', now: EpochMs, code?: Code): Target {
  const { deviceId, tries, misses, orderedAt, from, reported, startedAt, takenUpAt } = target;
  return {
    deviceId,
    state,
    tries,
    ordered: false,
    uncertain: false,
    misses,
    nextAt: now,
    ...(orderedAt !== undefined && { orderedAt }),
    ...(from !== undefined && { from }),
    ...(reported !== undefined && { reported }),
    ...(code !== undefined && { code }),
    ...(startedAt !== undefined && { startedAt }),
    ...(takenUpAt !== undefined && { takenUpAt }),
    endedAt: now,
  };
}

const putBack = (target: Target, nextAt: EpochMs): Target => ({
  ...target,
  state: 'waiting',
  ordered: false,
  uncertain: false,
  nextAt,
});

function tick(rollout: Rollout, minute: number, now: EpochMs): RolloutStep {
  const effects: RolloutEffect[] = [];
  const reach = reachOf(rollout.plan, rollout.stage, rollout.targets.length);
  const open = rollout.state === 'running' && now >= rollout.stageOpensAt && isOpen(rollout.plan, minute);
  let free = rollout.plan.maxParallel - rollout.targets.filter(({ state }) => isInFlight(state)).length;
  const targets = rollout.targets.map((target, position): Target => {
    if (now < target.nextAt) return target;
    if (isInFlight(target.state)) {
      if (target.ordered) {
        // Nobody told what became of the order, not even that nothing is known.
        if (target.giveUpAt === undefined || now < target.giveUpAt) return target;
        effects.push({ type: 'look', deviceId: target.deviceId });
        return { ...target, ordered: false, uncertain: true, nextAt: lookAgain(now) };
      }
      effects.push({ type: 'look', deviceId: target.deviceId });
      return { ...target, nextAt: lookAgain(now) };
    }
    if (target.state !== 'waiting' || !open || free <= 0 || position >= reach) return target;
    free -= 1;
    effects.push({ type: 'look', deviceId: target.deviceId });
    return { ...target, state: 'sending', nextAt: lookAgain(now) };
  });
  return { rollout: { ...rollout, targets }, effects };
}

/** A question whose answer is lost is asked again after this. */
const lookAgain = (now: EpochMs): EpochMs => plus(now, (2 * LOOK_EVERY) as DurationMs);

function cancel(rollout: Rollout, now: EpochMs): RolloutStep {
  if (rollout.state === 'done' || rollout.state === 'cancelled') return { rollout, effects: [] };
  const effects: RolloutEffect[] = [];
  const targets = rollout.targets.map((target): Target => {
    if (target.state === 'waiting') return end(target, 'cancelled', now);
    if (target.state !== 'sending') return target;
    if (target.tries === 0) return end(target, 'cancelled', now);
    effects.push({ type: 'stop', deviceId: target.deviceId });
    return target;
  });
  return { rollout: { ...rollout, state: 'cancelled', targets }, effects };
}

const failuresOf = ({ targets }: Rollout): number => targets.filter(({ state }) => state === 'failed').length;

/** What follows for the whole: halted by its failures, the next stage, the end. */
function settle(rollout: Rollout, now: EpochMs): Rollout {
  const { plan, targets, state } = rollout;
  if (state === 'done' || state === 'cancelled') return rollout;
  if (targets.every((target) => isEnd(target.state))) return { ...rollout, state: 'done' };
  if (state === 'running' && failuresOf(rollout) - rollout.forgiven > plan.failuresAllowed) {
    return { ...rollout, state: 'halted' };
  }
  let { stage, stageOpensAt } = rollout;
  const isThrough = (): boolean =>
    targets.slice(0, reachOf(plan, stage, targets.length)).every((target) => isEnd(target.state));
  if (stage >= plan.stages.length || !isThrough()) return rollout;
  while (stage < plan.stages.length && isThrough()) stage += 1;
  stageOpensAt = plus(now, pauseOf(plan));
  return { ...rollout, stage, stageOpensAt };
}
