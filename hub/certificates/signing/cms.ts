import { createHash } from 'node:crypto';
import * as asn1 from 'asn1js';
import * as pkijs from 'pkijs';
import { type Result, ok } from '@hallhub/sync/base';

/** A private key that never leaves its file or token, and the certificate that belongs to it. */
export interface SigningKey {
  /** DER. */
  readonly certificate: Uint8Array;
  /** DER, the issuer first; without the root, if it is known by other means. */
  readonly chain: readonly Uint8Array[];
  readonly type: 'rsa' | 'ec';
  /**
   * Signs with SHA-256: RSASSA-PKCS1-v1_5, or ECDSA in DER (`SEQUENCE { r, s }`).
   * Error: `E-CERT-0501` the key cannot be used now.
   */
  sign(data: Uint8Array): Promise<Result<Uint8Array>>;
  close(): Promise<void>;
}

/** Asks a time-stamp authority (RFC 3161) to date something. */
export interface TimestampAuthority {
  /** A `TimeStampToken` (DER) over the SHA-256 of `data`. Error: `E-CERT-0502`. */
  stamp(data: Uint8Array): Promise<Result<Uint8Array>>;
}

const oid = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
  timeStampToken: '1.2.840.113549.1.9.16.2.14',
  sha256: '2.16.840.1.101.3.4.2.1',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  rsaWithSha256: '1.2.840.113549.1.1.11',
} as const;

/**
 * A detached CMS `SignedData` (DER) over a SHA-256 digest, as PAdES baseline wants it (ETSI EN 319 142-1): content type,
 * message digest and signing-certificate-v2 are signed, and **no signing time**, which that standard keeps out of the CMS:
 * the time stands in the PDF's signature dictionary, and in the time stamp where there is one. Errors: those of the key and
 * of the authority.
 */
export async function signDigest(
  digest: Uint8Array,
  key: SigningKey,
  authority?: TimestampAuthority,
): Promise<Result<Uint8Array>> {
  const certificate = certificateOf(key.certificate);
  const attributes = [
    attribute(oid.contentType, new asn1.ObjectIdentifier({ value: oid.data })),
    attribute(oid.messageDigest, new asn1.OctetString({ valueHex: exact(digest) })),
    attribute(oid.signingCertificateV2, signingCertificate(key.certificate)),
  ];
  // What is signed is the DER of a SET, and DER orders its members by their bytes.
  const ordered = attributes
    .map((one) => ({ one, bytes: Buffer.from(one.toSchema().toBER()) }))
    .sort((left, right) => Buffer.compare(left.bytes, right.bytes));
  const signed = new asn1.Set({ value: ordered.map(({ one }) => one.toSchema()) });
  const signature = await key.sign(new Uint8Array(signed.toBER()));
  if (!signature.ok) return signature;
  const stamp = await authority?.stamp(signature.value);
  if (stamp && !stamp.ok) return stamp;

  const algorithm = key.type === 'ec' ? oid.ecdsaWithSha256 : oid.rsaWithSha256;
  const message = new pkijs.SignedData({
    version: 1,
    digestAlgorithms: [new pkijs.AlgorithmIdentifier({ algorithmId: oid.sha256 })],
    encapContentInfo: new pkijs.EncapsulatedContentInfo({ eContentType: oid.data }),
    certificates: [certificate, ...key.chain.map(certificateOf)],
    signerInfos: [
      new pkijs.SignerInfo({
        version: 1,
        sid: new pkijs.IssuerAndSerialNumber({ issuer: certificate.issuer, serialNumber: certificate.serialNumber }),
        digestAlgorithm: new pkijs.AlgorithmIdentifier({ algorithmId: oid.sha256 }),
        signedAttrs: new pkijs.SignedAndUnsignedAttributes({ type: 0, attributes: ordered.map(({ one }) => one) }),
        signatureAlgorithm: new pkijs.AlgorithmIdentifier({
          algorithmId: algorithm,
          // RFC 4055 wants NULL parameters for RSA, RFC 5758 none for ECDSA.
          ...(key.type === 'rsa' && { algorithmParams: new asn1.Null() }),
        }),
        signature: new asn1.OctetString({ valueHex: exact(signature.value) }),
        ...(stamp && {
          unsignedAttrs: new pkijs.SignedAndUnsignedAttributes({
            type: 1,
            attributes: [attribute(oid.timeStampToken, asn1.fromBER(exact(stamp.value)).result)],
          }),
        }),
      }),
    ],
  });
  const content = new pkijs.ContentInfo({ contentType: oid.signedData, content: message.toSchema(true) });
  return ok(new Uint8Array(content.toSchema().toBER()));
}

/** @throws when the bytes are no certificate. */
export function certificateOf(der: Uint8Array): pkijs.Certificate {
  return pkijs.Certificate.fromBER(exact(der));
}

function attribute(type: string, value: asn1.AsnType): pkijs.Attribute {
  return new pkijs.Attribute({ type, values: [value] });
}

/** `SigningCertificateV2` (RFC 5035) that names one certificate by its SHA-256, which is the default algorithm there. */
function signingCertificate(der: Uint8Array): asn1.Sequence {
  const hash = createHash('sha256').update(der).digest();
  const essCertId = new asn1.Sequence({ value: [new asn1.OctetString({ valueHex: exact(hash) })] });
  return new asn1.Sequence({ value: [new asn1.Sequence({ value: [essCertId] })] });
}

/** The bytes alone: a view of Node's may lie in a larger buffer, and these libraries take the whole. */
export function exact(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
