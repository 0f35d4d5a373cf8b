import { type Clock, type DurationMs, hours, minutes, seconds } from '../base/index.ts';

/** How much one address, and everybody together, may ask. A bucket holds `burst` and fills up by one every `every`. */
export interface GuardLimits {
  readonly address: { readonly burst: number; readonly every: DurationMs };
  /** Of what was not found: somebody who guesses is slowed down long before somebody who scans a pile of papers. */
  readonly guesses: { readonly burst: number; readonly every: DurationMs };
  readonly total: { readonly burst: number; readonly every: DurationMs };
}

export const defaultLimits: GuardLimits = {
  address: { burst: 60, every: seconds(1) },
  guesses: { burst: 10, every: seconds(30) },
  total: { burst: 1_200, every: 50 as DurationMs },
};

const ADDRESSES_AT_MOST = 20_000;

interface Bucket {
  level: number;
  at: number;
}

/** Keeps a register from being searched through. Holds nothing on disk. */
export interface VerificationGuard {
  /** Whether this address may ask now; takes one off. */
  admit(address: string): boolean;
  /** What was asked is not there. */
  missed(address: string): void;
}

export function createGuard(options: {
  readonly clock: Clock;
  readonly limits?: GuardLimits;
  /** Told once in an hour of which somebody was refused: how often, and how many asked in vain. Never an address. */
  readonly onRefused: (counts: { readonly refused: number; readonly misses: number }) => void;
}): VerificationGuard {
  const { clock, limits = defaultLimits } = options;
  const asked = new Map<string, Bucket>();
  const guessed = new Map<string, Bucket>();
  const all: Bucket = { level: limits.total.burst, at: clock.monotonic() };
  let refused = 0;
  let misses = 0;
  let told = false;

  const fill = (bucket: Bucket, { burst, every }: GuardLimits['total']): Bucket => {
    const now = clock.monotonic();
    bucket.level = Math.min(burst, bucket.level + (now - bucket.at) / every);
    bucket.at = now;
    return bucket;
  };
  const bucketOf = (buckets: Map<string, Bucket>, key: string, limit: GuardLimits['total']): Bucket => {
    const bucket = buckets.get(key) ?? { level: limit.burst, at: clock.monotonic() };
    // Moved to the end: the map forgets whoever was quiet for longest.
    buckets.delete(key);
    buckets.set(key, bucket);
    const [oldest] = buckets.keys();
    if (buckets.size > ADDRESSES_AT_MOST && oldest !== undefined) buckets.delete(oldest);
    return fill(bucket, limit);
  };
  const note = (): void => {
    refused += 1;
    if (told) return;
    told = true;
    // A minute on, the counts say something.
    clock.after(minutes(1), () => {
      options.onRefused({ refused, misses });
      [refused, misses] = [0, 0];
    });
    clock.after(hours(1), () => {
      told = false;
    });
  };

  return {
    admit: (address) => {
      const key = networkOf(address);
      const guesses = guessed.get(key);
      const mine = bucketOf(asked, key, limits.address);
      fill(all, limits.total);
      if (mine.level < 1 || all.level < 1 || (guesses && fill(guesses, limits.guesses).level < 1)) {
        note();
        return false;
      }
      mine.level -= 1;
      all.level -= 1;
      return true;
    },
    missed: (address) => {
      misses += 1;
      bucketOf(guessed, networkOf(address), limits.guesses).level -= 1;
    },
  };
}

/** One subscriber of IPv6 has a whole /64. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address;
  const [head = '', tail = ''] = address.split('::');
  const start = head === '' ? [] : head.split(':');
  const end = tail === '' ? [] : tail.split(':');
  const zeros = address.includes('::')
    ? Array.from({ length: Math.max(0, 8 - start.length - end.length) }, () => '0')
    : [];
  return [...start, ...zeros, ...end].slice(0, 4).join(':');
}
