import { createHash } from 'node:crypto';
import { silentLog } from '@hallhub/device-drivers/kit';
import type { DiscoveredDevice } from '@hallhub/device-drivers/protocols/mqtt-discovery';
import { builtInProfiles } from '@hallhub/firmware-profiles/schema';
import type { EpochMs } from '@hallhub/sync/base';
import { epochMs, hours, manualClock, minutes, ok, seconds, systemRandom, unwrap } from '@hallhub/sync/base';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { auditSchema, createAudit } from '../../audit/index.ts';
import type { DeviceConfig } from '../../config/index.ts';
import { devicesSchema } from '../schema.ts';
import { devicesSummary } from '../summary.ts';
import { createTestFleet } from '../testing/fleet.ts';
import type { WatchedState } from './availability-rules.ts';
import { dayOf, shareOf, spansOf, startOfDay } from './availability-rules.ts';
import { foundByAgent, topicsInUse, watchBroker } from './discovery.ts';
import type { DiscoveryPort } from './hardware.ts';
import { createHardware } from './hardware.ts';
import { placed } from './placed.ts';
import { createRegistry } from './service.ts';
import { zoneOffset } from './zone-offset.ts';

const START = epochMs(Date.UTC(2026, 10, 22, 2));

function setUp() {
  const db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [auditSchema, devicesSchema] });
  const clock = manualClock(START);
  const start = () => {
    const fleet = createTestFleet(clock);
    const audit = createAudit({ db, clock });
    const hardware = createHardware({ db, clock, audit });
    const registry = createRegistry({
      db,
      clock,
      random: systemRandom,
      log: silentLog,
      audit,
      digest: (text) => createHash('sha256').update(text).digest(),
      timeZone: 'Asia/Shanghai',
      host: fleet.host,
      hardware,
      configured: () => [],
      areaOf: () => 'campus',
      profilesOf: () => undefined,
      profiles: () => builtInProfiles().list(),
      serialPorts: () => Promise.resolve([]),
      usbDevices: () => Promise.resolve(ok([])),
    });
    registry.start();
    return { fleet, hardware, registry, audit };
  };
  return { db, clock, start };
}

describe('a device out of service', () => {
  test('alarms nobody, says why and by whom, and is so after a restart', () => {
    const { start, clock } = setUp();
    const { fleet, registry } = start();
    const troubles = (from: typeof registry): number => {
      const broker = { state: () => ({ up: true, guestsWithoutState: 0, withdrawing: [] }) };
      return devicesSummary({ onBusCount: () => 0 }, from, { inbox: () => ({ failed: 0 }) }, broker)().attention.length;
    };
    fleet.health('down');
    expect(troubles(registry)).toBe(1);
    unwrap(registry.setService('relay', { inService: false, reason: 'belt worn', by: 'staff:1' }));
    expect(troubles(registry)).toBe(0);
    clock.advance(hours(1));
    registry.stop();
    const again = start().registry;
    expect(again.list()[0]?.admin).toMatchObject({ inService: false, reason: 'belt worn', by: 'staff:1' });
  });
});

describe('availability', () => {
  test('counts what was watched and wanted, over a restart without a word and through compaction', () => {
    const { start, clock } = setUp();
    let { fleet, registry } = start();
    clock.advance(hours(3));
    fleet.health('down');
    clock.advance(hours(1));
    fleet.health('ready');
    clock.advance(minutes(30));
    // Killed: nobody watches for two hours.
    clock.stepWall(hours(2));
    ({ fleet, registry } = start());
    clock.advance(hours(1));
    const before = unwrap(registry.detail('relay')).availability;
    expect(before.lastDay).toBeCloseTo(4.5 / 5.5, 2);
    expect(before.changes.map(({ state }) => state)).toEqual(['ready', 'unknown', 'ready', 'down', 'ready']);
    clock.advance(hours(72));
    const unpacked = unwrap(registry.detail('relay')).availability;
    expect(registry.compact(clock.now())).toBeGreaterThan(0);
    const packed = unwrap(registry.detail('relay')).availability;
    expect(packed.days).toEqual(unpacked.days);
    expect(packed.lastMonth).toBe(unpacked.lastMonth);
    expect(registry.compact(clock.now())).toBe(0);
  });

  const state = fc.constantFrom<WatchedState>('starting', 'ready', 'degraded', 'down', 'unknown', 'out-of-service');
  test('every moment belongs to exactly one state, however the clock jumped', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: fc.integer({ min: 0, max: 1_000 }).map(epochMs), state })),
        fc.integer({ min: 0, max: 500 }),
        fc.integer({ min: 0, max: 500 }),
        (changes, from, length) => {
          const spans = spansOf(changes, epochMs(from), epochMs(from + length));
          expect(Object.values(spans).reduce((sum, span) => sum + span, 0)).toBe(length);
          const share = shareOf(spans);
          if (share !== undefined) expect(share >= 0 && share <= 1).toBe(true);
        },
      ),
    );
  });
  test('days begin at midnight of the campus', () => {
    const offset = zoneOffset('Asia/Shanghai')(START);
    expect(offset).toBe(hours(8));
    expect(new Date(startOfDay(dayOf(START, offset), offset)).toISOString()).toBe('2026-11-21T16:00:00.000Z');
    expect(zoneOffset('America/St_Johns')(Date.UTC(2026, 0, 1) as EpochMs)).toBe(hours(-3.5));
  });
});

test('a device that comes back is asked how things are, and nothing is sent to it', async () => {
  const { start, clock } = setUp();
  const { fleet, registry } = start();
  fleet.health('down');
  fleet.health('ready');
  await clock.advanceAsync(seconds(5));
  expect(unwrap(registry.detail('relay')).twin).toMatchObject([
    { property: 'channel-0', reported: { value: false }, standing: 'unknown' },
    { property: 'channel-1', reported: { value: true }, standing: 'unknown' },
  ]);
  expect(fleet.reached).toEqual([]);
});

test('an alarm is among the events of its device, unless it is out of service', () => {
  const { start, clock, db } = setUp();
  const { fleet, registry } = start();
  fleet.tamper(true);
  unwrap(registry.setService('relay', { inService: false, reason: 'being moved', by: 'staff:1' }));
  fleet.tamper(false);
  clock.advance(seconds(5));
  expect(db.prepare('SELECT type, data FROM device_event').all()).toMatchObject([
    { type: 'tamper.tamper', data: expect.stringContaining('"tampered":true') as string },
  ]);
});

describe('hardware', () => {
  const found = (hardware: DiscoveryPort, port: string): void => {
    hardware.found({
      source: 'serial-ports',
      identity: { port },
      place: { transport: { kind: 'serial', path: port, baudRate: 115_200 } },
      about: port,
    });
  };

  test('the first that says who it is plays the device; another one in its place is noticed and counts only when claimed', () => {
    const { start, clock } = setUp();
    const { hardware, registry, audit } = start();
    hardware.observed('relay', { 'serial-number': 'A1', firmware: '1.0' });
    hardware.observed('relay', { 'serial-number': 'A1', firmware: '1.1' });
    expect(registry.list()[0]?.stranger).toBe(false);
    clock.advance(minutes(1));
    hardware.observed('relay', { 'serial-number': 'B2' });
    expect(registry.list()[0]?.stranger).toBe(true);
    unwrap(registry.replace('relay', { answering: true }, { actor: 'staff:1', note: 'A1 broke' }));
    const { stranger, hardware: history } = unwrap(registry.detail('relay'));
    expect(stranger).toBe(false);
    expect(history).toMatchObject([
      { identity: { 'serial-number': 'B2' }, claimedBy: 'staff:1', note: 'A1 broke', claimedAt: clock.now() },
      { identity: { 'serial-number': 'A1', firmware: '1.1' }, claimedBy: 'hub', releasedAt: clock.now() },
    ]);
    expect(audit.list({ limit: 1 })[0]).toMatchObject({ action: 'device.claim-hardware', actor: 'staff:1' });
  });

  test('the firmware that counts is what answers now, then what is on record, and nothing of hardware that was replaced', () => {
    const { start } = setUp();
    const { hardware, registry } = start();
    hardware.firmware.note('relay', '1.0');
    hardware.observed('relay', { 'serial-number': 'A1', firmware: '1.0' });
    const again = start().hardware;
    expect(again.firmware.of('relay')).toBe('1.0');
    again.firmware.note('relay', '2.0');
    again.observed('relay', { 'serial-number': 'B2', firmware: '2.0' });
    expect(again.firmware.of('relay')).toBe('2.0');
    found(again, '/dev/serial/by-id/new');
    unwrap(again.replace('relay', { discovered: registry.discovered()[0]?.id ?? '' }, { actor: 'staff:1', note: 'x' }));
    expect(again.firmware.of('relay')).toBeUndefined();
  });

  test('the free ports of agents are found beside the hub’s own, each with where it is', () => {
    const { start } = setUp();
    const { hardware, registry } = start();
    const reader = { ...plug, id: 'reader', agent: 'gate-1' };
    const configured: readonly DeviceConfig[] = [
      {
        ...reader,
        transport: { kind: 'serial', path: '/dev/ttyUSB0', baudRate: 9_600, dataBits: 8, parity: 'none', stopBits: 1 },
      },
    ];
    const port = (name: string, path: string) => ({ byId: `/dev/serial/by-id/${name}`, path });
    const ports = [port('used', '/dev/ttyUSB0'), port('free', '/dev/ttyUSB1')];
    const device = { profile: 'x', capabilities: [], health: { state: 'ready' as const, since: 0 } };
    const hello = {
      ports,
      usb: [],
      devices: ['reader', 'left-over'].map((id) => ({ ...device, id, line: `memory:${id}` })),
    };
    for (const agent of ['gate-1', 'gate-2']) foundByAgent({ agent, hello, configured, discovery: hardware });
    found(hardware, '/dev/serial/by-id/free');
    const seen = registry.discovered().map(({ source, about, place }) => [source, about, place?.agent]);
    expect(seen).toEqual([
      ['agent:gate-1', 'free', 'gate-1'],
      ['agent:gate-1', 'left-over', undefined],
      ['agent:gate-2', 'free', 'gate-2'],
      ['agent:gate-2', 'left-over', undefined],
      ['agent:gate-2', 'reader', undefined],
      ['agent:gate-2', 'used', 'gate-2'],
      ['serial-ports', '/dev/serial/by-id/free', undefined],
    ]);
    const [free] = registry.discovered();
    unwrap(hardware.replace('reader', { discovered: free?.id ?? '' }, who));
    expect(placed(reader, hardware.placeOf('reader'))).toMatchObject({
      agent: 'gate-1',
      transport: { path: '/dev/serial/by-id/free' },
    });
  });

  test('what was discovered is taken into a device with its place, once, and survives a restart', () => {
    const { start } = setUp();
    const { hardware, registry } = start();
    found(hardware, '/dev/serial/by-id/new');
    found(hardware, '/dev/serial/by-id/new');
    const [one] = registry.discovered();
    expect(registry.discovered()).toHaveLength(1);
    const who = { actor: 'staff:1', note: 'new reader' };
    unwrap(registry.replace('relay', { discovered: one?.id ?? '' }, who));
    expect(registry.discovered()).toEqual([]);
    found(hardware, '/dev/serial/by-id/new');
    expect(registry.discovered()).toEqual([]);
    expect(registry.replace('relay', { discovered: one?.id ?? '' }, who)).toMatchObject({
      error: { code: 'E-DEV-0415' },
    });
    expect(start().hardware.placeOf('relay')).toMatchObject({ transport: { path: '/dev/serial/by-id/new' } });
  });

  const announced = (topic: string): DiscoveredDevice => ({
    key: `tasmota/${topic}`,
    protocol: 'tasmota',
    name: topic,
    identity: {},
    params: { topic },
    profiles: [],
    seenAt: START,
    fromBroker: false,
  });
  const plug = {
    id: 'plug',
    profile: 'tasmota/power-plug',
    label: { zh: '插座', en: 'Plug' },
    transport: { kind: 'mqtt' as const },
    params: { topic: 'old', probeEvery: 30 },
  };
  const watch = (discovery: DiscoveryPort, devices: readonly DeviceConfig[], topics: readonly string[]): void => {
    watchBroker({
      found: { list: () => topics.map(announced), onChange: () => () => undefined },
      inUse: topicsInUse(
        () => devices,
        () => ({ protocol: 'tasmota', params: {} }),
      ),
      discovery,
    })();
  };
  const who = { actor: 'staff:1', note: 'broke' };

  test('at the broker each device is found by itself, whatever was claimed there before, and a configured one not at all', () => {
    const { start } = setUp();
    const { hardware, registry } = start();
    watch(hardware, [plug], ['old', 'new', 'other']);
    expect(registry.discovered().map(({ about }) => about)).toEqual(['new', 'other']);
    unwrap(registry.replace('relay', { discovered: registry.discovered()[0]?.id ?? '' }, who));
    watch(hardware, [plug], ['old', 'new', 'other', 'late']);
    expect(registry.discovered().map(({ about }) => about)).toEqual(['late', 'other']);
    unwrap(hardware.replace('elsewhere', { discovered: registry.discovered()[0]?.id ?? '' }, who));
  });

  test('a device at the broker is replaced by another one with its topic, over a restart', () => {
    const { start } = setUp();
    const { hardware, registry } = start();
    watch(hardware, [plug], ['new']);
    unwrap(hardware.replace('plug', { discovered: registry.discovered()[0]?.id ?? '' }, who));
    const again = start();
    const moved = placed(plug, again.hardware.placeOf('plug'));
    expect(moved).toEqual({ ...plug, params: { topic: 'new', probeEvery: 30 } });
    watch(again.hardware, [moved], ['old', 'new']);
    expect(again.registry.discovered().map(({ about }) => about)).toEqual(['old']);
  });

  test('a base topic that nobody configured is the one that the service has', () => {
    const motion = { ...plug, profile: 'zigbee2mqtt/occupancy', params: { name: 'a301' } };
    const inUse = topicsInUse(
      () => [motion],
      () => ({ protocol: 'zigbee2mqtt', params: {} }),
    );
    const found = (name: string) => ({ protocol: 'zigbee2mqtt' as const, params: { base: 'zigbee2mqtt', name } });
    expect(inUse(found('a301'))).toBe(true);
    expect(inUse(found('a302'))).toBe(false);
    expect(inUse({ protocol: 'tasmota', params: { topic: 'a301' } })).toBe(false);
  });

  test('hardware that plays one device cannot be claimed for another', () => {
    const { start } = setUp();
    const { hardware, registry } = start();
    hardware.observed('elsewhere', { 'serial-number': 'B2' });
    hardware.observed('relay', { 'serial-number': 'A1' });
    hardware.observed('relay', { 'serial-number': 'B2' });
    expect(registry.replace('relay', { answering: true }, { actor: 'staff:1', note: 'x' })).toMatchObject({
      error: { code: 'E-DEV-0416' },
    });
  });

  test('on USB is found with the profiles that it may have, and not what a device has', () => {
    const { start } = setUp();
    const { hardware, registry } = start();
    const usb = [
      { vendorId: '0400', productId: 'c35a', interfaceClass: 'ff', product: 'A reader' },
      { vendorId: '0fe6', productId: '811e', interfaceClass: '07', serialNumber: 'A1' },
      { vendorId: '0fe6', productId: '811e', interfaceClass: '07', serialNumber: 'A2' },
      { vendorId: '1234', productId: '0001', interfaceClass: 'ff' },
    ];
    const configured: readonly DeviceConfig[] = [
      {
        ...plug,
        id: 'printer',
        agent: 'gate-1',
        transport: { kind: 'usb', vendorId: 0x0fe6, productId: 0x811e, serialNumber: 'A2' },
      },
    ];
    foundByAgent({ agent: 'gate-1', hello: { devices: [], ports: [], usb }, configured, discovery: hardware });
    expect(registry.discovered()).toMatchObject([
      { about: 'A reader', profiles: ['generic/resident-id-usb'], place: { agent: 'gate-1' } },
      {
        about: 'usb:0fe6:811e:A1',
        profiles: ['generic/escpos-80mm-usb'],
        place: { transport: { kind: 'usb', vendorId: 0x0fe6, productId: 0x811e, serialNumber: 'A1' } },
      },
      { about: 'usb:1234:0001', profiles: [] },
    ]);
    const [reader] = registry.discovered();
    unwrap(registry.replace('relay', { discovered: reader?.id ?? '' }, { actor: 'staff:1', note: 'x' }));
    expect(hardware.placeOf('relay')).toMatchObject({ transport: { kind: 'usb', vendorId: 0x0400 } });
  });

  test('is looked for on the machine itself, and whether that shows its USB devices is known', async () => {
    const { start } = setUp();
    const { registry } = start();
    await vi.waitFor(() => {
      expect(registry.seesUsb).toBe(true);
    });
  });

  test('names that say nothing, or that are long, hide nothing else', () => {
    const { start } = setUp();
    const { hardware, registry } = start();
    const port = `/dev/serial/by-id/usb-${'A_Maker_of_Long_Names_'.repeat(8)}-if00-port0`;
    registry.discovery.found({ source: 'agent:gate-1', identity: { port }, about: 'long' });
    registry.discovery.found({ source: 'agent:gate-1', identity: { port: '' }, about: 'nothing' });
    hardware.observed('relay', { 'serial-number': '', firmware: '1.0' });
    expect(registry.discovered()).toMatchObject([{ about: 'long', identity: { port } }]);
    expect(unwrap(registry.detail('relay')).hardware).toMatchObject([{ identity: { firmware: '1.0' } }]);
  });

  test('what is found while the disk takes nothing is written when it does', () => {
    const { start, clock, db } = setUp();
    const { registry } = start();
    const pages = db.pragma('page_count', { simple: true }) as number;
    db.pragma(`max_page_count = ${pages}`);
    const names = Array.from({ length: 200 }, (_, index) => `/dev/serial/by-id/port-${index}`);
    for (const port of names) registry.discovery.found({ source: 'serial-ports', identity: { port }, about: port });
    clock.advance(seconds(10));
    db.pragma('max_page_count = 100000');
    clock.advance(seconds(10));
    expect(registry.discovered()).toHaveLength(names.length);
  });

  test('who is not seen any more is forgotten', () => {
    const { start, clock } = setUp();
    const { hardware, registry } = start();
    found(hardware, '/dev/serial/by-id/gone');
    clock.advance(seconds(10));
    registry.purge(clock.now());
    expect(registry.discovered()).toEqual([]);
  });
});
