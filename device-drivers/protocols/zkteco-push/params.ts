import { z } from 'zod';

/** One terminal that pushes (ADMS). It reports to this host by its serial number. */
export const terminalSchema = z.strictObject({
  /** As it stands in the terminal's menu; the `SN` of its requests. */
  serial: z.string().regex(/^[A-Za-z0-9-]{4,32}$/),
  /** How the terminal numbers a card of four bytes: `big`, UID0 is the highest. */
  byteOrder: z.enum(['big', 'little']).default('little'),
  /** Whether it takes ids with letters (`StringPinFunOn=1`). */
  stringPins: z.boolean().default(false),
  /** Minutes east of UTC of the terminal's wall clock; whole hours, as it is told. */
  utcOffset: z.int().min(-720).max(840).multipleOf(60).default(480),
  /** Whether the terminal is told to send the picture of each recognition, for a point where staff look at people. */
  pictures: z.boolean().default(false),
  /** Seconds between two questions of the terminal whether there is something to do. */
  askEvery: z.int().min(1).max(60).default(5),
  /** Milliseconds until a terminal that took a command is no longer waited for. */
  resultWithinMs: z.int().positive().default(30_000),
});

export type TerminalParams = z.output<typeof terminalSchema>;
