import { z } from 'zod';

/** One door of a controller, as an installation and a profile say it. The doors of one controller share its line. */
export const doorSchema = z.strictObject({
  /** Of the controller, as it stands on its label. */
  serial: z.int().min(1).max(0xffff_ffff),
  door: z.int().min(1).max(4).default(1),
  /**
   * How its readers number a card of four bytes: `big`, UID0 is the highest byte. The line between reader and controller is
   * Wiegand 34 ; on 26 bits two cards may have one number, and nothing here supports that.
   */
  byteOrder: z.enum(['big', 'little']).default('little'),
  /** Minutes east of UTC of the controller's clock and calendar. */
  utcOffset: z.int().min(-720).max(840).default(480),
  /** Where the controller sends its events to (this machine, the transport's local port); else they are polled for alone. */
  listener: z.strictObject({ host: z.ipv4(), port: z.int().min(1).max(65535) }).exactOptional(),
  /** Whether the door has a contact; without one nobody is seen to walk. */
  contact: z.boolean().default(true),
  pollEveryMs: z.int().min(100).default(500),
  replyTimeoutMs: z.int().positive().default(1_000),
});

export type DoorParams = z.output<typeof doorSchema>;
