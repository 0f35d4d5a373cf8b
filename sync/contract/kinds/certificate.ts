import { z } from 'zod';
import { sha256Hex } from '../instant.ts';
import { defineKind } from '../kind.ts';
import { residentCardNumber } from '../resident-id.ts';

const scalar = z.union([z.string().max(2_000), z.number(), z.boolean()]);

export const certificateSchema = z
  .object({
    student: z.object({
      number: z.string().trim().min(1).max(32).meta({ description: '学号' }),
      name: z.string().trim().min(1).max(100),
      residentId: residentCardNumber
        .optional()
        .meta({ description: 'Number of the card, for identification at the kiosk; as in PersonDocument' }),
    }),
    template: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,63}$/)
      .meta({ description: 'Name of the template, for example `enrolment`' }),
    content: z.discriminatedUnion('type', [
      z.object({
        type: z.literal('fields'),
        fields: z
          .record(z.string().max(64), z.union([scalar, z.array(z.record(z.string().max(64), scalar)).max(500)]))
          .meta({
            description: 'What the template asks for; a list is a table, for example the courses of a transcript',
          }),
      }),
      z.object({
        type: z.literal('pdf'),
        url: z.string().min(1).max(2_000).meta({ description: "Absolute, or relative to the hall's base address" }),
        sha256: sha256Hex,
        title: z
          .object({ zh: z.string().trim().min(1).max(60), en: z.string().trim().min(1).max(100) })
          .optional()
          .meta({ description: 'What people are shown as its name; default: the name of the template' }),
      }),
    ]),
    pickUpCode: z
      .string()
      .regex(/^[0-9A-HJKMNP-TV-Z]{8,16}$/)
      .optional()
      .meta({
        description:
          'What the person may show or type at a kiosk instead of a card; digits and capitals without I, L, O and U. Secret: for the person alone',
      }),
    copiesAllowed: z.int().min(1).max(99),
  })
  .meta({ id: 'Certificate' });

/** An approved certificate. It may be printed within the change's `validFrom`/`validUntil`. */
export type Certificate = z.infer<typeof certificateSchema>;

export const certificate = defineKind({
  kind: 'certificate',
  major: 1,
  schemaVersion: '1.2',
  schema: certificateSchema,
});
