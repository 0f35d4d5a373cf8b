import { createHash, hash } from 'node:crypto';
import type { Hash } from 'node:crypto';

/** How many parts a set is compared in. */
export const digestBuckets = 256;

/** The part that an id belongs to: the first byte of its SHA-256. */
export function bucketOf(id: string): number {
  return hash('sha256', id, 'buffer').readUInt8(0);
}

/**
 * The values of all buckets. Takes records in the order of the UTF-8 bytes of their ids, which is the order in which
 * SQLite's BINARY collation sorts, so that one walk over the set is enough.
 */
export interface DigestBuilder {
  add(record: { readonly id: string; readonly revision: number }): void;
  values(): readonly string[];
}

export function digestBuilder(): DigestBuilder {
  const sums = new Map<number, Hash>();
  return {
    add: ({ id, revision }) => {
      const bucket = bucketOf(id);
      let sum = sums.get(bucket);
      if (!sum) sums.set(bucket, (sum = createHash('sha256')));
      sum.update(`${id}|${revision}\n`);
    },
    values: () => Array.from({ length: digestBuckets }, (_, bucket) => sums.get(bucket)?.digest('hex') ?? ''),
  };
}
