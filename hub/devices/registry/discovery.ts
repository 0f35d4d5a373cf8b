import { basename } from 'node:path';
import type { MqttDiscovery } from '@hallhub/device-drivers/protocols/mqtt-discovery';
import type { SerialPortInfo } from '@hallhub/device-drivers/transports';
import type { Cancel, Clock } from '@hallhub/sync/base';
import { minutes } from '@hallhub/sync/base';
import type { DiscoveryPort } from './hardware.ts';

const EVERY = minutes(1);

/** Looks once a minute for serial ports with a stable name that no configured device uses. */
export function watchSerialPorts(deps: {
  readonly clock: Clock;
  readonly list: () => Promise<readonly SerialPortInfo[]>;
  readonly inUse: ReadonlySet<string>;
  readonly discovery: DiscoveryPort;
}): Cancel {
  let cancel: Cancel = () => undefined;
  let ended = false;
  const look = async (): Promise<void> => {
    const ports = await deps.list();
    if (ended) return;
    for (const { path, byId, vendorId, productId } of ports) {
      // A name that changes with the order of plugging in cannot be told from another port's.
      if (byId === undefined) continue;
      if (deps.inUse.has(byId) || deps.inUse.has(path)) continue;
      deps.discovery.found({
        source: 'serial-ports',
        identity: { port: byId, ...(vendorId !== undefined && { usb: `${vendorId}:${productId ?? ''}` }) },
        place: { transport: { kind: 'serial', path: byId, baudRate: 115_200 } },
        about: basename(byId),
      });
    }
    cancel = deps.clock.after(EVERY, () => void look());
  };
  void look();
  return () => {
    ended = true;
    cancel();
  };
}

/** Hands on what makes itself known at the broker and is no configured device, with the profiles that match. */
export function watchBroker(deps: {
  readonly found: Pick<MqttDiscovery, 'list' | 'onChange'>;
  readonly discovery: DiscoveryPort;
}): Cancel {
  const tell = (): void => {
    for (const { key, protocol, name, profiles, fromBroker } of deps.found.list()) {
      // What only the broker remembers may be long gone.
      if (fromBroker) continue;
      deps.discovery.found({
        source: protocol,
        identity: { 'mqtt-client': key },
        place: { transport: { kind: 'mqtt' } },
        about: [name, ...profiles.slice(0, 1)].join(' · ').slice(0, 120),
      });
    }
  };
  tell();
  return deps.found.onChange(tell);
}
