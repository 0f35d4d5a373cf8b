import { type Cancel, type EpochMs, type MonoMs, type Result, err, failure, ms, ok, seconds } from '@hallhub/sync/base';
import type { CapabilityMap, OpenCommand, Passage } from '../../capabilities/index.ts';
import {
  type BusDefinition,
  type Command,
  type Driver,
  type DriverEnvironment,
  type Exchange,
  type LineMember,
  type SharedLine,
  type Protocol,
  type Receipt,
  type Traffic,
  type Veto,
  brokenOff,
  createCommandLedger,
  createEmitter,
  createExchange,
  createHealth,
  createSharedLine,
  parseParams,
} from '../../kit/index.ts';
import {
  type CommandName,
  type MachineRequest,
  type MachineStatus,
  createStatusFramer,
  encodeRequest,
} from './frames.ts';
import { type MachineParams, machineSchema } from './params.ts';
import { mostWithin, passagesBetween } from './passages.ts';

const DOWN_AFTER = 3;
const POLL_WHEN_DOWN = seconds(2);
/** Whoever walked while nobody looked for longer than this must not pass for somebody who is let in now. */
const LONGEST_AWAY = seconds(10);

type Alarm = Parameters<Parameters<CapabilityMap['gateAlarm']['onAlarm']>[0]>[0];
type ModeCommand = Parameters<CapabilityMap['barrierMode']['mode']>[0];

/** What the machines on one line share. */
interface Bus {
  readonly exchange: Exchange;
  readonly line: SharedLine['line'];
  join(member: LineMember): () => Promise<void>;
  readonly onTraffic: (listener: (traffic: Traffic) => void) => Cancel;
}

/** One turnstile on the bus. People are counted by the board's own counters, never by what it was told. */
function createMachine(options: DriverEnvironment & { deviceId: string; params: MachineParams; bus: Bus }): Driver {
  const { deviceId, params, bus, clock, log } = options;
  const { machine, inward } = params;
  const onListenerError = (error: unknown): void => {
    log.error({ deviceId, error }, 'a listener of the turnstile failed');
  };
  const passages = createEmitter<Passage>(onListenerError);
  const alarms = createEmitter<Alarm>(onListenerError);
  const traffic = createEmitter<Traffic>(onListenerError);
  const health = createHealth({ clock, onListenerError });
  const ledger = createCommandLedger({ clock });

  let seen: { readonly status: MachineStatus; readonly at: MonoMs } | undefined;
  let told: Alarm['alarm'] | undefined;
  let unanswered = 0;
  let life = 0;
  let cancelPoll: Cancel | undefined;
  let leave: (() => Promise<void>) | undefined;

  const ask = async (
    request: MachineRequest,
    more: { readonly veto?: Veto; readonly urgent?: boolean } = {},
  ): Promise<Result<MachineStatus>> => {
    const mine = life;
    const result = await bus.exchange.request({
      bytes: encodeRequest(request),
      meaning: `machine ${machine}: ${request.command}`,
      framer: createStatusFramer(),
      ...(request.command === 'status' && { again: createStatusFramer }),
      timeout: ms(params.replyTimeoutMs),
      // Every order is answered by the status, so the quiet behind a missing reply is what keeps late ones apart.
      accept: (status) => status.machine === machine,
      describe: ({ bytes, left, right }) => ({ bytes, meaning: `machine ${machine}: left ${left}, right ${right}` }),
      ...more,
    });
    if (!result.ok) return result;
    if (mine === life) take(result.value.frame);
    return ok(result.value.frame);
  };
  const take = (status: MachineStatus): void => {
    const at = clock.now();
    const before = seen;
    seen = { status, at: clock.monotonic() };
    unanswered = 0;
    if (before) count(before, status, at);
    const alarm = status.alarm === 0 ? undefined : (params.alarms[String(status.alarm)] ?? 'fault');
    if (alarm !== told) {
      if (told) alarms.emit({ alarm: told, clear: true, at });
      if (alarm) alarms.emit({ alarm, clear: false, at });
      told = alarm;
    }
    if (status.fault === 0) health.set('ready');
    else health.set('degraded', { code: 'E-DEV-0203', detail: `the machine reports fault ${status.fault}` });
  };
  const count = (before: NonNullable<typeof seen>, status: MachineStatus, at: EpochMs): void => {
    const away = clock.monotonic() - before.at;
    if (away > LONGEST_AWAY) {
      log.warn({ deviceId, away }, 'the turnstile was out of sight; who walked meanwhile is not counted');
      return;
    }
    const most = mostWithin(away);
    for (const side of ['left', 'right'] as const) {
      const direction = side === inward ? 'in' : 'out';
      const walked = passagesBetween(before.status[side], status[side], most);
      for (let person = 0; person < walked; person += 1) passages.emit({ direction, at });
    }
  };
  const poll = async (): Promise<void> => {
    const mine = life;
    const result = await ask({ machine, command: 'status' });
    if (mine !== life) return;
    if (!result.ok) {
      unanswered += 1;
      if (unanswered >= DOWN_AFTER) health.set('down', result.error);
      // Nothing that stalls may keep a late "open".
      if (unanswered % (DOWN_AFTER * 4) === 0) bus.line.cycle(result.error);
    }
    if (mine !== life) return;
    cancelPoll = clock.after(unanswered >= DOWN_AFTER ? POLL_WHEN_DOWN : ms(params.pollEveryMs), () => void poll());
  };

  const order = async (command: Command, requests: readonly MachineRequest[], veto: Veto): Promise<Receipt> => {
    for (const [index, request] of requests.entries()) {
      const result = await ask(request, { veto, urgent: true });
      if (!result.ok) {
        if (result.error.code === 'E-DEV-0202' || result.error.code === 'E-DEV-0204') bus.line.cycle(result.error);
        return err(brokenOff(index, result.error));
      }
    }
    return ok({ commandId: command.id, confirmation: 'acknowledged', at: clock.now() });
  };
  const sideOf = (direction: 'in' | 'out'): 'left' | 'right' =>
    (direction === 'in') === (inward === 'left') ? 'left' : 'right';
  const open = (command: OpenCommand, veto: Veto): Promise<Receipt> =>
    order(command, [{ machine, command: `open-${sideOf(command.args.direction)}`, persons: 1 }], veto);
  const mode = (command: ModeCommand, veto: Veto): Promise<Receipt> => {
    const { mode: wanted, direction } = command.args;
    const sides = direction === 'both' ? (['left', 'right'] as const) : [sideOf(direction)];
    // "Close" ends what was held or forbidden, on both sides: the board knows no other way back.
    const names: readonly CommandName[] =
      wanted === 'controlled'
        ? ['close']
        : sides.map((side) => `${wanted === 'free' ? 'hold' : 'forbid'}-${side}` as const);
    return order(
      command,
      names.map((name) => ({ machine, command: name })),
      veto,
    );
  };

  bus.onTraffic((event) => {
    const own = event.direction === 'discarded' || event.bytes[2] === machine;
    if (leave && own) traffic.emit(event);
  });
  return {
    deviceId,
    capabilities: {
      barrier: { open: (command) => ledger.run(command, (veto) => open(command, veto)) },
      barrierMode: { mode: (command) => ledger.run(command, (veto) => mode(command, veto)) },
      passageSensor: { onPassage: passages.on },
      gateAlarm: { onAlarm: alarms.on },
    },
    get health() {
      return health.current;
    },
    start: () => {
      leave ??= bus.join({
        onUp: () => {
          life += 1;
          unanswered = 0;
          void poll();
        },
        onDown: (reason) => {
          life += 1;
          cancelPoll?.();
          health.set('down', reason);
        },
      });
    },
    stop: async () => {
      life += 1;
      cancelPoll?.();
      seen = undefined;
      const left = leave?.();
      leave = undefined;
      await left;
      health.set('starting');
    },
    onHealth: health.on,
    onTraffic: traffic.on,
  };
}

function createBus(
  definition: BusDefinition,
  environment: DriverEnvironment,
  machines: readonly MachineParams[],
): Result<Bus> {
  const transport = environment.transportFactory(definition.transport);
  if (!transport.ok) return transport;
  const { clock } = environment;
  const traffic = createEmitter<Traffic>((error) => {
    environment.log.error({ error }, 'a listener of the turnstiles failed');
  });
  const slowest = (of: 'quietMs' | 'turnaroundMs') => ms(Math.max(...machines.map((params) => params[of])));
  const exchange = createExchange({
    clock,
    write: (bytes, order) => shared.line.write(bytes, order),
    quiet: slowest('quietMs'),
    gap: slowest('turnaroundMs'),
    onTraffic: (event) => {
      traffic.emit({ ...event, at: clock.now() });
    },
  });
  const shared = createSharedLine({
    ...environment,
    transport: transport.value,
    onUp: () => {
      exchange.up();
    },
    onDown: (reason) => {
      exchange.down(reason);
    },
    onData: exchange.receive,
  });
  return ok({ exchange, line: shared.line, join: shared.join, onTraffic: traffic.on });
}

/** Turnstiles on one RS-485 line; all share one queue. */
export const turnstileRs485Protocol: Protocol = {
  name: 'turnstile-rs485',
  connect: (definition, environment) => {
    const machines: { deviceId: string; params: MachineParams }[] = [];
    for (const { deviceId, params: given } of definition.devices) {
      const params = parseParams(machineSchema, given);
      if (!params.ok) return err({ ...params.error, detail: `${deviceId}: ${params.error.detail ?? ''}` });
      if (machines.some((other) => other.params.machine === params.value.machine)) {
        return failure('E-DEV-0302', `two turnstiles on one bus have number ${params.value.machine}`);
      }
      machines.push({ deviceId, params: params.value });
    }
    const bus = createBus(
      definition,
      environment,
      machines.map(({ params }) => params),
    );
    if (!bus.ok) return err(bus.error);
    return ok(machines.map((each) => createMachine({ ...environment, ...each, bus: bus.value })));
  },
};
