import type { WebContents } from 'electron';
import type { DurationMs, MonoMs } from '@hallhub/sync/base';
import { minutes } from '@hallhub/sync/base';

/** A page that fails so often within {@link WITHIN} is not helped by loading it again. */
const TOO_MANY = 3;
const WITHIN: DurationMs = minutes(2);

export interface Failures {
  readonly state: readonly MonoMs[];
  /** `exit`: with a code that is not 0, so that the service manager starts everything afresh. */
  readonly action: 'reload' | 'exit';
}

/** What to do when the page crashed or hangs, given when that happened before. */
export function afterFailure(earlier: readonly MonoMs[], now: MonoMs): Failures {
  const state = [...earlier.filter((at) => now - at < WITHIN), now];
  return { state, action: state.length >= TOO_MANY ? 'exit' : 'reload' };
}

/** Ends a page that hangs, since one that hangs loads nothing, and tells of every page that ended. */
export function watchPage(
  contents: Pick<WebContents, 'on' | 'forcefullyCrashRenderer'>,
  told: {
    readonly log: (what: string, details: object) => void;
    /** It is to be loaded again, or given up. */
    readonly failed: (what: string, details: object) => void;
  },
): void {
  contents.on('unresponsive', () => {
    told.log('the page hangs', {});
    contents.forcefullyCrashRenderer();
  });
  contents.on('render-process-gone', (_event, { reason, exitCode }) => {
    told.failed('the page ended', { reason, exitCode });
  });
}
