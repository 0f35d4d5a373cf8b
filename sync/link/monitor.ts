import type { Clock } from '../base/index.ts';
import type { LinkFailure, LinkState } from './link.ts';

/** Keeps the {@link LinkState} of one loop and says when it changes. */
export interface LinkMonitor {
  readonly state: LinkState;
  /** Failures in a row. */
  readonly attempts: number;
  succeeded(): void;
  failed(failure: LinkFailure): void;
  stopped(): void;
}

export function linkMonitor(clock: Clock, changed: () => void): LinkMonitor {
  let state: LinkState = { state: 'starting' };
  let attempts = 0;
  const become = (next: LinkState): void => {
    state = next;
    changed();
  };
  return {
    get state() {
      return state;
    },
    get attempts() {
      return attempts;
    },
    succeeded: () => {
      attempts = 0;
      if (state.state !== 'online') become({ state: 'online', since: clock.now() });
    },
    failed: (failure) => {
      attempts += 1;
      if (failure.class === 'fenced') {
        become({ state: 'fenced', since: clock.now() });
        return;
      }
      const since = state.state === 'offline' ? state.since : clock.now();
      become({ state: 'offline', since, failure, attempts });
    },
    stopped: () => {
      if (state.state !== 'fenced') become({ state: 'stopped' });
    },
  };
}
