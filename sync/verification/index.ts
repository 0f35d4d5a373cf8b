export {
  type AnswerDeps,
  type PaperView,
  type VerificationAnswer,
  type VerificationRegister,
  answerCode,
  answerFile,
  answerHash,
} from './answers.ts';
export { canonicalCode, codeSha256, groupedCode, newCode } from './code.ts';
export { verificationCodes } from './codes.ts';
export { type DocumentFindings, type SignatureFinding, examine } from './document.ts';
export { type FoundSignature, findSignatures } from './found.ts';
export { type TrustRoot, type TrustRoots, ownTrust, trustRoots } from './trust.ts';
export { type VerifySiteOptions, verifySite } from './site/index.ts';
