import { flushCompileCache } from 'node:module';
import { type MessagePort, parentPort } from 'node:worker_threads';
import {
  type Clock,
  type Failure,
  type MonoMs,
  type Result,
  failure,
  systemClock,
  systemRandom,
} from '@hallhub/sync/base';
import { type CapabilityName, capabilityShapes, listenerName } from '../../capabilities/index.ts';
import {
  type DeviceLog,
  type Driver,
  type MqttChannel,
  type MqttChannelState,
  type Transport,
  createEmitter,
  isByteLine,
  rethrow,
} from '../../kit/index.ts';
import { loadProtocol } from '../protocols.ts';
import { type Questions, bridgedInbox } from './inbox.ts';
import type { Birth, FromWorker, ToWorker } from './messages.ts';
import type { Boarding } from './threads.ts';

/**
 * One bus in a thread apart from the host: its drivers may throw, leak or spin without the host noticing. Lines stay with the
 * host and reach in here as messages, because a native port cannot be torn down with the thread that uses it.
 */
async function run(birth: Birth, port: MessagePort): Promise<void> {
  const post = (message: FromWorker): void => {
    port.postMessage(message);
  };
  const clock: Clock = systemClock({ mode: 'production', origin: birth.clockOrigin });
  const pending = createPending();
  const line = bridgedLine(birth.lineName, post, pending);
  const channel = birth.mqtt && bridgedChannel(birth.mqtt, clock, post, pending);
  const log = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: object, text: string) => {
    post({ type: 'log', level, fields, text });
  };
  const deviceLog: DeviceLog = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
  const { transport } = birth.bus;
  const inbox = bridgedInbox(birth.lineName, post, pending);
  // The one protocol that its bus speaks, and no other.
  const protocol = await loadProtocol(birth.protocol);
  // A thread is ended from outside and would not write what it compiled.
  flushCompileCache();
  const built: Result<readonly Driver[]> = protocol
    ? protocol.connect(birth.bus, {
        clock,
        random: systemRandom,
        log: deviceLog,
        transportFactory: () =>
          isByteLine(transport)
            ? { ok: true, value: line.transport }
            : failure('E-DEV-0302', `this protocol needs a byte line, not ${transport.kind}`),
        ...(channel && { mqtt: channel.channel }),
        ...(transport.kind === 'http-listen' && { inbox: () => inbox.inbox }),
        ...(birth.reconnect && { reconnect: birth.reconnect }),
      })
    : failure('E-DEV-0301', `no protocol ${birth.protocol.name}`);
  // A bus without drivers is asked how it is like any other: whoever does not answer is taken for one that spins.
  const drivers = built.ok ? built.value : [];
  for (const [device, driver] of drivers.entries()) report(driver, device, post);
  if (built.ok) post({ type: 'built', capabilities: drivers.map((driver) => namesOf(driver)) });
  else post({ type: 'unfit', reason: built.error });

  port.on('message', (message: ToWorker) => {
    switch (message.type) {
      case 'start':
        for (const driver of drivers) driver.start();
        return;
      case 'stop':
        void Promise.allSettled(drivers.map(async (driver) => driver.stop())).then(() => {
          post({ type: 'stopped' });
        });
        return;
      case 'ping':
        post({ type: 'pong' });
        return;
      case 'call':
        void call(drivers[message.device], message).then((result) => {
          post({ type: 'result', id: message.id, result });
        });
        return;
      case 'settled':
        pending.settle(message.id, message.result);
        return;
      case 'line-data':
        line.data(message.bytes);
        return;
      case 'line-down':
        line.down(message.reason);
        return;
      case 'mqtt-state':
        channel?.state(message.state);
        return;
      case 'mqtt-message':
        channel?.message(message);
        return;
      case 'inbox-report':
        inbox.report(message);
    }
  });
}

const namesOf = (driver: Driver): readonly CapabilityName[] => Object.keys(driver.capabilities) as CapabilityName[];

/** Everything that a driver says goes up. */
function report(driver: Driver, device: number, post: (message: FromWorker) => void): void {
  driver.onHealth((health) => {
    post({ type: 'health', device, health });
  });
  driver.onTraffic((traffic) => {
    post({ type: 'traffic', device, traffic });
  });
  for (const capability of namesOf(driver)) {
    for (const event of Object.keys(capabilityShapes[capability].events)) {
      const listen: unknown = Reflect.get(driver.capabilities[capability] ?? {}, listenerName(event));
      if (typeof listen !== 'function') continue;
      (listen as (listener: (data: unknown) => void) => void)((data) => {
        post({ type: 'event', device, capability, event, data });
      });
    }
  }
}

async function call(
  driver: Driver | undefined,
  message: Extract<ToWorker, { type: 'call' }>,
): Promise<Result<unknown>> {
  const method: unknown = Reflect.get(driver?.capabilities[message.capability] ?? {}, message.method);
  if (typeof method !== 'function') return failure('E-DEV-0203', `no ${message.capability}.${message.method}`);
  return (method as (...args: readonly unknown[]) => Promise<Result<unknown>>)(...message.args);
}

interface Pending extends Questions {
  settle(id: number, result: Result<void>): void;
}

function createPending(): Pending {
  const waiting = new Map<number, (result: Result<void>) => void>();
  let last = 0;
  return {
    ask: () => {
      last += 1;
      const id = last;
      return { id, answer: new Promise((resolve) => waiting.set(id, resolve)) };
    },
    settle: (id, result) => {
      waiting.get(id)?.(result);
      waiting.delete(id);
    },
  };
}

function bridgedLine(
  name: string,
  post: (message: FromWorker) => void,
  pending: Pending,
): {
  readonly transport: Transport;
  readonly data: (bytes: Uint8Array) => void;
  readonly down: (reason: Failure) => void;
} {
  const data = createEmitter<Uint8Array>(rethrow);
  const down = createEmitter<Failure>(rethrow);
  return {
    transport: {
      name,
      open: () => {
        const { id, answer } = pending.ask();
        post({ type: 'line-open', id });
        return answer;
      },
      write: (bytes, order) => {
        const { id, answer } = pending.ask();
        post({ type: 'line-write', id, bytes, ...(order && { order }) });
        return answer;
      },
      close: async (how) => {
        const { id, answer } = pending.ask();
        post({ type: 'line-close', id, drop: how === 'drop' });
        await answer;
      },
      onData: data.on,
      onDown: down.on,
    },
    data: data.emit,
    down: down.emit,
  };
}

function bridgedChannel(
  birth: { readonly name: string; readonly state: MqttChannelState },
  clock: Clock,
  post: (message: FromWorker) => void,
  pending: Pending,
): {
  readonly channel: MqttChannel;
  readonly state: (state: MqttChannelState) => void;
  readonly message: (message: Extract<ToWorker, { type: 'mqtt-message' }>) => void;
} {
  const changed = createEmitter<MqttChannelState>(rethrow);
  const subscriptions = new Map<number, Parameters<MqttChannel['subscribe']>[1]>();
  let current = birth.state;
  let last = 0;
  return {
    channel: {
      name: birth.name,
      get state() {
        return current;
      },
      publish: (topic, payload, options) => {
        const { id, answer } = pending.ask();
        const { lives } = options ?? {};
        const until = lives === undefined ? {} : { until: (clock.monotonic() + lives) as MonoMs };
        post({ type: 'mqtt-publish', id, topic, payload, options: options ?? {}, ...until });
        return answer;
      },
      subscribe: (filter, listener) => {
        last += 1;
        const subscription = last;
        subscriptions.set(subscription, listener);
        post({ type: 'mqtt-subscribe', subscription, filter });
        return () => {
          if (subscriptions.delete(subscription)) post({ type: 'mqtt-unsubscribe', subscription });
        };
      },
      onState: changed.on,
    },
    state: (state) => {
      current = state;
      changed.emit(state);
    },
    message: ({ subscription, topic, payload, retained }) => {
      subscriptions.get(subscription)?.({ topic, payload, retained });
    },
  };
}

parentPort?.on('message', ({ birth, port }: Boarding) => {
  void run(birth, port);
});
