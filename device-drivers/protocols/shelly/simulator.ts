import { type Cancel, type Clock, ms, seconds } from '@hallhub/sync/base';
import type { ConnectMqttPeer } from '../../kit/index.ts';

export interface ShellySimulatorOptions {
  readonly connect: ConnectMqttPeer;
  readonly clock: Clock;
  readonly topic: string;
  readonly switches: number;
  readonly inputs?: number;
  readonly hasMeter?: boolean;
  /** A cover that goes all its way in so many milliseconds. */
  readonly coverTravel?: number;
  readonly version?: string;
}

/** Faults that can be switched on; they stay until they are switched off. */
export interface ShellyFaults {
  /** Calls are carried out and not answered, and nothing is notified. */
  readonly silent?: boolean;
  /** Every call that would change something is refused. */
  readonly refuses?: boolean;
}

/** A Shelly of generation 2, by its RPC over MQTT. */
export interface ShellySimulator {
  start(): void;
  stop(): Promise<void>;
  cutPower(): void;
  readonly outputs: readonly boolean[];
  /** How often each thing was done: `switch 0`, `cover`, `update`. */
  done(what: string): number;
  toggle(output: number): void;
  /** Somebody moves the cover by the keys at the wall, to so much open. */
  move(percentOpen: number): void;
  measure(watts: number): void;
  setInput(input: number, on: boolean): void;
  setFaults(faults: ShellyFaults): void;
}

type Json = Readonly<Record<string, unknown>>;

const FETCH = ms(1_000);
const RESTART = seconds(2);
const STEP = ms(200);

export function createShellySimulator(options: ShellySimulatorOptions): ShellySimulator {
  const { clock, topic } = options;
  const name = topic.slice(topic.lastIndexOf('/') + 1);
  const outputs = new Array<boolean>(options.switches).fill(false);
  const inputs = new Array<boolean>(options.inputs ?? 0).fill(false);
  const cover = { state: 'closed', current_pos: 0 };
  const counts = new Map<string, number>();
  const timers = new Set<Cancel>();
  const toggles = new Map<number, Cancel>();
  let cancelMove: Cancel = () => undefined;
  let faults: ShellyFaults = {};
  let version = options.version ?? '1.0.8';
  let watts = 0;

  const peer = options.connect({
    will: { topic: `${topic}/online`, payload: 'false', retain: true },
    filters: [`${topic}/rpc`, `${topic}/command/#`],
    onUp: () => {
      peer.publish(`${topic}/online`, 'true', { retain: true });
      notify('NotifyFullStatus', wholeStatus());
    },
    onMessage: (_topic, payload) => {
      const request = JSON.parse(payload) as { id: number; src: string; method: string; params?: Json };
      const { id, src } = request;
      const outcome = carryOut(request.method, request.params ?? {});
      if (faults.silent) return;
      const body = 'code' in outcome ? { error: outcome } : { result: outcome.result };
      peer.publish(`${src}/rpc`, JSON.stringify({ id, src: name, dst: src, ...body }));
    },
  });

  const after = (delay: number, action: () => void): Cancel => {
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
  const count = (what: string): void => {
    counts.set(what, (counts.get(what) ?? 0) + 1);
  };
  const notify = (method: string, params: Json): void => {
    if (faults.silent) return;
    const frame = { src: name, dst: `${topic}/events`, method, params: { ts: clock.now() / 1_000, ...params } };
    peer.publish(`${topic}/events/rpc`, JSON.stringify(frame));
  };
  const switchStatus = (id: number): Json => ({
    id,
    source: 'MQTT',
    output: outputs[id] === true,
    ...(options.hasMeter && { apower: watts, voltage: 230.1, current: watts / 230, aenergy: { total: 1_234.5 } }),
  });
  const wholeStatus = (): Json => ({
    ...Object.fromEntries(outputs.map((_, id) => [`switch:${id}`, switchStatus(id)])),
    ...Object.fromEntries(inputs.map((state, id) => [`input:${id}`, { id, state }])),
    ...(options.coverTravel !== undefined && { 'cover:0': { id: 0, ...cover } }),
    sys: { mac: 'A8032AB12345', uptime: 100 },
  });
  const setOutput = (id: number, on: boolean, toggleAfter?: number): void => {
    toggles.get(id)?.();
    const before = outputs[id];
    outputs[id] = on;
    // Only what has changed is notified.
    if (before !== on) notify('NotifyStatus', { [`switch:${id}`]: { id, output: on, source: 'MQTT' } });
    if (toggleAfter === undefined) return;
    toggles.set(
      id,
      after(toggleAfter * 1_000, () => {
        setOutput(id, !on);
      }),
    );
  };
  const moveTo = (target: number): void => {
    cancelMove();
    const perStep = (100 * STEP) / (options.coverTravel ?? 1_000);
    const step = (): void => {
      const left = target - cover.current_pos;
      const isThere = Math.abs(left) <= perStep;
      cover.current_pos = isThere ? target : cover.current_pos + Math.sign(left) * perStep;
      cover.state = isThere ? (target === 0 ? 'closed' : target === 100 ? 'open' : 'stopped') : 'opening';
      notify('NotifyStatus', { 'cover:0': { id: 0, ...cover } });
      if (!isThere) cancelMove = after(STEP, step);
    };
    cancelMove = after(STEP, step);
  };
  const fetchProgram = (url: string): void => {
    count('update');
    const event = (rest: Json): void => {
      notify('NotifyEvent', { events: [{ component: 'sys', ...rest, ts: clock.now() / 1_000 }] });
    };
    event({ event: 'ota_begin', msg: 'Begin' });
    after(FETCH, () => {
      event({ event: 'ota_progress', msg: 'Progress', progress_percent: 50 });
      after(FETCH, () => {
        event({ event: 'ota_success', msg: 'Success' });
        version = /shelly-([\d.]+\d)/.exec(url)?.[1] ?? version;
        peer.drop();
        after(RESTART, () => {
          peer.open();
        });
      });
    });
  };

  type Outcome = { readonly result: unknown } | { readonly code: number; readonly message: string };
  const carryOut = (method: string, params: Json): Outcome => {
    const id = Number(params['id'] ?? 0);
    if (method === 'Shelly.GetStatus') return { result: wholeStatus() };
    if (method === 'Shelly.GetDeviceInfo')
      return { result: { id: name, mac: 'A8032AB12345', model: 'SNSW-001X16EU', gen: 2, ver: version } };
    if (faults.refuses) return { code: -109, message: 'Shutting down in 60000 ms' };
    switch (method) {
      case 'Switch.Set': {
        if (id >= outputs.length) return { code: -105, message: `Argument 'id', value ${id} not found!` };
        const wasOn = outputs[id] === true;
        const toggleAfter = params['toggle_after'];
        count(`switch ${id}`);
        setOutput(id, params['on'] === true, typeof toggleAfter === 'number' ? toggleAfter : undefined);
        return { result: { was_on: wasOn } };
      }
      case 'Cover.Open':
      case 'Cover.Close':
      case 'Cover.GoToPosition':
        count('cover');
        moveTo(method === 'Cover.Open' ? 100 : method === 'Cover.Close' ? 0 : Number(params['pos']));
        return { result: null };
      case 'Cover.Stop':
        cancelMove();
        cover.state = 'stopped';
        return { result: null };
      case 'Shelly.Update':
        fetchProgram(String(params['url']));
        return { result: null };
      default:
        return { code: 404, message: `No handler for ${method}` };
    }
  };
  const rest = (): void => {
    for (const cancel of [...timers]) cancel();
    toggles.clear();
  };

  return {
    start: () => {
      peer.open();
    },
    stop: async () => {
      rest();
      await peer.close();
    },
    cutPower: () => {
      rest();
      outputs.fill(false);
      peer.drop();
    },
    outputs,
    done: (what) => counts.get(what) ?? 0,
    toggle: (id) => {
      setOutput(id, !outputs[id]);
    },
    move: moveTo,
    measure: (now) => {
      watts = now;
      notify('NotifyStatus', { 'switch:0': { id: 0, apower: watts } });
    },
    setInput: (id, state) => {
      inputs[id] = state;
      notify('NotifyStatus', { [`input:${id}`]: { id, state } });
    },
    setFaults: (given) => {
      faults = given;
    },
  };
}
