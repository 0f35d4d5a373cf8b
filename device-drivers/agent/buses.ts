import { type Failure, type Result, failure, ok } from '@hallhub/sync/base';
import { type Profile, type ProfileCatalogue, paramsFor } from '@hallhub/firmware-profiles/schema';
import type { BusDefinition, BusDevice, TransportSettings } from '../kit/index.ts';
import { usbName } from '../transports/index.ts';
import type { DeviceDefinition, KnownProtocol } from './types.ts';

export interface PlannedBus {
  readonly protocol: KnownProtocol;
  /** Everything that the bus is built from, as one text: equal texts are the same bus. */
  readonly origin: string;
  /** As they were configured, in the order of `definition.devices`. */
  readonly members: readonly DeviceDefinition[];
  readonly definition: BusDefinition;
  /** The profiles of its devices, in their order. */
  readonly profiles: readonly Profile[];
}

export interface Plan {
  readonly buses: readonly PlannedBus[];
  /** Definitions that make no sense, with the reason. */
  readonly misfits: readonly { readonly definition: DeviceDefinition; readonly problem: Failure }[];
}

interface GrowingBus {
  readonly protocol: KnownProtocol;
  /** As the first of its devices names it. */
  readonly transport: TransportSettings;
  readonly members: DeviceDefinition[];
  /** The same with the port's one name. */
  readonly real: TransportSettings;
  readonly devices: BusDevice[];
  readonly profiles: Profile[];
}

/**
 * Which device hangs on which line: devices with equal settings and the same protocol share one. `realPath` is the one name
 * of a serial port that has several (`/dev/serial/by-id/…`, `/dev/ttyUSB0`). `firmwareOf` is the version by which the
 * conditions of a device's profile are judged; undefined: none applies.
 */
export function planBuses(
  devices: readonly DeviceDefinition[],
  profiles: ProfileCatalogue,
  protocols: readonly KnownProtocol[],
  realPath: (path: string) => string,
  firmwareOf: (deviceId: string) => string | undefined,
): Plan {
  const buses = new Map<string, GrowingBus>();
  const misfits: { definition: DeviceDefinition; problem: Failure }[] = [];
  const ids = new Set<string>();
  for (const definition of devices) {
    const found = resolve(definition, profiles, protocols, ids);
    if (!found.ok) {
      misfits.push({ definition, problem: found.error });
      continue;
    }
    const { profile, protocol } = found.value;
    const real = withRealPath(definition.transport, realPath);
    const key = `${protocol.name} ${canonical(real)}`;
    const taken = sharesPort(buses, key, real);
    if (taken) {
      const other = taken.devices[0]?.deviceId ?? '';
      const detail = `${lineName(definition.transport)} is used by ${other} (${taken.protocol.name}) with another protocol or other settings`;
      misfits.push({ definition, problem: { code: 'E-DEV-0302', detail } });
      continue;
    }
    const bus = buses.get(key) ?? {
      protocol,
      transport: definition.transport,
      real,
      members: [],
      devices: [],
      profiles: [],
    };
    const device: BusDevice = {
      deviceId: definition.id,
      params: { ...paramsFor(profile, firmwareOf(definition.id)), ...definition.params },
    };
    const problem = protocol.clash?.(device, bus.devices);
    if (problem) {
      misfits.push({ definition, problem });
      continue;
    }
    ids.add(definition.id);
    bus.members.push(definition);
    bus.devices.push(device);
    bus.profiles.push(profile);
    buses.set(key, bus);
  }
  const planned = [...buses].map(([key, { protocol, members, profiles: models, transport, devices: onBus }]) => ({
    protocol,
    origin: `${key} ${canonical([onBus, models.map(({ capabilities }) => capabilities)])}`,
    members,
    definition: { transport, devices: onBus },
    profiles: models,
  }));
  return { buses: planned, misfits };
}

/** A serial port is opened once: the bus that has it already, when this one would open it in another way. */
function sharesPort(
  buses: ReadonlyMap<string, GrowingBus>,
  key: string,
  settings: TransportSettings,
): GrowingBus | undefined {
  if (settings.kind !== 'serial') return undefined;
  const other = [...buses].find(
    ([otherKey, { real }]) => otherKey !== key && real.kind === 'serial' && real.path === settings.path,
  );
  return other?.[1];
}

const withRealPath = (settings: TransportSettings, realPath: (path: string) => string): TransportSettings =>
  settings.kind === 'serial' ? { ...settings, path: realPath(settings.path) } : settings;

function resolve(
  definition: DeviceDefinition,
  profiles: ProfileCatalogue,
  protocols: readonly KnownProtocol[],
  ids: ReadonlySet<string>,
): Result<{ readonly profile: Profile; readonly protocol: KnownProtocol }> {
  if (ids.has(definition.id)) return failure('E-DEV-0302', `two devices are called ${definition.id}`);
  const profile = profiles.get(definition.profile);
  if (!profile) return failure('E-DEV-0301', `no profile ${definition.profile}`);
  const protocol = protocols.find(({ name }) => name === profile.protocol);
  return protocol ? ok({ profile, protocol }) : failure('E-DEV-0301', `no protocol ${profile.protocol}`);
}

/** The same text for what means the same, whatever order its keys were written in. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** What an operator would call the line. */
export function lineName(settings: TransportSettings): string {
  switch (settings.kind) {
    case 'serial':
      return settings.path;
    case 'tcp':
      return `tcp://${settings.host}:${settings.port}`;
    case 'udp':
      return `udp://${settings.host}:${settings.port}`;
    case 'http':
      return settings.url;
    case 'mqtt-line':
      return `mqtt:${settings.send}`;
    case 'usb':
      return usbName(settings);
    case 'memory':
      return `memory:${settings.name}`;
    case 'url':
      return settings.url;
    case 'http-listen':
      return `http://${settings.host}:${settings.port}`;
    case 'mqtt':
      return 'mqtt';
  }
}
