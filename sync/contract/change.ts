import { z } from 'zod';
import { instant } from './instant.ts';

/**
 * One change of one request, the envelope that every kind travels in. `revision` grows by at least one with every change
 * of the same `id`, a revocation included; a receiver never goes back. Fields that are not named here are tolerated.
 */
export const changeSchema = z
  .object({
    id: z.string().min(1).max(128).meta({ description: "The request's id in the hall, unique across kinds" }),
    kind: z.string().min(1).max(64),
    schemaVersion: z
      .string()
      .regex(/^\d{1,4}\.\d{1,4}$/)
      .meta({ description: "major.minor of the kind's data schema; a higher minor only adds fields" }),
    revision: z.int().min(1),
    op: z.enum(['upsert', 'revoke']),
    validFrom: instant,
    validUntil: instant.meta({ description: 'Exclusive end of validity' }),
    committedAt: instant.meta({ description: 'When the hall committed this revision' }),
    data: z
      .record(z.string(), z.unknown())
      .meta({ description: 'upsert: the data of the kind; revoke: `{ reason? }` and nothing personal' }),
  })
  .meta({ id: 'Change' });

/** A change as it stands in a page: envelope checked, `data` not yet. */
export type Change = z.infer<typeof changeSchema>;

/** What `data` of a revocation may say. */
export const revocationSchema = z.object({ reason: z.string().max(500).optional() }).meta({ id: 'Revocation' });
export type Revocation = z.infer<typeof revocationSchema>;
