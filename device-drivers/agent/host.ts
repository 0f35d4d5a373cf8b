import { type Cancel, type Failure, type Result, failure } from '@hallhub/sync/base';
import { type Profile, builtInProfiles } from '@hallhub/firmware-profiles/schema';
import type { CapabilityName } from '../capabilities/index.ts';
import {
  type DeviceHealth,
  type Driver,
  type DriverEnvironment,
  type Traffic,
  capability,
  createEmitter,
} from '../kit/index.ts';
import { createHttpInboxes, realPortPath, systemTransports } from '../transports/index.ts';
import { type PlannedBus, lineName as nameOfLine, planBuses } from './buses.ts';
import { createFirmwareWatch, forgetfulMemory } from './firmware-watch.ts';
import { isolateBus } from './isolation/bus.ts';
import { createThreads } from './isolation/threads.ts';
import { builtInProtocols } from './protocols.ts';
import { createStandIns } from './stand-ins.ts';
import { stillborn } from './stillborn.ts';
import { type TrafficLog, createTrafficLog } from './traffic-log.ts';
import type { AgentHostOptions, AssignableHost, Assignment, DeviceDefinition } from './types.ts';

interface Planned {
  /** What its bus is built from: while that is the same, its driver goes on. */
  readonly origin: string;
  readonly definition: DeviceDefinition;
  /** Undefined for a definition that makes no sense. */
  readonly profile: Profile | undefined;
  readonly create: () => Driver;
}

interface Hosted extends Omit<Planned, 'create'> {
  readonly driver: Driver;
  readonly traffic: TrafficLog;
  /** Ends what the host hears of its driver. */
  readonly part: Cancel;
}

/** A hub with its devices on agents, or a gate's agent, has fewer buses than this. */
const MOST_THREADS = 12;

/**
 * Builds the drivers of all devices; nothing is opened before {@link AgentHost.start}. What a hub or a broker wants to hear
 * of the devices it takes from the host's events and capabilities; the host itself knows neither.
 */
export function createAgentHost(options: AgentHostOptions): AssignableHost {
  const { clock, random, log } = options;
  const onListenerError = (error: unknown): void => {
    log.error({ error }, 'a listener of the agent failed');
  };
  const healthChanged = createEmitter<{ deviceId: string; health: DeviceHealth }>(onListenerError);
  const trafficSeen = createEmitter<{ deviceId: string; traffic: Traffic }>(onListenerError);
  const devicesChanged = createEmitter<undefined>(onListenerError);
  const environment: DriverEnvironment = {
    clock,
    random,
    log,
    transportFactory:
      options.transportFactory ?? systemTransports({ clock, ...(options.mqtt && { mqtt: options.mqtt }) }),
    inbox: options.inbox ?? createHttpInboxes({ clock, log }),
    ...(options.reconnect ? { reconnect: options.reconnect } : {}),
    ...(options.mqtt ? { mqtt: options.mqtt } : {}),
  };
  let hosted: ReadonlyMap<string, Hosted> = new Map();
  let running = false;
  /** One assignment at a time: a line is closed before its successor opens it. */
  let turn: Promise<void> = Promise.resolve();
  const standIns = createStandIns({ driverOf: (deviceId) => hosted.get(deviceId)?.driver, onListenerError });

  const watch = createFirmwareWatch({
    memory: options.firmware ?? forgetfulMemory(),
    clock,
    log,
    hosted: () => hosted,
    onNotice: (deviceId) => {
      const one = hosted.get(deviceId);
      if (one?.driver.health.state === 'ready') healthChanged.emit({ deviceId, health: watch.judged(one) });
    },
    inTurn: (action) => inTurn(async () => (running ? action() : undefined)),
    rebuild: () => lay(assigned),
  });

  const adopt = ({ origin, definition, profile, create }: Planned): Hosted => {
    const { id: deviceId } = definition;
    const driver = create();
    const traffic = hosted.get(deviceId)?.traffic ?? createTrafficLog();
    const cancels = [
      standIns.join(driver),
      driver.onTraffic((seen) => {
        traffic.add(seen);
        if (trafficSeen.listeners > 0) trafficSeen.emit({ deviceId, traffic: seen });
      }),
      driver.onHealth(() => {
        const known = hosted.get(deviceId);
        const health = watch.judged(known?.driver === driver ? known : { driver, profile, origin });
        log.info(
          { deviceId, state: health.state, code: health.reason?.code, detail: health.reason?.detail },
          'device health',
        );
        healthChanged.emit({ deviceId, health });
      }),
      watch.attend(driver),
    ];
    const part = (): void => {
      for (const cancel of cancels) cancel();
    };
    return { origin, definition, profile, driver, traffic, part };
  };
  const threads = createThreads({
    most: options.threads ?? MOST_THREADS,
    onError: (error) => {
      log.error({ error }, 'a thread of drivers died');
    },
  });
  const connect = ({ protocol, definition, profiles }: PlannedBus): Result<readonly Driver[]> => {
    const { origin: clockOrigin } = clock;
    if (options.isolate === true && clockOrigin && 'module' in protocol) {
      const lineName = nameOfLine(definition.transport);
      return isolateBus({
        // The rules of a place are functions, which do not travel to a thread.
        protocol: { name: protocol.name, module: protocol.module },
        definition,
        capabilities: profiles.map(({ capabilities }) => capabilities),
        lineName,
        environment,
        clockOrigin,
        threads,
        ...(options.patience !== undefined && { patience: options.patience }),
      });
    }
    if (!('connect' in protocol)) return failure('E-DEV-0301', `${protocol.name} is not loaded in this thread`);
    try {
      return protocol.connect(definition, environment);
    } catch (error) {
      log.error({ protocol: protocol.name, error }, 'a protocol failed to build its drivers');
      return failure('E-DEV-0303', protocol.name);
    }
  };

  /** What is to be hosted, in order: a device's driver is made together with those of its bus. */
  const layOut = ({ devices, profiles }: Required<Assignment>): ReadonlyMap<string, Planned> => {
    const plan = planBuses(devices, profiles, options.protocols ?? builtInProtocols, realPortPath, (id) =>
      watch.versionOf(id),
    );
    const wanted = new Map<string, Planned>();
    for (const bus of plan.buses) {
      let built: Result<readonly Driver[]> | undefined;
      for (const [index, definition] of bus.members.entries()) {
        const create = (): Driver => {
          built ??= connect(bus);
          const driver = built.ok ? built.value[index] : undefined;
          const reason: Failure = built.ok ? { code: 'E-DEV-0303' } : built.error;
          return driver ?? stillborn(definition.id, reason, clock);
        };
        wanted.set(definition.id, { origin: bus.origin, definition, profile: bus.profiles[index], create });
      }
    }
    for (const { definition, problem } of plan.misfits) {
      const { id } = definition;
      const { code, detail } = problem;
      log.error({ deviceId: id, code, detail }, 'a device is configured wrongly');
      // Of two devices with one id the first counts.
      if (wanted.has(id)) continue;
      wanted.set(id, {
        origin: `${code} ${detail ?? ''}`,
        definition,
        profile: undefined,
        create: () => stillborn(id, problem, clock),
      });
    }
    return wanted;
  };
  /** Builds what is not there yet, and answers with it; what is there from the same origin stays as it is. */
  const build = (wanted: ReadonlyMap<string, Planned>): readonly Hosted[] => {
    const next = new Map<string, Hosted>();
    const fresh: Hosted[] = [];
    for (const [id, planned] of wanted) {
      const { origin, definition, profile } = planned;
      const known = hosted.get(id);
      if (known?.origin === origin) next.set(id, { ...known, definition, profile });
      else {
        const one = adopt(planned);
        next.set(id, one);
        fresh.push(one);
      }
    }
    hosted = next;
    return fresh;
  };
  const startAll = (some: Iterable<Hosted>): void => {
    for (const { driver } of some) {
      try {
        driver.start();
      } catch (error) {
        log.error({ deviceId: driver.deviceId, error }, 'a driver failed to start');
      }
    }
  };
  const stopAll = async (some: Iterable<Hosted>): Promise<void> => {
    const stopped = await Promise.allSettled([...some].map(async ({ driver }) => driver.stop()));
    for (const result of stopped) {
      if (result.status === 'rejected') log.error({ error: result.reason as unknown }, 'a driver failed to stop');
    }
  };
  const lay = async (assignment: Required<Assignment>): Promise<void> => {
    const wanted = layOut(assignment);
    const leaving = [...hosted].flatMap(([id, one]) => (wanted.get(id)?.origin === one.origin ? [] : [one]));
    await stopAll(leaving);
    for (const { part } of leaving) part();
    const before = new Map([...hosted].map(([id, one]) => [id, watch.judged(one).reason?.code]));
    const fresh = build(wanted);
    devicesChanged.emit(undefined);
    for (const [deviceId, one] of hosted) {
      const health = watch.judged(one);
      if (fresh.includes(one) || health.reason?.code !== before.get(deviceId)) healthChanged.emit({ deviceId, health });
    }
    if (running) startAll(fresh);
  };
  const whole = ({ devices, profiles = builtInProfiles() }: Assignment): Required<Assignment> => ({
    devices,
    profiles,
  });
  const take = (assignment: Assignment): Required<Assignment> => {
    watch.take(assignment.devices.map(({ id }) => id));
    assigned = whole(assignment);
    return assigned;
  };
  /** Whoever asked hears of a failure; the drivers there are go on, and the next in turn is not held up. */
  const inTurn = (action: () => Promise<void>): Promise<void> => {
    const done = turn.then(action);
    turn = done.catch(() => undefined);
    return done;
  };
  let assigned = whole(options);
  build(layOut(take(options)));

  return {
    start: () => {
      running = true;
      startAll(hosted.values());
    },
    stop: async () => {
      running = false;
      await turn;
      await stopAll(hosted.values());
    },
    assign: (assignment) =>
      inTurn(async () => {
        await lay(take(assignment));
        // Profiles that did not ask for a device's firmware before may do so now.
        if (running) watch.lookAround();
      }),
    devices: () =>
      [...hosted.values()].map((one) => ({
        id: one.definition.id,
        profile: one.definition.profile,
        line: nameOfLine(one.definition.transport),
        capabilities: Object.keys(one.driver.capabilities) as CapabilityName[],
        health: watch.judged(one),
      })),
    capability: (deviceId, name) => {
      const driver = hosted.get(deviceId)?.driver;
      return driver && capability(driver, name) && standIns.of(deviceId, name);
    },
    health: (deviceId) => {
      const one = hosted.get(deviceId);
      return one && watch.judged(one);
    },
    traffic: (deviceId) => hosted.get(deviceId)?.traffic.list() ?? [],
    onHealth: healthChanged.on,
    onTraffic: trafficSeen.on,
    onDevices: devicesChanged.on,
  };
}
