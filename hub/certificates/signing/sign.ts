import { X509Certificate, verify } from 'node:crypto';
import { type Clock, type EpochMs, type Result, epochMs, err, failure, ok } from '@hallhub/sync/base';
import { fillRoom, openRoom } from './byte-range.ts';
import { type SigningKey, type TimestampAuthority, signDigest } from './cms.ts';

/** PAdES baseline levels (ETSI EN 319 142-1): without and with a time stamp. */
export type SignatureLevel = 'B-B' | 'B-T';

export interface SignedPdf {
  readonly pdf: Uint8Array;
  readonly level: SignatureLevel;
}

export interface DocumentSigner {
  /** Who signs, as the certificate's subject says. */
  readonly name: string;
  /** The certificate's last day. */
  readonly notAfter: EpochMs;
  /** DER, the signer's first. */
  readonly certificates: readonly Uint8Array[];
  /**
   * Fills the room that the PDF holds for a signature. Errors: `E-CERT-0501` key, `0502` time stamp, `0503` room, `0504` the
   * certificate does not hold good now.
   */
  sign(pdf: Uint8Array): Promise<Result<SignedPdf>>;
  close(): Promise<void>;
}

export interface SignerOptions {
  readonly key: SigningKey;
  readonly clock: Clock;
  readonly authority?: TimestampAuthority;
  /** Without a time stamp nothing is signed; else what cannot be stamped now is signed without one. */
  readonly stampRequired?: boolean;
}

export function createSigner({ key, clock, authority, stampRequired = false }: SignerOptions): DocumentSigner {
  const certificate = new X509Certificate(key.certificate);
  const [notBefore, notAfter] = [certificate.validFromDate, certificate.validToDate].map((date) =>
    epochMs(date.getTime()),
  ) as [EpochMs, EpochMs];
  /** The key's answer is checked before anybody relies on it: a token may hold another key than the certificate says. */
  const checked: SigningKey = {
    ...key,
    sign: async (data) => {
      const signature = await key.sign(data);
      if (!signature.ok) return signature;
      return verify('sha256', data, certificate.publicKey, signature.value)
        ? signature
        : failure('E-CERT-0501', 'the key does not belong to the certificate');
    },
  };
  return {
    name: commonName(certificate),
    notAfter,
    certificates: [key.certificate, ...key.chain],
    sign: async (pdf) => {
      const now = clock.now();
      if (now < notBefore || now > notAfter) return failure('E-CERT-0504', certificate.validTo);
      const opened = openRoom(pdf);
      if (!opened.ok) return opened;
      const { pdf: out, room, digest } = opened.value;
      let level: SignatureLevel = authority ? 'B-T' : 'B-B';
      let cms = await signDigest(digest, checked, authority);
      if (!cms.ok && cms.error.code === 'E-CERT-0502' && !stampRequired) {
        level = 'B-B';
        cms = await signDigest(digest, checked);
      }
      if (!cms.ok) return err(cms.error);
      const filled = fillRoom(out, room, cms.value);
      return filled.ok ? ok({ pdf: out, level }) : filled;
    },
    close: () => key.close(),
  };
}

/** Names may hold any script; Node prints one attribute a line. */
function commonName({ subject }: X509Certificate): string {
  return /^CN=(.*)$/m.exec(subject)?.[1] ?? subject.replaceAll('\n', ', ');
}
