import type { DoorContact, GateAlarm } from '@hallhub/device-drivers/capabilities';
import type { Cancel, Clock } from '@hallhub/sync/base';
import { seconds } from '@hallhub/sync/base';

/** How often a contact is asked while its door seems open: that it closed may have been told to nobody. */
const ASK_AGAIN = seconds(5);

/**
 * Whether a gate's door stands open: by its contact, which is also asked at the start; where there is none, as long as an alarm
 * says that it is held or was forced open.
 */
export function watchDoor(deps: {
  readonly doorContact?: DoorContact;
  readonly alarms?: GateAlarm;
  readonly clock: Clock;
}): { open(): boolean; readonly stop: Cancel } {
  const { doorContact, clock } = deps;
  const alarmed = new Set<string>();
  let open = false;
  let stopped = false;
  let cancelTimer: Cancel = () => undefined;

  const follow = (now: boolean): void => {
    cancelTimer();
    open = now;
    if (!stopped && open) cancelTimer = clock.after(ASK_AGAIN, () => void ask());
  };
  const ask = async (): Promise<void> => {
    const state = await doorContact?.state();
    if (!stopped && state) follow((state.ok ? state.value.open : undefined) ?? open);
  };
  const stops = [
    doorContact?.onDoor((door) => {
      follow(door.open);
    }),
    deps.alarms?.onAlarm(({ alarm, clear }) => {
      if (clear) alarmed.delete(alarm);
      else if (alarm === 'held-open' || alarm === 'forced') alarmed.add(alarm);
    }),
  ];
  void ask();
  return {
    open: () => (doorContact ? open : alarmed.size > 0),
    stop: () => {
      stopped = true;
      cancelTimer();
      for (const stop of stops) stop?.();
    },
  };
}
