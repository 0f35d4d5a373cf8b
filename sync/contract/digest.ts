import { createHash, hash } from 'node:crypto';

/** How many parts a set is compared in. */
export const digestBuckets = 256;

/** The part that an id belongs to: the first byte of its SHA-256. */
export function bucketOf(id: string): number {
  return Number.parseInt(hash('sha256', id, 'hex').slice(0, 2), 16);
}

/** The value of one bucket; `records` sorted by the UTF-8 bytes of the id, as SQLite's BINARY collation sorts. */
export function digestOf(records: Iterable<{ readonly id: string; readonly revision: number }>): string {
  const sum = createHash('sha256');
  let empty = true;
  for (const { id, revision } of records) {
    empty = false;
    sum.update(`${id}|${revision}\n`);
  }
  return empty ? '' : sum.digest('hex');
}
