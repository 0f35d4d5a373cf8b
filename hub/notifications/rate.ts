import type { DurationMs, EpochMs } from '@hallhub/sync/base';
import { ms } from '@hallhub/sync/base';

/** How often a channel may be sent to; `burst` at once, refilled evenly over `per`. */
export interface Rate {
  readonly burst: number;
  readonly per: DurationMs;
}

/** What is left in the bucket, as of an instant. */
export interface Bucket {
  readonly tokens: number;
  readonly at: EpochMs;
}

export const fullBucket = ({ burst }: Rate, now: EpochMs): Bucket => ({ tokens: burst, at: now });

const EPSILON = 1e-9;

/** Takes one, or says how long until there is one. A clock that went back refills nothing and takes nothing away. */
export function take(
  rate: Rate,
  bucket: Bucket,
  now: EpochMs,
): { readonly taken: true; readonly bucket: Bucket } | { readonly taken: false; readonly wait: DurationMs } {
  const elapsed = Math.max(0, now - bucket.at);
  const tokens = Math.min(rate.burst, bucket.tokens + (elapsed * rate.burst) / rate.per);
  // What a division lost in the last place is no reason to wait.
  if (tokens >= 1 - EPSILON) return { taken: true, bucket: { tokens: Math.max(0, tokens - 1), at: now } };
  return { taken: false, wait: ms(Math.ceil(((1 - tokens) * rate.per) / rate.burst)) };
}
