import { createHash } from 'node:crypto';
import { type EpochMs, type Result, epochMs, failure, ok } from '../base/index.ts';
import { type CheckedCms, type CheckedTimestamp, checkDetached, checkTimestamp } from './cms.ts';
import { type FoundSignature, findSignatures } from './found.ts';
import { type Trust, type TrustRoots, trustIn } from './trust.ts';

/** The largest file that is looked into. */
export const DOCUMENT_BYTES_AT_MOST = 20 << 20;

/** What stands behind the bytes that a signature is over. */
export type Appended =
  | 'nothing'
  /** Judged by its look: only certificates, revocation lists and time stamps of a long-term signature (DSS, ISO 32000-2, 12.8.4.3). */
  | 'validation-data'
  | 'changes';

export interface SignatureFinding {
  /** A document time stamp (ISO 32000-2, 12.8.5) says when and by no means who. */
  readonly kind: 'signature' | 'time-stamp';
  /** `broken`: no signature by its form. `unsupported`: of an algorithm not known here, such as SM2. */
  readonly integrity: CheckedCms['integrity'] | 'broken' | 'unsupported';
  readonly appended: Appended;
  /** `untrusted` wherever the signature is not intact. */
  readonly trust: Trust;
  /** Common name of the signer's certificate. */
  readonly signer?: string;
  /** By a trusted time-stamp authority; absent: nobody trusted says when. */
  readonly stampedAt?: EpochMs;
  /** SHA-256 of the file as it was when it was signed. */
  readonly revisionSha256?: string;
}

export interface DocumentFindings {
  /** SHA-256 of the file, lower-case hex. */
  readonly sha256: string;
  /** In file order. */
  readonly signatures: readonly SignatureFinding[];
  /**
   * Every signature is intact and trusted, and one that is no mere time stamp is over the whole file. It says who signed, and
   * not that the paper still holds good. A file with long-term data behind its signature is not called sound: by its bytes
   * alone nobody can tell that what was appended changes no page.
   */
  readonly sound: boolean;
}

export interface ExamineOptions {
  readonly roots: TrustRoots;
  /** When the certificates must have held good where no time stamp says better. */
  readonly at: EpochMs;
}

/**
 * What can be known of a PDF by its bytes alone. Total: whatever the bytes are, it answers, in time that grows with their
 * number. Errors: `E-VERIFY-0101` no PDF, `0102` too large, `0103` too many signatures.
 */
export function examine(pdf: Uint8Array, options: ExamineOptions): Result<DocumentFindings> {
  if (pdf.length > DOCUMENT_BYTES_AT_MOST) return failure('E-VERIFY-0102', `${pdf.length} bytes`);
  if (!isPdf(pdf)) return failure('E-VERIFY-0101');
  const found = findSignatures(pdf);
  if (!found.ok) return found;
  const signatures = found.value.map((one) =>
    'broken' in one
      ? ({ kind: 'signature', integrity: 'broken', appended: 'nothing', trust: 'untrusted' } as const)
      : look(pdf, one, options),
  );
  return ok({
    sha256: createHash('sha256').update(pdf).digest('hex'),
    signatures,
    sound:
      signatures.every(({ integrity, trust }) => integrity === 'intact' && trust === 'trusted') &&
      signatures.some(({ kind, appended }) => kind === 'signature' && appended === 'nothing'),
  });
}

/** Readers take a header within the first kilobyte. */
export function isPdf(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 1_024)).includes('%PDF-');
}

function look(pdf: Uint8Array, found: FoundSignature, { roots, at }: ExamineOptions): SignatureFinding {
  const [, , from, length] = found.byteRange;
  const appended = found.coversWholeFile ? 'nothing' : appendedTo(pdf, from + length);
  const stamp = checkTimestamp(found.cms);
  if (typeof stamp !== 'string') return lookAtStamp(found, stamp, { appended, roots });
  const cms = checkDetached(found.cms, found.signed);
  if (typeof cms === 'string') {
    const integrity = cms === 'malformed' ? 'broken' : 'unsupported';
    return { kind: 'signature', integrity, appended, trust: 'untrusted' };
  }
  const stampedAt = stampTime(cms, { roots, at });
  const trust =
    cms.integrity === 'intact'
      ? trustIn(cms.signer, cms.certificates, { roots, at: stampedAt ?? at, purpose: 'documents' })
      : 'untrusted';
  const name = /^CN=(.*)$/m.exec(cms.signer.subject)?.[1];
  return {
    kind: 'signature',
    integrity: cms.integrity,
    appended,
    trust,
    revisionSha256: createHash('sha256')
      .update(pdf.subarray(0, from + length))
      .digest('hex'),
    ...(name !== undefined && { signer: name }),
    ...(stampedAt !== undefined && { stampedAt }),
  };
}

function lookAtStamp(
  { signed }: FoundSignature,
  { cms, at, imprint }: CheckedTimestamp,
  { appended, roots }: { readonly appended: Appended; readonly roots: TrustRoots },
): SignatureFinding {
  const hash = createHash(imprint.hash);
  for (const part of signed) hash.update(part);
  const integrity = cms.integrity === 'intact' && !hash.digest().equals(imprint.digest) ? 'changed' : cms.integrity;
  const stampedAt = epochMs(at.getTime());
  const trust =
    integrity === 'intact'
      ? trustIn(cms.signer, cms.certificates, { roots, at: stampedAt, purpose: 'time-stamps' })
      : 'untrusted';
  return { kind: 'time-stamp', integrity, appended, trust, ...(trust === 'trusted' && { stampedAt }) };
}

function stampTime(cms: CheckedCms, { roots }: ExamineOptions): EpochMs | undefined {
  const stamp = cms.timestamp && checkTimestamp(cms.timestamp);
  if (!stamp || typeof stamp === 'string' || stamp.cms.integrity !== 'intact') return undefined;
  const digest = createHash(stamp.imprint.hash).update(cms.signature).digest();
  if (!digest.equals(stamp.imprint.digest)) return undefined;
  const at = epochMs(stamp.at.getTime());
  const trust = trustIn(stamp.cms.signer, [...stamp.cms.certificates, ...cms.certificates], {
    roots,
    at,
    purpose: 'time-stamps',
  });
  return trust === 'trusted' ? at : undefined;
}

/** What an appended revision is by its look alone, for people to read: a hint that nothing relies on. */
function appendedTo(pdf: Uint8Array, from: number): Appended {
  const tail = Buffer.from(pdf.subarray(from)).toString('latin1');
  const ofPages = /\/(?:Type\s{0,8}\/(?:Pages?|Font|XObject)\b|MediaBox|Resources|OpenAction|JavaScript|EmbeddedFile)/;
  return /\/DSS\b/.test(tail) && !ofPages.test(tail) ? 'validation-data' : 'changes';
}
