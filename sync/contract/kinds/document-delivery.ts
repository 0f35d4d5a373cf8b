import { z } from 'zod';
import { defineKind } from '../kind.ts';
import { residentCardNumber } from '../resident-id.ts';
import { memberNumber } from './roster.ts';

const id = z.string().min(1).max(64);

export const deliveryPersonSchema = z
  .object({
    name: z.string().trim().min(1).max(100),
    number: memberNumber.optional(),
    residentId: residentCardNumber
      .optional()
      .meta({ description: 'Number of the card, for identification at the cabinet' }),
    phone: z.string().trim().min(1).max(32).optional(),
  })
  .meta({ id: 'DeliveryPerson' });
export type DeliveryPerson = z.infer<typeof deliveryPersonSchema>;

export const documentDeliverySchema = z
  .object({
    sender: deliveryPersonSchema,
    recipient: deliveryPersonSchema.meta({
      description: 'Who collects it; at the destination it is told when it is ready',
    }),
    from: id.meta({ description: 'Hub at which it is dropped off, by its id' }),
    to: id.meta({ description: 'Hub at which it is collected; the same as `from` for a delivery within a campus' }),
    size: z.enum(['small', 'medium', 'large']).default('small'),
    service: id.optional().meta({ description: 'What it is for, where staff handle it on the way' }),
    dropOffCode: z
      .string()
      .regex(/^\d{6,12}$/)
      .optional()
      .meta({ description: 'With what the sender opens a compartment. Secret: for the sender alone' }),
    keepDays: z.int().min(1).max(90).optional().meta({ description: 'How long it waits to be collected' }),
  })
  .meta({ id: 'DocumentDelivery' });

/** A document that is to be handed from one person to another through cabinets, also from one campus to another. */
export type DocumentDelivery = z.infer<typeof documentDeliverySchema>;

export const documentDelivery = defineKind({
  kind: 'document-delivery',
  major: 1,
  schemaVersion: '1.0',
  schema: documentDeliverySchema,
});
