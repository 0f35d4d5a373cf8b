import type { DurationMs } from '@hallhub/sync/base';
import { ms } from '@hallhub/sync/base';

const UNITS = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `700ms`, `30s`, `15min`, `4h`, `2d`; undefined for anything else. */
export function parseDuration(text: string): DurationMs | undefined {
  const match = /^(\d{1,9})(ms|s|min|h|d)$/.exec(text);
  if (!match) return undefined;
  return ms(Number(match[1]) * UNITS[match[2] as keyof typeof UNITS]);
}
