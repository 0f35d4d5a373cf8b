import { z } from 'zod';

/** RFC 3339 instant with an offset, for example `2026-03-01T08:00:00+08:00`. */
export const instant = z.iso
  .datetime({ offset: true })
  .meta({ id: 'Instant', examples: ['2026-03-01T08:00:00+08:00'] });

/** Lower-case hex SHA-256. */
export const sha256Hex = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .meta({ id: 'Sha256', description: 'SHA-256 in lower-case hex' });
