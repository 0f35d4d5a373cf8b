import { z } from 'zod';
import { instant } from '../instant.ts';
import { defineKind } from '../kind.ts';
import { residentCardNumber } from '../resident-id.ts';
import { memberNumber } from './roster.ts';

const id = z.string().min(1).max(64);

export const appointmentSchema = z
  .object({
    person: z.object({
      name: z.string().trim().min(1).max(100),
      number: memberNumber.optional(),
      residentId: residentCardNumber
        .optional()
        .meta({ description: 'Number of the card, for identification at the ticket machine; as in PersonDocument' }),
    }),
    hall: id.meta({ description: 'Hall of the hub, by the name in its configuration' }),
    service: id.meta({ description: 'Service of that hall, by the name in its configuration' }),
    from: instant.meta({ description: 'When it begins' }),
    to: instant.meta({ description: 'When its slot ends' }),
    code: z
      .string()
      .regex(/^[0-9A-HJKMNP-TV-Z]{8,16}$/)
      .optional()
      .meta({
        description:
          'With what the person checks in by phone at the door; digits and capitals without I, L, O and U. Secret: for the person alone',
      }),
  })
  .refine(({ from, to }) => Date.parse(from) < Date.parse(to), { error: 'from before to', path: ['to'] })
  .meta({ id: 'Appointment' });

/** A booked time at a counter of a hall. Who checks in within its window waits from the time that was booked. */
export type Appointment = z.infer<typeof appointmentSchema>;

export const appointment = defineKind({
  kind: 'appointment',
  major: 1,
  schemaVersion: '1.0',
  schema: appointmentSchema,
});
