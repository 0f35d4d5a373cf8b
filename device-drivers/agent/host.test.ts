import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ManualClock, failure, manualClock, ms, ok, plus, seconds } from '@hallhub/sync/base';
import { type DeviceLog, type Driver, type Protocol, silentLog } from '../kit/index.ts';
import { createRelayBoardSimulator, createTurnstileArm } from '../protocols/modbus/index.ts';
import { createReaderSimulator } from '../protocols/resident-id/index.ts';
import { type MemoryLine, createMemoryLine, systemTransports } from '../transports/index.ts';
import {
  type AgentHost,
  type AgentHostOptions,
  type DeviceDefinition,
  createAgentHost,
  loadBuiltInProtocols,
} from './index.ts';

const READER: DeviceDefinition = {
  id: 'gate-1-reader',
  profile: 'generic/resident-id-serial',
  transport: { kind: 'memory', name: 'reader' },
};
const BARRIER: DeviceDefinition = {
  id: 'gate-1-barrier',
  profile: 'generic/modbus-relay-flash',
  transport: { kind: 'memory', name: 'relays', baudRate: 9600 },
};

const builtIn = await loadBuiltInProtocols();

let clock: ManualClock;
let lines: Map<string, MemoryLine>;
let host: AgentHost | undefined;
let logged: string[];

const log: DeviceLog = {
  ...silentLog,
  error: (_fields, message) => logged.push(message),
};

function create(devices: readonly DeviceDefinition[], over: Partial<AgentHostOptions> = {}): AgentHost {
  host = createAgentHost({
    clock,
    random: (size) => new Uint8Array(size),
    log,
    protocols: builtIn,
    devices,
    transportFactory: systemTransports({ clock, memoryLines: lines }),
    ...over,
  });
  return host;
}

function memory(name: string): MemoryLine {
  const line = createMemoryLine({ name });
  lines.set(name, line);
  return line;
}

beforeEach(() => {
  clock = manualClock();
  lines = new Map();
  logged = [];
});
afterEach(async () => {
  await host?.stop();
  host = undefined;
});

describe('agent host', () => {
  it('runs a gate: a card is read, the barrier opens, somebody walks through', async () => {
    const reader = createReaderSimulator({ transport: memory('reader').device, clock });
    const board = createRelayBoardSimulator({ transport: memory('relays').device, clock });
    const arm = createTurnstileArm({ board, clock, relay: { in: 0 }, input: { in: 0 } });
    await reader.start();
    await board.start();
    const gate = create([READER, BARRIER]);
    expect(gate.devices()).toMatchObject([
      { id: 'gate-1-reader', line: 'memory:reader', capabilities: ['cardReader'], health: { state: 'starting' } },
      { id: 'gate-1-barrier', line: 'memory:relays', capabilities: ['barrier', 'passageSensor'] },
    ]);

    const passed: string[] = [];
    const health: string[] = [];
    gate.onHealth((event) => health.push(`${event.deviceId} ${event.health.state}`));
    gate.capability('gate-1-reader', 'cardReader')?.onCard(() => {
      void gate.capability('gate-1-barrier', 'barrier')?.open({
        id: 'open-1',
        name: 'open',
        args: { hold: ms(500), direction: 'in' },
        issuedAt: clock.now(),
        expiresAt: plus(clock.now(), seconds(2)),
        issuedBy: 'test',
      });
    });
    gate.capability('gate-1-barrier', 'passageSensor')?.onPassage(({ direction }) => passed.push(direction));
    gate.start();
    await clock.advanceAsync(seconds(2));
    reader.putCard({ layout: 'resident', name: '张三', number: '11010519491231002X' });
    await clock.advanceAsync(seconds(1));
    expect(arm.walk('in')).toBe(true);
    await clock.advanceAsync(seconds(1));

    expect(passed).toEqual(['in']);
    expect(health).toEqual(['gate-1-reader ready', 'gate-1-barrier ready']);
    expect(gate.traffic('gate-1-barrier').map(({ meaning }) => meaning)).toContain('unit 1: relay 0 on for 500 ms');
    expect(gate.capability('gate-1-barrier', 'cardReader')).toBeUndefined();
    expect(gate.capability('nobody', 'barrier')).toBeUndefined();
    arm.stop();
    await gate.stop();
    await reader.stop();
    await board.stop();
    expect(clock.pending).toBe(0);
  });

  it('shows the last frames and no more', async () => {
    memory('reader');
    const gate = create([READER]);
    gate.start();
    await clock.advanceAsync(seconds(1_000));
    const kept = gate.traffic('gate-1-reader');
    expect(kept).toHaveLength(200);
    const times = kept.map(({ at }) => at);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(gate.traffic('nobody')).toEqual([]);
  });

  it('keeps devices that make no sense, down and with the reason, and runs the others', async () => {
    const reader = createReaderSimulator({ transport: memory('reader').device, clock });
    await reader.start();
    const gate = create([
      READER,
      { ...READER, id: 'unknown-profile', profile: 'generic/no-such-thing' },
      { ...BARRIER, id: 'no-line' },
      { ...BARRIER, id: 'bad-unit', transport: { kind: 'memory', name: 'reader' }, params: { unit: 0 } },
      { ...READER, id: 'gate-1-reader', profile: 'generic/ipp-everywhere' },
    ]);
    gate.start();
    await clock.advanceAsync(seconds(2));
    expect(
      Object.fromEntries(gate.devices().map(({ id, health }) => [id, health.reason?.code ?? health.state])),
    ).toEqual({
      'gate-1-reader': 'ready',
      'unknown-profile': 'E-DEV-0301',
      'no-line': 'E-DEV-0302',
      'bad-unit': 'E-DEV-0302',
    });
    expect(logged).toContain('a device is configured wrongly');
    await gate.stop();
    await reader.stop();
  });

  it('opens a line once for all devices that share it', async () => {
    const board = createRelayBoardSimulator({ transport: memory('relays').device, clock });
    await board.start();
    let opened = 0;
    const gate = create([BARRIER, { ...BARRIER, id: 'second', params: { unit: 2 } }], {
      transportFactory: (settings) => {
        opened += 1;
        return systemTransports({ clock, memoryLines: lines })(settings);
      },
    });
    gate.start();
    await clock.advanceAsync(seconds(10));
    expect(opened).toBe(1);
    expect(gate.health('gate-1-barrier')?.state).toBe('ready');
    expect(gate.health('second')?.state).toBe('down');
    await gate.stop();
    await board.stop();
  });

  it('runs two doors on one board, and leaves out a third device that wants a relay of the second', async () => {
    const board = createRelayBoardSimulator({ transport: memory('relays').device, clock });
    const doors = [0, 4].map((channel) =>
      createTurnstileArm({ board, clock, relay: { in: channel }, input: { in: channel } }),
    );
    await board.start();
    const door = (id: string, channel: number): DeviceDefinition => ({
      ...BARRIER,
      id,
      params: { relay: { in: channel }, input: { in: channel } },
    });
    const host = create([
      door('door-a', 0),
      door('door-b', 4),
      {
        ...BARRIER,
        id: 'lights',
        profile: 'generic/modbus-relay8-plain',
        params: { switch: { firstCoil: 3, channels: 2 } },
      },
    ]);
    const passed: string[] = [];
    for (const id of ['door-a', 'door-b']) {
      host.capability(id, 'passageSensor')?.onPassage(({ direction }) => passed.push(`${id} ${direction}`));
    }
    host.start();
    await clock.advanceAsync(seconds(2));
    expect(host.health('lights')?.reason).toEqual({ code: 'E-DEV-0306', detail: 'door-b has coil 4 of unit 1' });
    const opened = host.capability('door-b', 'barrier')?.open({
      id: 'open-b',
      name: 'open',
      args: { hold: ms(500), direction: 'in' },
      issuedAt: clock.now(),
      expiresAt: plus(clock.now(), seconds(2)),
      issuedBy: 'test',
    });
    await clock.advanceAsync(seconds(1));
    expect(await opened).toMatchObject({ ok: true });
    expect(doors.map(({ released }) => released)).toEqual([undefined, 'in']);
    expect(doors.map((arm) => arm.walk('in'))).toEqual([false, true]);
    await clock.advanceAsync(seconds(1));
    expect(passed).toEqual(['door-b in']);
    for (const arm of doors) arm.stop();
    await host.stop();
    await board.stop();
  });

  it('survives listeners, drivers and protocols that throw', async () => {
    const reader = createReaderSimulator({ transport: memory('reader').device, clock });
    await reader.start();
    const bug = (): never => {
      throw new Error('a bug elsewhere');
    };
    const broken = (start: () => void): Driver => ({
      deviceId: 'broken',
      capabilities: {},
      health: { state: 'starting', since: clock.now() },
      start,
      stop: () => Promise.reject(new Error('a bug elsewhere')),
      onHealth: () => () => undefined,
      onTraffic: () => () => undefined,
    });
    const protocols: readonly Protocol[] = [
      ...builtIn.filter(({ name }) => name === 'resident-id'),
      { name: 'modbus-rtu', connect: bug },
      { name: 'ipp', connect: () => ok([broken(bug)]) },
    ];
    const gate = create(
      [
        BARRIER,
        { id: 'broken', profile: 'generic/ipp-everywhere', transport: { kind: 'url', url: 'ipp://x/' } },
        READER,
      ],
      { protocols },
    );
    gate.onHealth(bug);
    gate.onTraffic(bug);
    const seen: string[] = [];
    gate.capability('gate-1-reader', 'cardReader')?.onCard(bug);
    gate.capability('gate-1-reader', 'cardReader')?.onCard(() => seen.push('card'));
    gate.start();
    await clock.advanceAsync(seconds(1));
    reader.putCard({ layout: 'resident', name: '张三', number: '11010519491231002X' });
    await clock.advanceAsync(seconds(1));
    expect(seen).toEqual(['card']);
    expect(gate.health('gate-1-barrier')).toMatchObject({ state: 'down', reason: { code: 'E-DEV-0303' } });
    await gate.stop();
    await reader.stop();
  });

  it('starts again after it was stopped', async () => {
    const reader = createReaderSimulator({ transport: memory('reader').device, clock });
    await reader.start();
    const gate = create([READER]);
    gate.start();
    await clock.advanceAsync(seconds(1));
    await gate.stop();
    expect(clock.pending).toBe(0);
    gate.start();
    await clock.advanceAsync(seconds(1));
    expect(gate.health('gate-1-reader')?.state).toBe('ready');
    await gate.stop();
    await reader.stop();
  });

  it('says that a byte line is missing where a protocol needs one', () => {
    const gate = create([{ ...READER, transport: { kind: 'url', url: 'http://x/' } }]);
    expect(gate.health('gate-1-reader')?.reason).toEqual(
      failure('E-DEV-0302', 'this protocol needs a byte line, not url').error,
    );
  });
});
