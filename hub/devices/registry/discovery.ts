import { basename } from 'node:path';
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
