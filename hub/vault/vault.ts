import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import type { Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';

/**
 * What the hub does to personal data before it touches the disk: a keyed hash for matching, encryption for what must be
 * shown again. A plain hash of an ID number can be searched exhaustively, so the key matters.
 */
export interface Vault {
  /** HMAC-SHA-256, first 16 bytes, of a credential in its normal form. `type` keeps kinds of credential apart. */
  match(type: string, value: string): Buffer;
  /** AES-256-GCM; `context` is authenticated, so that a sealed text cannot be moved to another row. */
  seal(plain: Uint8Array, context: string): Buffer;
  /** Errors: `E-VAULT-0101` the text was altered, moved, or sealed under another key. */
  open(sealed: Uint8Array, context: string): Result<Buffer>;
  /** A further key, for another purpose (session tokens, one-time codes). */
  derive(purpose: string): Buffer;
}

const VERSION = 1;
const NONCE = 12;
const TAG = 16;

/** @param root 32 secret bytes. */
export function createVault(root: Buffer): Vault {
  if (root.length !== 32) throw new RangeError('the vault key has 32 bytes');
  const derive = (purpose: string): Buffer => Buffer.from(hkdfSync('sha256', root, 'hallhub', purpose, 32));
  const matchKey = derive('match');
  const sealKey = derive('seal');
  return {
    derive,
    match: (type, value) => createHmac('sha256', matchKey).update(`${type}:${value}`).digest().subarray(0, 16),
    seal: (plain, context) => {
      const nonce = randomBytes(NONCE);
      const cipher = createCipheriv('aes-256-gcm', sealKey, nonce, { authTagLength: TAG });
      cipher.setAAD(Buffer.from(context));
      const body = cipher.update(plain);
      cipher.final();
      return Buffer.concat([Buffer.of(VERSION), nonce, body, cipher.getAuthTag()]);
    },
    open: (sealed, context) => {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
      if (bytes.length < 1 + NONCE + TAG || bytes[0] !== VERSION) return failure('E-VAULT-0101', context);
      const decipher = createDecipheriv('aes-256-gcm', sealKey, bytes.subarray(1, 1 + NONCE), { authTagLength: TAG });
      decipher.setAAD(Buffer.from(context));
      decipher.setAuthTag(bytes.subarray(-TAG));
      try {
        return ok(Buffer.concat([decipher.update(bytes.subarray(1 + NONCE, -TAG)), decipher.final()]));
      } catch {
        return failure('E-VAULT-0101', context);
      }
    },
  };
}
