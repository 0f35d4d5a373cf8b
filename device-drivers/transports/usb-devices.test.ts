import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { listUsbDevices } from './usb-devices.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'usb-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function plug(name: string, files: Readonly<Record<string, string>>, folders: readonly string[] = []) {
  const folder = join(root, 'sys/bus/usb/devices', name);
  await mkdir(folder, { recursive: true });
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), `${text}\n`);
  for (const below of folders) await mkdir(join(folder, below));
}

it('lists printers and devices of their vendors own class, and neither mice nor serial ports', async () => {
  await plug('usb1', { idVendor: '1d6b', idProduct: '0002' });
  await plug('1-1', { idVendor: '0400', idProduct: 'c35a' });
  await plug('1-1:1.0', { bInterfaceClass: 'ff' });
  await plug('1-2.3', { idVendor: '0fe6', idProduct: '811e', serial: 'A1', product: 'Printer' });
  await plug('1-2.3:1.0', { bInterfaceClass: '07' });
  await plug('1-4', { idVendor: '046d', idProduct: 'c077' });
  await plug('1-4:1.0', { bInterfaceClass: '03' });
  await plug('1-5', { idVendor: '1a86', idProduct: '7523' });
  await plug('1-5:1.0', { bInterfaceClass: 'ff' }, ['ttyUSB0']);
  expect(await listUsbDevices(root)).toEqual({
    ok: true,
    value: [
      { vendorId: '0400', productId: 'c35a', interfaceClass: 'ff' },
      { vendorId: '0fe6', productId: '811e', interfaceClass: '07', serialNumber: 'A1', product: 'Printer' },
    ],
  });
});

it('says so where no USB device can be seen at all, which is not the same as none', async () => {
  expect(await listUsbDevices(root)).toMatchObject({ ok: false, error: { code: 'E-DEV-0101' } });
  await plug('usb1', {});
  expect(await listUsbDevices(root)).toEqual({ ok: true, value: [] });
});
