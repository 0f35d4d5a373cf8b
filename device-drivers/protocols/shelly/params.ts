import { z } from 'zod';
import { topicName, valueSchema } from '../mqtt-values.ts';

/** A Shelly of generation 2 or later as its profile and its installation describe it. */
export const shellySchema = z.strictObject({
  /** The device's MQTT prefix. */
  topic: topicName,
  /** Outputs from `switch:0` on. */
  switches: z.int().min(0).max(16).default(0),
  /** The number of the cover that is the curtain. */
  cover: z.int().min(0).max(3).exactOptional(),
  /** Measured values in the status of a component; the path begins with the component: `["switch:0", "apower"]`. */
  values: z.array(valueSchema).default([]),
  /** Inputs from `input:0` on whose state counts. */
  inputs: z.int().min(0).max(16).default(0),
  firmware: z.boolean().default(true),
  /** Seconds after which a device that is not back with its new program has failed. */
  updateWithin: z.int().positive().default(900),
  /** Seconds between two questions to a device that is well. */
  probeEvery: z.int().min(5).default(60),
});
export type ShellyParams = z.output<typeof shellySchema>;
