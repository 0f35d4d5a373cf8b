import { z } from 'zod';
import { ms } from '@hallhub/sync/base';
import { labelSchema } from '../zpl/label.ts';

const duration = z
  .number()
  .positive()
  .transform((value) => ms(value));

/** What a printer's profile and an installation say about it. */
export const escposSchema = z.strictObject({
  /** Half-width characters in a line: 48 on 80 mm paper, 32 on 58 mm, with the 12 × 24 font. */
  columns: z.int().min(16).max(69).default(48),
  /** Printable dots in a line: 576 on 80 mm paper, 384 on 58 mm. */
  dots: z
    .int()
    .min(192)
    .max(832)
    .refine((dots) => dots % 8 === 0, 'whole bytes')
    .default(576),
  /** `real-time`: answers `DLE EOT n`. `asb`: also tells by itself when something changes. `none`: never says anything. */
  status: z.enum(['real-time', 'asb', 'none']).default('real-time'),
  /** Whether it reports the end of the physical print (`GS ( H`). */
  completion: z.boolean().default(false),
  qr: z.enum(['native', 'raster']).default('native'),
  cut: z.enum(['full', 'partial', 'none']).default('full'),
  /** `dle-dc4`: its buffers can be cleared while it stands still, so that the rest of a failed ticket never comes out. */
  clear: z.enum(['dle-dc4', 'none']).default('none'),
  /** Rows of an image that are sent before the printer is asked again. */
  bandRows: z.int().min(8).max(255).default(96),
  replyTimeoutMs: duration.default(() => ms(1_000)),
  /** The longest from the last byte to the end of the physical print. */
  completionTimeoutMs: duration.default(() => ms(12_000)),
  /** The longest that the printer may take no byte at all before the ticket is given up. */
  stallTimeoutMs: duration.default(() => ms(15_000)),
  /** How often an idle printer is asked how it does. */
  pollEveryMs: duration.default(() => ms(5_000)),
  /** Labels that it prints on its roll, by name; without them it prints tickets alone. */
  labels: z.record(z.string().regex(/^[a-z0-9-]{1,32}$/), labelSchema).optional(),
  /** Tickets that may wait. */
  queueLimit: z.int().min(1).max(64).default(8),
});

export type EscposParams = z.output<typeof escposSchema>;
