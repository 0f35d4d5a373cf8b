import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ProfileCatalogue, catalogueOf } from '@hallhub/firmware-profiles/schema';
import { type ManualClock, hours, manualClock, ms, ok, systemRandom, unwrap } from '@hallhub/sync/base';
import type { Firmware, UpdateProgress } from '../capabilities/index.ts';
import {
  type Driver,
  type Emitter,
  type HealthKeeper,
  type Protocol,
  createEmitter,
  createHealth,
  rethrow,
  silentLog,
} from '../kit/index.ts';
import type { FirmwareMemory } from './firmware-watch.ts';
import { forgetfulMemory } from './firmware-watch.ts';
import { type AssignableHost, type DeviceDefinition, createAgentHost } from './index.ts';

/** A device of the test's: its hardware outlives the drivers that are made for it. */
interface Hardware {
  version: (params: Readonly<Record<string, unknown>>) => string;
  progress: UpdateProgress['state'];
  /** What its drivers were made with, one after another. */
  readonly made: Readonly<Record<string, unknown>>[];
  health: HealthKeeper;
  updates: Emitter<UpdateProgress>;
}

let clock: ManualClock;
let hardware: Map<string, Hardware>;
let host: AssignableHost;
let memory: FirmwareMemory;
let profiles: ProfileCatalogue;

const always = (version: string) => (): string => version;
const device = (id: string, line: string, over: Partial<DeviceDefinition> = {}): DeviceDefinition => ({
  id,
  profile: 'test/lock',
  transport: { kind: 'memory', name: line },
  ...over,
});
const DEVICES = [device('one', 'a'), device('two', 'b'), device('mate', 'b')];

const progressOf = (state: UpdateProgress['state']): UpdateProgress => ({ state, sent: 0, total: 0, at: clock.now() });
const hardwareOf = (id: string): Hardware => {
  const known = hardware.get(id);
  if (known) return known;
  const fresh: Hardware = {
    version: always('1.0'),
    progress: 'idle',
    made: [],
    health: createHealth({ clock, onListenerError: rethrow }),
    updates: createEmitter<UpdateProgress>(rethrow),
  };
  hardware.set(id, fresh);
  return fresh;
};
const protocol: Protocol = {
  name: 'versioned',
  connect: ({ devices }) =>
    ok(
      devices.map(({ deviceId, params }): Driver => {
        const mine = hardwareOf(deviceId);
        mine.made.push(params);
        mine.health = createHealth({ clock, onListenerError: rethrow });
        mine.updates = createEmitter<UpdateProgress>(rethrow);
        const { health } = mine;
        const firmware: Firmware = {
          update: ({ id }) => Promise.resolve(ok({ commandId: id, confirmation: 'observed', at: clock.now() })),
          cancel: ({ id }) => Promise.resolve(ok({ commandId: id, confirmation: 'acknowledged', at: clock.now() })),
          source: () => Promise.resolve(ok({ from: 'bytes' as const })),
          installed: () => Promise.resolve(ok({ version: mine.version(params) })),
          progress: () => Promise.resolve(ok(progressOf(mine.progress))),
          onProgress: mine.updates.on,
        };
        return {
          deviceId,
          capabilities: { firmware },
          get health() {
            return health.current;
          },
          start: () => {
            health.set('ready');
          },
          stop: () => Promise.resolve(),
          onHealth: health.on,
          onTraffic: () => () => undefined,
        };
      }),
    ),
};

const profileText = (more: object): string =>
  JSON.stringify({
    label: { zh: '测试', en: 'test' },
    protocol: 'versioned',
    transport: { kind: 'serial', baudRate: 9600 },
    params: { pulse: 'device', unit: 1 },
    capabilities: ['firmware'],
    evidence: ['vectors'],
    sources: ['this test'],
    ...more,
  });
const catalogue = (more: object): ProfileCatalogue =>
  unwrap(
    catalogueOf(
      new Map([
        ['test/lock.json', profileText(more)],
        ['test/lock.vectors.json', '{}'],
      ]),
    ),
  );
const CONDITIONS = { conditions: [{ firmware: { from: '2.0', below: '3.0' }, params: { pulse: 'host' } }] };

const begin = (devices: readonly DeviceDefinition[] = DEVICES): void => {
  host = createAgentHost({
    clock,
    random: systemRandom,
    log: silentLog,
    protocols: [protocol],
    profiles,
    firmware: memory,
    devices,
  });
  host.start();
};
/** Lets everything happen that waits for nothing but a turn. */
const settle = (): Promise<void> => clock.advanceAsync(ms(1));
const reboot = async (id: string, version: string): Promise<void> => {
  const one = hardwareOf(id);
  one.health.set('down', { code: 'E-DEV-0102' });
  one.version = always(version);
  one.health.set('ready');
  await settle();
};
const pulses = (id: string): readonly unknown[] => hardwareOf(id).made.map(({ pulse }) => pulse);

beforeEach(() => {
  clock = manualClock();
  hardware = new Map();
  memory = forgetfulMemory();
  profiles = catalogue(CONDITIONS);
});
afterEach(async () => {
  await host.stop();
});

describe('the conditions of a profile', () => {
  it('apply to the firmware that the device reports, and again when it reports another', async () => {
    begin();
    await settle();
    expect(pulses('one')).toEqual(['device']);
    await reboot('one', '2.4');
    expect(pulses('one')).toEqual(['device', 'host']);
    await reboot('one', '3.0');
    expect(pulses('one')).toEqual(['device', 'host', 'device']);
    expect(host.health('one')?.state).toBe('ready');
  });

  it('restart the bus of that device and no other, and none when the parameters stay', async () => {
    begin();
    await settle();
    await reboot('two', '2.4');
    expect([pulses('one').length, pulses('two').length, pulses('mate').length]).toEqual([1, 2, 2]);
    await reboot('two', '2.5');
    expect(pulses('two')).toHaveLength(2);
  });

  it('are known before the device is asked when it was asked in an earlier life', async () => {
    memory.note('one', '2.4');
    hardwareOf('one').version = always('2.4');
    begin();
    await settle();
    expect(pulses('one')).toEqual(['host']);
  });

  it('give way to what the installation says', async () => {
    hardwareOf('one').version = always('2.4');
    begin([device('one', 'a', { params: { pulse: 'none' } })]);
    await settle();
    expect(new Set(pulses('one'))).toEqual(new Set(['none']));
  });

  it('wait while anything on the bus is being updated, and are applied when that ends', async () => {
    begin();
    await settle();
    hardwareOf('mate').progress = 'sending';
    await reboot('two', '2.4');
    expect(pulses('two')).toHaveLength(1);
    hardwareOf('mate').progress = 'done';
    hardwareOf('mate').updates.emit(progressOf('done'));
    await settle();
    expect(pulses('two')).toEqual(['device', 'host']);
  });

  it('do not send a device round and round that reports another firmware under other parameters', async () => {
    hardwareOf('one').version = ({ pulse }) => (pulse === 'device' ? '2.0' : '1.0');
    begin();
    for (let turn = 0; turn < 20; turn += 1) await settle();
    expect(pulses('one')).toHaveLength(4);
    expect(host.health('one')?.state).toBe('ready');
    // Later it gets another chance.
    await clock.advanceAsync(hours(2));
    hardwareOf('one').version = always('1.0');
    await reboot('one', '1.0');
    expect(pulses('one').at(-1)).toBe('device');
  });

  it('count in profiles that come while the device runs', async () => {
    profiles = catalogue({});
    hardwareOf('one').version = always('2.4');
    begin();
    await settle();
    expect(pulses('one')).toEqual(['device']);
    await host.assign({ devices: DEVICES, profiles: catalogue(CONDITIONS) });
    await settle();
    expect(pulses('one')).toEqual(['device', 'host']);
  });

  it('ask nothing of a device whose profile does not depend on it', async () => {
    profiles = catalogue({});
    let asked = 0;
    hardwareOf('one').version = () => `${(asked += 1)}`;
    begin();
    await settle();
    expect(asked).toBe(0);
  });
});

describe('a device outside the firmware range of its profile', () => {
  const states: string[] = [];
  beforeEach(() => {
    profiles = catalogue({ firmware: { from: '2', below: '3' } });
    states.length = 0;
  });
  const watch = (): void => {
    host.onHealth(({ deviceId, health }) => {
      if (deviceId === 'one') states.push(`${health.state} ${health.reason?.code ?? ''}`.trim());
    });
  };

  it('goes on, and says so until its firmware fits', async () => {
    begin();
    watch();
    await settle();
    expect(states).toEqual(['degraded E-DEV-0307']);
    expect(host.health('one')).toMatchObject({
      state: 'degraded',
      reason: { detail: '1.0; the profile is from 2, below 3' },
    });
    expect(host.devices()[0]?.health.reason?.code).toBe('E-DEV-0307');
    await reboot('one', '2.9');
    expect(states.at(-1)).toBe('ready');
    expect(pulses('one')).toHaveLength(1);
  });

  it('is told of at once when profiles come that were not made for it, without a restart', async () => {
    memory.note('one', '1.0');
    profiles = catalogue({});
    begin();
    watch();
    await settle();
    await host.assign({ devices: DEVICES, profiles: catalogue({ firmware: { from: '2' } }) });
    expect(states.at(-1)).toBe('degraded E-DEV-0307');
    expect(pulses('one')).toHaveLength(1);
  });
});
