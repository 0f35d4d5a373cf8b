import { basename } from 'node:path';
import type { Hello } from '@hallhub/device-drivers/agent/station';
import type { DiscoveredDevice, MqttDiscovery } from '@hallhub/device-drivers/protocols/mqtt-discovery';
import type { SerialPortInfo, UsbDeviceInfo } from '@hallhub/device-drivers/transports';
import { usbName } from '@hallhub/device-drivers/transports';
import type { Profile } from '@hallhub/firmware-profiles/schema';
import { profilesOnUsb } from '@hallhub/firmware-profiles/schema';
import type { Cancel, Clock, Result } from '@hallhub/sync/base';
import { minutes } from '@hallhub/sync/base';
import type { DeviceConfig } from '../../config/index.ts';
import type { Discovered, DiscoveryPort } from './hardware.ts';

const EVERY = minutes(1);

/** Looks once a minute for serial ports with a stable name, and USB devices, that no configured device uses. */
export function watchPorts(deps: {
  readonly clock: Clock;
  readonly serialPorts: () => Promise<readonly SerialPortInfo[]>;
  readonly usbDevices: () => Promise<Result<readonly UsbDeviceInfo[]>>;
  /** Whether this machine shows its USB devices at all. */
  readonly onUsbSeen: (seen: boolean) => void;
  readonly configured: () => readonly DeviceConfig[];
  readonly discovery: DiscoveryPort;
}): Cancel {
  let cancel: Cancel = () => undefined;
  let ended = false;
  const look = async (): Promise<void> => {
    const [ports, usb] = await Promise.all([deps.serialPorts(), deps.usbDevices()]);
    if (ended) return;
    const configured = deps.configured().filter(({ agent }) => agent === undefined);
    foundPorts({ source: 'serial-ports', ports, configured, discovery: deps.discovery });
    deps.onUsbSeen(usb.ok);
    if (usb.ok) foundUsb({ source: 'usb', devices: usb.value, configured, discovery: deps.discovery });
    cancel = deps.clock.after(EVERY, () => void look());
  };
  void look();
  return () => {
    ended = true;
    cancel();
  };
}

/** Hands on what an agent's machine has: serial ports that no device of it uses, and devices that it hosts and nobody configured. */
export function foundByAgent({
  agent,
  hello,
  configured,
  discovery,
}: {
  readonly agent: string;
  readonly hello: Pick<Hello, 'devices' | 'ports' | 'usb'>;
  readonly configured: readonly DeviceConfig[];
  readonly discovery: DiscoveryPort;
}): void {
  const source = `agent:${agent}`;
  const own = configured.filter((device) => device.agent === agent);
  for (const { id, line } of hello.devices) {
    if (own.some((device) => device.id === id)) continue;
    discovery.found({ source, identity: { port: line }, about: id });
  }
  foundPorts({ source, agent, ports: hello.ports, configured: own, discovery });
  foundUsb({ source, agent, devices: hello.usb, configured: own, discovery });
}

/** Ports of one machine with a stable name that none of its devices uses. */
function foundPorts({
  source,
  agent,
  ports,
  configured,
  discovery,
}: {
  readonly source: string;
  /** Absent: the hub's own machine. */
  readonly agent?: string;
  readonly ports: readonly SerialPortInfo[];
  readonly configured: readonly DeviceConfig[];
  readonly discovery: DiscoveryPort;
}): void {
  const inUse = new Set(configured.flatMap(({ transport }) => (transport.kind === 'serial' ? [transport.path] : [])));
  for (const { path, byId, vendorId, productId } of ports) {
    // A name that changes with the order of plugging in cannot be told from another port's.
    if (byId === undefined) continue;
    if (inUse.has(byId) || inUse.has(path)) continue;
    discovery.found({
      source,
      identity: { port: byId, ...(vendorId !== undefined && { usb: `${vendorId}:${productId ?? ''}` }) },
      place: { ...(agent !== undefined && { agent }), transport: { kind: 'serial', path: byId, baudRate: 115_200 } },
      about: basename(byId),
    });
  }
}

/** USB devices of one machine that none of its devices uses. */
function foundUsb({
  source,
  agent,
  devices,
  configured,
  discovery,
}: {
  readonly source: string;
  /** Absent: the hub's own machine. */
  readonly agent?: string;
  readonly devices: readonly UsbDeviceInfo[];
  readonly configured: readonly DeviceConfig[];
  readonly discovery: DiscoveryPort;
}): void {
  const inUse = configured.flatMap(({ transport }) => (transport.kind === 'usb' ? [transport] : []));
  for (const { vendorId: vendor, productId: product, serialNumber, product: name, interfaceClass } of devices) {
    const [vendorId, productId] = [Number.parseInt(vendor, 16), Number.parseInt(product, 16)];
    const isUsed = inUse.some(
      (used) =>
        used.vendorId === vendorId &&
        used.productId === productId &&
        (used.serialNumber === undefined || used.serialNumber === serialNumber),
    );
    if (isUsed) continue;
    const settings = { vendorId, productId, ...(serialNumber !== undefined && { serialNumber }) };
    discovery.found({
      source,
      identity: { port: usbName(settings), usb: `${vendor}:${product}`, 'usb-class': interfaceClass },
      place: { ...(agent !== undefined && { agent }), transport: { kind: 'usb', ...settings } },
      about: (name ?? usbName(settings)).slice(0, 120),
    });
  }
}

/** The profiles that hardware may have by what it says on USB, the most likely first. */
export function suggested(profiles: readonly Profile[], { identity, place }: Discovered): readonly string[] {
  const { usb, 'usb-class': interfaceClass } = identity;
  const kind = place?.transport.kind;
  if (usb === undefined || (kind !== 'serial' && kind !== 'usb')) return [];
  return profilesOnUsb(profiles, kind, { ids: usb, ...(interfaceClass !== undefined && { interfaceClass }) });
}

/** Hands on what makes itself known at the broker and is no configured device, with the profiles that match. */
export function watchBroker(deps: {
  readonly found: Pick<MqttDiscovery, 'list' | 'onChange'>;
  readonly inUse: (found: DiscoveredDevice) => boolean;
  readonly discovery: DiscoveryPort;
}): Cancel {
  const tell = (): void => {
    for (const device of deps.found.list()) {
      const { key, protocol, name, profiles, params, fromBroker } = device;
      // What only the broker remembers may be long gone.
      if (fromBroker || deps.inUse(device)) continue;
      deps.discovery.found({
        source: protocol,
        identity: { 'mqtt-client': key },
        place: { transport: { kind: 'mqtt' }, params },
        about: [name, ...profiles.slice(0, 1)].join(' · ').slice(0, 120),
      });
    }
  };
  tell();
  return deps.found.onChange(tell);
}

/**
 * Whether a configured device speaks the protocol of the one that was found and has its topic; `profileOf` gives what its
 * profile says. A parameter that neither states is its protocol's own, and the found one has that, too.
 */
export function topicsInUse(
  configured: () => readonly DeviceConfig[],
  profileOf: (id: string) => Pick<Profile, 'protocol' | 'params'> | undefined,
): (found: Pick<DiscoveredDevice, 'protocol' | 'params'>) => boolean {
  return ({ protocol, params }) =>
    configured().some((device) => {
      const profile = profileOf(device.profile);
      if (device.transport.kind !== 'mqtt' || profile?.protocol !== protocol) return false;
      const stated = { ...profile.params, ...device.params };
      return Object.entries(params).every(([name, value]) => (stated[name] ?? value) === value);
    });
}
