import 'reflect-metadata';
import { createPrivateKey, webcrypto } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import type { EpochMs } from '@hallhub/sync/base';

/** Where keys (PKCS#8) and certificates lie, all PEM. */
export interface CertificateFiles {
  readonly caKey: string;
  readonly caCert: string;
  readonly key: string;
  readonly cert: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY = 86_400_000;

/** Writes a new server certificate for `names`, under the authority that is there or, at first, a new one. */
export async function issueCertificate(options: {
  readonly files: CertificateFiles;
  readonly names: readonly string[];
  readonly hubId: string;
  readonly now: EpochMs;
}): Promise<void> {
  const { files, names, hubId, now } = options;
  x509.cryptoProvider.set(webcrypto);
  const ca = await authority(files, hubId, now);
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: `CN=${hubId}`,
    issuer: ca.certificate.subject,
    notBefore: new Date(now - DAY),
    notAfter: new Date(now + 397 * DAY),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: ca.key,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1']),
      new x509.SubjectAlternativeNameExtension(names.map((name) => ({ type: isIP(name) ? 'ip' : 'dns', value: name }))),
    ],
  });
  writeFileSync(files.key, await pkcs8(keys.privateKey), { mode: 0o600 });
  writeFileSync(files.cert, certificate.toString('pem'));
}

async function authority(
  files: CertificateFiles,
  hubId: string,
  now: EpochMs,
): Promise<{ key: webcrypto.CryptoKey; certificate: x509.X509Certificate }> {
  if (!existsSync(files.caKey) || !existsSync(files.caCert)) {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const root = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: serial(),
      name: `CN=hallhub ${hubId} root`,
      notBefore: new Date(now - DAY),
      notAfter: new Date(now + 3650 * DAY),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      ],
    });
    writeFileSync(files.caKey, await pkcs8(keys.privateKey), { mode: 0o600 });
    writeFileSync(files.caCert, root.toString('pem'));
  }
  const der = createPrivateKey(readFileSync(files.caKey, 'utf8')).export({ type: 'pkcs8', format: 'der' });
  const key = await webcrypto.subtle.importKey('pkcs8', new Uint8Array(der), ALGORITHM, false, ['sign']);
  return { key, certificate: new x509.X509Certificate(readFileSync(files.caCert, 'utf8')) };
}

const serial = (): string =>
  Buffer.from(webcrypto.getRandomValues(new Uint8Array(16)))
    .toString('hex')
    .replace(/^./, '4');

async function pkcs8(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return `-----BEGIN PRIVATE KEY-----\n${(der.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END PRIVATE KEY-----\n`;
}
