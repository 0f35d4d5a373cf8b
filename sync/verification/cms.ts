import { X509Certificate, constants, createHash, verify } from 'node:crypto';
import * as asn1 from 'asn1js';
import * as pkijs from 'pkijs';
import { isBoundedDer } from './der.ts';

/** A CMS `SignedData` (RFC 5652) with one signer, of which everything but the trust in that signer is settled. */
export interface CheckedCms {
  /** `changed`: the content is not the one that was signed. `forged`: the signature is not that certificate's. */
  readonly integrity: 'intact' | 'changed' | 'forged';
  readonly signer: X509Certificate;
  readonly certificates: readonly X509Certificate[];
  /** Of the signature, what a time stamp is over. */
  readonly signature: Uint8Array;
  /** A `TimeStampToken` (DER), unchecked. */
  readonly timestamp?: Uint8Array;
  /** The certificate is named inside what is signed, as PAdES wants it (signing-certificate-v2, RFC 5035). */
  readonly namesCertificate: boolean;
}

const oid = {
  signedData: '1.2.840.113549.1.7.2',
  tstInfo: '1.2.840.113549.1.9.16.1.4',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
  timeStampToken: '1.2.840.113549.1.9.16.2.14',
  rsaPss: '1.2.840.113549.1.1.10',
} as const;

const hashes: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};
/** What the signer's own algorithm says of the hash; absent: that of the digest. */
const signatureHashes: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
};
const plainAlgorithms = new Set(['1.2.840.113549.1.1.1', '1.2.840.10045.2.1', oid.rsaPss]);
const CERTIFICATES_AT_MOST = 24;

/** Why a signature is not even looked into: not DER or not a `SignedData`, or of algorithms that are not known here (SM2). */
export type Unreadable = 'malformed' | 'unsupported';

/** Checks a detached signature over the parts. Never throws. */
export function checkDetached(cms: Uint8Array, parts: readonly Uint8Array[]): CheckedCms | Unreadable {
  return guarded(cms, (data) => (data.encapContentInfo.eContent ? 'malformed' : checkSigned(data, parts)));
}

/** What a time stamp says (RFC 3161): when, and the imprint that it dates. */
export interface CheckedTimestamp {
  readonly cms: CheckedCms;
  readonly at: Date;
  readonly imprint: { readonly hash: string; readonly digest: Uint8Array };
}

/** Never throws. */
export function checkTimestamp(token: Uint8Array): CheckedTimestamp | Unreadable {
  return guarded(token, (data) => {
    const content = data.encapContentInfo.eContent;
    if (!content || data.encapContentInfo.eContentType !== oid.tstInfo) return 'malformed';
    const bytes = new Uint8Array(content.getValue());
    if (!isBoundedDer(bytes)) return 'malformed';
    const cms = checkSigned(data, [bytes]);
    if (typeof cms === 'string') return cms;
    const info = pkijs.TSTInfo.fromBER(Uint8Array.from(bytes).buffer);
    const hash = hashes[info.messageImprint.hashAlgorithm.algorithmId];
    if (hash === undefined) return 'unsupported';
    const digest = new Uint8Array(info.messageImprint.hashedMessage.getValue());
    return { cms, at: info.genTime, imprint: { hash, digest } };
  });
}

function guarded<T>(der: Uint8Array, check: (data: pkijs.SignedData) => T | Unreadable): T | Unreadable {
  if (!isBoundedDer(der)) return 'malformed';
  try {
    const info = pkijs.ContentInfo.fromBER(Uint8Array.from(der).buffer);
    if (info.contentType !== oid.signedData) return 'malformed';
    return check(new pkijs.SignedData({ schema: info.content as asn1.AsnType }));
  } catch {
    // These parsers refuse by throwing errors of many kinds.
    return 'malformed';
  }
}

function checkSigned(data: pkijs.SignedData, parts: readonly Uint8Array[]): CheckedCms | Unreadable {
  const [info] = data.signerInfos;
  if (!info || data.signerInfos.length !== 1 || (data.certificates?.length ?? 0) > CERTIFICATES_AT_MOST)
    return 'malformed';
  const hash = hashes[info.digestAlgorithm.algorithmId];
  const algorithm = info.signatureAlgorithm.algorithmId;
  const signatureHash = plainAlgorithms.has(algorithm) ? hash : signatureHashes[algorithm];
  if (hash === undefined || signatureHash === undefined) return 'unsupported';
  const signedAttributes = info.signedAttrs;
  if (!signedAttributes) return 'unsupported';
  const parsed = (data.certificates ?? []).filter((one) => one instanceof pkijs.Certificate);
  const certificates = parsed.map((one) => new X509Certificate(Buffer.from(one.toSchema().toBER())));
  const at = parsed.findIndex((one) => isNamed(one, info.sid));
  const signer = certificates[at];
  if (!signer) return 'malformed';

  const digest = createHash(hash);
  for (const part of parts) digest.update(part);
  const told = valuesOf(signedAttributes.attributes, oid.messageDigest);
  const type = valuesOf(signedAttributes.attributes, oid.contentType);
  if (told.length !== 1 || type.length !== 1) return 'malformed';
  const sameContent =
    told[0] instanceof asn1.OctetString &&
    digest.digest().equals(Buffer.from(told[0].getValue())) &&
    type[0] instanceof asn1.ObjectIdentifier &&
    type[0].getValue() === data.encapContentInfo.eContentType;

  const signature = new Uint8Array(info.signature.getValue());
  const genuine = isGenuine({
    hash: signatureHash,
    signed: Buffer.from(signedAttributes.encodedValue),
    signer,
    signature,
    pss: algorithm === oid.rsaPss,
  });
  const named = namedCertificate(valuesOf(signedAttributes.attributes, oid.signingCertificateV2));
  const otherNamed = named !== undefined && named !== createHash('sha256').update(signer.raw).digest('hex');
  const [timestamp] = valuesOf(info.unsignedAttrs?.attributes ?? [], oid.timeStampToken);
  return {
    integrity: !genuine || otherNamed ? 'forged' : sameContent ? 'intact' : 'changed',
    signer,
    certificates,
    signature,
    namesCertificate: named !== undefined,
    ...(timestamp && { timestamp: new Uint8Array(timestamp.toBER()) }),
  };
}

function isGenuine(the: {
  readonly hash: string;
  readonly signed: Uint8Array;
  readonly signer: X509Certificate;
  readonly signature: Uint8Array;
  readonly pss: boolean;
}): boolean {
  const key = the.signer.publicKey;
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_AUTO: saltLength } = constants;
  try {
    return verify(the.hash, the.signed, the.pss ? { key, padding, saltLength } : key, the.signature);
  } catch {
    return false;
  }
}

function isNamed(certificate: pkijs.Certificate, sid: unknown): boolean {
  if (sid instanceof pkijs.IssuerAndSerialNumber) {
    return certificate.issuer.isEqual(sid.issuer) && certificate.serialNumber.isEqual(sid.serialNumber);
  }
  // [0] subjectKeyIdentifier.
  const wanted = (sid as { readonly valueBlock?: { readonly valueHexView?: Uint8Array } } | undefined)?.valueBlock
    ?.valueHexView;
  const key = certificate.extensions?.find(({ extnID }) => extnID === '2.5.29.14')?.parsedValue as unknown;
  return (
    wanted !== undefined && key instanceof asn1.OctetString && Buffer.from(key.getValue()).equals(Buffer.from(wanted))
  );
}

function valuesOf(attributes: readonly pkijs.Attribute[], type: string): readonly asn1.AsnType[] {
  return attributes.filter((one) => one.type === type).flatMap((one) => one.values as asn1.AsnType[]);
}

/** SHA-256 (hex) of the certificate that is named, or a word that equals none; undefined where none is named. */
function namedCertificate([attribute]: readonly asn1.AsnType[]): string | undefined {
  if (attribute === undefined) return undefined;
  const list = children(attribute)[0];
  const first = list && children(list)[0];
  const parts = first ? children(first) : [];
  // Absent, the algorithm is SHA-256; written out, it comes first.
  const [algorithm] = parts;
  if (algorithm instanceof asn1.Sequence && parts[1] instanceof asn1.OctetString) {
    const [id] = children(algorithm);
    const known = id instanceof asn1.ObjectIdentifier && hashes[id.getValue()] === 'sha256';
    if (known) return Buffer.from(parts[1].getValue()).toString('hex');
  }
  return algorithm instanceof asn1.OctetString ? Buffer.from(algorithm.getValue()).toString('hex') : 'unknown';
}

function children(value: asn1.AsnType): readonly asn1.AsnType[] {
  return value instanceof asn1.Sequence ? value.valueBlock.value : [];
}
