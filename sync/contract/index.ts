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
  accessHostSchema,
  personDocumentSchema,
  visitorAccess,
  visitorAccessSchema,
} from './kinds/visitor-access.ts';
export { type VehicleAccess, vehicleAccess, vehicleAccessSchema } from './kinds/vehicle-access.ts';
export { type EventAccess, eventAccess, eventAccessSchema } from './kinds/event-access.ts';
export { type MemberCredential, type Roster, roster, rosterSchema } from './kinds/roster.ts';
export { type Appointment, appointment, appointmentSchema } from './kinds/appointment.ts';
export {
  type DeliveryPerson,
  type DocumentDelivery,
  deliveryPersonSchema,
  documentDelivery,
  documentDeliverySchema,
} from './kinds/document-delivery.ts';
export { type Leave, leave, leaveSchema } from './kinds/leave.ts';
export { type Block, block, blockSchema } from './kinds/block.ts';
export { type AccessWindow, accessWindowSchema } from './kinds/access.ts';
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
  allEventTypes,
  attachmentSchema,
  attachmentStoredSchema,
  certificateNotPrinted,
  certificatePrinted,
  certificateVerification,
  cloudEventSchema,
  equipmentFaultReported,
  eventEntered,
  eventRefused,
  checkedIn,
  nightAttended,
  eventAnswerSchema,
  eventAnswersSchema,
  eventPositionSchema,
  vehicleEntered,
  vehicleRefused,
  type VerificationRecord,
  verificationRecordSchema,
  visitMissed,
  visitServed,
  visitUnserved,
  visitorEntered,
  visitorRefused,
  walkInRequested,
} from './events.ts';
export {
  deliveryArrived,
  deliveryCollected,
  deliveryDeparted,
  deliveryDiscrepancy,
  deliveryDroppedOff,
  deliveryLost,
  deliveryReady,
  deliveryRequested,
  deliveryReturned,
} from './delivery-events.ts';
export { type EventType } from './event-type.ts';
export { type Problem, type ProblemCode, problemCodes, problemSchema } from './problem.ts';
export { headers, mediaTypes } from './headers.ts';
export { instant, sha256Hex } from './instant.ts';
export { syncCodes } from './codes.ts';
export { type DigestBuilder, bucketOf, digestBuckets, digestBuilder } from './digest.ts';
export { type PinnedKey, type Verifier, createVerifier, rawPublicKey, signBytes } from './signature.ts';
