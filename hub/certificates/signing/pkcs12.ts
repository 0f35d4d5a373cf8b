import { readFileSync } from 'node:fs';
import { P12Signer } from '@libpdf/core';
import { type Result, failure, ok } from '@hallhub/sync/base';
import type { SigningKey } from './cms.ts';

/**
 * A key from a PKCS#12 file (RFC 7292), AES or the older ciphers. It stays in this process's memory.
 * Error: `E-CERT-0501` the file cannot be read, or the password is not its own.
 */
export async function pkcs12Key(file: string, password: string): Promise<Result<SigningKey>> {
  try {
    const opened = await P12Signer.create(Uint8Array.from(readFileSync(file)), password);
    return ok({
      certificate: opened.certificate,
      chain: opened.certificateChain,
      type: opened.keyType === 'EC' ? 'ec' : 'rsa',
      sign: async (data) => {
        try {
          return ok(await opened.sign(data, 'SHA-256'));
        } catch (error) {
          return failure('E-CERT-0501', nameOf(error));
        }
      },
      close: () => Promise.resolve(),
    });
  } catch (error) {
    return failure('E-CERT-0501', `${file}: ${nameOf(error)}`);
  }
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'unreadable');
