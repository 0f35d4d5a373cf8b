import { createPublicKey, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** One key of the hall, pinned at the hub. */
export interface PinnedKey {
  readonly keyId: string;
  /** Raw Ed25519 public key, 32 bytes, in base64. */
  readonly publicKey: string;
}

const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/** `keyId=base64(signature over the exact bytes)`. */
export function signBytes(body: Uint8Array, keyId: string, privateKey: KeyObject): string {
  return `${keyId}=${sign(null, body, privateKey).toString('base64')}`;
}

/** Raw 32 bytes of an Ed25519 key, in base64, as a hub is configured with. */
export function rawPublicKey(key: KeyObject): string {
  return key.export({ format: 'der', type: 'spki' }).subarray(spkiPrefix.length).toString('base64');
}

export type Verifier = (body: Uint8Array, header: string | undefined) => boolean;

/**
 * Checks a signature header against pinned keys; one good signature by a pinned key is enough, so that keys can rotate.
 *
 * @throws {TypeError} when a pinned key is not 32 bytes of base64.
 */
export function createVerifier(keys: readonly PinnedKey[]): Verifier {
  const pinned = new Map(keys.map(({ keyId, publicKey }) => [keyId, parseKey(keyId, publicKey)]));
  return (body, header) =>
    (header ?? '')
      .split(',')
      .slice(0, 4)
      .some((part) => {
        const [keyId = '', ...rest] = part.trim().split('=');
        const key = pinned.get(keyId);
        const signature = Buffer.from(rest.join('='), 'base64');
        return key !== undefined && signature.length === 64 && verify(null, body, key, signature);
      });
}

function parseKey(keyId: string, base64: string): KeyObject {
  const raw = Buffer.from(base64, 'base64');
  if (raw.length !== 32) throw new TypeError(`the hall's public key ${keyId} is not 32 bytes in base64`);
  return createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: 'der', type: 'spki' });
}
