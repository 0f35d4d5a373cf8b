import { X509Certificate } from 'node:crypto';
import type { EpochMs } from '../base/index.ts';
import * as pkijs from 'pkijs';

/** A certificate that is trusted by itself. */
export interface TrustRoot {
  readonly certificate: X509Certificate;
  /** Only for what bears this subject, as Node writes it; absent: for everything below it. */
  readonly onlyFor?: string;
}

/** What a signature is believed for. */
export type TrustRoots = readonly TrustRoot[];

export type Purpose = 'documents' | 'time-stamps';

/** `expired`: a chain leads to a root, but did not hold good at that time. */
export type Trust = 'trusted' | 'expired' | 'untrusted';

const LINKS_AT_MOST = 6;
const KEY_USAGE = '2.5.29.15';
const BASIC_CONSTRAINTS = '2.5.29.19';
/**
 * For documents: RFC 9336, e-mail protection, any, and the two that Adobe's and Microsoft's readers take. A certificate of a
 * web server under the same root signs no paper.
 */
const usages: Readonly<Record<Purpose, readonly string[]>> = {
  documents: [
    '1.3.6.1.5.5.7.3.36',
    '1.3.6.1.5.5.7.3.4',
    '2.5.29.37.0',
    '1.2.840.113583.1.1.5',
    '1.3.6.1.4.1.311.10.3.12',
  ],
  'time-stamps': ['1.3.6.1.5.5.7.3.8'],
};

/** Reads roots from PEM; what is between the blocks is ignored. @throws when a block holds no certificate. */
export function trustRoots(pem: string): TrustRoots {
  return (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((block) => ({
    certificate: new X509Certificate(block),
  }));
}

/**
 * For a signer's own signatures, of the certificates (DER, its own first) that it puts into them: its name below its own
 * authorities, so that a renewed certificate counts, and nobody else below an authority that many share.
 */
export function ownTrust(certificates: readonly Uint8Array[]): TrustRoots {
  const all = certificates.map((der) => new X509Certificate(der));
  const [own] = all;
  return own ? all.map((certificate) => ({ certificate, onlyFor: own.subject })) : [];
}

/**
 * Whether a chain leads from a certificate to a root (RFC 5280, 6, without policies, names and revocation lists): each link
 * signed by the next, an authority, within its path length, and in its validity at that time.
 */
export function trustIn(
  leaf: X509Certificate,
  pool: readonly X509Certificate[],
  options: { readonly roots: TrustRoots; readonly at: EpochMs; readonly purpose: Purpose },
): Trust {
  const { at, purpose } = options;
  const roots = options.roots
    .filter(({ onlyFor = leaf.subject }) => onlyFor === leaf.subject)
    .map(({ certificate }) => certificate);
  if (!maySign(leaf, purpose)) return 'untrusted';
  let best: Trust = 'untrusted';
  const climb = (certificate: X509Certificate, below: readonly X509Certificate[]): void => {
    const chain = [...below, certificate];
    if (roots.some((root) => root.raw.equals(certificate.raw))) {
      const inTime = chain.every(
        ({ validFromDate, validToDate }) => validFromDate.getTime() <= at && at <= validToDate.getTime(),
      );
      best = inTime ? 'trusted' : best === 'trusted' ? best : 'expired';
      return;
    }
    if (chain.length >= LINKS_AT_MOST) return;
    for (const issuer of [...roots, ...pool]) {
      if (best === 'trusted') return;
      const seen = chain.some(({ raw }) => raw.equals(issuer.raw));
      if (!seen && issued(issuer, certificate, chain.length - 1)) climb(issuer, chain);
    }
  };
  climb(leaf, []);
  return best;
}

/** `between`: how many authorities stand between the issuer and the leaf. */
function issued(issuer: X509Certificate, certificate: X509Certificate, between: number): boolean {
  try {
    if (!issuer.ca || !certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) return false;
    const constraints = extension(issuer, BASIC_CONSTRAINTS);
    const atMost = constraints instanceof pkijs.BasicConstraints ? constraints.pathLenConstraint : undefined;
    return typeof atMost === 'number' ? between <= atMost : atMost === undefined;
  } catch {
    return false;
  }
}

function maySign(leaf: X509Certificate, purpose: Purpose): boolean {
  try {
    // Node's type says string[], and without the extension it is undefined.
    const extended = leaf.keyUsage as readonly string[] | undefined;
    if (extended === undefined ? purpose === 'time-stamps' : !extended.some((usage) => usages[purpose].includes(usage)))
      return false;
    const usage = extension(leaf, KEY_USAGE) as
      { readonly valueBlock?: { readonly valueHexView?: Uint8Array } } | undefined;
    if (!usage) return true;
    // digitalSignature, nonRepudiation.
    return ((usage.valueBlock?.valueHexView?.[0] ?? 0) & 0xc0) !== 0;
  } catch {
    return false;
  }
}

function extension(certificate: X509Certificate, id: string): unknown {
  const parsed = pkijs.Certificate.fromBER(Uint8Array.from(certificate.raw).buffer);
  return parsed.extensions?.find(({ extnID }) => extnID === id)?.parsedValue;
}
