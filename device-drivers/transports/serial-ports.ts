import { readFile, readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export interface SerialPortInfo {
  /** Where it is now: `/dev/ttyUSB0`. */
  readonly path: string;
  /** Its name that stays when it is plugged in elsewhere: `/dev/serial/by-id/…`. What a configuration should name. */
  readonly byId?: string;
  /** Four hex digits, for what hangs on USB. */
  readonly vendorId?: string;
  readonly productId?: string;
}

/** The serial ports of this machine, by their stable names, then the others. Empty where nothing can be told; never fails. */
export async function listSerialPorts(root = '/'): Promise<readonly SerialPortInfo[]> {
  const folder = join(root, 'dev/serial/by-id');
  const sysfs = join(root, 'sys/class/tty');
  const stable = new Map<string, string>();
  for (const name of await entries(folder)) {
    const path = await resolved(join(folder, name));
    if (path !== undefined) stable.set(path, join(folder, name));
  }
  const paths = new Set(stable.keys());
  // Real ports have a device behind them, pseudo-terminals and consoles have none.
  for (const name of await entries(sysfs)) {
    if (/^tty(USB|ACM|AMA|XRUSB)\d+$/.test(name)) paths.add(join(root, 'dev', name));
  }
  return Promise.all(
    [...paths].sort().map(async (path): Promise<SerialPortInfo> => {
      const byId = stable.get(path);
      return {
        path,
        ...(byId !== undefined && { byId }),
        ...(await usbIds(join(sysfs, basename(path), 'device'))),
      };
    }),
  );
}

/** The ids of the USB device that an interface belongs to: a few folders up in sysfs. */
async function usbIds(device: string): Promise<Pick<SerialPortInfo, 'vendorId' | 'productId'>> {
  let folder = await resolved(device);
  for (let up = 0; folder !== undefined && up < 5; up += 1) {
    const [vendorId, productId] = [await line(join(folder, 'idVendor')), await line(join(folder, 'idProduct'))];
    if (vendorId !== undefined && productId !== undefined) return { vendorId, productId };
    folder = dirname(folder);
  }
  return {};
}

const entries = async (folder: string): Promise<readonly string[]> => {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
};
const resolved = async (path: string): Promise<string | undefined> => {
  try {
    return await realpath(path);
  } catch {
    return undefined;
  }
};
const line = async (path: string): Promise<string | undefined> => {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch {
    return undefined;
  }
};
