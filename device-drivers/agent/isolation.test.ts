import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { catalogueOf } from '@hallhub/firmware-profiles/schema';
import { type Clock, type Failure, ms, ok, plus, seconds, systemClock, systemRandom, unwrap } from '@hallhub/sync/base';
import type { Receipt } from '../kit/index.ts';
import { silentLog } from '../kit/index.ts';
import { until } from '../kit/testing/index.ts';
import { createRelayBoardSimulator } from '../protocols/modbus/index.ts';
import { createOsdpReaderSimulator } from '../protocols/osdp/index.ts';
import { type MemoryLine, createMemoryLine, systemTransports } from '../transports/index.ts';
import { type AssignableHost, type DeviceDefinition, builtInProtocols, createAgentHost } from './index.ts';
import { unrulyPlace } from './testing/unruly-protocol.ts';

const profile = (protocol: string, capabilities: readonly string[], params: object = {}): string =>
  JSON.stringify({
    label: { zh: '测试', en: 'test' },
    protocol,
    transport: { kind: 'serial', baudRate: 9600 },
    params,
    capabilities,
    evidence: ['vectors'],
    sources: ['this test'],
  });
const profiles = unwrap(
  catalogueOf(
    new Map([
      ['test/unruly.json', profile('unruly', ['switch'])],
      ['test/unruly.vectors.json', '{}'],
      ['test/board.json', profile('modbus-rtu', ['barrier'], { relay: { in: 0 } })],
      ['test/board.vectors.json', '{}'],
    ]),
  ),
);

const DEVICES: readonly DeviceDefinition[] = [
  { id: 'unruly', profile: 'test/unruly', transport: { kind: 'memory', name: 'unruly' } },
  { id: 'quiet', profile: 'test/unruly', transport: { kind: 'memory', name: 'quiet' } },
  { id: 'barrier', profile: 'test/board', transport: { kind: 'memory', name: 'relays' } },
];

let clock: Clock;
let lines: Map<string, MemoryLine>;
let host: AssignableHost;
let board: ReturnType<typeof createRelayBoardSimulator>;
let pulses: number;
let heard: number[];
let ids = 0;

const command = <Name extends string, Args>(name: Name, args: Args, id = `${(ids += 1)}`) => ({
  id,
  name,
  args,
  issuedAt: clock.now(),
  expiresAt: plus(clock.now(), seconds(20)),
  issuedBy: 'test',
});
const set = (device: string, channel: number, id?: string): Promise<Receipt> => {
  const capability = host.capability(device, 'switch');
  if (!capability) throw new Error('no switch');
  return capability.set(command('set', { channel, on: true }, id));
};
const open = (lives = seconds(20)): Promise<Receipt> => {
  const barrier = host.capability('barrier', 'barrier');
  if (!barrier) throw new Error('no barrier');
  return barrier.open({
    ...command('open', { hold: ms(500), direction: 'in' as const }),
    expiresAt: plus(clock.now(), lives),
  });
};
const stateOf = (device: string): string => host.health(device)?.state ?? 'unknown';

beforeEach(async () => {
  clock = systemClock({ mode: 'test' });
  lines = new Map(['unruly', 'quiet', 'relays'].map((name) => [name, createMemoryLine({ name })]));
  const relays = lines.get('relays');
  if (!relays) throw new Error('no line');
  board = createRelayBoardSimulator({ transport: relays.device, clock });
  await board.start();
  pulses = 0;
  board.onRelay(({ on }) => (pulses += on ? 1 : 0));
  heard = [];
  const unruly = lines.get('unruly')?.device;
  unruly?.onData((bytes) => heard.push(...bytes));
  await unruly?.open();
  await lines.get('quiet')?.device.open();
  await begin();
}, 60_000);
afterEach(async () => {
  await host.stop();
  await board.stop();
});

async function begin(threads?: number): Promise<void> {
  host = createAgentHost({
    clock,
    random: systemRandom,
    log: silentLog,
    isolate: true,
    profiles,
    protocols: [...builtInProtocols, unrulyPlace],
    transportFactory: systemTransports({ clock, memoryLines: lines }),
    patience: ms(1_500),
    devices: DEVICES,
    ...(threads !== undefined && { threads }),
  });
  host.start();
  await until('all are ready', () => ['unruly', 'quiet', 'barrier'].every((id) => stateOf(id) === 'ready'));
}

describe('buses in threads of their own', { timeout: 60_000 }, () => {
  it('carry commands, receipts, events and bytes both ways', async () => {
    expect(await set('unruly', 0)).toMatchObject({ ok: true, value: { confirmation: 'acknowledged' } });
    expect(heard).toEqual([0]);
    const changes: number[] = [];
    host.capability('unruly', 'switch')?.onChange(({ channel }) => changes.push(channel));
    await lines.get('unruly')?.device.write(Uint8Array.of(7));
    await until('the event is here', () => changes.length > 0);
    expect(changes).toEqual([7]);
    expect(await open()).toMatchObject({ ok: true });
    expect(pulses).toBe(1);
  });

  it('read one clock', async () => {
    const before = clock.now();
    const receipt = await set('unruly', 0);
    const at = receipt.ok ? receipt.value.at : 0;
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(clock.now());
  });

  it.each([
    ['spins', 1],
    ['throws where nobody catches', 2],
    ['ends its thread', 3],
  ])('survive a driver that %s: the others go on, and it is started again', async (_what, channel) => {
    const reasons: (Failure | undefined)[] = [];
    host.onHealth(({ deviceId, health }) => {
      if (deviceId === 'unruly' && health.state === 'down') reasons.push(health.reason);
      else if (health.state === 'down') throw new Error(`${deviceId} went down, too`);
    });
    const bad = set('unruly', channel, 'bad');
    for (let round = 0; round < 5; round += 1) {
      expect(await open()).toMatchObject({ ok: true });
      expect(await set('quiet', 0)).toMatchObject({ ok: true });
    }
    await until('the culprit is down', () => reasons.length > 0);
    expect(reasons[0]).toMatchObject({ code: 'E-DEV-0303' });
    const receipt = await bad;
    if (channel !== 2) expect(receipt).toMatchObject({ ok: false, error: { code: 'E-DEV-0303' } });
    await until('it is back', () => stateOf('unruly') === 'ready');
    expect(await set('unruly', 0)).toMatchObject({ ok: true });
    // The same command again must not reach the next thread.
    expect(await set('unruly', channel, 'bad')).toEqual(receipt);
    expect(stateOf('unruly')).toBe('ready');
    expect(pulses).toBe(5);
  });

  it('go down and come back with their line', async () => {
    lines.get('relays')?.unplug();
    await until('it is down', () => stateOf('barrier') === 'down');
    expect(await open()).toMatchObject({ ok: false });
    lines.get('relays')?.plug();
    await until('it is ready', () => stateOf('barrier') === 'ready');
    expect(await open()).toMatchObject({ ok: true });
    expect(pulses).toBe(1);
  });

  it('are built anew alone: the threads of the others do not notice', async () => {
    const seen: string[] = [];
    host.onHealth(({ deviceId, health }) => seen.push(`${deviceId} ${health.state}`));
    await host.assign({
      profiles,
      devices: DEVICES.map((device) => (device.id === 'quiet' ? { ...device, params: { any: 1 } } : device)),
    });
    const opened = open();
    await until('the one is back', () => stateOf('quiet') === 'ready');
    expect(seen.filter((line) => !line.startsWith('quiet'))).toEqual([]);
    expect(await opened).toMatchObject({ ok: true });
    await host.assign({ profiles, devices: DEVICES.filter(({ id }) => id !== 'quiet') });
    expect(host.capability('quiet', 'switch')).toBeUndefined();
    expect(await open()).toMatchObject({ ok: true });
    expect(seen.filter((line) => !line.startsWith('quiet'))).toEqual([]);
  });

  it('let nothing out that expired while the host was busy', async () => {
    const late = open(ms(300));
    // The driver finds its order alive; its bytes then wait for this thread.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
    expect(await late).toMatchObject({ ok: false, error: { code: 'E-DEV-0201' } });
    await until('it is ready', () => stateOf('barrier') === 'ready');
    expect(await open()).toMatchObject({ ok: true });
    expect(pulses).toBe(1);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('a line that throws');
      },
    ],
    ['rejects', () => Promise.reject(new Error('a line that rejects'))],
  ])('outlive a line that %s: its drivers hear that it broke, and the process goes on', async (_how, fail) => {
    const odd = lines.get('unruly')?.host;
    if (!odd) throw new Error('no line');
    const own = createAgentHost({
      clock,
      random: systemRandom,
      log: silentLog,
      isolate: true,
      profiles,
      protocols: [unrulyPlace],
      transportFactory: () => ok({ ...odd, open: fail, close: fail }),
      devices: DEVICES.slice(0, 1),
    });
    own.start();
    await until('it is down', () => own.health('unruly')?.state === 'down');
    expect(own.health('unruly')?.reason?.code).toBe('E-DEV-0103');
    expect(await open()).toMatchObject({ ok: true });
    await own.stop();
  });

  it('do not know what became of an order that had left when they were taken away', async () => {
    const taken = new Promise<void>((resolve) => {
      board.onRelay(({ on }) => {
        // Before the board can say so: the same moment.
        if (on) void host.assign({ devices: [] }).then(resolve);
      });
    });
    board.setFaults({ lateBy: ms(200) });
    expect(await open()).toMatchObject({ ok: false, error: { code: 'E-DEV-0206' } });
    await taken;
    expect(pulses).toBe(1);
  });

  it('stop and start again', async () => {
    await host.stop();
    expect(await open()).toMatchObject({ ok: false, error: { code: 'E-DEV-0102' } });
    host.start();
    await until('all are ready', () => ['unruly', 'quiet', 'barrier'].every((id) => stateOf(id) === 'ready'));
    expect(await open()).toMatchObject({ ok: true });
  });

  it('serve readers on OSDP as well', async () => {
    const line = createMemoryLine({ name: 'osdp' });
    const reader = createOsdpReaderSimulator({ transport: line.device, clock, address: 1 });
    unwrap(await reader.start());
    lines.set('osdp', line);
    await host.assign({
      devices: [
        {
          id: 'osdp',
          profile: 'generic/osdp-reader',
          transport: { kind: 'memory', name: 'osdp' },
          params: { address: 1 },
        },
      ],
    });
    await until('it is ready', () => stateOf('osdp') === 'ready');
    const installed = await host.capability('osdp', 'firmware')?.installed();
    expect(installed).toMatchObject({ ok: true });
    await reader.stop();
  });
});

describe('buses that share a thread', { timeout: 60_000 }, () => {
  beforeEach(async () => {
    await host.stop();
    await begin(1);
  });

  it.each([
    ['spins', 1],
    ['throws where nobody catches', 2],
  ])('all come back when one %s, and the second time it is alone with it', async (_what, channel) => {
    const down: string[] = [];
    host.onHealth(({ deviceId, health }) => {
      if (health.state === 'down') down.push(deviceId);
    });
    const allReady = (): boolean => ['unruly', 'quiet', 'barrier'].every((id) => stateOf(id) === 'ready');
    void set('unruly', channel, 'first');
    await until('all are down', () => new Set(down).size === 3);
    await until('all are back', allReady);
    expect(await open()).toMatchObject({ ok: true });
    down.length = 0;
    void set('unruly', channel, 'second');
    await until('the culprit is down', () => down.length > 0);
    await until('it is back', allReady);
    expect(new Set(down)).toEqual(new Set(['unruly']));
    expect(pulses).toBe(1);
  });

  it('are not disturbed by one whose parameters make no sense: it says why, comes and goes', async () => {
    const seen: string[] = [];
    host.onHealth(({ deviceId, health }) => {
      if (deviceId !== 'odd') seen.push(`${deviceId} ${health.state}`);
    });
    const odd = { id: 'odd', profile: 'test/board', transport: { kind: 'memory', name: 'odd' } } as const;
    lines.set('odd', createMemoryLine({ name: 'odd' }));
    await host.assign({ profiles, devices: [...DEVICES, { ...odd, params: { relay: { in: -1 } } }] });
    await until('it is down', () => stateOf('odd') === 'down');
    expect(host.health('odd')?.reason?.code).toBe('E-DEV-0302');
    // Asked to leave, it answers like any other; a thread in which somebody does not is ended.
    await host.assign({ profiles, devices: DEVICES });
    expect(await open()).toMatchObject({ ok: true });
    expect(await set('unruly', 0)).toMatchObject({ ok: true });
    expect(seen).toEqual([]);
  });

  it('leave it one by one, and the others stay', async () => {
    const seen: string[] = [];
    host.onHealth(({ deviceId, health }) => seen.push(`${deviceId} ${health.state}`));
    await host.assign({ profiles, devices: DEVICES.filter(({ id }) => id !== 'quiet') });
    expect(await open()).toMatchObject({ ok: true });
    expect(await set('unruly', 0)).toMatchObject({ ok: true });
    expect(seen.filter((line) => !line.startsWith('quiet'))).toEqual([]);
  });
});
