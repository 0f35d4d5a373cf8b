import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { CapabilityName } from '@hallhub/device-drivers/capabilities';
import { stateShapeOf } from '@hallhub/device-drivers/capabilities';
import type { DeviceHealth, DeviceLog } from '@hallhub/device-drivers/kit';
import type { SerialPortInfo, UsbDeviceInfo } from '@hallhub/device-drivers/transports';
import type { Profile } from '@hallhub/firmware-profiles/schema';
import type { Cancel, Clock, EpochMs, RandomBytes, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import type { Audit } from '../../audit/service.ts';
import type { DeviceConfig, Label } from '../../config/index.ts';
import { createBehind } from '../behind.ts';
import type { HandCommand } from '../commands/policy.ts';
import { handCommands } from '../commands/policy.ts';
import type { CommandView, Commands } from '../commands/service.ts';
import { createCommands } from '../commands/service.ts';
import { createCommandStore } from '../commands/store.ts';
import type { TwinState } from '../twin/twin.ts';
import { createTwin } from '../twin/twin.ts';
import type { AdminState } from './admin.ts';
import { createDeviceAdmin } from './admin.ts';
import { recordAlarms } from './alarms.ts';
import type { Availability, AvailabilityView } from './availability.ts';
import { createAvailability } from './availability.ts';
import { suggested, watchPorts } from './discovery.ts';
import type { Claim, DiscoveryPort, Hardware, HardwareIdentity, Suggested } from './hardware.ts';
import { zoneOffset } from './zone-offset.ts';

/** A device in the list: how it is doing, and what people decided about it. */
export interface DeviceView {
  readonly id: string;
  readonly label: Label;
  readonly profile: string;
  readonly line: string;
  /** The agent beside which it stands; absent: plugged into the hub. */
  readonly agent?: string;
  /** The area whose gate it serves. */
  readonly area?: string;
  readonly capabilities: readonly CapabilityName[];
  readonly health: DeviceHealth;
  readonly admin: { readonly inService: boolean } & Partial<AdminState>;
  /** Other hardware answers than the one on record. */
  readonly stranger: boolean;
}

export interface DeviceDetail extends DeviceView {
  /** Version of the profiles that its host uses, as far as it says. */
  readonly profiles?: string;
  readonly twin: readonly TwinState[];
  readonly availability: AvailabilityView;
  readonly hardware: readonly Claim[];
  readonly answering?: HardwareIdentity;
  readonly commands: readonly CommandView[];
  /** What an operator may order by hand. */
  readonly hand: readonly HandCommand[];
}

export interface DeviceRegistry {
  readonly commands: Commands;
  /** What finds hardware tells it here; protocols with a discovery of their own feed in as well. */
  readonly discovery: DiscoveryPort;
  list(): readonly DeviceView[];
  /** Errors: `E-DEV-0403`. */
  detail(deviceId: string): Result<DeviceDetail>;
  inService(deviceId: string): boolean;
  /** Errors: `E-DEV-0403`. */
  setService(deviceId: string, state: Pick<AdminState, 'inService' | 'reason' | 'by'>): Result<DeviceView>;
  /** How long each device was in each state between two instants of the last days. */
  statesBetween(...span: Parameters<Availability['between']>): ReturnType<Availability['between']>;
  /** When a device saw nothing between two instants of the last days. */
  darkSpans(deviceId: string, from: EpochMs, to: EpochMs): ReturnType<Availability['dark']>;
  discovered(): readonly Suggested[];
  /** Whether the hub's machine shows its USB devices; undefined before it has looked. */
  readonly seesUsb: boolean | undefined;
  /** Errors: `E-DEV-0403`, and those of {@link Hardware.replace}. A new place counts at once. */
  replace(
    deviceId: string,
    ...how: Parameters<Hardware['replace']> extends [string, ...infer R] ? R : never
  ): Result<Claim>;
  /** Something about a device changed: its state, a command, its twin, its hardware. */
  onChange(listener: (deviceId: string) => void): Cancel;
  start(): void;
  stop(): void;
  purge(before: EpochMs): number;
  compact(before: EpochMs): number;
}

export function createRegistry(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: DeviceLog;
  readonly audit: Pick<Audit, 'record'>;
  readonly digest: (text: string) => Uint8Array;
  readonly timeZone: string;
  /** All devices, without a record of their commands: that is what the registry adds. */
  readonly host: AgentHost;
  readonly hardware: Hardware;
  /** The configured devices, each where its hardware hangs now. */
  readonly configured: () => readonly DeviceConfig[];
  /** Other hardware plays a device from now on, maybe at another place. */
  readonly onReplaced?: (deviceId: string) => void;
  readonly areaOf: (deviceId: string) => string | undefined;
  /** Version of the profiles that the device's host uses. */
  readonly profilesOf: (device: DeviceConfig) => string | undefined;
  /** The profiles in use, of which some are suggested for what is found. */
  readonly profiles: () => readonly Profile[];
  readonly serialPorts: () => Promise<readonly SerialPortInfo[]>;
  readonly usbDevices: () => Promise<Result<readonly UsbDeviceInfo[]>>;
}): DeviceRegistry {
  const { db, clock, log, host, hardware } = deps;
  const behind = createBehind({
    db,
    clock,
    onFault: (error, lost) => {
      log.error({ error, lost }, 'notes on devices could not be written');
    },
  });
  const admin = createDeviceAdmin(deps);
  const twin = createTwin({ db });
  const inService = (deviceId: string): boolean => admin.inService(deviceId);
  const commands = createCommands({ ...deps, store: createCommandStore(db), twin, behind, inService });
  const availability = createAvailability({
    db,
    clock,
    behind,
    host,
    inService,
    zoneOffset: zoneOffset(deps.timeZone),
  });
  /** Sightings come by themselves, from timers and brokers: a disk that takes nothing must not throw there. */
  const discovery: DiscoveryPort = {
    found: (sighting) => {
      behind.add(() => {
        hardware.found(sighting);
      });
    },
  };
  let configs: { readonly of: readonly DeviceConfig[]; readonly byId: ReadonlyMap<string, DeviceConfig> } | undefined;
  const configOf = (deviceId: string): DeviceConfig | undefined => {
    const now = deps.configured();
    if (configs?.of !== now) configs = { of: now, byId: new Map(now.map((device) => [device.id, device])) };
    return configs.byId.get(deviceId);
  };
  const listeners = new Set<(deviceId: string) => void>();
  const changed = (deviceId: string): void => {
    for (const listener of listeners) listener(deviceId);
  };
  let stops: Cancel[] = [];
  let seesUsb: boolean | undefined;

  const view = ({ id, profile, line, capabilities, health }: ReturnType<AgentHost['devices']>[number]): DeviceView => {
    const config = configOf(id);
    const area = deps.areaOf(id);
    return {
      id,
      label: config?.label ?? { zh: id, en: id },
      profile,
      line,
      ...(config?.agent !== undefined && { agent: config.agent }),
      ...(area !== undefined && { area }),
      capabilities,
      health,
      admin: admin.of(id) ?? { inService: true },
      stranger: hardware.stranger(id) !== undefined,
    };
  };
  const find = (deviceId: string): DeviceView | undefined => {
    const found = host.devices().find(({ id }) => id === deviceId);
    return found && view(found);
  };

  /** Asks a device that has just become ready who it is. One that cannot say is known by its line only. */
  const identify = async (deviceId: string): Promise<void> => {
    const installed = await host.capability(deviceId, 'firmware')?.installed();
    const printer = await host.capability(deviceId, 'pagePrinter')?.status();
    const identity: HardwareIdentity = {
      ...(installed?.ok === true && {
        firmware: installed.value.version,
        ...(installed.value.serial !== undefined && { 'serial-number': installed.value.serial }),
        ...(installed.value.model !== undefined && { model: installed.value.model }),
      }),
      ...(printer?.ok === true && printer.value.printerUuid !== '' && { 'printer-uuid': printer.value.printerUuid }),
    };
    if (Object.keys(identity).length === 0) return;
    behind.add(() => {
      hardware.observed(deviceId, identity);
      changed(deviceId);
    });
  };
  const watched = commands.fleet('behind');
  /** Asks it how things are; the answers pass through the fleet, which takes them into the twin. */
  const ask = async (deviceId: string): Promise<void> => {
    for (const name of find(deviceId)?.capabilities ?? []) {
      for (const call of Object.keys(stateShapeOf(name)?.answers ?? {})) {
        const method: unknown = Reflect.get(watched.capability(deviceId, name) ?? {}, call);
        if (typeof method === 'function') await (method as () => Promise<unknown>)();
      }
    }
  };
  const up = new Set<string>();
  const onUp = (deviceId: string): void => {
    Promise.all([identify(deviceId), ask(deviceId)]).catch((error: unknown) => {
      log.warn({ deviceId, error }, 'a device could not be asked who and how it is');
    });
  };

  return {
    commands,
    discovery,
    inService,
    list: () => host.devices().map(view),
    detail: (deviceId) => {
      const device = find(deviceId);
      if (!device) return failure('E-DEV-0403', deviceId);
      const answering = hardware.stranger(deviceId);
      const config = configOf(deviceId);
      const profiles = config && deps.profilesOf(config);
      return ok({
        ...device,
        ...(profiles !== undefined && { profiles }),
        // The commands' list writes what waits, so that the rest is read as of now.
        commands: commands.ofDevice(deviceId, { limit: 30 }),
        twin: twin.list(deviceId),
        availability: availability.of(deviceId),
        hardware: hardware.historyOf(deviceId),
        ...(answering && { answering }),
        hand: device.capabilities.flatMap((name) => handCommands(name)),
      });
    },
    setService: (deviceId, state) => {
      const device = find(deviceId);
      if (!device) return failure('E-DEV-0403', deviceId);
      const set = admin.set(deviceId, state);
      if (!set.inService) commands.refuseWaiting(deviceId);
      availability.note(deviceId);
      changed(deviceId);
      return ok({ ...device, admin: set });
    },
    statesBetween: (from, to) => availability.between(from, to),
    darkSpans: (deviceId, from, to) =>
      availability.dark(deviceId, { from, to, onAgent: configOf(deviceId)?.agent !== undefined }),
    discovered: () => {
      behind.flush();
      const profiles = deps.profiles();
      return hardware.discovered().map((one) => ({ ...one, profiles: suggested(profiles, one) }));
    },
    get seesUsb() {
      return seesUsb;
    },
    replace: (deviceId, by, who) => {
      if (!find(deviceId)) return failure('E-DEV-0403', deviceId);
      const claim = hardware.replace(deviceId, by, who);
      if (!claim.ok) return claim;
      deps.onReplaced?.(deviceId);
      changed(deviceId);
      return claim;
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    start: () => {
      commands.start();
      availability.start();
      stops = [
        commands.onChange(changed),
        host.onHealth(({ deviceId, health: { state } }) => {
          const wasUp = up.has(deviceId);
          if (state === 'ready' || state === 'degraded') up.add(deviceId);
          else up.delete(deviceId);
          // One that comes up degraded is asked as well: it may be so for what it is.
          if (state === 'ready' || (state === 'degraded' && !wasUp)) onUp(deviceId);
        }),
        recordAlarms({ ...deps, behind, inService, changed }),
        watchPorts({
          ...deps,
          discovery,
          onUsbSeen: (seen) => {
            seesUsb = seen;
          },
        }),
      ];
    },
    stop: () => {
      for (const stop of stops) stop();
      availability.stop();
      commands.stop();
      behind.close();
    },
    purge: (before) => commands.purge(before) + hardware.forgetUnseen(before),
    compact: (before) => availability.compact(before),
  };
}
