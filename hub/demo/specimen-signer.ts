import 'reflect-metadata';
import { sign, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { Clock } from '@hallhub/sync/base';
import { ok } from '@hallhub/sync/base';
import type { SignerSource } from '../certificates/index.ts';
import { createSigner, keptOpen } from '../certificates/index.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY = 86_400_000;

/** Signs the demo's papers with a key that is made at its start and forgotten at its end, and says 样章 in its name. */
export function specimenSigner(clock: Clock): SignerSource {
  return keptOpen(async () => {
    x509.cryptoProvider.set(webcrypto);
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: '01',
      name: 'CN=示例大学电子签章（样章）, O=示例大学',
      notBefore: new Date(clock.now() - DAY),
      notAfter: new Date(clock.now() + 365 * DAY),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.nonRepudiation, true),
      ],
    });
    const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
    return ok(
      createSigner({
        clock,
        key: {
          certificate: new Uint8Array(certificate.rawData),
          chain: [],
          type: 'ec',
          sign: (data) =>
            Promise.resolve(
              ok(Uint8Array.from(sign('sha256', data, { key: Buffer.from(key), format: 'der', type: 'pkcs8' }))),
            ),
          close: () => Promise.resolve(),
        },
      }),
    );
  });
}
