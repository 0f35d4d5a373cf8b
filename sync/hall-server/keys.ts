import { createPrivateKey, createPublicKey, generateKeyPairSync, hash } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rawPublicKey } from '../contract/index.ts';

export interface SigningKey {
  readonly keyId: string;
  /** Raw Ed25519 public key in base64, as a hub pins it. */
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

/** The key with which this end signs, made at the first start and kept beside its database. */
export function loadSigningKey(dataDir: string): SigningKey {
  const file = join(dataDir, 'hall-signing-key.pem');
  if (!existsSync(file)) {
    const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' });
    writeFileSync(file, pem, { mode: 0o600, flag: 'wx' });
  }
  return named(createPrivateKey(readFileSync(file)));
}

/** A key that nobody has pinned. */
export function strangerKey(): SigningKey {
  return named(generateKeyPairSync('ed25519').privateKey);
}

function named(privateKey: KeyObject): SigningKey {
  const publicKey = rawPublicKey(createPublicKey(privateKey));
  return { keyId: `hall-${hash('sha256', publicKey, 'hex').slice(0, 8)}`, publicKey, privateKey };
}
