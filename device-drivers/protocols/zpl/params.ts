import { z } from 'zod';
import { BAG_LABEL, labelSchema } from './label.ts';

/** What a printer's profile and an installation say about it. */
export const zplSchema = z.strictObject({
  /** Dots to the inch: 203 has 8 to the millimetre. */
  dpi: z.literal([203, 300, 600]).default(203),
  /** A font in the printer's memory for all that is not ASCII, as its own directory names it. Absent: such text is refused. */
  font: z
    .string()
    .regex(/^[A-Z]:[A-Z0-9_]{1,8}\.(FNT|TTF|TTE)$/)
    .optional(),
  /** Whether it answers `~HS`. Behind some adapters and with some clones nothing ever comes back. */
  status: z.enum(['hs', 'none']).default('hs'),
  /** Labels by name; an installation adds its own. */
  labels: z.record(z.string().regex(/^[a-z0-9-]{1,32}$/), labelSchema).default({ bag: BAG_LABEL }),
  replyTimeoutMs: z.number().positive().default(1_500),
  quietMs: z.number().positive().default(500),
  /** How often an idle printer is asked how it does. */
  pollEveryMs: z.number().positive().default(5_000),
  /** The longest that the labels of one order may take. */
  printsWithinMs: z.number().positive().default(30_000),
});

export type ZplParams = z.output<typeof zplSchema>;
