import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { DeviceConfig } from '../config/index.ts';
import type { PrinterDirectory, PrinterHandle } from './edge.ts';

/** The printers among the hub's devices: whatever has the capability, by the name of the configuration. */
export function printerDirectory({
  host,
  devices,
}: {
  readonly host: Pick<AgentHost, 'capability'>;
  readonly devices: readonly DeviceConfig[];
}): PrinterDirectory {
  const handle = (id: string): PrinterHandle | undefined => {
    const device = devices.find((one) => one.id === id);
    const printer = device && host.capability(id, 'pagePrinter');
    // A queue behind a spooler counts what its filters put out, not paper; its profile or configuration says so.
    return (
      printer && {
        printerId: id,
        name: device.label.zh,
        printer,
        countsImpressions: device.params['countsImpressions'] !== false,
      }
    );
  };
  return {
    get: handle,
    list: () => devices.flatMap(({ id }) => handle(id) ?? []),
  };
}
