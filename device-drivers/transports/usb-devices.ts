import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Result, failure, ok } from '@hallhub/sync/base';

/** A USB device that a driver could speak to by bulk endpoints. Hex digits in lower case. */
export interface UsbDeviceInfo {
  readonly vendorId: string;
  readonly productId: string;
  readonly serialNumber?: string;
  /** What it calls itself. */
  readonly product?: string;
  /** `07` printer, `ff` the vendor's own. */
  readonly interfaceClass: string;
}

/** Classes of the USB-IF whose devices are spoken to here: no keyboards, disks, hubs. */
const SPOKEN_TO: ReadonlySet<string> = new Set(['07', 'ff']);

/**
 * The USB devices of this machine that a driver could speak to; adapters that are serial ports are not among them.
 * Errors: `E-DEV-0101` where the kernel shows none at all (`/sys/bus/usb`), as in many containers.
 */
export async function listUsbDevices(root = '/'): Promise<Result<readonly UsbDeviceInfo[]>> {
  const folder = join(root, 'sys/bus/usb/devices');
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch {
    return failure('E-DEV-0101', `no USB devices can be seen on this machine: ${folder} is not there`);
  }
  // `1-2.3` is a device, `1-2.3:1.0` one of its interfaces, `usb1` a controller.
  const devices = names.filter((name) => /^\d+-[\d.]+$/.test(name)).sort();
  const found = await Promise.all(
    devices.map(async (name): Promise<UsbDeviceInfo | undefined> => {
      const of = (file: string): Promise<string | undefined> => firstLine(join(folder, name, file));
      const [vendorId, productId] = [await of('idVendor'), await of('idProduct')];
      const interfaceClass = await spokenTo(folder, names.filter((other) => other.startsWith(`${name}:`)).sort());
      if (vendorId === undefined || productId === undefined || interfaceClass === undefined) return undefined;
      const [serialNumber, product] = [await of('serial'), await of('product')];
      return {
        vendorId,
        productId,
        interfaceClass,
        ...(serialNumber && { serialNumber }),
        ...(product && { product }),
      };
    }),
  );
  return ok(found.filter((device) => device !== undefined));
}

/** The class by which a device with these interfaces is spoken to; undefined where it is not, or is a serial port. */
async function spokenTo(folder: string, interfaces: readonly string[]): Promise<string | undefined> {
  const classes: string[] = [];
  for (const name of interfaces) {
    const below = await readdir(join(folder, name)).catch(() => []);
    if (below.some((entry) => entry.startsWith('tty'))) return undefined;
    classes.push((await firstLine(join(folder, name, 'bInterfaceClass'))) ?? '');
  }
  return classes.filter((each) => SPOKEN_TO.has(each)).sort()[0];
}

const firstLine = async (path: string): Promise<string | undefined> => {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch {
    return undefined;
  }
};
