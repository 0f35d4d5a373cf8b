import { z } from 'zod';
import { deliveryEventTypes } from './delivery-events.ts';
import type { EventType } from './event-type.ts';
import { defineEventType } from './event-type.ts';
import { instant, sha256Hex } from './instant.ts';
import { personDocumentSchema } from './kinds/visitor-access.ts';

/** A file that belongs to an event; uploaded before the event is sent. */
export const attachmentSchema = z
  .object({
    sha256: sha256Hex,
    mediaType: z.string().max(100),
    name: z.string().max(200),
    size: z.int().min(0),
  })
  .meta({ id: 'Attachment' });
export type Attachment = z.infer<typeof attachmentSchema>;

const revision = z.int().min(1).meta({ description: 'Revision of the request that was acted on' });
const at = instant.meta({ description: 'When it happened, by the hub' });

const entered = z
  .object({
    revision,
    at,
    person: z.int().min(0).meta({ description: 'Index in `people`, or in `plates`' }),
    gate: z.string(),
    direction: z.enum(['in', 'out']).default('in'),
    companions: z.int().min(0).default(0).meta({
      description: "0: the person; else so many who came in on the person's card, who is then not counted again",
    }),
    passage: z.enum(['observed', 'unconfirmed']).meta({ description: 'Whether the gate reported the passage itself' }),
    byHand: z.boolean().default(false).meta({ description: 'A guard admitted the person' }),
  })
  .meta({ id: 'Entered' });

const refused = z
  .object({ revision, at, person: z.int().min(0), gate: z.string(), code: z.string() })
  .meta({ id: 'Refused' });

const outcome = <const T extends string, S extends z.ZodType>(type: T, schema: S) =>
  defineEventType({ type, direction: 'outcome', schema });

export const visitorEntered = outcome('hallhub.visitor-access.entered.v1', entered);
export const visitorRefused = outcome('hallhub.visitor-access.refused.v1', refused);
export const vehicleEntered = outcome('hallhub.vehicle-access.entered.v1', entered);
export const vehicleRefused = outcome('hallhub.vehicle-access.refused.v1', refused);
export const eventEntered = outcome('hallhub.event-access.entered.v1', entered);
export const eventRefused = outcome('hallhub.event-access.refused.v1', refused);

/**
 * Where a resident was in a night that counts. Told once somebody has confirmed it, and again when it turned out otherwise;
 * of residents who were where they should be nothing is told, unless it corrects what was.
 */
export const nightAttended = outcome(
  'hallhub.roster.night.v1',
  z
    .object({
      revision,
      at,
      night: z.iso.date().meta({ description: 'The campus date on which the night began' }),
      building: z.string().max(64).meta({ description: 'Area code' }),
      status: z.enum(['in', 'late', 'out', 'unknown', 'leave', 'exempt']),
      returnedAt: instant.optional().meta({ description: 'late: when; out: when they came back before the morning' }),
      correction: z.int().min(0).default(0).meta({ description: '0: told for the first time' }),
    })
    .meta({ id: 'NightAttended' }),
);

/** A new student has reported to the university (报到), and a member of staff has seen who it is. Told once. */
export const checkedIn = outcome(
  'hallhub.roster.checked-in.v1',
  z
    .object({
      revision,
      at,
      point: z.string().max(64).meta({ description: 'Check-in point' }),
      method: z.enum(['campus-code', 'campus-card', 'resident-id', 'face', 'looked-up']),
    })
    .meta({ id: 'CheckedIn' }),
);

export const certificatePrinted = defineEventType({
  type: 'hallhub.certificate.printed.v1',
  direction: 'outcome',
  schema: z
    .object({
      revision,
      at,
      copies: z.int().min(1),
      copiesLeft: z.int().min(0),
      printer: z.string(),
      certificateNumber: z.string().optional(),
      sha256: sha256Hex.optional(),
    })
    .meta({ id: 'CertificatePrinted' }),
});

export const certificateNotPrinted = defineEventType({
  type: 'hallhub.certificate.not-printed.v1',
  direction: 'outcome',
  schema: z
    .object({
      revision,
      at,
      code: z.string(),
      certainty: z.enum(['not-printed', 'uncertain']),
      printer: z.string().optional(),
    })
    .meta({ id: 'CertificateNotPrinted' }),
});

const names = z.object({ zh: z.string().min(1).max(120), en: z.string().min(1).max(200) });

/**
 * What anybody may be told of a paper who holds it: a verify page that people off campus can reach is fed with these. Told
 * when the paper is made, and again whenever that changes; of one `sha256` the highest `version` counts. No more of a person
 * than a masked name, and of the verification code only its hash: 80 random bits stand behind it.
 */
export const verificationRecordSchema = z
  .object({
    sha256: sha256Hex.meta({ description: 'Of the file as it was issued' }),
    codeSha256: sha256Hex.optional().meta({
      description: 'Of the code on the paper, in upper case and without hyphens (ASCII); absent: none is printed',
    }),
    version: z.int().min(1),
    state: z.enum(['valid', 'revoked', 'replaced']).meta({ description: 'replaced: a newer paper of this request' }),
    title: names,
    issuer: names,
    number: z.string().max(64).optional().meta({ description: 'Number of the certificate' }),
    holder: z.string().max(100).optional().meta({ description: 'Masked name' }),
    issuedOn: z.iso.date(),
    validUntil: z.iso.date(),
  })
  .meta({ id: 'VerificationRecord' });
export type VerificationRecord = z.output<typeof verificationRecordSchema>;

export const certificateVerification = outcome(
  'hallhub.certificate.verification.v1',
  z.object({ revision, at, record: verificationRecordSchema }).meta({ id: 'CertificateVerification' }),
);

/** Somebody came for the request and was at a counter; the request is an appointment, or what the ticket was taken for. */
export const visitServed = outcome(
  'hallhub.visit.served.v1',
  z
    .object({
      revision,
      at,
      hall: z.string().max(64),
      counter: z.string().max(64),
      number: z.string().max(16).meta({ description: 'Of the ticket; of that day alone' }),
      outcome: z.enum(['served', 'incomplete', 'referred']),
      services: z
        .array(z.object({ service: z.string().max(64), quantity: z.int().min(1) }))
        .min(1)
        .max(50),
      waitedSeconds: z.int().min(0),
      servedSeconds: z.int().min(0),
    })
    .meta({ id: 'VisitServed' }),
);

/** Somebody came for the request and was not served: they gave their number back, or the day ended before they were called. */
export const visitUnserved = outcome(
  'hallhub.visit.unserved.v1',
  z
    .object({
      revision,
      at,
      hall: z.string().max(64),
      number: z.string().max(16).meta({ description: 'Of the ticket; of that day alone' }),
      reason: z.enum(['left', 'day-ended']),
      waitedSeconds: z.int().min(0),
    })
    .meta({ id: 'VisitUnserved' }),
);

/** Nobody came: to the counter when called, or (`called` false) at all. A visit that is served after all is told as well, later. */
export const visitMissed = outcome(
  'hallhub.visit.no-show.v1',
  z.object({ revision, at, hall: z.string().max(64), called: z.boolean() }).meta({ id: 'VisitMissed' }),
);

export const walkInRequested = defineEventType({
  type: 'hallhub.visitor-access.requested.v1',
  direction: 'request',
  schema: z
    .object({
      at,
      people: z
        .array(z.object({ name: z.string().min(1).max(100), document: personDocumentSchema }))
        .min(1)
        .max(50),
      companions: z.int().min(0).default(0),
      gate: z.string(),
      host: z.object({ name: z.string().min(1), department: z.string().optional(), phone: z.string().optional() }),
      purpose: z.string().max(500).optional(),
      validFrom: instant,
      validUntil: instant,
      attachments: z.array(attachmentSchema).max(20).default([]),
    })
    .meta({ id: 'WalkInRequested' }),
});

export const equipmentFaultReported = defineEventType({
  type: 'hallhub.equipment-fault.reported.v1',
  direction: 'request',
  schema: z
    .object({
      at,
      device: z.string(),
      place: z.string().optional(),
      code: z.string().optional(),
      description: z.string().max(2_000),
      attachments: z.array(attachmentSchema).max(20).default([]),
    })
    .meta({ id: 'EquipmentFaultReported' }),
});

export const allEventTypes = [
  visitorEntered,
  visitorRefused,
  vehicleEntered,
  vehicleRefused,
  eventEntered,
  eventRefused,
  nightAttended,
  checkedIn,
  certificatePrinted,
  certificateNotPrinted,
  certificateVerification,
  visitServed,
  visitMissed,
  visitUnserved,
  walkInRequested,
  equipmentFaultReported,
  ...deliveryEventTypes,
] as const;

/** The value that a producer of this event type writes. */
export type EventData<E extends EventType> = z.input<E['schema']>;

/** CloudEvents 1.0 (JSON format), with two extension attributes. */
export const cloudEventSchema = z
  .object({
    specversion: z.literal('1.0'),
    id: z
      .string()
      .min(1)
      .max(64)
      .meta({ description: 'UUIDv7; the hall keeps it and answers `duplicate` to a repeat' }),
    source: z.string().min(1).max(200).meta({ description: '`/hubs/{hub}`' }),
    type: z.string().min(1).max(200),
    subject: z.string().min(1).max(128).meta({ description: 'The request id; events of one subject stay in order' }),
    time: instant,
    datacontenttype: z.literal('application/json').optional(),
    hubsequence: z.int().min(1).meta({ description: 'Contiguous from 1 for each hub and epoch' }),
    data: z.unknown(),
  })
  .meta({ id: 'CloudEvent' });
export type CloudEvent = z.infer<typeof cloudEventSchema>;

export const eventAnswerSchema = z
  .object({
    id: z.string(),
    status: z.enum(['accepted', 'duplicate', 'rejected']),
    code: z.string().optional().meta({ description: 'rejected: a stable word, for example `invalid-data`' }),
    reason: z.string().max(1_000).optional().meta({ description: 'rejected: a sentence for the operator' }),
  })
  .meta({ id: 'EventAnswer' });
export type EventAnswer = z.infer<typeof eventAnswerSchema>;

/**
 * The answer to a batch. An event that is not listed was not dealt with and is sent again later; then no later event of
 * the same subject may have been dealt with either.
 */
export const eventAnswersSchema = z
  .object({
    type: z.literal('answers'),
    nonce: z.string().max(128),
    hub: z.string().max(64),
    issuedAt: instant,
    answers: z.array(eventAnswerSchema),
    highestContiguous: z.int().min(0).meta({
      description: 'Every event of this hub and epoch up to this sequence has been dealt with (0: none)',
    }),
  })
  .meta({ id: 'EventAnswers' });
export type EventAnswers = z.infer<typeof eventAnswersSchema>;

/** Where the hall stands with a hub: what it asks after a lost answer. */
export const eventPositionSchema = eventAnswersSchema
  .extend({ type: z.literal('position') })
  .meta({ id: 'EventPosition', description: '`answers` lists the rejected events after the sequence asked about' });
export type EventPosition = z.infer<typeof eventPositionSchema>;

export const attachmentStoredSchema = z
  .object({
    type: z.literal('attachment'),
    nonce: z.string().max(128),
    hub: z.string().max(64),
    issuedAt: instant,
    sha256: sha256Hex,
    size: z.int().min(0),
  })
  .meta({ id: 'AttachmentStored' });
export type AttachmentStored = z.infer<typeof attachmentStoredSchema>;
