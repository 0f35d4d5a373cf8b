import { z } from 'zod';
import { defineKind } from '../kind.ts';
import { cardUid, placesShape, plateNumber } from './access.ts';
import { memberNumber } from './roster.ts';
import { personDocumentSchema } from './visitor-access.ts';

export const blockSchema = z
  .object({
    targets: z
      .array(
        z.discriminatedUnion('type', [
          z.object({ type: z.literal('person'), document: personDocumentSchema }),
          z.object({ type: z.literal('member'), number: memberNumber }),
          z.object({ type: z.literal('campus-card'), uid: cardUid }),
          z.object({ type: z.literal('plate'), plate: plateNumber }),
        ]),
      )
      .min(1)
      .max(100)
      .meta({ description: 'A person or member is blocked with every credential; a lost card only as that card' }),
    ...placesShape,
    note: z.string().max(200).optional().meta({ description: 'For guards; nothing personal' }),
  })
  .meta({ id: 'Block' });

/** A deny list's entry: whoever it names is not let in while it holds (no gates and no areas: anywhere). */
export type Block = z.infer<typeof blockSchema>;

export const block = defineKind({ kind: 'block', major: 1, schemaVersion: '1.0', schema: blockSchema });
