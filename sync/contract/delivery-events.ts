import { z } from 'zod';
import { defineEventType } from './event-type.ts';
import { instant } from './instant.ts';
import { deliveryPersonSchema } from './kinds/document-delivery.ts';

const at = instant.meta({ description: 'When it happened, by the hub' });
const id = z.string().min(1).max(64);

/** What all outcomes of a delivery say: which link of the custody chain bears them out. */
const step = {
  revision: z
    .int()
    .min(0)
    .meta({ description: 'Revision of the request that was acted on; 0: it began on the premises' }),
  at,
  consignment: id,
  hub: id.meta({ description: 'Where it happened' }),
  custodyEpoch: z.int().min(1).meta({
    description: 'Grows with every change of hands; of two claims of one consignment the higher counts',
  }),
  link: z.string().max(160).meta({ description: 'hub/incarnation/sequence:hash of the link of the custody chain' }),
};

const outcome = <const T extends string, S extends z.ZodType>(type: T, schema: S) =>
  defineEventType({ type, direction: 'outcome', schema });

/** The sender has put it into a compartment or given it to staff. */
export const deliveryDroppedOff = outcome(
  'hallhub.document-delivery.dropped-off.v1',
  z.object({ ...step, cabinet: id.optional() }).meta({ id: 'DeliveryDroppedOff' }),
);

/** It left in a sealed box. From now until it arrives the run answers for it. */
export const deliveryDeparted = outcome(
  'hallhub.document-delivery.departed.v1',
  z
    .object({ ...step, run: id, to: id, manifestSha256: z.string().regex(/^[0-9a-f]{64}$/) })
    .meta({ id: 'DeliveryDeparted' }),
);

export const deliveryArrived = outcome(
  'hallhub.document-delivery.arrived.v1',
  z.object({ ...step, run: id.optional() }).meta({ id: 'DeliveryArrived' }),
);

/** It lies ready for its recipient. */
export const deliveryReady = outcome(
  'hallhub.document-delivery.ready.v1',
  z.object({ ...step, cabinet: id.optional(), until: instant }).meta({ id: 'DeliveryReady' }),
);

export const deliveryCollected = outcome(
  'hallhub.document-delivery.collected.v1',
  z
    .object({
      ...step,
      by: z.enum(['recipient', 'delegate', 'sender', 'desk']).meta({ description: 'desk: handed over by staff' }),
      sure: z.boolean().meta({ description: 'Whether a sensor or a member of staff saw it' }),
    })
    .meta({ id: 'DeliveryCollected' }),
);

/** It goes back to its sender, and why. */
export const deliveryReturned = outcome(
  'hallhub.document-delivery.returned.v1',
  z
    .object({
      ...step,
      why: z.enum(['expired', 'rejected', 'refused', 'withdrawn']),
      note: z.string().max(200).optional(),
    })
    .meta({ id: 'DeliveryReturned' }),
);

/** Something is not as the manifest says. Until the case is closed it does not count as delivered. */
export const deliveryDiscrepancy = outcome(
  'hallhub.document-delivery.discrepancy.v1',
  z
    .object({
      ...step,
      case: id,
      kind: z.enum(['short', 'over', 'damaged', 'seal-mismatch', 'misrouted', 'conflicting-claim', 'overdue']),
      state: z.enum(['open', 'closed']),
    })
    .meta({ id: 'DeliveryDiscrepancy' }),
);

/** Its trail ends: a case was closed because it is lost or destroyed. */
export const deliveryLost = outcome(
  'hallhub.document-delivery.lost.v1',
  z.object({ ...step, case: id }).meta({ id: 'DeliveryLost' }),
);

/** A delivery that begins at a cabinet or a counter. */
export const deliveryRequested = defineEventType({
  type: 'hallhub.document-delivery.requested.v1',
  direction: 'request',
  schema: z
    .object({
      at,
      sender: deliveryPersonSchema,
      recipient: deliveryPersonSchema,
      from: id,
      to: id,
      size: z.enum(['small', 'medium', 'large']),
      validUntil: instant,
    })
    .meta({ id: 'DeliveryRequested' }),
});

export const deliveryEventTypes = [
  deliveryDroppedOff,
  deliveryDeparted,
  deliveryArrived,
  deliveryReady,
  deliveryCollected,
  deliveryReturned,
  deliveryDiscrepancy,
  deliveryLost,
  deliveryRequested,
] as const;
