import { z } from 'zod';
import { httpDeviceFields } from '../http-device/protocol.ts';

/** One access terminal and the door that it opens. */
export const accessTerminalSchema = z.strictObject({
  ...httpDeviceFields,
  /** Of the terminal's doors, the one of this device. */
  doorNo: z.int().min(1).max(64).default(1),
  /** How the terminal numbers a card: `big`, UID0 is the highest byte. */
  byteOrder: z.enum(['big', 'little']).default('little'),
  /** Minutes east of UTC of the terminal's wall clock, in which it keeps validity. */
  utcOffset: z.int().min(-720).max(840).default(480),
  /** Which way the people go whom it lets through; absent: it is not known. */
  direction: z.enum(['in', 'out']).exactOptional(),
  /** Whether the door has a contact; without one nobody is seen to walk. */
  contact: z.boolean().default(true),
  /** Which request takes a person away: that of people alone (cards are taken before), or that of all that is theirs. */
  withdrawBy: z.enum(['user-info', 'user-info-detail']).default('user-info'),
  /** The notation of orders to the door. */
  doorOrders: z.enum(['json', 'xml']).default('json'),
  /** The schedule template under which people may pass; 1 is all day as it leaves the factory. */
  planTemplate: z.int().min(1).max(64).default(1),
  /** Whether the picture that comes with a recognition goes on, for a point where staff look at people; else it is dropped here. */
  pictures: z.boolean().default(false),
  /** Seconds without a byte after which the stream of events is opened anew; it says something every few seconds. */
  quietAtMost: z.int().min(10).max(300).default(40),
});
export type AccessTerminalParams = z.output<typeof accessTerminalSchema>;
