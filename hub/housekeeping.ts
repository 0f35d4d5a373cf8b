import type { Cancel, Clock, EpochMs } from '@hallhub/sync/base';
import { hours } from '@hallhub/sync/base';

/** Something that forgets what is older than an instant, and says how much it forgot. */
export interface Chore {
  readonly name: string;
  /** How long its things are kept, in days. */
  readonly keepDays: number;
  readonly forget: (before: EpochMs) => number;
}

/** Runs every chore once an hour. A chore that fails is logged and does not stop the others. */
export function startHousekeeping(options: {
  readonly clock: Clock;
  readonly chores: readonly Chore[];
  readonly log: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}): Cancel {
  const { clock, chores, log } = options;
  let cancel: Cancel = () => undefined;
  const run = (): void => {
    for (const { name, keepDays, forget } of chores) {
      try {
        const forgotten = forget((clock.now() - keepDays * 86_400_000) as EpochMs);
        if (forgotten > 0) log('forgot what is past its time', { chore: name, forgotten });
      } catch (error) {
        log('a chore failed', { chore: name, err: error });
      }
    }
    arm();
  };
  const arm = (): void => {
    cancel = clock.after(hours(1), run);
  };
  arm();
  return () => {
    cancel();
  };
}
