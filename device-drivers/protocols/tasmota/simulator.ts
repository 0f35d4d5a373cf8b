import { type Cancel, type Clock, type EpochMs, ms, seconds } from '@hallhub/sync/base';
import { type ConnectMqttPeer, createEmitter, rethrow } from '../../kit/index.ts';

export interface TasmotaSimulatorOptions {
  readonly connect: ConnectMqttPeer;
  readonly clock: Clock;
  readonly topic: string;
  readonly relays: number;
  /** One shutter, that goes all its way in this; no shutter without. */
  readonly shutterTravel?: number;
  readonly hasEnergyMeter?: boolean;
  readonly version?: string;
  /** How it gets a program; false: it could not, and keeps its own. Absent: it has it after a moment, without asking anybody. */
  readonly fetchProgram?: (url: string) => Promise<boolean>;
}

/** Faults that can be switched on; they stay until they are switched off. */
export interface TasmotaFaults {
  /** Orders are carried out, nothing is answered. */
  readonly silent?: boolean;
  /** Every order is answered as one that this build does not know, and not carried out. */
  readonly refuses?: boolean;
}

/** A device that runs Tasmota, by its topics; it knows as much of the command set as the drivers of this product use. */
export interface TasmotaSimulator {
  start(): void;
  stop(): Promise<void>;
  /** Loses its power: the last will is spoken, and the relays fall off. */
  cutPower(): void;
  readonly relays: readonly boolean[];
  readonly position: number;
  /** How often each thing was done: `relay 0`, `shutter`, `update`. */
  done(what: string): number;
  /** Somebody presses the button on the device. */
  toggle(relay: number): void;
  /** Somebody moves the shutter by the keys at the wall, to so much open. */
  move(percentOpen: number): void;
  measure(watts: number): void;
  press(name: string, action: string): void;
  setFaults(faults: TasmotaFaults): void;
  onRelay(listener: (event: { readonly relay: number; readonly on: boolean; readonly at: EpochMs }) => void): Cancel;
}

const TELEMETRY_EVERY = seconds(300);
const FETCH = seconds(2);
const RESTART = seconds(2);
const STEP = ms(200);

export function createTasmotaSimulator(options: TasmotaSimulatorOptions): TasmotaSimulator {
  const { clock, topic } = options;
  const relays = new Array<boolean>(options.relays).fill(false);
  const pulseTimes = new Array<number>(options.relays).fill(0);
  const pulses = new Map<number, Cancel>();
  const timers = new Set<Cancel>();
  const counts = new Map<string, number>();
  const switched = createEmitter<{ relay: number; on: boolean; at: EpochMs }>(rethrow);
  const shutter = { position: 0, direction: 0, target: 0 };
  let cancelMove: Cancel = () => undefined;
  let faults: TasmotaFaults = {};
  let version = options.version ?? '13.1.0';
  let next = version;
  let otaUrl = 'http://ota.example/tasmota.bin.gz';
  let watts = 0;
  const bootedAt = clock.monotonic();

  const peer = options.connect({
    will: { topic: `tele/${topic}/LWT`, payload: 'Offline', retain: true },
    filters: [`cmnd/${topic}/#`, 'cmnd/tasmotas/#'],
    onUp: () => {
      peer.publish(`tele/${topic}/LWT`, 'Online', { retain: true });
      tell('tele', 'INFO1', { Info1: { Module: 'Generic', Version: `${version}(tasmota)` } });
      tell('tele', 'STATE', state());
    },
    onMessage: (name, payload) => {
      const command = name.slice(name.lastIndexOf('/') + 1);
      run(command, payload.trim());
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
  const tell = (prefix: 'stat' | 'tele', leaf: string, content: object | string): void => {
    if (faults.silent && prefix === 'stat') return;
    peer.publish(`${prefix}/${topic}/${leaf}`, typeof content === 'string' ? content : JSON.stringify(content));
  };
  const count = (what: string): void => {
    counts.set(what, (counts.get(what) ?? 0) + 1);
  };
  /** A device with one relay calls it POWER. */
  const powerName = (relay: number): string => (options.relays === 1 ? 'POWER' : `POWER${relay + 1}`);
  const powers = (): object => Object.fromEntries(relays.map((on, relay) => [powerName(relay), on ? 'ON' : 'OFF']));
  const state = (): object => ({
    Time: new Date(clock.now()).toISOString().slice(0, 19),
    Uptime: '0T00:00:00',
    UptimeSec: Math.round((clock.monotonic() - bootedAt) / 1_000),
    ...powers(),
  });
  const sensors = (): object => ({
    Time: new Date(clock.now()).toISOString().slice(0, 19),
    ...(options.hasEnergyMeter && {
      ENERGY: { Total: 12.5, Today: 0.4, Power: watts, Voltage: 230, Current: Math.round(watts / 0.23) / 1_000 },
    }),
    ...(options.shutterTravel !== undefined && { Shutter1: shutterState() }),
  });
  const shutterState = (): object => ({
    Position: Math.round(shutter.position),
    Direction: shutter.direction,
    Target: Math.round(shutter.target),
    Tilt: 0,
  });

  const setRelay = (relay: number, on: boolean): void => {
    pulses.get(relay)?.();
    pulses.delete(relay);
    relays[relay] = on;
    switched.emit({ relay, on, at: clock.now() });
    tell('stat', 'RESULT', { [powerName(relay)]: on ? 'ON' : 'OFF' });
    tell('stat', powerName(relay), on ? 'ON' : 'OFF');
    const set = pulseTimes[relay] ?? 0;
    if (!on || set === 0) return;
    pulses.set(
      relay,
      after(set <= 111 ? set * 100 : (set - 100) * 1_000, () => {
        setRelay(relay, false);
      }),
    );
  };
  const moveTo = (target: number): void => {
    cancelMove();
    shutter.target = target;
    shutter.direction = Math.sign(target - shutter.position);
    tell('stat', 'RESULT', { Shutter1: shutterState() });
    const perStep = (100 * STEP) / (options.shutterTravel ?? 1_000);
    const step = (): void => {
      const left = target - shutter.position;
      if (Math.abs(left) > perStep) {
        shutter.position += Math.sign(left) * perStep;
        cancelMove = after(STEP, step);
        return;
      }
      shutter.position = target;
      shutter.direction = 0;
      tell('stat', 'RESULT', { Shutter1: shutterState() });
    };
    cancelMove = after(STEP, step);
  };
  const upgrade = (): void => {
    count('update');
    tell('stat', 'RESULT', { Upgrade: `Version ${version} from ${otaUrl}` });
    const restart = (): void => {
      tell('stat', 'UPGRADE', 'Successful. Restarting');
      version = next;
      peer.drop();
      after(RESTART, () => {
        peer.open();
      });
    };
    if (!options.fetchProgram) {
      after(FETCH, restart);
      return;
    }
    void options.fetchProgram(otaUrl).then((fetched) => {
      if (fetched) restart();
      else tell('stat', 'UPGRADE', 'Failed 404');
    });
  };

  const run = (name: string, payload: string): void => {
    const [, word = '', digits = ''] = /^([A-Za-z]+)(\d*)$/.exec(name) ?? [];
    const index = digits === '' ? 0 : Number(digits) - 1;
    const verb = word.toLowerCase();
    if (verb === 'backlog') {
      for (const part of payload.split(';')) {
        const [first = '', ...rest] = part.trim().split(/\s+/);
        if (first !== '') run(first, rest.join(' '));
      }
      return;
    }
    if (verb === 'state' || verb === 'status') {
      if (verb === 'state') tell('stat', 'RESULT', state());
      else if (payload === '2') tell('stat', 'STATUS2', { StatusFWR: { Version: `${version}(tasmota)`, Boot: 31 } });
      else if (payload === '10') tell('stat', 'STATUS10', { StatusSNS: sensors() });
      return;
    }
    if (faults.refuses) {
      tell('stat', 'RESULT', { Command: 'Unknown' });
      return;
    }
    if (verb === 'power' && index < options.relays) {
      const on = { on: true, '1': true, off: false, '0': false, toggle: !relays[index] }[payload.toLowerCase()];
      if (on === undefined) return;
      count(`relay ${index}`);
      setRelay(index, on);
    } else if (verb === 'pulsetime' && index < options.relays) {
      pulseTimes[index] = Number(payload);
      tell('stat', 'RESULT', { [`PulseTime${index + 1}`]: { Set: Number(payload), Remaining: 0 } });
    } else if (verb.startsWith('shutter') && options.shutterTravel !== undefined) {
      count('shutter');
      const targets: Readonly<Record<string, number>> = {
        shutteropen: 100,
        shutterclose: 0,
        shutterstop: shutter.position,
        shutterposition: Number(payload),
      };
      moveTo(targets[verb] ?? shutter.position);
    } else if (verb === 'otaurl') {
      otaUrl = payload;
      next = /tasmota-([\d.]+\d)/.exec(payload)?.[1] ?? version;
      tell('stat', 'RESULT', { OtaUrl: otaUrl });
    } else if (verb === 'upgrade' && payload === '1') upgrade();
    else tell('stat', 'RESULT', { Command: 'Unknown' });
  };
  const telemetry = (): void => {
    tell('tele', 'STATE', state());
    if (options.hasEnergyMeter || options.shutterTravel !== undefined) tell('tele', 'SENSOR', sensors());
    after(TELEMETRY_EVERY, telemetry);
  };
  const rest = (): void => {
    for (const cancel of [...timers]) cancel();
    pulses.clear();
  };

  return {
    start: () => {
      peer.open();
      after(TELEMETRY_EVERY, telemetry);
    },
    stop: async () => {
      rest();
      await peer.close();
    },
    cutPower: () => {
      rest();
      relays.fill(false);
      peer.drop();
    },
    relays,
    get position() {
      return shutter.position;
    },
    done: (what) => counts.get(what) ?? 0,
    toggle: (relay) => {
      setRelay(relay, !relays[relay]);
    },
    move: moveTo,
    measure: (now) => {
      watts = now;
      tell('tele', 'SENSOR', sensors());
    },
    press: (name, action) => {
      tell('stat', 'RESULT', { [name]: { Action: action } });
    },
    setFaults: (given) => {
      faults = given;
    },
    onRelay: switched.on,
  };
}
