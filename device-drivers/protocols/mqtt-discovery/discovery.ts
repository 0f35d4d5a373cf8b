import type { Cancel, Clock, EpochMs } from '@hallhub/sync/base';
import type { Profile } from '@hallhub/firmware-profiles/schema';
import { type MqttChannel, type MqttMessage, createEmitter } from '../../kit/index.ts';
import { type Json, objectAt, parseJson, parseObject, textAt } from '../mqtt-values.ts';

/** A device that made itself known at the broker, claimed or not. */
export interface DiscoveredDevice {
  /** Unique at this broker: `tasmota/…`, `zigbee2mqtt/…`. */
  readonly key: string;
  readonly protocol: 'tasmota' | 'zigbee2mqtt';
  /** What it calls itself. */
  readonly name: string;
  /** What it says of itself, as profiles match it. */
  readonly identity: Readonly<Record<string, string>>;
  /** The parameters that its installation would have: its topic. */
  readonly params: Readonly<Record<string, string>>;
  /** Profiles that match, the most specific first. */
  readonly profiles: readonly string[];
  readonly seenAt: EpochMs;
  /** Only the broker has said so since we listen: the device may be gone. */
  readonly fromBroker: boolean;
}

export interface MqttDiscovery {
  list(): readonly DiscoveredDevice[];
  onChange(listener: () => void): Cancel;
  stop(): void;
}

type Found = Pick<DiscoveredDevice, 'key' | 'protocol' | 'name' | 'identity' | 'params'>;

/** More devices than this are not listed: whoever may publish could fill the memory. */
const MOST = 2_000;
const yesNo = (is: boolean): string => (is ? 'yes' : 'no');

/**
 * What Tasmota devices and Zigbee2MQTT services at the broker say that is there. Listens only; asks nothing.
 * `base` is Zigbee2MQTT's base topic.
 */
export function discoverMqttDevices(options: {
  readonly channel: MqttChannel;
  /** The profiles in use. */
  readonly profiles: () => readonly Profile[];
  /** Others are in use from now on. */
  readonly onProfiles?: (listener: () => void) => Cancel;
  readonly clock: Clock;
  readonly onListenerError: (error: unknown) => void;
  readonly base?: string;
}): MqttDiscovery {
  const { channel, profiles, clock, base = 'zigbee2mqtt' } = options;
  const devices = new Map<string, DiscoveredDevice>();
  const changed = createEmitter<undefined>(options.onListenerError);
  const meters = new Set<string>();

  const add = (found: Found, fromBroker: boolean): void => {
    if (!devices.has(found.key) && devices.size >= MOST) return;
    devices.set(found.key, {
      ...found,
      profiles: matching(profiles(), found.protocol, found.identity),
      seenAt: clock.now(),
      fromBroker,
    });
  };
  const onTasmota = ({ topic, payload, retained }: MqttMessage): void => {
    const [, , mac = '', leaf] = topic.split('/');
    const key = `tasmota/${mac}`;
    if (payload.length === 0) devices.delete(key);
    const json = parseObject(payload);
    if (json && leaf === 'sensors') {
      if (Object.hasOwn(objectAt(json, 'sn'), 'ENERGY')) meters.add(key);
      const known = devices.get(key);
      if (known) add({ ...known, identity: { ...known.identity, energy: yesNo(meters.has(key)) } }, known.fromBroker);
    } else if (json && leaf === 'config') {
      const found = tasmotaOf(key, json, meters.has(key));
      if (found) add(found, retained);
    }
    changed.emit(undefined);
  };
  const onZigbee = ({ payload, retained }: MqttMessage): void => {
    const list = parseJson(payload);
    if (!Array.isArray(list)) return;
    for (const key of [...devices.keys()]) if (key.startsWith(`zigbee2mqtt/${base}/`)) devices.delete(key);
    for (const entry of list as readonly unknown[]) {
      const found = typeof entry === 'object' && entry !== null ? zigbeeOf(base, entry as Json) : undefined;
      if (found) add(found, retained);
    }
    changed.emit(undefined);
  };
  const cancels = [
    options.onProfiles?.(() => {
      const now = profiles();
      for (const [key, found] of devices)
        devices.set(key, { ...found, profiles: matching(now, found.protocol, found.identity) });
      changed.emit(undefined);
    }),
    channel.subscribe('tasmota/discovery/+/config', onTasmota),
    channel.subscribe('tasmota/discovery/+/sensors', onTasmota),
    channel.subscribe(`${base}/bridge/devices`, onZigbee),
  ];

  return {
    list: () => [...devices.values()],
    onChange: changed.on,
    stop: () => {
      for (const cancel of cancels) cancel?.();
    },
  };
}

/** `rl` says for each relay what it is: 0 nothing, 1 a relay, 2 a light, 3 one of a shutter's two. */
function tasmotaOf(key: string, json: Json, hasMeter: boolean): Found | undefined {
  const topic = textAt(json, 't');
  if (topic === undefined || textAt(json, 'ft') !== '%prefix%/%topic%/') return undefined;
  const kinds: readonly unknown[] = Array.isArray(json['rl']) ? (json['rl'] as readonly unknown[]) : [];
  const count = (kind: number): number => kinds.filter((each) => each === kind).length;
  return {
    key,
    protocol: 'tasmota',
    name: textAt(json, 'dn') ?? topic,
    identity: {
      family: 'tasmota',
      relays: String(count(1)),
      shutters: String(Math.floor(count(3) / 2)),
      energy: yesNo(hasMeter),
      model: textAt(json, 'md') ?? '',
      version: textAt(json, 'sw') ?? '',
    },
    params: { topic },
  };
}

function zigbeeOf(base: string, json: Json): Found | undefined {
  const [address, name] = [textAt(json, 'ieee_address'), textAt(json, 'friendly_name')];
  if (address === undefined || name === undefined || textAt(json, 'type') === 'Coordinator') return undefined;
  const definition = objectAt(json, 'definition');
  const exposes: readonly unknown[] = Array.isArray(definition['exposes']) ? (definition['exposes'] as unknown[]) : [];
  const has = (...words: readonly string[]): string =>
    yesNo(
      exposes.some((expose) => {
        if (typeof expose !== 'object' || expose === null) return false;
        const word = textAt(expose as Json, 'name') ?? textAt(expose as Json, 'type') ?? '';
        return words.includes(word);
      }),
    );
  return {
    key: `zigbee2mqtt/${base}/${address}`,
    protocol: 'zigbee2mqtt',
    name,
    identity: {
      family: 'zigbee2mqtt',
      switch: has('switch'),
      cover: has('cover'),
      occupancy: has('occupancy', 'presence'),
      climate: has('temperature'),
      action: has('action'),
      vendor: textAt(definition, 'vendor') ?? '',
      model: textAt(definition, 'model') ?? '',
    },
    params: { base, name },
  };
}

/** A value that ends with `*` is a beginning; a profile that asks more of the identity comes first. */
function matching(
  profiles: readonly Profile[],
  protocol: string,
  identity: Readonly<Record<string, string>>,
): readonly string[] {
  return profiles
    .filter(({ protocol: speaks, match }) => speaks === protocol && match?.identity !== undefined)
    .filter(({ match }) =>
      Object.entries(match?.identity ?? {}).every(([field, wanted]) =>
        wanted.endsWith('*') ? identity[field]?.startsWith(wanted.slice(0, -1)) : identity[field] === wanted,
      ),
    )
    .sort((a, b) => Object.keys(b.match?.identity ?? {}).length - Object.keys(a.match?.identity ?? {}).length)
    .map(({ id }) => id);
}
