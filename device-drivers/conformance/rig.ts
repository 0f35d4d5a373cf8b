import {
  type DurationMs,
  type ManualClock,
  type Result,
  failure,
  manualClock,
  ms,
  ok,
  plus,
  seconds,
} from '@hallhub/sync/base';
import type { Profile } from '@hallhub/firmware-profiles/schema';
import { type CapabilityName, listenerName } from '../capabilities/index.ts';
import type {
  Command,
  Driver,
  DriverEnvironment,
  Protocol,
  Receipt,
  Transport,
  TransportSettings,
} from '../kit/index.ts';
import { createEmitter, rethrow, silentLog } from '../kit/index.ts';
import { createMemoryBroker, createMemoryLine, createMemoryWeb, type MqttFault } from '../transports/index.ts';
import { mulberry } from './random.ts';
import type { MqttSubject, Order, ProtocolConformance, Stimulus, Subject } from './types.ts';

/** What the line does to the bytes that come from the device. */
export type ByteFault = 'doubles' | 'noise' | 'cuts';
export type LineFault = ByteFault | MqttFault;

/** What is between driver and device, as far as the checks move it. */
interface Between {
  unplug(): void;
  plug(): void;
  setFault(fault: LineFault | undefined): void;
  /** How many pieces or messages the fault has lost, doubled, spoilt, held back or set in another order. */
  readonly spoilt: number;
  close(): void;
}

/** One driver and one simulated device on a line in memory, in a time that only the checks move. */
export interface Rig {
  readonly clock: ManualClock;
  readonly driver: Driver;
  readonly subject: Subject;
  readonly line: Between;
  /** Lets time pass until something holds. False: it did not within `longest`. */
  until(holds: () => boolean, longest: DurationMs): Promise<boolean>;
  command(order: Pick<Order, 'command' | 'args'>, lives?: DurationMs): Command;
  /** Gives a command to the driver; the receipt comes when time passes. */
  give(order: Pick<Order, 'capability'>, command: Command): { readonly receipt: () => Receipt | undefined };
  /** Asks the driver; the answer comes when time passes. */
  call(capability: CapabilityName, name: string, args: readonly unknown[]): Promise<Result<unknown>>;
  /** Counts the events of a stimulus from now on; fresh are those that are not what a broker kept. */
  watch(stimulus: Pick<Stimulus, 'capability' | 'event' | 'matches'>): {
    readonly fresh: () => number;
    readonly matching: () => number;
  };
  /** Stops both ends; the number of timers that are left over. */
  stop(): Promise<number>;
}

const STEP = ms(5);

interface Stage {
  readonly subject: Subject;
  readonly line: Between;
  readonly transport: TransportSettings;
  readonly environment: Pick<DriverEnvironment, 'transportFactory' | 'mqtt' | 'inbox' | 'http'>;
  /** Where the line is the protocol's own. */
  readonly protocol?: Protocol;
}

/** Errors: `E-DEV-0301` where the protocol has no simulated device. */
export async function createRig(
  conformance: ProtocolConformance,
  protocol: Protocol,
  profile: Profile,
): Promise<Result<Rig>> {
  const clock = manualClock();
  const random = mulberry(7);
  const stage = stageOf(conformance, profile, clock, random);
  if (!stage) return failure('E-DEV-0301', `${profile.protocol} has no simulated device`);
  const { subject, line } = stage;
  const connected = (stage.protocol ?? protocol).connect(
    {
      transport: stage.transport,
      devices: [{ deviceId: 'device', params: { ...profile.params, ...conformance.installation?.(profile) } }],
    },
    {
      clock,
      random: (size) => Uint8Array.from({ length: size }, () => random(256)),
      log: silentLog,
      ...stage.environment,
    },
  );
  if (!connected.ok) return connected;
  const [driver] = connected.value;
  if (!driver) return failure('E-DEV-0303', 'no driver');
  const started = await subject.start();
  if (!started.ok) return started;
  driver.start();
  return { ok: true, value: rigOf(clock, driver, subject, line) };
}

const stageOf = (
  conformance: ProtocolConformance,
  profile: Profile,
  clock: ManualClock,
  random: (below: number) => number,
): Stage | undefined =>
  onBroker(conformance, profile, clock, random)?.stage ??
  onWeb(conformance, profile, clock, random) ??
  onLine(conformance, profile, clock, random) ??
  onItsOwn(conformance, profile, clock);

/**
 * The simulated device to look at and not to start: what there is to check. Undefined where the protocol has none.
 * Errors: `E-DEV-0302` there is none of such parameters.
 */
export function subjectOf(conformance: ProtocolConformance, profile: Profile): Result<Subject | undefined> {
  try {
    return { ok: true, value: stageOf(conformance, profile, manualClock(), mulberry(7))?.subject };
  } catch (error) {
    return failure('E-DEV-0302', error instanceof Error ? error.message : String(error));
  }
}

/** Errors: as {@link createRig}. The device is not there yet; what it once left at the broker is. */
export function createHauntedRig(conformance: ProtocolConformance, protocol: Protocol, profile: Profile): Result<Rig> {
  const clock = manualClock();
  const random = mulberry(7);
  const made = onBroker(conformance, profile, clock, random);
  if (!made) return failure('E-DEV-0301', `${profile.protocol} does not hang on a broker`);
  for (const { topic, payload } of made.ghosts) made.leave(topic, payload);
  const { subject, line, transport, environment } = made.stage;
  const connected = protocol.connect(
    {
      transport,
      devices: [{ deviceId: 'device', params: { ...profile.params, ...conformance.installation?.(profile) } }],
    },
    { clock, random: (size) => new Uint8Array(size), log: silentLog, ...environment },
  );
  if (!connected.ok) return connected;
  const [driver] = connected.value;
  if (!driver) return failure('E-DEV-0303', 'no driver');
  driver.start();
  return { ok: true, value: rigOf(clock, driver, subject, line) };
}

function onBroker(
  conformance: ProtocolConformance,
  profile: Profile,
  clock: ManualClock,
  random: (below: number) => number,
):
  | { readonly stage: Stage; readonly ghosts: MqttSubject['ghosts']; leave(topic: string, payload: string): void }
  | undefined {
  const broker = createMemoryBroker({ clock, random });
  const device = conformance.simulateMqtt?.({ connect: broker.connect, clock, profile });
  if (!device) return undefined;
  const line: Between = {
    unplug: () => {
      broker.setUp(false);
    },
    plug: () => {
      broker.setUp(true);
    },
    setFault: (fault) => {
      if (fault === 'noise' || fault === 'cuts') throw new TypeError(`messages are whole: ${fault}`);
      broker.fault = fault;
    },
    get spoilt() {
      return broker.spoilt;
    },
    close: () => {
      broker.close();
    },
  };
  const subject: Subject = {
    ...device,
    start: () => {
      device.start();
      return Promise.resolve(ok());
    },
  };
  const environment = {
    mqtt: broker.channel,
    transportFactory: () => failure('E-DEV-0302', 'no byte line here'),
  };
  return {
    stage: { subject, line, transport: { kind: 'mqtt' }, environment },
    ghosts: device.ghosts,
    leave: broker.leave,
  };
}

function onWeb(
  conformance: ProtocolConformance,
  profile: Profile,
  clock: ManualClock,
  random: (below: number) => number,
): Stage | undefined {
  if (!conformance.simulateHttp) return undefined;
  const web = createMemoryWeb({ clock, random });
  const subject = conformance.simulateHttp({ web: web.device, clock, profile });
  return {
    subject,
    line: {
      unplug: () => {
        web.setUp(false);
      },
      plug: () => {
        web.setUp(true);
      },
      setFault: (fault) => {
        if (fault === 'noise' || fault === 'cuts' || fault === 'reorders')
          throw new TypeError(`no request does that: ${fault}`);
        web.fault = fault;
      },
      get spoilt() {
        return web.spoilt;
      },
      close: () => {
        web.close();
      },
    },
    transport:
      profile.transport.kind === 'http-listen'
        ? { kind: 'http-listen', host: '127.0.0.1', port: 8090 }
        : { kind: 'url', url: 'http://device' },
    environment: {
      inbox: () => web.inbox,
      http: web.http,
      transportFactory: () => failure('E-DEV-0302', 'no byte line here'),
    },
  };
}

function onLine(
  conformance: ProtocolConformance,
  profile: Profile,
  clock: ManualClock,
  random: (below: number) => number,
): Stage | undefined {
  const line = createMemoryLine({ name: profile.id });
  const subject = conformance.simulate?.({ transport: line.device, clock, profile });
  if (!subject) return undefined;
  let fault: ByteFault | undefined;
  let spoilt = 0;
  const host = spoil(
    line.host,
    () => fault,
    random,
    () => {
      spoilt += 1;
    },
  );
  return {
    subject,
    line: {
      unplug: () => {
        line.unplug();
      },
      plug: () => {
        line.plug();
      },
      setFault: (next) => {
        if (next === 'loses' || next === 'reorders' || next === 'delays')
          throw new TypeError(`no bytes do that: ${next}`);
        fault = next;
      },
      get spoilt() {
        return spoilt;
      },
      close: () => undefined,
    },
    transport: {
      kind: 'memory',
      name: profile.id,
      ...('baudRate' in profile.transport ? { baudRate: profile.transport.baudRate } : {}),
    },
    environment: { transportFactory: () => ({ ok: true, value: host }) },
  };
}

function onItsOwn(conformance: ProtocolConformance, profile: Profile, clock: ManualClock): Stage | undefined {
  const own = conformance.simulateOwn?.({ clock, profile });
  if (!own) return undefined;
  return {
    subject: own.subject,
    protocol: own.protocol,
    transport: own.transport,
    line: {
      unplug: own.unplug,
      plug: own.plug,
      setFault: (fault) => {
        if (fault) throw new TypeError(`nothing is between them that does that: ${fault}`);
      },
      spoilt: 0,
      close: () => undefined,
    },
    environment: { transportFactory: () => failure('E-DEV-0302', 'no byte line here') },
  };
}

function rigOf(clock: ManualClock, driver: Driver, subject: Subject, line: Between): Rig {
  let ids = 0;
  return {
    clock,
    driver,
    subject,
    line,
    until: async (holds, longest) => {
      const end = clock.monotonic() + longest;
      while (!holds()) {
        if (clock.monotonic() >= end) return false;
        await clock.advanceAsync(STEP);
      }
      return true;
    },
    command: ({ command, args }, lives = seconds(5)) => {
      ids += 1;
      const now = clock.now();
      return {
        id: `check-${ids}`,
        name: command,
        args: typeof args === 'function' ? (args as () => object)() : args,
        issuedAt: now,
        expiresAt: plus(now, lives),
        issuedBy: 'conformance',
      };
    },
    give: ({ capability }, command) => {
      let receipt: Receipt | undefined;
      const method = methodOf(driver, capability, command.name);
      void (method(command) as Promise<Receipt>).then((given) => {
        receipt = given;
      });
      return { receipt: () => receipt };
    },
    call: (capability, name, args) => methodOf(driver, capability, name)(...args) as Promise<Result<unknown>>,
    watch: (stimulus) => {
      let [fresh, matching] = [0, 0];
      const listen = methodOf(driver, stimulus.capability, listenerName(stimulus.event));
      listen((data: unknown) => {
        if ((data as { fromBroker?: true }).fromBroker !== true) fresh += 1;
        if (stimulus.matches(data)) matching += 1;
      });
      return { fresh: () => fresh, matching: () => matching };
    },
    stop: async () => {
      await driver.stop();
      await subject.stop();
      line.close();
      return clock.pending;
    },
  };
}

/** A capability's method by its name; what is missing is the driver's defect and named. */
function methodOf(driver: Driver, capability: CapabilityName, name: string) {
  const found: unknown = Reflect.get(driver.capabilities[capability] ?? {}, name);
  if (typeof found !== 'function') throw new Error(`the driver has no ${capability}.${name}`);
  return found as (...args: readonly unknown[]) => unknown;
}

/** A line whose bytes from the device are spoilt as the fault says. */
function spoil(
  inner: Transport,
  fault: () => ByteFault | undefined,
  random: (below: number) => number,
  onSpoilt: () => void,
): Transport {
  const data = createEmitter<Uint8Array>(rethrow);
  inner.onData((bytes) => {
    const has = fault();
    if (has !== undefined) onSpoilt();
    switch (has) {
      case undefined:
        data.emit(bytes);
        return;
      case 'doubles':
        data.emit(bytes);
        data.emit(bytes);
        return;
      case 'noise':
        data.emit(Uint8Array.from({ length: 1 + random(20) }, () => random(256)));
        data.emit(bytes);
        return;
      case 'cuts':
        data.emit(bytes.subarray(0, random(bytes.length)));
    }
  });
  return { ...inner, name: inner.name, onData: data.on };
}
