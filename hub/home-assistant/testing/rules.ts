import { z } from 'zod';

/**
 * What Home Assistant accepts as a device discovery message, written from its own schemas (`mqtt/schemas.py`, and the
 * schema of each platform) and not from ours. It drops keys that a platform does not know; here they are mistakes.
 */
const topic = z.string().regex(/^[^+#\0]+$/);
const availability = z.array(z.strictObject({ t: topic, pl_avail: z.string().optional() }));
const common = {
  uniq_id: z.string().min(1),
  name: z.string().min(1),
  ent_cat: z.enum(['config', 'diagnostic']).optional(),
  avty: availability.optional(),
};
const BINARY = ['power', 'problem', 'occupancy', 'tamper', 'safety', 'smoke', 'door', 'motion'];
/** A device class and the units that it allows. */
const SENSOR: Readonly<Record<string, readonly string[]>> = {
  power: ['mW', 'W', 'kW', 'MW'],
  voltage: ['V', 'mV', 'kV'],
  current: ['A', 'mA'],
  energy: ['Wh', 'kWh', 'MWh', 'J'],
  temperature: ['°C', '°F', 'K'],
  humidity: ['%'],
  illuminance: ['lx'],
  frequency: ['Hz', 'kHz', 'MHz', 'GHz'],
};
const component = z.discriminatedUnion('p', [
  z.strictObject({ p: z.literal('switch'), ...common, cmd_t: topic, stat_t: topic.optional() }),
  z.strictObject({ p: z.literal('binary_sensor'), ...common, stat_t: topic, dev_cla: z.enum(BINARY).optional() }),
  z
    .strictObject({
      p: z.literal('sensor'),
      ...common,
      stat_t: topic,
      unit_of_meas: z.string().optional(),
      dev_cla: z.enum(Object.keys(SENSOR)).optional(),
      stat_cla: z.enum(['measurement', 'total', 'total_increasing']).optional(),
    })
    .refine(({ dev_cla: is, unit_of_meas: unit }) => is === undefined || SENSOR[is]?.includes(unit ?? '') === true)
    .refine(({ dev_cla: is, stat_cla: as }) => (is === 'energy' ? as !== 'measurement' : as !== 'total')),
  z
    .strictObject({
      p: z.literal('cover'),
      ...common,
      cmd_t: topic.optional(),
      pos_t: topic.optional(),
      set_pos_t: topic.optional(),
      stat_t: topic.optional(),
      dev_cla: z.enum(['curtain', 'blind', 'shade', 'shutter']).optional(),
    })
    .refine(({ set_pos_t: set, pos_t: get }) => set === undefined || get !== undefined),
  z.strictObject({ p: z.literal('button'), ...common, cmd_t: topic }),
  z.strictObject({ p: z.literal('event'), ...common, stat_t: topic, evt_typ: z.array(z.string()).min(1) }),
  z.strictObject({ p: z.literal('update'), ...common, stat_t: topic, dev_cla: z.literal('firmware').optional() }),
]);

const device = z.strictObject({
  dev: z.strictObject({ ids: z.array(z.string()).min(1), name: z.string().min(1), mdl: z.string().optional() }),
  o: z.strictObject({ name: z.string().min(1), sw: z.string().optional(), url: z.url().optional() }),
  avty_mode: z.enum(['all', 'any', 'latest']),
  avty: availability.min(1),
  cmps: z.record(z.string().regex(/^[a-zA-Z0-9_-]+$/), component),
});

/** `<prefix>/device/<object id>/config`. */
const discoveryTopic = /^[^/]+\/device\/[a-zA-Z0-9_-]+\/config$/;

export type HomeAssistantDevice = z.output<typeof device>;

/** @throws with what Home Assistant would not accept. */
export function accept(at: string, payload: string): HomeAssistantDevice {
  if (!discoveryTopic.test(at)) throw new Error(`Home Assistant does not look at ${at}`);
  return device.parse(JSON.parse(payload));
}
