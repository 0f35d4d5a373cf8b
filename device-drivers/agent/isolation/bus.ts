import { type Cancel, type ClockOrigin, type Failure, type Result, err, failure, ms, ok } from '@hallhub/sync/base';
import { type CapabilityMap, type CapabilityName, capabilityShapes, listenerName } from '../../capabilities/index.ts';
import {
  type BusDefinition,
  type Command,
  type CommandLedger,
  type Driver,
  type DriverEnvironment,
  type Emitter,
  type HealthKeeper,
  type Receipt,
  type Traffic,
  type Transport,
  createCommandLedger,
  createEmitter,
  createHealth,
  isByteLine,
} from '../../kit/index.ts';
import { bridgeInbox } from './inbox.ts';
import { type LateOrders, createLateOrders } from './late-orders.ts';
import type { Birth, FromWorker } from './messages.ts';
import { type SupervisedThreadOptions, superviseThread } from './thread.ts';
import type { Threads } from './threads.ts';

export interface IsolatedBusOptions {
  readonly protocol: Birth['protocol'];
  readonly definition: BusDefinition;
  /** What each device's profile promises, in the order of `definition.devices`. */
  readonly capabilities: readonly (readonly CapabilityName[])[];
  readonly lineName: string;
  readonly environment: DriverEnvironment;
  readonly clockOrigin: ClockOrigin;
  readonly threads: Threads;
  readonly patience?: SupervisedThreadOptions['patience'];
}

interface Member {
  readonly health: HealthKeeper;
  readonly traffic: Emitter<Traffic>;
  readonly events: ReadonlyMap<string, Emitter<unknown>>;
  readonly capabilities: Partial<CapabilityMap>;
}

/**
 * The drivers of one bus, run in a thread: what is returned here speaks to them. A thread that dies or spins
 * takes down the devices of its bus (`E-DEV-0303`) until it has been started again, and nothing else.
 */
export function isolateBus(options: IsolatedBusOptions): Result<readonly Driver[]> {
  const { definition, environment, lineName } = options;
  const { clock, log, mqtt } = environment;
  const line = openableLine(definition, environment);
  if (!line.ok) return line;
  const transport = line.value;
  const { transport: settings } = definition;
  const inbox =
    settings.kind === 'http-listen' && environment.inbox
      ? bridgeInbox(environment.inbox(settings), (message) => {
          thread.post(message);
        })
      : undefined;

  const calls = new Map<number, (result: Result<unknown>) => void>();
  const subscriptions = new Map<number, Cancel>();
  const orders = createLateOrders({ clock });
  let lastCall = 0;
  let running = 0;
  let up = false;

  const onMessage = (message: FromWorker): void => {
    switch (message.type) {
      case 'built':
        up = true;
        thread.post({ type: 'start' });
        return;
      case 'unfit':
        for (const { health } of members) health.set('down', message.reason);
        return;
      case 'health':
        members[message.device]?.health.set(message.health.state, message.health.reason);
        return;
      case 'traffic':
        members[message.device]?.traffic.emit(message.traffic);
        return;
      case 'event':
        members[message.device]?.events.get(`${message.capability}.${message.event}`)?.emit(message.data);
        return;
      case 'result':
        calls.get(message.id)?.(message.result);
        calls.delete(message.id);
        return;
      case 'log':
        log[message.level]({ ...message.fields }, message.text);
        return;
      case 'line-open':
        settle(message.id, () => transport?.open());
        return;
      case 'line-write':
        settle(message.id, () => held(orders.refuse(message.order)) ?? transport?.write(message.bytes));
        return;
      case 'line-close':
        settle(message.id, () => transport?.close(message.drop ? 'drop' : undefined).then(() => ok()));
        return;
      case 'mqtt-publish':
        settle(message.id, () => publish(message));
        return;
      case 'mqtt-subscribe':
        subscribe(message.subscription, message.filter);
        return;
      case 'mqtt-unsubscribe':
        subscriptions.get(message.subscription)?.();
        subscriptions.delete(message.subscription);
        return;
      case 'inbox-listen':
        settle(message.id, () => inbox?.listen(message.door, message.at));
        return;
      case 'inbox-leave':
        inbox?.leave(message.door);
        return;
      case 'inbox-answer':
        settle(message.id, () => held(orders.refuse(message.order)) ?? inbox?.answer(message.exchange, message.answer));
        return;
      case 'stopped':
      case 'pong':
    }
  };
  /**
   * Does something for the thread and tells it what came of it. Lines answer with values; one that throws all the same has
   * broken for the drivers of this bus, and must not take the process down.
   */
  const settle = (id: number, act: () => Promise<Result<void>> | undefined): void => {
    const broken = (error: unknown): Result<void> => {
      log.error({ line: lineName, error }, 'a line threw');
      return failure('E-DEV-0103', lineName);
    };
    // Begun in this very turn: what the thread asks for next must not overtake it.
    const acting = attempt(act);
    void acting.catch(broken).then((result = failure('E-DEV-0102', lineName)) => {
      thread.post({ type: 'settled', id, result });
    });
  };
  const held = (late: Failure | undefined): Promise<Result<void>> | undefined => late && Promise.resolve(err(late));
  const publish = (message: Extract<FromWorker, { type: 'mqtt-publish' }>): Promise<Result<void>> | undefined => {
    const { topic, payload, options: given, until } = message;
    if (until === undefined) return mqtt?.publish(topic, payload, given);
    const left = Math.ceil(until - clock.monotonic());
    return left > 0 ? mqtt?.publish(topic, payload, { ...given, lives: ms(left) }) : held({ code: 'E-DEV-0201' });
  };
  const subscribe = (subscription: number, filter: string): void => {
    if (!mqtt) return;
    const cancel = mqtt.subscribe(filter, ({ topic, payload, retained }) => {
      thread.post({ type: 'mqtt-message', subscription, topic, payload, retained });
    });
    subscriptions.set(subscription, cancel);
  };
  /** What was asked of the thread and is not answered yet may have left: it fails with `unanswered`. */
  const onGone = (reason: Failure, unanswered = reason): void => {
    up = false;
    attempt(() => transport?.close('drop')).catch((error: unknown) => {
      log.error({ line: lineName, error }, 'a line could not be closed');
    });
    for (const cancel of subscriptions.values()) cancel();
    subscriptions.clear();
    inbox?.close();
    const open = [...calls.values()];
    calls.clear();
    for (const resolve of open) resolve({ ok: false, error: unanswered });
    for (const { health } of members) health.set('down', reason);
  };

  const thread = superviseThread({
    threads: options.threads,
    birth: () => ({
      protocol: options.protocol,
      bus: definition,
      lineName,
      clockOrigin: options.clockOrigin,
      ...(environment.reconnect && { reconnect: environment.reconnect }),
      ...(mqtt && { mqtt: { name: mqtt.name, state: mqtt.state } }),
    }),
    clock,
    random: environment.random,
    log,
    onMessage,
    onGone,
    ...(options.patience !== undefined && { patience: options.patience }),
  });
  const ask = (
    device: number,
    capability: CapabilityName,
    method: string,
    args: readonly unknown[],
  ): Promise<Result<unknown>> =>
    up
      ? new Promise((resolve) => {
          lastCall += 1;
          calls.set(lastCall, resolve);
          thread.post({ type: 'call', id: lastCall, device, capability, method, args });
        })
      : Promise.resolve(failure('E-DEV-0102', lineName));

  const members = options.capabilities.map((names, device): Member => {
    const onListenerError = (error: unknown): void => {
      log.error({ deviceId: definition.devices[device]?.deviceId, error }, 'a listener of a device failed');
    };
    const events = new Map<string, Emitter<unknown>>();
    // A command that was given to a thread that died is not given to the next one: the ledger outlives them.
    const ledger = createCommandLedger({ clock });
    const capabilities = Object.fromEntries(
      names.map((name) => [
        name,
        standIn({
          name,
          events,
          ledger,
          orders,
          onListenerError,
          ask: (method, args) => ask(device, name, method, args),
        }),
      ]),
    ) as Partial<CapabilityMap>;
    return {
      health: createHealth({ clock, onListenerError }),
      traffic: createEmitter<Traffic>(onListenerError),
      events,
      capabilities,
    };
  });
  let undo: readonly Cancel[] = [];
  const begin = (): void => {
    undo = [
      transport?.onData((bytes) => {
        thread.post({ type: 'line-data', bytes });
      }),
      transport?.onDown((reason) => {
        thread.post({ type: 'line-down', reason });
      }),
      mqtt?.onState((state) => {
        thread.post({ type: 'mqtt-state', state });
      }),
    ].filter((cancel) => cancel !== undefined);
    thread.start();
  };
  const end = async (): Promise<void> => {
    await thread.stop();
    for (const cancel of undo) cancel();
    onGone({ code: 'E-DEV-0102', detail: 'stopped' }, { code: 'E-DEV-0206', detail: 'stopped' });
    await transport?.close();
  };

  return ok(
    definition.devices.map(({ deviceId }, device): Driver => {
      const member = members[device];
      if (!member) throw new Error(`no profile for ${deviceId}`);
      let started = false;
      return {
        deviceId,
        capabilities: member.capabilities,
        get health() {
          return member.health.current;
        },
        start: () => {
          if (started) return;
          started = true;
          running += 1;
          if (running === definition.devices.length) begin();
        },
        stop: async () => {
          if (!started) return;
          started = false;
          running -= 1;
          if (running === 0) await end();
        },
        onHealth: member.health.on,
        onTraffic: member.traffic.on,
      };
    }),
  );
}

/** Runs an action now; what it throws at once is a rejection like any other. */
const attempt = async <T>(act: () => Promise<T> | undefined): Promise<T | undefined> => act();

/** The bus's line, made here; undefined for a protocol that connects by itself. */
function openableLine(
  { transport }: BusDefinition,
  { transportFactory }: DriverEnvironment,
): Result<Transport | undefined> {
  return isByteLine(transport) ? transportFactory(transport) : ok(undefined);
}

/** One capability whose every method is asked of the thread. */
function standIn(options: {
  readonly name: CapabilityName;
  readonly events: Map<string, Emitter<unknown>>;
  readonly ledger: CommandLedger;
  readonly orders: LateOrders;
  readonly onListenerError: (error: unknown) => void;
  readonly ask: (method: string, args: readonly unknown[]) => Promise<Result<unknown>>;
}): object {
  const { name, events, ledger, orders, ask } = options;
  const { commands, calls, events: reported } = capabilityShapes[name];
  const methods: Record<string, unknown> = {};
  for (const command of Object.keys(commands)) {
    methods[command] = (given: Command) =>
      ledger.run(given, async (veto): Promise<Receipt> => {
        const refusal = veto();
        if (refusal) return { ok: false, error: refusal };
        return orders.run(given.id, async () => (await ask(command, [given])) as Receipt);
      });
  }
  for (const call of Object.keys(calls)) {
    methods[call] = (...args: readonly unknown[]) => ask(call, args);
  }
  for (const event of Object.keys(reported)) {
    const emitter = createEmitter<unknown>(options.onListenerError);
    events.set(`${name}.${event}`, emitter);
    methods[listenerName(event)] = emitter.on;
  }
  return methods;
}
