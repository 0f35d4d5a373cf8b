import { defineKind } from '@hallhub/sync/contract';
import { z } from 'zod';

const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/);
const label = z.object({ zh: z.string(), en: z.string() });

const kioskWire = z
  .object({
    id,
    label,
    token: z
      .string()
      .min(1)
      .max(200)
      .meta({ description: 'What the agent proves itself with for this kiosk; sealed there' }),
    timeZone: z.string().max(64),
    modes: z.array(z.string().max(63)),
    printer: id.exactOptional(),
    readers: z.array(z.object({ id, kind: z.enum(['resident-id', 'campus-card', 'scanner']) })),
    receiptPrinter: id.exactOptional(),
    cabinet: id.exactOptional(),
  })
  .meta({ id: 'EdgeKiosk' });
/** A kiosk whose screens an agent serves: enough to say how its devices do while the hub is away. Names nobody. */
export type EdgeKiosk = z.output<typeof kioskWire>;

/** What is projected to the agents of kiosks. */
export const kioskKinds = [defineKind({ kind: 'kiosk', major: 1, schemaVersion: '1.0', schema: kioskWire })] as const;
