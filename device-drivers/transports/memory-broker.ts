import { type Cancel, type Clock, type DurationMs, failure, ms, ok } from '@hallhub/sync/base';
import {
  type ConnectMqttPeer,
  type MqttChannel,
  type MqttChannelState,
  type MqttMessage,
  createEmitter,
  isCommandTopic,
  matchesFilter,
  rethrow,
} from '../kit/index.ts';

/** What the way from the devices to the host does to messages. Orders are lost, never doubled: a device cannot tell. */
export type MqttFault = 'loses' | 'doubles' | 'reorders' | 'delays';

/** A broker in memory, with clean sessions, retained messages and last wills, for simulations and the conformance suite. */
export interface MemoryBroker {
  /** The host's side. */
  readonly channel: MqttChannel;
  /** A device's side. */
  readonly connect: ConnectMqttPeer;
  /** Away: nobody is connected, what was under way is lost, retained messages stay. */
  setUp(up: boolean): void;
  /** Leaves a retained message behind, as somebody did who is not there any more. */
  readonly leave: (topic: string, payload: string) => void;
  fault: MqttFault | undefined;
  /** How many messages from devices the fault has touched. */
  readonly spoilt: number;
  /** Ends every timer. */
  close(): void;
}

export interface MemoryBrokerOptions {
  readonly clock: Clock;
  /** A number below a bound. */
  readonly random: (below: number) => number;
  /** One way; 1 ms by default. */
  readonly latency?: DurationMs;
}

interface Client {
  readonly filters: readonly string[];
  readonly hand: (topic: string, payload: string, retained: boolean) => void;
}

const RECONNECT = ms(1_000);
/** Longer than any driver waits. */
const DELAY = ms(8_000);

export function createMemoryBroker({ clock, random, latency = ms(1) }: MemoryBrokerOptions): MemoryBroker {
  const retained = new Map<string, string>();
  const clients = new Set<Client>();
  const subscriptions = new Set<{ readonly filter: string; readonly listener: (message: MqttMessage) => void }>();
  const timers = new Set<Cancel>();
  const changed = createEmitter<MqttChannelState>(rethrow);
  const upChanged = createEmitter<boolean>(rethrow);
  let up = true;
  /** Grows when the broker goes: what was under way then does not arrive. */
  let era = 0;
  let spoilt = 0;

  const after = (delay: DurationMs, action: () => void): Cancel => {
    const cancelTimer = clock.after(delay, () => {
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
  const underway = (delay: DurationMs, action: () => void): void => {
    const then = era;
    after(delay, () => {
      if (then === era && up) action();
    });
  };
  const toHost = (topic: string, payload: string): void => {
    for (const { filter, listener } of [...subscriptions])
      if (matchesFilter(filter, topic)) listener({ topic, payload: Buffer.from(payload), retained: false });
  };
  const toDevices = (topic: string, payload: string): void => {
    for (const { filters, hand } of [...clients])
      if (filters.some((filter) => matchesFilter(filter, topic))) hand(topic, payload, false);
  };
  const keep = (topic: string, payload: string): void => {
    if (payload === '') retained.delete(topic);
    else retained.set(topic, payload);
  };
  const fromDevice = (topic: string, payload: string, retain: boolean): void => {
    if (retain) keep(topic, payload);
    toDevices(topic, payload);
    const deliver = (delay: DurationMs): void => {
      underway(delay, () => {
        toHost(topic, payload);
      });
    };
    if (broker.fault !== undefined) spoilt += 1;
    switch (broker.fault) {
      case 'loses':
        if (random(2) === 0) deliver(latency);
        return;
      case 'doubles':
        deliver(latency);
        deliver(ms(latency + 20));
        return;
      case 'reorders':
        deliver(ms(latency + random(200)));
        return;
      case 'delays':
        deliver(DELAY);
        return;
      case undefined:
        deliver(latency);
    }
  };

  const channel: MqttChannel = {
    name: 'memory broker',
    get state() {
      return { up, retainsMessages: true };
    },
    publish: (topic, payload, { retain = false } = {}) => {
      if (retain && isCommandTopic(topic)) throw new RangeError(`an order is never retained: ${topic}`);
      if (!up) return Promise.resolve(failure('E-DEV-0102', 'memory broker'));
      const text = Buffer.from(payload).toString();
      if (retain) keep(topic, text);
      if (broker.fault === 'loses' && random(2) === 0) return Promise.resolve(ok());
      underway(latency, () => {
        toDevices(topic, text);
        toHost(topic, text);
      });
      return Promise.resolve(ok());
    },
    subscribe: (filter, listener) => {
      const subscription = { filter, listener };
      subscriptions.add(subscription);
      const catchUp = (): void => {
        for (const [topic, payload] of [...retained])
          if (subscriptions.has(subscription) && matchesFilter(filter, topic))
            listener({ topic, payload: Buffer.from(payload), retained: true });
      };
      underway(latency, catchUp);
      const stopListening = upChanged.on((now) => {
        if (now) underway(latency, catchUp);
      });
      return () => {
        stopListening();
        subscriptions.delete(subscription);
      };
    },
    onState: changed.on,
  };

  const connect: ConnectMqttPeer = ({ will, filters, onUp, onMessage }) => {
    const client: Client = { filters, hand: onMessage };
    let wanted = false;
    let cancelRetry: Cancel = () => undefined;
    const attempt = (): void => {
      cancelRetry();
      if (!wanted || clients.has(client)) return;
      if (!up) {
        cancelRetry = after(RECONNECT, attempt);
        return;
      }
      clients.add(client);
      for (const [topic, payload] of [...retained])
        if (filters.some((filter) => matchesFilter(filter, topic))) onMessage(topic, payload, true);
      onUp();
    };
    upChanged.on((now) => {
      if (now) {
        if (wanted) cancelRetry = after(RECONNECT, attempt);
        return;
      }
      if (clients.delete(client) && will.retain) keep(will.topic, will.payload);
    });
    return {
      open: () => {
        wanted = true;
        attempt();
      },
      publish: (topic, payload, options) => {
        if (clients.has(client) && up) fromDevice(topic, payload, options?.retain === true);
      },
      drop: () => {
        wanted = false;
        cancelRetry();
        if (clients.delete(client) && up) fromDevice(will.topic, will.payload, will.retain);
      },
      close: () => {
        wanted = false;
        cancelRetry();
        clients.delete(client);
        return Promise.resolve();
      },
    };
  };

  const broker: MemoryBroker = {
    channel,
    connect,
    setUp: (next) => {
      if (next === up) return;
      up = next;
      era += 1;
      upChanged.emit(up);
      changed.emit(channel.state);
    },
    leave: keep,
    fault: undefined,
    get spoilt() {
      return spoilt;
    },
    close: () => {
      for (const cancel of [...timers]) cancel();
    },
  };
  return broker;
}
