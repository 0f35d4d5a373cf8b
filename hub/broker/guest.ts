import { covers, isCommandTopic, isTopicFilter } from '@hallhub/device-drivers/kit';
import { z } from 'zod';
import type { TopicRights } from './rights.ts';

const filter = z.string().refine(isTopicFilter, 'an MQTT topic filter');

/**
 * What a device of somebody else's convention may do at the broker. Its topics are not ours to choose, so that they are
 * listed: `state` is what it publishes (and may have retained), `command` what it hears. A command is never retained.
 */
export const guestRightsSchema = z.strictObject({
  state: z.array(filter).max(16),
  command: z.array(filter).max(16),
  /** What else it may subscribe to and not say. */
  reads: z.array(filter).max(16).optional(),
});
export type GuestRights = z.output<typeof guestRightsSchema>;

/** A plain name, which is one topic level or several: `tasmota_A1B2C3`, `halls/a301/plug`. */
const NAME = /^[A-Za-z0-9_-]{1,64}(\/[A-Za-z0-9_-]{1,64}){0,3}$/;

function plainName(name: string): string {
  if (!NAME.test(name)) throw new RangeError(`not a topic of plain words: ${name}`);
  return name;
}

/** Twelve hex digits, as Tasmota writes its address into the topic of its discovery. */
const MAC = /^[0-9A-F]{12}$/;

/**
 * Tasmota with `FullTopic` `%prefix%/%topic%/`. It also asks itself through `cmnd/`, and may belong to `tasmotas`. It makes
 * itself known below its own `mac`; without one it may not.
 */
export function tasmotaRights(name: string, mac?: string): GuestRights {
  const topic = plainName(name);
  if (mac !== undefined && !MAC.test(mac)) throw new RangeError(`not a MAC address in twelve hex digits: ${mac}`);
  const discovery = mac === undefined ? [] : ['config', 'sensors'].map((leaf) => `tasmota/discovery/${mac}/${leaf}`);
  return {
    state: [`stat/${topic}/#`, `tele/${topic}/#`, ...discovery],
    command: [`cmnd/${topic}/#`, 'cmnd/tasmotas/#'],
  };
}

/** Shelly of generation 2 and later: answers go to `{src}/rpc`, and the drivers here ask as `{prefix}/hub`. */
export function shellyRights(name: string): GuestRights {
  const prefix = plainName(name);
  return {
    state: [`${prefix}/online`, `${prefix}/status/#`, `${prefix}/events/#`, `${prefix}/hub/#`, `${prefix}/debug/#`],
    command: [`${prefix}/rpc`, `${prefix}/command/#`],
  };
}

/**
 * The Zigbee2MQTT service: it owns its tree, says all states in it and hears all orders in it. To a Home Assistant it makes
 * the entities of its devices known, each at `homeassistant/{component}/{node}/{object}/config`; whole devices
 * (`homeassistant/device/…`), which is how this hub shows its own, and Home Assistant's status are not its to say. It reads
 * the prefix to take back what is outdated.
 */
export function zigbee2mqttRights(name: string): GuestRights {
  const base = plainName(name);
  return {
    state: [`${base}/#`, 'homeassistant/+/+/+/config'],
    command: [`${base}/+/set/#`, `${base}/+/get/#`, `${base}/bridge/request/#`, 'homeassistant/status'],
    reads: ['homeassistant/#'],
  };
}

/** A plate camera of Vzenith: it speaks upwards, hears orders, and answers each below the order's own topic. */
export function vzenithRights(name: string): GuestRights {
  const serial = plainName(name);
  return {
    state: [`device/${serial}/message/up/+`, `device/${serial}/message/down/+/reply`],
    command: [`device/${serial}/message/down/+`],
  };
}

/** A Home Assistant: it finds our devices, hears their states and gives orders, which the hub judges again. */
export function homeAssistantRights(name: string): GuestRights {
  const prefix = plainName(name);
  return {
    state: [`${prefix}/status`, 'hallhub/+/in/+/+/set'],
    command: [`${prefix}/+/+/config`, `${prefix}/+/+/+/config`, 'hallhub/+/out/#'],
  };
}

/**
 * The decision for a guest, of which {@link mayUseTopic} is the one for devices of our own contract.
 *
 * - `publish`: what it says; never what it hears: nobody but the hub gives orders.
 * - `retain`: the same, unless it looks like an order: a broker that keeps "open" opens again after every restart.
 * - `subscribe`: a filter inside what it hears, reads or says (several conventions read their own state back).
 * - `forward`: a topic that it could subscribe to.
 */
export function guestMayUseTopic(
  { state, command, reads = [] }: GuestRights,
  action: 'publish' | 'retain' | 'subscribe' | 'forward',
  topic: string,
): boolean {
  if (topic.startsWith('$') || topic.startsWith('c/') || !isTopicFilter(topic)) return false;
  const within = (filters: readonly string[]): boolean => filters.some((allowed) => covers(allowed, topic));
  switch (action) {
    case 'publish':
      return !WILDCARD.test(topic) && within(state) && !within(command);
    case 'retain':
      return guestMayUseTopic({ state, command }, 'publish', topic) && !isCommandTopic(topic);
    case 'subscribe':
      return within([...command, ...state, ...reads]);
    case 'forward':
      return !WILDCARD.test(topic) && within([...command, ...state, ...reads]);
  }
}

const WILDCARD = /[+#]/;

/** The same for a broker outside. Retained or not, what it hears it does not say. */
export const guestTopicRights = ({ state, command, reads = [] }: GuestRights): TopicRights => ({
  publish: state,
  neverPublish: command,
  subscribe: [...state, ...command, ...reads],
  exactly: false,
  ownClientId: false,
});
