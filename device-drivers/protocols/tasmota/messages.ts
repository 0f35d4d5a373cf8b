import type { DurationMs } from '@hallhub/sync/base';
import type { MqttReport } from '../../kit/index.ts';
import { type Json, type MeasuredValue, numberAt, objectAt, parseObject, readValues, textAt } from '../mqtt-values.ts';
import type { TasmotaParams } from './params.ts';

/** What one message of a Tasmota device says. */
export interface TasmotaReport extends MqttReport {
  /** An answer to an order, and no telemetry nor the answer to a question for the whole state. */
  readonly isResult?: true;
  /** Relays by channel from 0. */
  readonly power?: Readonly<Record<number, boolean>>;
  /** What `PulseTime` stands at, by channel from 0. */
  readonly pulse?: Readonly<Record<number, number>>;
  readonly values?: readonly MeasuredValue[];
  readonly shutter?: { readonly position: number; readonly direction: number; readonly target?: number };
  readonly buttons?: readonly { readonly button: number; readonly pressed: boolean }[];
  readonly version?: string;
  readonly otaUrl?: string;
  /** What the device says to `Upgrade`, and how the update went on. */
  readonly upgrade?: string;
  readonly isUnknownCommand?: true;
  /** It says that it has just come on line. */
  readonly isBack?: true;
}

export interface TasmotaMessage {
  readonly topic: string;
  readonly payload: string;
}

const command = (topic: string, name: string, payload = ''): TasmotaMessage => ({
  topic: `cmnd/${topic}/${name}`,
  payload,
});

/**
 * `PulseTime` for a duration: 1 to 111 are tenths of a second, from 112 on seconds and 100 on top. Between 11.1 s and 12 s
 * there is nothing: 12 s it is. Undefined for what cannot be said.
 */
export function pulseTime(duration: DurationMs): number | undefined {
  const tenths = Math.round(duration / 100);
  if (tenths < 1) return undefined;
  if (tenths <= 111) return tenths;
  const seconds = Math.max(12, Math.round(duration / 1_000));
  return seconds <= 64_800 ? seconds + 100 : undefined;
}

/** `PulseTime` stays in the device: without a pulse it is put back to 0, or the next "on" would go off by itself, too. */
export function switchOrder(
  { topic, pulse: canPulse }: TasmotaParams,
  { channel, on, pulse }: { readonly channel: number; readonly on: boolean; readonly pulse?: number },
): TasmotaMessage {
  const relay = channel + 1;
  return on && canPulse
    ? command(topic, 'Backlog0', `PulseTime${relay} ${pulse ?? 0}; Power${relay} ON`)
    : command(topic, `POWER${relay}`, on ? 'ON' : 'OFF');
}

export function shutterOrder(
  topic: string,
  shutter: number,
  to: 'open' | 'closed' | 'stop' | { readonly percentOpen: number },
): TasmotaMessage {
  if (typeof to === 'object') return command(topic, `ShutterPosition${shutter}`, String(Math.round(to.percentOpen)));
  return command(topic, `Shutter${{ open: 'Open', closed: 'Close', stop: 'Stop' }[to]}${shutter}`);
}

export const askState = (topic: string): TasmotaMessage => command(topic, 'STATE');
export const askSensors = (topic: string): TasmotaMessage => command(topic, 'STATUS', '10');
export const askVersion = (topic: string): TasmotaMessage => command(topic, 'STATUS', '2');
export const setOtaUrl = (topic: string, url: string): TasmotaMessage => command(topic, 'OtaUrl', url);
export const beginUpgrade = (topic: string): TasmotaMessage => command(topic, 'Upgrade', '1');

export const tasmotaFilters = (topic: string): readonly string[] => [`stat/${topic}/+`, `tele/${topic}/+`];

/** Undefined for what this driver has no use for. */
export function decodeTasmota(params: TasmotaParams, topic: string, payload: Uint8Array): TasmotaReport | undefined {
  const match = /^(stat|tele)\/(.+)\/([A-Z0-9]+)$/.exec(topic);
  const [, prefix, name, leaf = ''] = match ?? [];
  if (name !== params.topic) return undefined;
  const text = Buffer.from(payload).toString('utf8');
  if (prefix === 'tele' && leaf === 'LWT') {
    if (text === 'Online') return { meaning: 'on line', alive: true, isBack: true };
    return text === 'Offline' ? { meaning: 'off line', alive: false } : undefined;
  }
  if (prefix === 'stat' && /^POWER\d*$/.test(leaf)) {
    const power = powerOf({ [leaf]: text });
    return power && { meaning: describePower(power), alive: true, isResult: true, power };
  }
  if (prefix === 'stat' && leaf === 'UPGRADE') return { meaning: `update: ${text}`, alive: true, upgrade: text };
  const json = parseObject(payload);
  return json && decodeJson(params, leaf, json);
}

function decodeJson(params: TasmotaParams, leaf: string, whole: Json): TasmotaReport {
  // STATUS10 and STATUS11 wrap what SENSOR and STATE say at the top.
  const json = { ...whole, ...objectAt(whole, 'StatusSNS'), ...objectAt(whole, 'StatusSTS') };
  const power = powerOf(json);
  const pulse = pulseOf(json);
  const values = readValues(json, params.values);
  const shutter = params.shutter === undefined ? undefined : shutterOf(objectAt(json, `Shutter${params.shutter}`));
  const buttons = params.buttons.flatMap((name, button) => {
    const pressed = pressedOf(objectAt(json, name));
    return pressed === undefined ? [] : [{ button, pressed }];
  });
  const version = textAt(objectAt(json, 'StatusFWR'), 'Version');
  const otaUrl = textAt(json, 'OtaUrl');
  const upgrade = textAt(json, 'Upgrade');
  const says = [
    power && describePower(power),
    pulse && 'pulse time',
    ...values.map(({ name, value, unit }) => `${name} ${value} ${unit}`),
    shutter && `shutter at ${shutter.position} %`,
    ...buttons.map(({ button, pressed }) => `button ${button} ${pressed ? 'pressed' : 'released'}`),
    version !== undefined && `runs ${version}`,
    upgrade,
  ].filter((part) => typeof part === 'string');
  return {
    meaning: says.length > 0 ? says.join(', ') : leaf,
    alive: true,
    ...(leaf === 'RESULT' && numberAt(json, 'UptimeSec') === undefined && { isResult: true }),
    ...(power && { power }),
    ...(pulse && { pulse }),
    ...(values.length > 0 && { values }),
    ...(shutter && { shutter }),
    ...(buttons.length > 0 && { buttons }),
    ...(version !== undefined && { version }),
    ...(otaUrl !== undefined && { otaUrl }),
    ...(upgrade !== undefined && { upgrade }),
    ...(textAt(json, 'Command') === 'Unknown' && { isUnknownCommand: true }),
  };
}

/** A single relay is POWER, without a number. */
const channelOf = (digits: string): number => (digits === '' ? 0 : Number(digits) - 1);

function powerOf(json: Json): Readonly<Record<number, boolean>> | undefined {
  const found = Object.entries(json).flatMap(([key, value]) => {
    const digits = /^POWER(\d{0,2})$/.exec(key)?.[1];
    return digits !== undefined && (value === 'ON' || value === 'OFF')
      ? [[channelOf(digits), value === 'ON'] as const]
      : [];
  });
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}

function pulseOf(json: Json): Readonly<Record<number, number>> | undefined {
  const found = Object.keys(json).flatMap((key) => {
    const digits = /^PulseTime(\d{1,2})$/.exec(key)?.[1];
    const set = digits === undefined ? undefined : numberAt(objectAt(json, key), 'Set');
    return digits !== undefined && set !== undefined ? [[channelOf(digits), set] as const] : [];
  });
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}

function shutterOf(json: Json): TasmotaReport['shutter'] {
  const position = numberAt(json, 'Position');
  if (position === undefined || position < 0 || position > 100) return undefined;
  const target = numberAt(json, 'Target');
  return { position, direction: numberAt(json, 'Direction') ?? 0, ...(target !== undefined && { target }) };
}

/** A switch says ON and OFF; a button says SINGLE when it was pressed and let go. */
function pressedOf(json: Json): boolean | undefined {
  const action = textAt(json, 'Action');
  return action === undefined ? undefined : action !== 'OFF' && action !== 'CLEAR';
}

const describePower = (power: Readonly<Record<number, boolean>>): string =>
  Object.entries(power)
    .map(([channel, on]) => `relay ${channel} ${on ? 'on' : 'off'}`)
    .join(', ');
