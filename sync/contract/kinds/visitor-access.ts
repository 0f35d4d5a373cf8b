import { z } from 'zod';
import { defineKind } from '../kind.ts';
import { residentCardNumber } from '../resident-id.ts';
import { accessUsesSchema, placesShape, somewhere, windowsField } from './access.ts';

/** What a person shows at the gate. Upper-cased on reading, so that `x` and `X` are the same number. */
export const personDocumentSchema = z
  .discriminatedUnion('type', [
    z.object({
      type: z.literal('resident-id'),
      number: residentCardNumber,
    }),
    z.object({
      type: z.literal('passport'),
      number: z
        .string()
        .trim()
        .toUpperCase()
        .regex(/^[A-Z0-9]{5,20}$/),
      nationality: z
        .string()
        .regex(/^[A-Z]{3}$/)
        .optional()
        .meta({ description: 'ISO 3166-1 alpha-3' }),
    }),
  ])
  .meta({ id: 'PersonDocument' });
export type PersonDocument = z.infer<typeof personDocumentSchema>;

export const accessPersonSchema = z.object({
  name: z.string().trim().min(1).max(100),
  document: personDocumentSchema,
});

export const accessHostSchema = z.object({
  name: z.string().trim().min(1).max(100),
  department: z.string().max(200).optional(),
  phone: z.string().max(40).optional(),
});

export const visitorAccessSchema = z
  .object({
    people: z
      .array(accessPersonSchema)
      .min(1)
      .max(50)
      .meta({ description: 'Everyone who may open a gate with a document of their own; the first is the visitor' }),
    companions: z
      .int()
      .min(0)
      .max(50)
      .default(0)
      .meta({ description: "How many more come in on the visitor's card without a document of their own (children)" }),
    ...placesShape,
    windows: windowsField,
    uses: accessUsesSchema.optional().meta({ description: 'Absent: as often as they like' }),
    escort: z
      .boolean()
      .default(false)
      .meta({ description: 'They come in only together with somebody who may escort (a host of the university)' }),
    host: accessHostSchema,
    purpose: z.string().max(500).optional(),
  })
  .refine(somewhere, { error: 'neither gate nor area', path: ['gates'] })
  .meta({ id: 'VisitorAccess' });

/** An approved visit. The time window is the change's `validFrom`/`validUntil`. */
export type VisitorAccess = z.infer<typeof visitorAccessSchema>;

export const visitorAccess = defineKind({
  kind: 'visitor-access',
  major: 1,
  schemaVersion: '1.1',
  schema: visitorAccessSchema,
});
