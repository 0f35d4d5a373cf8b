import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createBundle } from '@hallhub/firmware-profiles/bundle';
import { builtInFiles } from '@hallhub/firmware-profiles/schema';
import type { EpochMs } from '@hallhub/sync/base';

/** Makes a key for signing bundles; the private half goes to `file` (mode 0600), the public half (raw, base64) is returned. */
export function createBundleKey(file: string): string {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
  return Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64');
}

/** Signs the profiles that stand here as one bundle and writes it to `out`; the number of its bytes. */
export function writeBundle(options: {
  readonly version: string;
  readonly keyId: string;
  readonly keyFile: string;
  readonly out: string;
  readonly now: EpochMs;
}): number {
  const bytes = createBundle({
    version: options.version,
    createdAt: options.now,
    files: builtInFiles(),
    keyId: options.keyId,
    privateKey: createPrivateKey(readFileSync(options.keyFile)),
  });
  writeFileSync(options.out, bytes);
  return bytes.length;
}
