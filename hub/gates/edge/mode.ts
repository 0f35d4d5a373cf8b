import type { BarrierMode, FireInput } from '@hallhub/device-drivers/capabilities';
import type { Cancel, Clock, EpochMs } from '@hallhub/sync/base';
import { plus, seconds } from '@hallhub/sync/base';
import type { Standing } from '../rules.ts';

type Mode = Parameters<BarrierMode['mode']>[0]['args']['mode'];

type ModeOf = Readonly<Record<Standing, Mode>>;

/** Free for a fire and at open hours; a lock-down stays controlled, because whoever may override still comes in. */
const ASKING: ModeOf = {
  controlled: 'controlled',
  open: 'free',
  closed: 'controlled',
  'lock-down': 'controlled',
  fire: 'free',
};
/** What lets people through without asking is shut for all of them; for whoever may override it is opened by an order. */
const BY_ITSELF: ModeOf = { ...ASKING, closed: 'closed', 'lock-down': 'closed' };

/** How often the mode is looked at: a schedule's minute, a barrier that was away, an order that got lost. */
const LOOK = seconds(5);
/** A board that lost its power may have come back in another mode without saying so. */
const SAY_AGAIN = seconds(60);
const MODE_TTL = seconds(4);

/**
 * Keeps a barrier in the mode that its gate's standing asks for. A barrier left free is said so again each minute, and one
 * order that fails is given again at the next look. Whether it is free is what the barrier took, not what it was told.
 */
export function keepMode(deps: {
  readonly barrierMode: BarrierMode;
  /** Whether the device lets people through without asking. */
  readonly byItself: boolean;
  readonly standing: () => Standing;
  readonly onChange: (listener: () => void) => Cancel;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly gateId: string;
}): { readonly stop: Cancel; taken(): Mode | undefined } {
  const { clock } = deps;
  const modes = deps.byItself ? BY_ITSELF : ASKING;
  let applied: Mode | undefined;
  let taken: Mode | undefined;
  let saidAt = Number.NEGATIVE_INFINITY;
  let stopped = false;
  let cancelTimer: Cancel = () => undefined;

  const look = (): void => {
    cancelTimer();
    if (stopped) return;
    cancelTimer = clock.after(LOOK, look);
    const mode = modes[deps.standing()];
    const now = clock.now();
    const again = mode !== 'controlled' && clock.monotonic() - saidAt >= SAY_AGAIN;
    if (mode === applied && !again) return;
    saidAt = clock.monotonic();
    applied = mode;
    const order = deps.barrierMode.mode({
      id: deps.newId(),
      name: 'mode',
      args: { mode, direction: 'both' },
      issuedAt: now,
      expiresAt: plus(now, MODE_TTL),
      issuedBy: `gate:${deps.gateId}`,
    });
    void order.then((receipt) => {
      if (receipt.ok) taken = mode;
      else if (applied === mode) applied = undefined;
    });
  };
  const stopListening = deps.onChange(look);
  look();
  return {
    taken: () => taken,
    stop: () => {
      stopped = true;
      cancelTimer();
      stopListening();
    },
  };
}

/** Longer than a barrier takes for the order. */
const TAKEN_WITHIN = seconds(10);

/** Says so when a gate that should stand open for a fire, or shut, does not: its device takes no such order, or has not taken it. */
export function watchMode(deps: {
  /** Whether it should, by how the gate stands. */
  readonly applies: () => boolean;
  readonly reached: () => boolean;
  readonly onChange: (listener: () => void) => Cancel;
  readonly clock: Clock;
  readonly tell: (clear: boolean) => void;
}): Cancel {
  const { clock } = deps;
  let since: number | undefined;
  let told = false;
  let cancelTimer: Cancel = () => undefined;
  const look = (): void => {
    cancelTimer();
    cancelTimer = clock.after(LOOK, look);
    const applies = deps.applies();
    since = applies ? (since ?? clock.monotonic()) : undefined;
    const lacks = since !== undefined && !deps.reached() && clock.monotonic() - since >= TAKEN_WITHIN;
    if (told ? applies && !deps.reached() : !lacks) return;
    told = !told;
    deps.tell(!told);
  };
  const stopListening = deps.onChange(look);
  look();
  return () => {
    cancelTimer();
    stopListening();
  };
}

/** How soon a fire contact that gave no answer at the start is asked again. */
const ASK_AGAIN = seconds(10);

/**
 * The fire alarm's contact: an alarm latches. That it has cleared is told, and relocks nothing; while it has not, nothing that is
 * ordered relocks anything either. The contact is also asked when the gate starts, because an alarm does not wait for a hub that is
 * restarting.
 */
export function watchFire(deps: {
  readonly fireInput: FireInput;
  readonly clock: Clock;
  readonly standing: () => Standing;
  readonly onChange: (listener: () => void) => Cancel;
  readonly onFire: (at: EpochMs) => void;
  readonly onCleared: (at: EpochMs) => void;
}): Cancel {
  const { fireInput, clock } = deps;
  let stopped = false;
  let alarming = false;
  let cancelTimer: Cancel = () => undefined;
  const heard = (alarm: boolean, at: EpochMs): void => {
    alarming = alarm;
    if (alarm) deps.onFire(at);
    else deps.onCleared(at);
  };
  const stops = [
    fireInput.onFire(({ alarm, at }) => {
      heard(alarm, at);
    }),
    deps.onChange(() => {
      if (alarming && deps.standing() !== 'fire') deps.onFire(clock.now());
    }),
  ];
  const ask = async (): Promise<void> => {
    const state = await fireInput.state();
    if (stopped) return;
    if (!state.ok) cancelTimer = clock.after(ASK_AGAIN, () => void ask());
    else if (state.value.alarm) heard(true, clock.now());
  };
  void ask();
  return () => {
    stopped = true;
    cancelTimer();
    for (const stop of stops) stop();
  };
}
