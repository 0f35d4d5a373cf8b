import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import type { Clock } from '@hallhub/sync/base';
import type { DataDir } from '../store/index.ts';
import type { CertificateFiles } from './issue.ts';

export interface ServerCertificate {
  /** PEM, PKCS#8. */
  readonly key: string;
  /** PEM: the server's certificate, then the authority's. */
  readonly cert: string;
  /** PEM of the authority alone: what phones and kiosks are told to trust. */
  readonly ca: string;
}

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
  const names = [
    ...new Set(['localhost', '127.0.0.1', '::1', hostname(), ...localAddresses(), ...options.names]),
  ].sort();
  const files = {
    caKey: dir.file('ca.key'),
    caCert: dir.file('ca.crt'),
    key: dir.file('server.key'),
    cert: dir.file('server.crt'),
  };
  if (!isUsable(files, names, clock)) {
    // Loaded when it is needed, about once a year: it takes 20 MiB and a sixth of a second.
    const { issueCertificate } = await import('./issue.ts');
    await issueCertificate({ files, names, hubId, now: clock.now() });
  }
  const ca = readFileSync(files.caCert, 'utf8');
  return { key: readFileSync(files.key, 'utf8'), cert: `${readFileSync(files.cert, 'utf8')}\n${ca}`, ca };
}

function isUsable(files: CertificateFiles, names: readonly string[], clock: Clock): boolean {
  if (![files.caKey, files.caCert, files.key, files.cert].every((file) => existsSync(file))) return false;
  const certificate = new X509Certificate(readFileSync(files.cert));
  return (
    certificate.validToDate.getTime() - clock.now() > 30 * DAY &&
    certificate.verify(new X509Certificate(readFileSync(files.caCert)).publicKey) &&
    names.every((name) => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined)
  );
}

const localAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, scopeid }) => !internal && !scopeid)
    .map(({ address }) => address);
