import { z } from 'zod';
import { topicName, valueSchema } from '../mqtt-values.ts';

/** A device behind Zigbee2MQTT as its profile and its installation describe it; properties are those of its `exposes`. */
export const zigbee2mqttSchema = z.strictObject({
  /** Zigbee2MQTT's base topic. */
  base: topicName.default('zigbee2mqtt'),
  /** The device's friendly name: one topic level. */
  name: z.string().regex(/^[^/+#\p{Cc}]{1,64}$/u, 'a name without slashes, + and #'),
  /** The properties of its relays: `state`, or `state_l1`, `state_l2`. */
  switches: z.array(z.string().min(1)).default([]),
  /** Whether the device times pulses by itself (`on_time`). */
  onTime: z.boolean().default(false),
  cover: z.boolean().default(false),
  /** The property that says whether somebody is there: `occupancy`, `presence`. */
  occupancy: z.string().min(1).exactOptional(),
  /** Reports temperature, and humidity where it has it. */
  climate: z.boolean().default(false),
  values: z.array(valueSchema).default([]),
  /** What `action` says for each button, in their order. */
  actions: z.array(z.string().min(1)).default([]),
  /** The device hears questions; false for what runs on a battery and sleeps. */
  answers: z.boolean().default(true),
  firmware: z.boolean().default(false),
  /** Seconds after which an update has failed; the radio is slow. */
  updateWithin: z.int().positive().default(3_600),
  /** Seconds between two questions to the service. */
  probeEvery: z.int().min(5).default(60),
});
export type Zigbee2mqttParams = z.output<typeof zigbee2mqttSchema>;
