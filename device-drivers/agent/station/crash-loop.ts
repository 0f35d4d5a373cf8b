import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { type Clock, minutes } from '@hallhub/sync/base';

/** Remembers starts over the life of processes, so that one that dies at once again and again is noticed. */
export interface CrashLoop {
  /** Why this start is in safe mode; undefined: it is a normal one. */
  readonly safeMode: string | undefined;
  /** The process has lived long enough: earlier deaths do not count any more. */
  stable(): void;
  /** The process ends on purpose. */
  ended(): void;
  /** The next start is a normal one. */
  leave(): void;
}

/** So many starts that did not end well within {@link WINDOW} are a loop. */
const MOST_STARTS = 5;
const WINDOW = minutes(10);

const fileSchema = z.object({ starts: z.array(z.number()), reason: z.string().optional() });

/**
 * Counts a start in `file`. A file that cannot be read or written counts as empty: the safety net must not itself keep an
 * agent from starting.
 */
export function noteStart({ file, clock }: { readonly file: string; readonly clock: Clock }): CrashLoop {
  const now = clock.now();
  const recent = read(file).filter((start) => start <= now && start > now - WINDOW);
  const starts = [...recent, now];
  write(file, starts);
  const looping = starts.length > MOST_STARTS;
  return {
    safeMode: looping ? `${starts.length} starts within ${WINDOW / 60_000} minutes` : undefined,
    stable: () => {
      // In safe mode nothing dangerous runs: living long proves nothing.
      if (!looping) write(file, []);
    },
    ended: () => {
      if (!looping) write(file, starts.slice(0, -1));
    },
    leave: () => {
      write(file, []);
    },
  };
}

function read(file: string): readonly number[] {
  try {
    const parsed = fileSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    return parsed.success ? parsed.data.starts : [];
  } catch {
    return [];
  }
}

function write(file: string, starts: readonly number[]): void {
  try {
    writeFileSync(file, JSON.stringify({ starts }), { mode: 0o600 });
  } catch {
    // See above.
  }
}
