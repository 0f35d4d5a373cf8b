import { type Cancel, type Clock, ms } from '@hallhub/sync/base';
import type { ConnectMqttPeer } from '../../kit/index.ts';

export interface Zigbee2mqttSimulatorOptions {
  readonly connect: ConnectMqttPeer;
  readonly clock: Clock;
  readonly base: string;
  readonly name: string;
  /** What the device says at first: `{"state":"OFF"}`, `{"position":0}`. */
  readonly state: Readonly<Record<string, unknown>>;
}

/** Faults that can be switched on; they stay until they are switched off. */
export interface Zigbee2mqttFaults {
  /** Orders are carried out; neither the service nor the device says anything. */
  readonly silent?: boolean;
  /** The device does not take orders: the service writes it into its log, and publishes nothing. */
  readonly refuses?: boolean;
}

/** A Zigbee2MQTT service with one device. */
export interface Zigbee2mqttSimulator {
  start(): void;
  stop(): Promise<void>;
  /** The service is killed: its last will is spoken. */
  kill(): void;
  readonly state: Readonly<Record<string, unknown>>;
  /** How often each thing was done: `set`, `update`. */
  done(what: string): number;
  /** The device reports something by itself. */
  report(change: Readonly<Record<string, unknown>>): void;
  setAvailable(available: boolean): void;
  setFaults(faults: Zigbee2mqttFaults): void;
}

const RADIO = ms(30);
const STEP = ms(200);

export function createZigbee2mqttSimulator(options: Zigbee2mqttSimulatorOptions): Zigbee2mqttSimulator {
  const { clock, base, name } = options;
  const topic = `${base}/${name}`;
  /** What the service believes, and what the device really is. */
  const state: Record<string, unknown> = { ...options.state };
  const real: Record<string, unknown> = { ...options.state };
  const timers = new Set<Cancel>();
  let sets = 0;
  let updates = 0;
  let version = 16;
  let faults: Zigbee2mqttFaults = {};
  let cancelMove: Cancel = () => undefined;

  const say = (leaf: string, content: object | string, retain = false): void => {
    if (faults.silent) return;
    peer.publish(`${base}/${leaf}`, typeof content === 'string' ? content : JSON.stringify(content), { retain });
  };
  const peer = options.connect({
    will: { topic: `${base}/bridge/state`, payload: '{"state":"offline"}', retain: true },
    filters: [`${topic}/set`, `${topic}/get`, `${base}/bridge/request/#`],
    onUp: () => {
      say('bridge/state', { state: 'online' }, true);
      say(name, state, true);
    },
    onMessage: (from, payload) => {
      const content = JSON.parse(payload) as Record<string, unknown>;
      if (from === `${topic}/set`) after(RADIO, () => set(content));
      else if (from === `${topic}/get`) after(RADIO, () => get(content));
      else request(from.slice(`${base}/bridge/request/`.length), content);
    },
  });
  const after = (delay: number, action: () => unknown): Cancel => {
    const cancelTimer = clock.after(ms(delay), () => {
      timers.delete(cancel);
      action();
    });
    const cancel = (): void => {
      timers.delete(cancel);
      cancelTimer();
    };
    timers.add(cancel);
    return cancel;
  };
  const publishState = (): void => {
    say(name, state, true);
  };
  const set = (content: Record<string, unknown>): void => {
    if (faults.refuses) return;
    sets += 1;
    const { on_time: onTime, position, ...rest } = content;
    if ('position' in state) {
      const targets: Readonly<Record<string, unknown>> = { OPEN: 100, CLOSE: 0, STOP: real['position'] };
      const target = Number(position ?? targets[String(rest['state'])]);
      // Optimistic: what was asked for is said before the motor moves.
      state['position'] = target;
      publishState();
      moveTo(target);
      return;
    }
    Object.assign(real, rest);
    Object.assign(state, rest);
    publishState();
    if (typeof onTime === 'number')
      after(onTime * 1_000, () => {
        report(Object.fromEntries(Object.keys(rest).map((key) => [key, 'OFF'])));
      });
  };
  const moveTo = (target: number): void => {
    cancelMove();
    const step = (): void => {
      const now = Number(real['position']);
      const next = Math.abs(target - now) <= 20 ? target : now + Math.sign(target - now) * 20;
      report({ position: next, state: next === 0 ? 'CLOSE' : 'OPEN' });
      if (next !== target) cancelMove = after(STEP, step);
    };
    cancelMove = after(STEP, step);
  };
  const get = (content: Record<string, unknown>): void => {
    for (const key of Object.keys(content)) state[key] = real[key];
    publishState();
  };
  const request = (what: string, content: Record<string, unknown>): void => {
    const { transaction } = content;
    if (what === 'health_check') {
      say('bridge/response/health_check', { data: { healthy: true }, status: 'ok', transaction });
      return;
    }
    if (what !== 'device/ota_update/update') return;
    const answer = 'bridge/response/device/ota_update/update';
    if (faults.refuses) {
      say(answer, { data: { id: name }, status: 'error', error: `Device '${name}' does not support OTA`, transaction });
      return;
    }
    updates += 1;
    const from = version;
    state['update'] = { state: 'updating', progress: 50, remaining: 1, installed_version: from };
    after(1_000, publishState);
    after(2_000, () => {
      version = Number(/(\d+)\.ota$/.exec(String(content['url']))?.[1] ?? version);
      state['update'] = { state: 'idle', installed_version: version, latest_version: version };
      publishState();
      const to = { software_build_id: String(version), date_code: '20260101' };
      const data = { id: name, from: { software_build_id: String(from), date_code: '20250101' }, to };
      say(answer, { data, status: 'ok', transaction });
    });
  };
  const report = (change: Readonly<Record<string, unknown>>): void => {
    Object.assign(real, change);
    Object.assign(state, change);
    publishState();
    // A key that was pressed is said once.
    delete state['action'];
  };
  const rest = (): void => {
    for (const cancel of [...timers]) cancel();
  };

  return {
    start: () => {
      peer.open();
    },
    stop: async () => {
      rest();
      await peer.close();
    },
    kill: () => {
      rest();
      peer.drop();
    },
    state,
    done: (what) => (what === 'update' ? updates : sets),
    report,
    setAvailable: (available) => {
      say(`${name}/availability`, { state: available ? 'online' : 'offline' }, true);
    },
    setFaults: (given) => {
      faults = given;
    },
  };
}
