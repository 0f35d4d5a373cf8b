import { describe, expect, it } from 'vitest';
import { builtInProfiles, profilesOnUsb } from './index.ts';

const on = (id: string, kind: 'serial' | 'usb', usb: object[]) =>
  ({ id, transport: { kind, baudRate: 9_600 }, match: { usb } }) as Parameters<typeof profilesOnUsb>[0][number];

describe('what hangs on USB', () => {
  it('has the profiles that match, the most exact first, and none for another kind of line', () => {
    const profiles = [
      on('by-class', 'usb', [{ interfaceClass: '07' }]),
      on('by-vendor', 'usb', [{ vendorId: '04B8' }]),
      on('by-both', 'usb', [{ vendorId: '04b8', productId: '0e15' }]),
      on('another-product', 'usb', [{ vendorId: '04b8', productId: '0e16' }]),
      on('serial', 'serial', [{ vendorId: '04b8' }]),
    ];
    expect(profilesOnUsb(profiles, 'usb', { ids: '04b8:0e15', interfaceClass: '07' })).toEqual([
      'by-both',
      'by-vendor',
      'by-class',
    ]);
    expect(profilesOnUsb(profiles, 'usb', { ids: '1234:0e15' })).toEqual([]);
    expect(profilesOnUsb(profiles, 'serial', { ids: '04b8:0e15' })).toEqual(['serial']);
  });

  it('is known to the shipped profiles by its numbers or its class', () => {
    const shipped = builtInProfiles().list();
    expect(profilesOnUsb(shipped, 'usb', { ids: '0400:c35a', interfaceClass: 'ff' })).toEqual([
      'generic/resident-id-usb',
    ]);
    expect(profilesOnUsb(shipped, 'usb', { ids: '0fe6:811e', interfaceClass: '07' })).toEqual([
      'generic/escpos-80mm-usb',
    ]);
  });
});
