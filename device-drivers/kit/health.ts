import type { Cancel, Clock, Failure } from '@hallhub/sync/base';
import type { DeviceHealth, OperatingState } from './driver.ts';
import { type ListenerError, createEmitter } from './emitter.ts';

export interface HealthKeeper {
  readonly current: DeviceHealth;
  /** Tells the listeners when the state or the reason's code changed, and only then. */
  set(state: OperatingState, reason?: Failure): void;
  readonly on: (listener: (health: DeviceHealth) => void) => Cancel;
}

export function createHealth({
  clock,
  onListenerError,
}: {
  readonly clock: Clock;
  readonly onListenerError: ListenerError;
}): HealthKeeper {
  const changed = createEmitter<DeviceHealth>(onListenerError);
  let current: DeviceHealth = { state: 'starting', since: clock.now() };
  return {
    get current() {
      return current;
    },
    set: (state, reason) => {
      if (state === current.state && reason?.code === current.reason?.code) return;
      const since = state === current.state ? current.since : clock.now();
      current = reason ? { state, since, reason } : { state, since };
      changed.emit(current);
    },
    on: changed.on,
  };
}
