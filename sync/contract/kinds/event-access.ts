import { z } from 'zod';
import { defineKind } from '../kind.ts';
import { placesShape, somewhere } from './access.ts';
import { accessPersonSchema } from './visitor-access.ts';

export const eventAccessSchema = z
  .object({
    event: z.object({
      id: z.string().min(1).max(64),
      title: z.string().trim().min(1).max(200),
    }),
    slot: z
      .object({
        id: z.string().min(1).max(64).meta({ description: 'Unique within the event' }),
        capacity: z.int().min(1).max(100_000).meta({ description: 'People in this slot, all bookings together' }),
      })
      .meta({ description: "The change's `validFrom`/`validUntil` are when the doors let this slot in" }),
    people: z.array(accessPersonSchema).min(1).max(50),
    companions: z
      .int()
      .min(0)
      .max(50)
      .default(0)
      .meta({ description: "How many more come in on the first person's document (children)" }),
    reentry: z.boolean().default(false).meta({ description: 'Whether somebody may leave and come back' }),
    ...placesShape,
  })
  .refine(somewhere, { error: 'neither gate nor area', path: ['gates'] })
  .meta({ id: 'EventAccess' });

/** A booking of a lecture, a museum, an open day: one slot, its people. */
export type EventAccess = z.infer<typeof eventAccessSchema>;

export const eventAccess = defineKind({
  kind: 'event-access',
  major: 1,
  schemaVersion: '1.0',
  schema: eventAccessSchema,
});
