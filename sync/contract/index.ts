export { type Change, type Revocation, changeSchema, revocationSchema } from './change.ts';
export {
  type Kind,
  type KindReader,
  type Reading,
  type Revoke,
  type UpsertOf,
  defineKind,
  defineKinds,
  whereWrong,
} from './kind.ts';
export { type RequestChange, allRequestKinds, requestKinds } from './kinds/index.ts';
export {
  type PersonDocument,
  type VisitorAccess,
  personDocumentSchema,
  visitorAccess,
  visitorAccessSchema,
} from './kinds/visitor-access.ts';
export { type Certificate, certificate, certificateSchema } from './kinds/certificate.ts';
export { isResidentIdNumber, residentIdCheckDigit } from './resident-id.ts';
export {
  type Bucket,
  type Digest,
  type FeedPage,
  type Records,
  type RevocationsPage,
  type SnapshotPage,
  bucketSchema,
  cursorSchema,
  digestSchema,
  feedPageSchema,
  recordsSchema,
  revocationsPageSchema,
  snapshotPageSchema,
} from './pages.ts';
export {
  type Attachment,
  type AttachmentStored,
  type CloudEvent,
  type EventAnswer,
  type EventAnswers,
  type EventData,
  type EventPosition,
  type EventType,
  allEventTypes,
  attachmentSchema,
  attachmentStoredSchema,
  certificateNotPrinted,
  certificatePrinted,
  cloudEventSchema,
  equipmentFaultReported,
  eventAnswerSchema,
  eventAnswersSchema,
  eventPositionSchema,
  visitorEntered,
  visitorRefused,
  walkInRequested,
} from './events.ts';
export { type Problem, type ProblemCode, problemCodes, problemSchema } from './problem.ts';
export { headers, mediaTypes } from './headers.ts';
export { instant, sha256Hex } from './instant.ts';
export { syncCodes } from './codes.ts';
export { type DigestBuilder, bucketOf, digestBuckets, digestBuilder } from './digest.ts';
export { type PinnedKey, type Verifier, createVerifier, rawPublicKey, signBytes } from './signature.ts';
