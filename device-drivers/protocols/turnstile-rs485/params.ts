import { z } from 'zod';

const alarmName = z.enum(['forced', 'tailgating', 'wrong-direction', 'climbing', 'held-open', 'fault']);

/** What a machine's profile and an installation say about it. */
export const machineSchema = z.strictObject({
  /** Its number on the bus. */
  machine: z.int().min(1).max(254).default(1),
  /** The side on which people come in; it depends on how the machine was put up. */
  inward: z.enum(['left', 'right']).default('left'),
  /**
   * What the values of the alarm byte mean, by their decimal number. The source does not say: filled in from the board's
   * own manual. A value that is not named here is reported as `fault`.
   */
  alarms: z.record(z.string().regex(/^\d{1,3}$/), alarmName).default({}),
  pollEveryMs: z.number().positive().default(200),
  replyTimeoutMs: z.number().positive().default(300),
  /** The longest that a reply may still come after its timeout. */
  quietMs: z.number().positive().default(500),
  /** The least pause between a reply and the next request. */
  turnaroundMs: z.number().min(50).default(50),
});

export type MachineParams = z.output<typeof machineSchema>;
