import type { MqttReport } from '../../kit/index.ts';
import { type Json, type MeasuredValue, numberAt, objectAt, parseObject, readValues, textAt } from '../mqtt-values.ts';
import type { Zigbee2mqttParams } from './params.ts';

/** What one message says of a device behind Zigbee2MQTT, or of the service itself. */
export interface Zigbee2mqttReport extends MqttReport {
  readonly switches?: Readonly<Record<number, boolean>>;
  readonly position?: number;
  readonly occupied?: boolean;
  readonly climate?: { readonly celsius: number; readonly humidity?: number };
  readonly values?: readonly MeasuredValue[];
  readonly pressed?: number;
  readonly update?: { readonly state: string; readonly percent?: number; readonly installed?: string };
  /** The service's answer to a request of ours. */
  readonly response?: { readonly transaction: string; readonly error?: string; readonly build?: string };
  /** The device itself is said to be on line or off line. */
  readonly isOnline?: boolean;
  /** It is the state of the device, not of the service. */
  readonly isState?: true;
}

export interface Zigbee2mqttMessage {
  readonly topic: string;
  readonly payload: string;
}

const ask = (base: string, request: string, content: Json): Zigbee2mqttMessage => ({
  topic: `${base}/bridge/request/${request}`,
  payload: JSON.stringify(content),
});

/** Whether the service lives; a retained `bridge/state` cannot tell. */
export const askService = (base: string, transaction: string): Zigbee2mqttMessage =>
  ask(base, 'health_check', { transaction });

/** Services that do not know `url` in this request take the image from their own index. */
export const askUpdate = (base: string, name: string, url: string, transaction: string): Zigbee2mqttMessage =>
  ask(base, 'device/ota_update/update', { id: name, url, transaction });

/** `on_time` is in seconds. */
export function switchOrder(
  { base, name, switches }: Zigbee2mqttParams,
  channel: number,
  on: boolean,
  pulseMs?: number,
): Zigbee2mqttMessage {
  const property = switches[channel] ?? 'state';
  const pulse = on && pulseMs !== undefined ? { on_time: pulseMs / 1_000 } : {};
  return { topic: `${base}/${name}/set`, payload: JSON.stringify({ [property]: on ? 'ON' : 'OFF', ...pulse }) };
}

export function coverOrder(
  { base, name }: Zigbee2mqttParams,
  to: 'open' | 'closed' | 'stop' | { readonly percentOpen: number },
): Zigbee2mqttMessage {
  const content =
    typeof to === 'object'
      ? { position: Math.round(to.percentOpen) }
      : { state: { open: 'OPEN', closed: 'CLOSE', stop: 'STOP' }[to] };
  return { topic: `${base}/${name}/set`, payload: JSON.stringify(content) };
}

/** The service reads the property from the device and says what it read. */
export const askDevice = ({ base, name }: Zigbee2mqttParams, property: string): Zigbee2mqttMessage => ({
  topic: `${base}/${name}/get`,
  payload: JSON.stringify({ [property]: '' }),
});

export const zigbee2mqttFilters = ({ base, name }: Zigbee2mqttParams): readonly string[] => [
  `${base}/bridge/state`,
  `${base}/bridge/response/health_check`,
  `${base}/bridge/response/device/ota_update/update`,
  `${base}/${name}`,
  `${base}/${name}/availability`,
];

/** `online`, or `{"state":"online"}`, as versions differ. */
function onlineOf(payload: Uint8Array): boolean | undefined {
  const text = textAt(parseObject(payload) ?? {}, 'state') ?? Buffer.from(payload).toString('utf8');
  return text === 'online' ? true : text === 'offline' ? false : undefined;
}

/** Undefined for what this driver has no use for. */
export function decodeZigbee2mqtt(
  params: Zigbee2mqttParams,
  topic: string,
  payload: Uint8Array,
): Zigbee2mqttReport | undefined {
  const { base, name } = params;
  switch (topic) {
    case `${base}/bridge/state`: {
      const alive = onlineOf(payload);
      return alive === undefined ? undefined : { meaning: `service ${alive ? 'on' : 'off'} line`, alive };
    }
    case `${base}/${name}/availability`: {
      const isOnline = onlineOf(payload);
      return isOnline === undefined ? undefined : { meaning: `device ${isOnline ? 'on' : 'off'} line`, isOnline };
    }
    case `${base}/${name}`: {
      const json = parseObject(payload);
      return json && decodeState(params, json);
    }
    case `${base}/bridge/response/health_check`:
    case `${base}/bridge/response/device/ota_update/update`:
      return decodeResponse(parseObject(payload) ?? {});
    default:
      return undefined;
  }
}

function decodeResponse(json: Json): Zigbee2mqttReport | undefined {
  const transaction = textAt(json, 'transaction');
  if (transaction === undefined) return undefined;
  const build = buildOf(objectAt(objectAt(json, 'data'), 'to')['software_build_id']);
  if (textAt(json, 'status') === 'ok')
    return {
      meaning: 'service answers',
      alive: true,
      response: { transaction, ...(build !== undefined && { build }) },
    };
  const error = textAt(json, 'error') ?? 'refused';
  return { meaning: `service refuses: ${error}`, alive: true, response: { transaction, error } };
}

/** A build is a text with some devices and a number with others. */
const buildOf = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;

function decodeState(params: Zigbee2mqttParams, json: Json): Zigbee2mqttReport {
  const switches = Object.fromEntries(
    params.switches.flatMap((property, channel) => {
      const state = textAt(json, property);
      return state === 'ON' || state === 'OFF' ? [[channel, state === 'ON'] as const] : [];
    }),
  );
  const position = params.cover ? numberAt(json, 'position') : undefined;
  const occupied = params.occupancy !== undefined && json[params.occupancy];
  const celsius = params.climate ? numberAt(json, 'temperature') : undefined;
  const humidity = numberAt(json, 'humidity');
  const values = readValues(json, params.values);
  const pressed = params.actions.indexOf(textAt(json, 'action') ?? '');
  const update = objectAt(json, 'update');
  const percent = numberAt(update, 'progress');
  const installed = buildOf(update['installed_version']);
  const state = textAt(update, 'state');
  const has = Object.keys(switches).length > 0;
  const says = [
    ...Object.entries(switches).map(([channel, on]) => `switch ${channel} ${on ? 'on' : 'off'}`),
    position !== undefined && `position ${position} %`,
    typeof occupied === 'boolean' && params.occupancy !== undefined && (occupied ? 'occupied' : 'free'),
    celsius !== undefined && `${celsius} °C`,
    ...values.map(({ name, value, unit }) => `${name} ${value} ${unit}`),
    pressed >= 0 && `button ${pressed}`,
    percent !== undefined && `update ${percent} %`,
  ].filter((part) => typeof part === 'string');
  return {
    meaning: says.join(', ') || 'state',
    alive: true,
    isState: true,
    ...(has && { switches }),
    ...(position !== undefined && position >= 0 && position <= 100 && { position }),
    ...(params.occupancy !== undefined && typeof occupied === 'boolean' && { occupied }),
    ...(celsius !== undefined && { climate: { celsius, ...(humidity !== undefined && { humidity }) } }),
    ...(values.length > 0 && { values }),
    ...(pressed >= 0 && { pressed }),
    ...(state !== undefined && {
      update: { state, ...(percent !== undefined && { percent }), ...(installed !== undefined && { installed }) },
    }),
  };
}
