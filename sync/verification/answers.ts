import { type EpochMs, type Result, failure, ok } from '../base/index.ts';
import type { VerificationRecord } from '../contract/index.ts';
import { canonicalCode, codeSha256 } from './code.ts';
import { type DocumentFindings, type SignatureFinding, examine } from './document.ts';
import type { TrustRoots } from './trust.ts';

/** What is known of papers that were issued, by the two things that a paper brings along. */
export interface VerificationRegister {
  byCode(codeSha256: string): VerificationRecord | undefined;
  byFile(sha256: string): VerificationRecord | undefined;
}

/** What anybody is told of a paper: less than it shows itself. */
export interface PaperView {
  readonly title: { readonly zh: string; readonly en: string };
  readonly issuer: { readonly zh: string; readonly en: string };
  readonly number?: string;
  /** Masked, for example `林**`. */
  readonly holder?: string;
  /** YYYY-MM-DD on campus. */
  readonly issuedOn: string;
  readonly validUntil: string;
}

/** What is told of a signature beside the register's word. */
export interface SignatureView {
  /** `partial`: genuine, and something stands behind it that it is not over. */
  readonly verdict: 'sound' | 'partial' | 'untrusted' | 'expired' | 'unsupported';
  /** Told only of a signature that leads to a root: what another names itself proves nothing. */
  readonly signer?: string;
  readonly stampedAt?: EpochMs;
}

/**
 * - `valid`, `revoked`, `expired`: the register holds this very paper.
 * - `replaced`: it does, and the same request has had a newer paper made since.
 * - `altered`: the file was issued here or bears a signature, and is not what was signed.
 * - `unknown`: the register does not hold it. A sound signature may still say who made it.
 */
export type VerificationAnswer =
  | { readonly state: 'valid' | 'revoked' | 'replaced' | 'expired'; readonly paper: PaperView }
  | { readonly state: 'altered' }
  | { readonly state: 'unknown'; readonly signature?: SignatureView };

export interface AnswerDeps {
  readonly register: VerificationRegister;
  /** YYYY-MM-DD on campus. */
  readonly today: () => string;
}

/** Error: `E-VERIFY-0104`, and then nothing was looked up. */
export function answerCode(typed: string, { register, today }: AnswerDeps): Result<VerificationAnswer> {
  const code = canonicalCode(typed);
  if (code === undefined) return failure('E-VERIFY-0104');
  return ok(answerRecord(register.byCode(codeSha256(code)), today()));
}

/** For a file whose bytes stay with whoever asks. `unknown` may mean altered: only the file itself can tell. */
export function answerHash(sha256: string, { register, today }: AnswerDeps): VerificationAnswer {
  return answerRecord(register.byFile(sha256), today());
}

/** Errors: those of {@link examine}. */
export function answerFile(
  pdf: Uint8Array,
  { register, today, roots, now }: AnswerDeps & { readonly roots: TrustRoots; readonly now: EpochMs },
): Result<VerificationAnswer> {
  const findings = examine(pdf, { roots, at: now });
  if (!findings.ok) return findings;
  const known = register.byFile(findings.value.sha256);
  return ok(known ? answerRecord(known, today()) : answerStranger(findings.value, register));
}

/** A file that is not in the register as it is: one of ours that was changed, or none of ours. */
function answerStranger({ signatures, sound }: DocumentFindings, register: VerificationRegister): VerificationAnswer {
  const wasOurs = signatures.some(
    ({ revisionSha256 }) => revisionSha256 !== undefined && register.byFile(revisionSha256) !== undefined,
  );
  const changed =
    signatures.some(({ integrity }) => ['changed', 'forged', 'broken'].includes(integrity)) ||
    (signatures.length > 0 && signatures.every(({ appended }) => appended === 'changes'));
  if (wasOurs || changed) return { state: 'altered' };
  const [first] = signatures.filter(({ kind }) => kind === 'signature');
  return { state: 'unknown', ...(first && { signature: signatureView(first, sound) }) };
}

function signatureView({ integrity, trust, signer, stampedAt }: SignatureFinding, sound: boolean): SignatureView {
  const verdict =
    integrity === 'unsupported' ? 'unsupported' : trust !== 'trusted' ? trust : sound ? 'sound' : 'partial';
  const isProven = verdict === 'sound' || verdict === 'partial' || verdict === 'expired';
  return {
    verdict,
    ...(isProven && signer !== undefined && { signer }),
    ...(stampedAt !== undefined && { stampedAt }),
  };
}

function answerRecord(record: VerificationRecord | undefined, today: string): VerificationAnswer {
  if (!record) return { state: 'unknown' };
  const { title, issuer, number, holder, issuedOn, validUntil } = record;
  const paper: PaperView = {
    title,
    issuer,
    issuedOn,
    validUntil,
    ...(number !== undefined && { number }),
    ...(holder !== undefined && { holder }),
  };
  return { state: record.state === 'valid' && today > validUntil ? 'expired' : record.state, paper };
}
