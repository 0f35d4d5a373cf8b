import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { builtInProfiles } from '@hallhub/firmware-profiles/schema';
import type { SerialSettings } from '../kit/index.ts';
import { realPortPath } from '../transports/index.ts';
import { planBuses } from './buses.ts';
import { builtInProtocols } from './protocols.ts';
import type { DeviceDefinition } from './types.ts';

const serial = (over: Partial<SerialSettings> = {}): SerialSettings => ({
  kind: 'serial',
  path: '/dev/serial/by-id/usb-adapter-1',
  baudRate: 9_600,
  ...over,
});
const board = (id: string, transport: SerialSettings, unit = 1): DeviceDefinition => ({
  id,
  profile: 'generic/modbus-relay-flash',
  transport,
  params: { unit },
});
const plan = (devices: readonly DeviceDefinition[]) =>
  planBuses(devices, builtInProfiles(), builtInProtocols, realPortPath, () => undefined);

describe('devices on one serial port', () => {
  it('share it when they mean the same, in whatever order their settings stand', () => {
    const { path, baudRate } = serial();
    const { buses, misfits } = plan([board('one', serial()), board('two', { baudRate, path, kind: 'serial' }, 2)]);
    expect(misfits).toEqual([]);
    expect(buses.map(({ definition }) => definition.devices.map(({ deviceId }) => deviceId))).toEqual([['one', 'two']]);
  });

  it.each([
    ['another speed', board('two', serial({ baudRate: 19_200 }), 2)],
    ['another parity', board('two', serial({ parity: 'even' }), 2)],
    ['another protocol', { id: 'two', profile: 'generic/resident-id-serial', transport: serial() }],
  ])('are refused with %s: the port can only be opened once', (_what, second) => {
    const { buses, misfits } = plan([board('one', serial()), second, board('three', serial(), 3)]);
    expect(misfits).toMatchObject([
      { definition: { id: 'two' }, problem: { code: 'E-DEV-0302', detail: expect.stringContaining('one') as string } },
    ]);
    expect(buses[0]?.definition.devices.map(({ deviceId }) => deviceId)).toEqual(['one', 'three']);
  });

  describe('that has two names', () => {
    let folder = '';
    const names = () => ({ path: join(folder, 'ttyUSB0'), byId: join(folder, 'usb-adapter-1') });
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'hallhub-port-'));
      writeFileSync(names().path, '');
      symlinkSync('ttyUSB0', names().byId);
    });
    afterEach(() => {
      rmSync(folder, { recursive: true });
    });

    it('share it when they mean the same', () => {
      const { path, byId } = names();
      const { buses, misfits } = plan([board('one', serial({ path: byId })), board('two', serial({ path }), 2)]);
      expect(misfits).toEqual([]);
      expect(buses.map(({ definition: { transport, devices } }) => [transport, devices.length])).toEqual([
        [serial({ path: byId }), 2],
      ]);
    });

    it('are refused with other settings', () => {
      const { path, byId } = names();
      const { misfits } = plan([
        board('one', serial({ path: byId })),
        board('two', serial({ path, baudRate: 300 }), 2),
      ]);
      expect(misfits).toMatchObject([{ definition: { id: 'two' }, problem: { code: 'E-DEV-0302' } }]);
    });

    it('are told apart by name while the port is unplugged', () => {
      const { path, byId } = names();
      rmSync(path);
      const { buses } = plan([board('one', serial({ path: byId })), board('two', serial({ path }), 2)]);
      expect(buses).toHaveLength(2);
    });
  });
});
