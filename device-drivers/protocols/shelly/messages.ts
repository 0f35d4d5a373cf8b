import type { MqttReport } from '../../kit/index.ts';
import { type Json, type MeasuredValue, numberAt, objectAt, parseObject, readValues, textAt } from '../mqtt-values.ts';
import type { ShellyParams } from './params.ts';

/** What is known of a device's components, as far as a message says it. */
export interface ShellyStatus {
  readonly switches?: Readonly<Record<number, boolean>>;
  readonly cover?: { readonly state?: string; readonly position?: number };
  readonly inputs?: Readonly<Record<number, boolean>>;
  readonly values?: readonly MeasuredValue[];
}

/** What one message of a Shelly says. */
export interface ShellyReport extends MqttReport {
  readonly status?: ShellyStatus;
  /** The answer to one of our calls. */
  readonly reply?: { readonly id: number; readonly result?: Json; readonly error?: string };
  readonly update?: { readonly percent?: number; readonly failed?: string; readonly isDone?: true };
  /** It says that it has just come on line. */
  readonly isBack?: true;
}

export interface ShellyCall {
  readonly method: string;
  readonly params: Json;
}

/** Answers go to `<src>/rpc`: below the device's own prefix, where it may speak. */
export const sourceOf = (topic: string): string => `${topic}/hub`;

export const encodeCall = (topic: string, id: number, { method, params }: ShellyCall) => ({
  topic: `${topic}/rpc`,
  payload: JSON.stringify({ id, src: sourceOf(topic), method, params }),
});

/** `toggle_after` is in seconds; the device keeps the time. */
export const setSwitch = (id: number, on: boolean, pulseMs?: number): ShellyCall => ({
  method: 'Switch.Set',
  params: { id, on, ...(pulseMs !== undefined && on && { toggle_after: pulseMs / 1_000 }) },
});

export function moveCover(id: number, to: 'open' | 'closed' | 'stop' | { readonly percentOpen: number }): ShellyCall {
  if (typeof to === 'object') return { method: 'Cover.GoToPosition', params: { id, pos: Math.round(to.percentOpen) } };
  return { method: { open: 'Cover.Open', closed: 'Cover.Close', stop: 'Cover.Stop' }[to], params: { id } };
}

export const askStatus: ShellyCall = { method: 'Shelly.GetStatus', params: {} };
export const askInfo: ShellyCall = { method: 'Shelly.GetDeviceInfo', params: {} };
export const update = (url: string): ShellyCall => ({ method: 'Shelly.Update', params: { url } });

export const shellyFilters = (topic: string): readonly string[] => [
  `${topic}/online`,
  `${topic}/status/+`,
  `${topic}/events/rpc`,
  `${sourceOf(topic)}/rpc`,
];

/** Undefined for what this driver has no use for. */
export function decodeShelly(params: ShellyParams, topic: string, payload: Uint8Array): ShellyReport | undefined {
  if (!topic.startsWith(`${params.topic}/`)) return undefined;
  const leaf = topic.slice(params.topic.length + 1);
  if (leaf === 'online') {
    const text = Buffer.from(payload).toString('utf8');
    if (text === 'true') return { meaning: 'on line', alive: true, isBack: true };
    return text === 'false' ? { meaning: 'off line', alive: false } : undefined;
  }
  const json = parseObject(payload);
  if (!json) return undefined;
  if (leaf === 'hub/rpc') return decodeReply(json);
  if (leaf === 'events/rpc') return decodeNotification(params, json);
  const component = /^status\/([a-z0-9]+:\d+|[a-z]+)$/.exec(leaf)?.[1];
  return component === undefined ? undefined : withStatus(params, component, { [component]: json });
}

function decodeReply(json: Json): ShellyReport | undefined {
  const id = numberAt(json, 'id');
  if (id === undefined) return undefined;
  const error = objectAt(json, 'error');
  const code = numberAt(error, 'code');
  if (code !== undefined) {
    const text = `${code} ${textAt(error, 'message') ?? ''}`.trim();
    return { meaning: `refused: ${text}`, alive: true, reply: { id, error: text } };
  }
  return { meaning: `answer ${id}`, alive: true, reply: { id, result: objectAt(json, 'result') } };
}

function decodeNotification(params: ShellyParams, json: Json): ShellyReport | undefined {
  const method = textAt(json, 'method');
  const content = objectAt(json, 'params');
  if (method === 'NotifyStatus' || method === 'NotifyFullStatus') return withStatus(params, method, content);
  if (method !== 'NotifyEvent') return undefined;
  const events = Array.isArray(content['events']) ? (content['events'] as readonly unknown[]) : [];
  for (const event of events) {
    if (typeof event !== 'object' || event === null) continue;
    const name = textAt(event as Json, 'event') ?? '';
    if (!name.startsWith('ota_')) continue;
    const percent = numberAt(event as Json, 'progress_percent');
    return {
      meaning: `update: ${name}${percent === undefined ? '' : ` ${percent} %`}`,
      alive: true,
      update: {
        ...(percent !== undefined && { percent }),
        ...(name === 'ota_error' && { failed: textAt(event as Json, 'msg') ?? name }),
        ...(name === 'ota_success' && { isDone: true }),
      },
    };
  }
  return { meaning: method, alive: true };
}

function withStatus(params: ShellyParams, subject: string, components: Json): ShellyReport {
  const status = readStatus(params, components);
  const says = [
    ...Object.entries(status.switches ?? {}).map(([id, on]) => `switch ${id} ${on ? 'on' : 'off'}`),
    ...(status.cover?.position === undefined ? [] : [`cover at ${status.cover.position} %`]),
    ...Object.entries(status.inputs ?? {}).map(([id, on]) => `input ${id} ${on ? 'on' : 'off'}`),
    ...(status.values ?? []).map(({ name, value, unit }) => `${name} ${value} ${unit}`),
  ];
  return { meaning: says.join(', ') || subject, alive: true, status };
}

/** What the components of a status say; the same shape in notifications, in answers and below `status/`. */
export function readStatus(params: ShellyParams, components: Json): ShellyStatus {
  const flags = (kind: string, key: string, count: number): Readonly<Record<number, boolean>> =>
    Object.fromEntries(
      Array.from({ length: count }, (_, id) => [id, objectAt(components, `${kind}:${id}`)[key]] as const).flatMap(
        ([id, value]) => (typeof value === 'boolean' ? [[id, value] as const] : []),
      ),
    );
  const switches = flags('switch', 'output', params.switches);
  const inputs = flags('input', 'state', params.inputs);
  const values = readValues(components, params.values);
  const cover = params.cover === undefined ? {} : objectAt(components, `cover:${params.cover}`);
  const state = textAt(cover, 'state');
  const position = numberAt(cover, 'current_pos');
  return {
    ...(Object.keys(switches).length > 0 && { switches }),
    ...(Object.keys(inputs).length > 0 && { inputs }),
    ...(values.length > 0 && { values }),
    ...((state !== undefined || position !== undefined) && {
      cover: { ...(state !== undefined && { state }), ...(position !== undefined && { position }) },
    }),
  };
}
