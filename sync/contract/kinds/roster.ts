import { z } from 'zod';
import { sha256Hex } from '../instant.ts';
import { defineKind } from '../kind.ts';
import { residentCardNumber } from '../resident-id.ts';
import { cardUid, placesShape, plateNumber, windowsField } from './access.ts';

/** 学号 or 工号: how the university names one of its people. */
export const memberNumber = z.string().trim().min(1).max(32).meta({ description: '学号 or 工号' });

const duress = z.literal(true).optional().meta({
  description:
    'Their second one, which they show when they are forced: it opens with a silent alarm, or is refused, as the area says',
});

const credentialSchema = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('resident-id'), number: residentCardNumber }),
    z.object({ type: z.literal('campus-card'), uid: cardUid, duress }),
    z.object({
      type: z.literal('campus-code'),
      key: z
        .string()
        .regex(/^[A-Za-z0-9+/]{43}=$/)
        .meta({ description: "32 bytes in base64: the person's own key of the dynamic code. Secret." }),
      duress,
    }),
    z.object({
      type: z.literal('face'),
      id: z.string().min(1).max(64).meta({ description: 'Person id on face terminals; no picture travels' }),
    }),
    z.object({ type: z.literal('plate'), plate: plateNumber }),
  ])
  .meta({ id: 'MemberCredential' });

export const rosterSchema = z
  .object({
    person: z.object({
      number: memberNumber,
      name: z.string().trim().min(1).max(100),
      category: z.enum(['student', 'staff', 'resident', 'contractor']),
      unit: z.string().max(200).optional().meta({ description: 'College or department' }),
    }),
    credentials: z.array(credentialSchema).max(20).default([]),
    ...placesShape,
    windows: windowsField,
    dorm: z
      .object({
        building: z.string().min(1).max(64).meta({ description: 'Area code of the building' }),
        room: z.string().min(1).max(32),
        bed: z.string().max(16).optional(),
        counsellor: z.string().max(64).optional().meta({ description: 'Account id of the 辅导员 who confirms nights' }),
      })
      .optional(),
    may: z
      .array(z.enum(['escort', 'lead', 'override']))
      .max(3)
      .default([])
      .meta({
        description:
          '`escort`: bring in people who need one; `lead`: the first person whose entry opens a door for others; `override`: come in during a lock-down',
      }),
    enrolling: z
      .object({
        college: z.string().max(200),
        steps: z.array(z.string().max(100)).max(20).default([]),
        photo: z
          .object({
            url: z.string().min(1).max(2_000).meta({ description: "Relative to the hall's base address, or absolute" }),
            sha256: sha256Hex,
            mediaType: z.enum(['image/jpeg', 'image/png']),
          })
          .optional()
          .meta({ description: 'For the eyes of staff at check-in; fetched when they look, and not kept' }),
      })
      .optional()
      .meta({
        description: 'A new student who has not checked in yet; `steps`: what still stands in the way, e.g. fees',
      }),
  })
  .meta({ id: 'Roster' });

/** Somebody who belongs to the university: student, staff, resident of a dormitory. */
export type Roster = z.infer<typeof rosterSchema>;
export type MemberCredential = Roster['credentials'][number];

export const roster = defineKind({ kind: 'roster', major: 1, schemaVersion: '1.2', schema: rosterSchema });
