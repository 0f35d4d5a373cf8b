import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { listSerialPorts } from './serial-ports.ts';

let root: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'ports-')));
});
afterEach(() => rm(root, { recursive: true, force: true }));

it('names ports by what stays the same, with the ids of their USB device', async () => {
  const device = join(root, 'sys/devices/usb1/1-2');
  await mkdir(join(device, '1-2:1.0/ttyUSB0'), { recursive: true });
  await mkdir(join(root, 'sys/class/tty/ttyUSB0'), { recursive: true });
  await mkdir(join(root, 'sys/class/tty/tty1'), { recursive: true });
  await mkdir(join(root, 'sys/class/tty/ttyACM3'), { recursive: true });
  await mkdir(join(root, 'dev/serial/by-id'), { recursive: true });
  await writeFile(join(device, 'idVendor'), '1a86\n');
  await writeFile(join(device, 'idProduct'), '7523\n');
  await writeFile(join(root, 'dev/ttyUSB0'), '');
  await symlink(join(device, '1-2:1.0/ttyUSB0'), join(root, 'sys/class/tty/ttyUSB0/device'));
  await symlink('../../ttyUSB0', join(root, 'dev/serial/by-id/usb-1a86_USB_Serial-if00-port0'));
  await symlink('../../ttyUSB9', join(root, 'dev/serial/by-id/usb-gone'));
  expect(await listSerialPorts(root)).toEqual([
    { path: join(root, 'dev/ttyACM3') },
    {
      path: join(root, 'dev/ttyUSB0'),
      byId: join(root, 'dev/serial/by-id/usb-1a86_USB_Serial-if00-port0'),
      vendorId: '1a86',
      productId: '7523',
    },
  ]);
});

it('is empty where there is no such folder', async () => {
  expect(await listSerialPorts(join(root, 'nowhere'))).toEqual([]);
});
