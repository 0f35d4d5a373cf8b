import { type Cancel, type Clock, type EpochMs, ms } from '@hallhub/sync/base';
import type { ConnectMqttPeer } from '../../kit/index.ts';
import type { DeviceWeb } from '../../transports/index.ts';

/** A camera of this make, written from its documents apart from the driver. */
export interface VzenithSimulator {
  start(): void;
  stop(): void;
  /** A car stands before it; or stood there, while the camera was off line. */
  see(plate: string, how?: { readonly offlineAt?: EpochMs }): unknown;
  /** How often its barrier opened, for whatever reason. */
  readonly opened: number;
  setFaults(faults: { readonly silent?: boolean; readonly refuses?: boolean }): void;
}

const HEARTBEAT = ms(2_000);

type Json = Readonly<Record<string, unknown>>;

const alarm = (serial: string, id: number, license: string, at: EpochMs, offline: boolean): Json => ({
  AlarmInfoPlate: {
    channel: 0,
    deviceName: 'IVS',
    ipaddr: '192.168.1.100',
    serialno: serial,
    result: {
      PlateResult: {
        license,
        confidence: 97,
        direction: 4,
        plateid: id,
        isoffline: offline ? 1 : 0,
        timeStamp: { Timeval: { sec: Math.floor(at / 1_000), usec: (at % 1_000) * 1_000 } },
      },
    },
  },
});

export function createVzenithMqttSimulator(options: {
  readonly connect: ConnectMqttPeer;
  readonly clock: Clock;
  readonly serial: string;
}): VzenithSimulator & { close(): Promise<void> } {
  const { clock, serial } = options;
  const topic = (rest: string): string => `device/${serial}/message/${rest}`;
  let [opened, lastId] = [0, 100];
  let faults: { silent?: boolean; refuses?: boolean } = {};
  let timer: Cancel = () => undefined;
  const peer = options.connect({
    will: { topic: topic('up/offline'), payload: '', retain: false },
    filters: [topic('down/gpio_out')],
    onUp: () => {
      say('keep_alive', {});
    },
    onMessage: (_topic, payload) => {
      const order = JSON.parse(payload) as { id: string; payload: { body: { io: number; value: number } } };
      if (!faults.refuses && order.payload.body.value === 2) opened += 1;
      if (faults.silent) return;
      peer.publish(topic('down/gpio_out/reply'), JSON.stringify({ code: faults.refuses ? 500 : 200, id: order.id }));
    },
  });
  const say = (name: string, payload: Json): void => {
    if (faults.silent) return;
    const message = { id: `${clock.now()}`, sn: serial, name, version: '1.0', timestamp: clock.now(), payload };
    peer.publish(topic(`up/${name}`), JSON.stringify(message));
  };
  const beat = (): void => {
    say('keep_alive', {});
    timer = clock.after(HEARTBEAT, beat);
  };
  return {
    start: () => {
      peer.open();
      beat();
    },
    stop: () => {
      timer();
    },
    close: () => peer.close(),
    see: (plate, { offlineAt } = {}) => {
      lastId += 1;
      const license = Buffer.from(plate).toString('base64');
      say('ivs_result', alarm(serial, lastId, license, offlineAt ?? clock.now(), offlineAt !== undefined));
    },
    get opened() {
      return opened;
    },
    setFaults: (next) => {
      faults = next;
    },
  };
}

/** Posts; obeys "ok" and pulses in the answers, and sends what got no answer up to four times again. */
export function createVzenithHttpSimulator(options: {
  readonly web: DeviceWeb;
  readonly clock: Clock;
  readonly serial: string;
  /** Where it reports. */
  readonly target: string;
}): VzenithSimulator {
  const { web, clock, serial, target } = options;
  const timers = new Set<Cancel>();
  let [opened, lastId] = [0, 100];
  let faults: { silent?: boolean } = {};
  let running = false;

  const after = (delay: number, action: () => void): void => {
    const cancel = clock.after(ms(delay), () => {
      timers.delete(cancel);
      if (running) action();
    });
    timers.add(cancel);
  };
  const post = async (body: Json): Promise<boolean> => {
    if (faults.silent === true) return false;
    const answer = await web.push({
      method: 'POST',
      target,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(body)),
    });
    if (answer?.status !== 200) return false;
    const said = JSON.parse(Buffer.from(answer.body).toString()) as {
      Response_AlarmInfoPlate?: { info?: string; ivs_ioctrl?: { value: number; delay: number } };
    };
    const { info, ivs_ioctrl: control } = said.Response_AlarmInfoPlate ?? {};
    if (info === 'ok' || (control?.value === 2 && control.delay >= 500 && control.delay <= 5_000)) opened += 1;
    return true;
  };
  const deliver = (record: Json, resends: number): void => {
    void post(record).then((arrived) => {
      if (arrived || resends === 0 || !running) return;
      after(2_000, () => {
        deliver(record, resends - 1);
      });
    });
  };
  const beat = (): void => {
    void post({ heartbeat: { serialno: serial, username: 'admin', password: 'in-clear' } });
    after(HEARTBEAT, beat);
  };
  return {
    start: () => {
      running = true;
      beat();
    },
    stop: () => {
      running = false;
      for (const cancel of timers) cancel();
      timers.clear();
    },
    see: (plate, { offlineAt } = {}) => {
      lastId += 1;
      deliver(alarm(serial, lastId, plate, offlineAt ?? clock.now(), offlineAt !== undefined), 4);
    },
    get opened() {
      return opened;
    },
    setFaults: (next) => {
      faults = next;
    },
  };
}
