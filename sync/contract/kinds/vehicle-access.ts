import { z } from 'zod';
import { defineKind } from '../kind.ts';
import { accessUsesSchema, placesShape, plateNumber, somewhere, windowsField } from './access.ts';
import { accessHostSchema, personDocumentSchema } from './visitor-access.ts';

export const vehicleAccessSchema = z
  .object({
    plates: z
      .array(plateNumber)
      .min(1)
      .max(20)
      .meta({ description: 'Any one of them; `sharing` says whether more than one at a time' }),
    sharing: z
      .enum(['each', 'one-inside'])
      .default('each')
      .meta({ description: '`one-inside`: several cars, one parking permit (一位多车): only one of them at a time' }),
    driver: z
      .object({
        name: z.string().trim().min(1).max(100),
        phone: z.string().max(40).optional(),
        document: personDocumentSchema.optional(),
      })
      .optional(),
    escort: z
      .boolean()
      .default(false)
      .meta({ description: 'The barrier opens only after somebody who may escort has shown a card at it' }),
    ...placesShape,
    windows: windowsField,
    uses: accessUsesSchema.optional(),
    host: accessHostSchema.optional(),
    purpose: z.string().max(500).optional(),
  })
  .refine(somewhere, { error: 'neither gate nor area', path: ['gates'] })
  .meta({ id: 'VehicleAccess' });

/** An approved vehicle. The time window is the change's `validFrom`/`validUntil`. */
export type VehicleAccess = z.infer<typeof vehicleAccessSchema>;

export const vehicleAccess = defineKind({
  kind: 'vehicle-access',
  major: 1,
  schemaVersion: '1.0',
  schema: vehicleAccessSchema,
});
