import { z } from 'zod';
import { defineKind } from '../kind.ts';
import { residentCardNumber } from '../resident-id.ts';

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

const personSchema = z.object({
  name: z.string().trim().min(1).max(100),
  document: personDocumentSchema,
});

const placeCode = z.string().min(1).max(64);

export const visitorAccessSchema = z
  .object({
    people: z
      .array(personSchema)
      .min(1)
      .max(50)
      .meta({ description: 'Everyone who may open a gate with a document of their own; the first is the visitor' }),
    companions: z
      .int()
      .min(0)
      .max(50)
      .default(0)
      .meta({ description: "How many more come in on the visitor's card without a document of their own (children)" }),
    gates: z.array(placeCode).max(200).default([]).meta({ description: 'Gate codes that this request opens' }),
    areas: z.array(placeCode).max(200).default([]).meta({ description: 'Area codes; every gate of the area opens' }),
    host: z.object({
      name: z.string().trim().min(1).max(100),
      department: z.string().max(200).optional(),
      phone: z.string().max(40).optional(),
    }),
    purpose: z.string().max(500).optional(),
  })
  .refine((data) => data.gates.length + data.areas.length > 0, { error: 'neither gate nor area', path: ['gates'] })
  .meta({ id: 'VisitorAccess' });

/** An approved visit. The time window is the change's `validFrom`/`validUntil`. */
export type VisitorAccess = z.infer<typeof visitorAccessSchema>;

export const visitorAccess = defineKind({
  kind: 'visitor-access',
  major: 1,
  schemaVersion: '1.0',
  schema: visitorAccessSchema,
});
