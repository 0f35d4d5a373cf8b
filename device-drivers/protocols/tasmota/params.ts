import { z } from 'zod';
import { topicName, valueSchema } from '../mqtt-values.ts';

/** A Tasmota device as its profile and its installation describe it. `FullTopic` is `%prefix%/%topic%/`. */
export const tasmotaSchema = z.strictObject({
  /** Tasmota's `Topic`. */
  topic: topicName,
  /** Relays from POWER1 on. */
  relays: z.int().min(0).max(32).default(0),
  /** Whether the device may be told to time pulses (`PulseTime`). */
  pulse: z.boolean().default(true),
  /** The number of the shutter that is the curtain. */
  shutter: z.int().min(1).max(4).exactOptional(),
  /** Measured values in `SENSOR`. */
  values: z.array(valueSchema).default([]),
  /** Switches and buttons that are detached from the relays (SetOption114, SetOption73), in their order: `Switch1`. */
  buttons: z.array(z.string().regex(/^(Switch|Button)[1-9]\d?$/)).default([]),
  firmware: z.boolean().default(true),
  /** Seconds after which a device that is not back with its new program has failed. */
  updateWithin: z.int().positive().default(900),
  /** Seconds between two questions to a device that is well. */
  probeEvery: z.int().min(5).default(60),
});
export type TasmotaParams = z.output<typeof tasmotaSchema>;
