import 'reflect-metadata';
import { X509Certificate, createPrivateKey, webcrypto } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import * as x509 from '@peculiar/x509';
import type { Clock } from '@hallhub/sync/base';
import type { DataDir } from '../store/index.ts';

export interface ServerCertificate {
  /** PEM, PKCS#8. */
  readonly key: string;
  /** PEM: the server's certificate, then the authority's. */
  readonly cert: string;
  /** PEM of the authority alone: what phones and kiosks are told to trust. */
  readonly ca: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY = 86_400_000;

/**
 * The hub's own small certificate authority: a key and a root that are made at first start and stay in the data folder, and
 * a server certificate under it that is made anew when the names change or a month before it ends.
 */
export async function ownCertificate(options: {
  readonly dir: DataDir;
  readonly clock: Clock;
  readonly names: readonly string[];
  readonly hubId: string;
}): Promise<ServerCertificate> {
  const { dir, clock, hubId } = options;
  x509.cryptoProvider.set(webcrypto);
  const names = [
    ...new Set(['localhost', '127.0.0.1', '::1', hostname(), ...localAddresses(), ...options.names]),
  ].sort();
  const ca = await authority(dir, clock, hubId);
  const [keyFile, certFile] = [dir.file('server.key'), dir.file('server.crt')];
  if (!isUsable(certFile, keyFile, names, ca.pem, clock)) {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serial(),
      subject: `CN=${hubId}`,
      issuer: ca.certificate.subject,
      notBefore: new Date(clock.now() - DAY),
      notAfter: new Date(clock.now() + 397 * DAY),
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey: ca.key,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1']),
        new x509.SubjectAlternativeNameExtension(
          names.map((name) => ({ type: isIP(name) ? 'ip' : 'dns', value: name })),
        ),
      ],
    });
    writeFileSync(keyFile, await pkcs8(keys.privateKey), { mode: 0o600 });
    writeFileSync(certFile, certificate.toString('pem'));
  }
  return { key: readFileSync(keyFile, 'utf8'), cert: `${readFileSync(certFile, 'utf8')}\n${ca.pem}`, ca: ca.pem };
}

async function authority(
  dir: DataDir,
  clock: Clock,
  hubId: string,
): Promise<{ key: webcrypto.CryptoKey; certificate: x509.X509Certificate; pem: string }> {
  const [keyFile, certFile] = [dir.file('ca.key'), dir.file('ca.crt')];
  if (!existsSync(keyFile) || !existsSync(certFile)) {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const root = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: serial(),
      name: `CN=hallhub ${hubId} root`,
      notBefore: new Date(clock.now() - DAY),
      notAfter: new Date(clock.now() + 3650 * DAY),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      ],
    });
    writeFileSync(keyFile, await pkcs8(keys.privateKey), { mode: 0o600 });
    writeFileSync(certFile, root.toString('pem'));
  }
  const pem = readFileSync(certFile, 'utf8');
  const der = createPrivateKey(readFileSync(keyFile, 'utf8')).export({ type: 'pkcs8', format: 'der' });
  const key = await webcrypto.subtle.importKey('pkcs8', new Uint8Array(der), ALGORITHM, false, ['sign']);
  return { key, certificate: new x509.X509Certificate(pem), pem };
}

function isUsable(certFile: string, keyFile: string, names: readonly string[], ca: string, clock: Clock): boolean {
  if (!existsSync(certFile) || !existsSync(keyFile)) return false;
  const certificate = new X509Certificate(readFileSync(certFile));
  return (
    certificate.validToDate.getTime() - clock.now() > 30 * DAY &&
    certificate.verify(new X509Certificate(ca).publicKey) &&
    names.every((name) => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined)
  );
}

const localAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, scopeid }) => !internal && !scopeid)
    .map(({ address }) => address);

const serial = (): string =>
  Buffer.from(webcrypto.getRandomValues(new Uint8Array(16)))
    .toString('hex')
    .replace(/^./, '4');

async function pkcs8(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return `-----BEGIN PRIVATE KEY-----\n${(der.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END PRIVATE KEY-----\n`;
}
