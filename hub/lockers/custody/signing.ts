import type { KeyObject } from 'node:crypto';
import { hash } from 'node:crypto';
import type { PinnedKey } from '@hallhub/sync/contract';
import { createVerifier, signBytes } from '@hallhub/sync/contract';

export interface Signature {
  readonly keyId: string;
  readonly signature: string;
}

/** The hub's own key. */
export interface Signer {
  readonly keyId: string;
  sign(bytes: Uint8Array): Signature;
}

/** Whether a hub said so: by one of the keys that are configured for it. */
export type Trusted = (hub: string, bytes: Uint8Array, signature: Signature) => boolean;

/** JSON with its keys in order: the same bytes wherever they are written. */
export function canonical(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(sorted(value)));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, member]) => [key, sorted(member)]),
  );
}

/** SHA-256 in lower-case hex. */
export const digest = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex');

export function createSigner(keyId: string, key: KeyObject): Signer {
  return {
    keyId,
    sign: (bytes) => ({ keyId, signature: signBytes(bytes, keyId, key).slice(keyId.length + 1) }),
  };
}

/** @throws {TypeError} when a key is not 32 bytes of base64. */
export function createTrusted(hubs: ReadonlyMap<string, readonly PinnedKey[]>): Trusted {
  const verifiers = new Map([...hubs].map(([hub, keys]) => [hub, createVerifier(keys)] as const));
  return (hub, bytes, { keyId, signature }) => verifiers.get(hub)?.(bytes, `${keyId}=${signature}`) ?? false;
}
