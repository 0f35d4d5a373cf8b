import { type Failure, type Result, failure } from '@hallhub/sync/base';
import { builtInProfiles } from '@hallhub/firmware-profiles/schema';
import type { CapabilityName } from '../capabilities/index.ts';
import {
  type DeviceHealth,
  type Driver,
  type DriverEnvironment,
  type Traffic,
  capability,
  createEmitter,
} from '../kit/index.ts';
import { realPortPath, systemTransports } from '../transports/index.ts';
import { type PlannedBus, lineName as nameOfLine, planBuses } from './buses.ts';
import { isolateBus } from './isolation/bus.ts';
import { builtInProtocols } from './protocols.ts';
import { stillborn } from './stillborn.ts';
import { type TrafficLog, createTrafficLog } from './traffic-log.ts';
import type { AgentHost, AgentHostOptions, DeviceDefinition } from './types.ts';

interface Hosted {
  readonly definition: DeviceDefinition;
  readonly driver: Driver;
  readonly traffic: TrafficLog;
}

/**
 * Builds the drivers of all devices; nothing is opened before {@link AgentHost.start}. What a hub or a broker wants to hear
 * of the devices it takes from the host's events and capabilities; the host itself knows neither.
 */
export function createAgentHost(options: AgentHostOptions): AgentHost {
  const { clock, random, log } = options;
  const onListenerError = (error: unknown): void => {
    log.error({ error }, 'a listener of the agent failed');
  };
  const healthChanged = createEmitter<{ deviceId: string; health: DeviceHealth }>(onListenerError);
  const trafficSeen = createEmitter<{ deviceId: string; traffic: Traffic }>(onListenerError);
  const environment: DriverEnvironment = {
    clock,
    random,
    log,
    transportFactory:
      options.transportFactory ?? systemTransports({ clock, ...(options.mqtt && { mqtt: options.mqtt }) }),
    ...(options.reconnect ? { reconnect: options.reconnect } : {}),
    ...(options.mqtt ? { mqtt: options.mqtt } : {}),
  };

  const adopt = (definition: DeviceDefinition, driver: Driver): void => {
    const { id: deviceId } = definition;
    const traffic = createTrafficLog();
    driver.onTraffic((seen) => {
      traffic.add(seen);
      if (trafficSeen.listeners > 0) trafficSeen.emit({ deviceId, traffic: seen });
    });
    driver.onHealth((health) => {
      log.info(
        { deviceId, state: health.state, code: health.reason?.code, detail: health.reason?.detail },
        'device health',
      );
      healthChanged.emit({ deviceId, health });
    });
    hosted.set(deviceId, { definition, driver, traffic });
  };
  const connect = ({ protocol, definition, capabilities }: PlannedBus): Result<readonly Driver[]> => {
    const { origin: clockOrigin } = clock;
    const { name, module } = protocol;
    if (options.isolate === true && clockOrigin && module !== undefined) {
      const lineName = nameOfLine(definition.transport);
      return isolateBus({
        protocol: { name, module },
        definition,
        capabilities,
        lineName,
        environment,
        clockOrigin,
        ...(options.patience !== undefined && { patience: options.patience }),
      });
    }
    try {
      return protocol.connect(definition, environment);
    } catch (error) {
      log.error({ protocol: protocol.name, error }, 'a protocol failed to build its drivers');
      return failure('E-DEV-0303', protocol.name);
    }
  };

  const hosted = new Map<string, Hosted>();
  // Of two devices with one id the first counts; the plan tells of the other.
  const byId = new Map([...options.devices].reverse().map((definition) => [definition.id, definition]));
  const plan = planBuses(
    options.devices,
    options.profiles ?? builtInProfiles(),
    options.protocols ?? builtInProtocols,
    realPortPath,
  );
  for (const bus of plan.buses) {
    const built = connect(bus);
    for (const [index, { deviceId }] of bus.definition.devices.entries()) {
      const definition = byId.get(deviceId);
      if (!definition) continue;
      const driver = built.ok ? built.value[index] : undefined;
      const reason: Failure = built.ok ? { code: 'E-DEV-0303' } : built.error;
      adopt(definition, driver ?? stillborn(deviceId, reason, clock));
    }
  }
  for (const { definition, problem } of plan.misfits) {
    log.error(
      { deviceId: definition.id, code: problem.code, detail: problem.detail },
      'a device is configured wrongly',
    );
    if (!hosted.has(definition.id)) adopt(definition, stillborn(definition.id, problem, clock));
  }

  return {
    start: () => {
      for (const { driver } of hosted.values()) {
        try {
          driver.start();
        } catch (error) {
          log.error({ deviceId: driver.deviceId, error }, 'a driver failed to start');
        }
      }
    },
    stop: async () => {
      const stopped = await Promise.allSettled([...hosted.values()].map(async ({ driver }) => driver.stop()));
      for (const result of stopped) {
        if (result.status === 'rejected') log.error({ error: result.reason as unknown }, 'a driver failed to stop');
      }
    },
    devices: () =>
      [...hosted.values()].map(({ definition, driver }) => ({
        id: definition.id,
        profile: definition.profile,
        line: nameOfLine(definition.transport),
        capabilities: Object.keys(driver.capabilities) as CapabilityName[],
        health: driver.health,
      })),
    capability: (deviceId, name) => {
      const found = hosted.get(deviceId);
      return found && capability(found.driver, name);
    },
    health: (deviceId) => hosted.get(deviceId)?.driver.health,
    traffic: (deviceId) => hosted.get(deviceId)?.traffic.list() ?? [],
    onHealth: healthChanged.on,
    onTraffic: trafficSeen.on,
  };
}
