import { createHash } from 'node:crypto';

/** One entry as it is hashed. `detail` holds codes and ids, never personal data, so that erasing a person stays possible. */
export interface AuditEntry {
  readonly seq: number;
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  /** JSON text. */
  readonly detail: string;
}

/** What stands before the first entry. */
export const GENESIS = Buffer.alloc(32);

/** SHA-256 over the previous hash and the entry's fields in a fixed order; JSON quoting keeps fields apart. */
export function link(previous: Uint8Array, entry: AuditEntry): Buffer {
  const text = JSON.stringify([entry.seq, entry.at, entry.actor, entry.action, entry.subject, entry.detail]);
  return createHash('sha256').update(previous).update(text).digest();
}
