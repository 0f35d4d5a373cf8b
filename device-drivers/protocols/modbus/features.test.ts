import { afterEach, describe, expect, it } from 'vitest';
import { type ManualClock, manualClock, ms, plus, seconds, unwrap } from '@hallhub/sync/base';
import type { CapabilityMap } from '../../capabilities/index.ts';
import { type Command, type Driver, type Receipt, silentLog } from '../../kit/index.ts';
import { type MemoryLine, createMemoryLine } from '../../transports/index.ts';
import { modbusRtuProtocol, modbusTcpProtocol } from './protocol.ts';
import { createRelayBoardSimulator } from './simulator.ts';
import type { RelayBoardSimulator, RelayBoardSimulatorOptions } from './simulator-types.ts';

let clock: ManualClock;
let line: MemoryLine;
let board: RelayBoardSimulator;
let driver: Driver;
let ids = 0;

async function host(
  params: Record<string, unknown>,
  simulated: Partial<RelayBoardSimulatorOptions> = {},
): Promise<Driver> {
  clock = manualClock();
  line = createMemoryLine({ name: 'unit' });
  board = createRelayBoardSimulator({ transport: line.device, clock, ...simulated });
  await board.start();
  const protocol = simulated.framing === 'tcp' ? modbusTcpProtocol : modbusRtuProtocol;
  [driver] = unwrap(
    protocol.connect(
      { transport: { kind: 'memory', name: 'unit', baudRate: 9600 }, devices: [{ deviceId: 'unit-1', params }] },
      {
        clock,
        random: (size) => new Uint8Array(size),
        log: silentLog,
        transportFactory: () => ({ ok: true, value: line.host }),
      },
    ),
  ) as [Driver];
  return driver;
}

async function started(
  params: Record<string, unknown>,
  simulated?: Partial<RelayBoardSimulatorOptions>,
): Promise<void> {
  await host(params, simulated);
  driver.start();
  await clock.advanceAsync(seconds(2));
  expect(driver.health.state).toBe('ready');
}

afterEach(async () => {
  await driver.stop();
  await board.stop();
  expect(clock.pending).toBe(0);
});

const command = <Name extends string, Args>(name: Name, args: Args): Command<Name, Args> => {
  ids += 1;
  return {
    id: `c-${ids}`,
    name,
    args,
    issuedAt: clock.now(),
    expiresAt: plus(clock.now(), seconds(5)),
    issuedBy: 'test',
  };
};

async function settled<T>(promise: Promise<T> | undefined): Promise<T> {
  let value: T | undefined;
  void promise?.then((given) => {
    value = given;
  });
  for (let step = 0; step < 2_000 && value === undefined; step += 1) await clock.advanceAsync(ms(5));
  if (value === undefined) throw new Error('nothing came');
  return value;
}

type SetArgs = Parameters<CapabilityMap['switch']['set']>[0]['args'];
const set = (args: SetArgs): Promise<Receipt> => settled(driver.capabilities.switch?.set(command('set', args)));

describe.each(['rtu', 'tcp'] as const)('switch over %s', (framing) => {
  const PARAMS = { switch: { channels: 4, pulse: 'flash-on', pulseOnly: [3] } };

  it('is on when the board reports it on', async () => {
    await started(PARAMS, { framing });
    expect(await set({ channel: 1, on: true })).toMatchObject({ ok: true, value: { confirmation: 'observed' } });
    expect(await settled(driver.capabilities.switch?.state())).toMatchObject({
      ok: true,
      value: { on: [false, true, false, false] },
    });
    expect(await set({ channel: 1, on: false })).toMatchObject({ ok: true, value: { confirmation: 'observed' } });
    expect(board.relays[1]).toBe(false);
  });

  it('lets the board end a pulse, also when nobody is left to do it', async () => {
    await started(PARAMS, { framing });
    expect(await set({ channel: 3, on: true, pulse: ms(650) })).toMatchObject({ ok: true });
    expect(board.relays[3]).toBe(true);
    await driver.stop();
    await clock.advanceAsync(seconds(1));
    expect(board.relays[3]).toBe(false);
  });

  it('never leaves a lock under current', async () => {
    await started(PARAMS, { framing });
    for (const args of [
      { channel: 3, on: true },
      { channel: 0, on: true, pulse: ms(0) },
      { channel: 0, on: true, pulse: seconds(60) },
      { channel: 0, on: false, pulse: ms(500) },
      { channel: 4, on: true },
    ]) {
      expect(await set(args)).toMatchObject({ ok: false, error: { code: 'E-DEV-0203' } });
    }
    expect(board.relays).toEqual(new Array<boolean>(8).fill(false));
  });

  it('refuses a pulse on a board that cannot end it', async () => {
    await started({ switch: { channels: 4 } }, { framing, flashOn: false });
    expect(await set({ channel: 0, on: true, pulse: ms(500) })).toMatchObject({
      ok: false,
      error: { code: 'E-DEV-0203' },
    });
    expect(board.relays[0]).toBe(false);
  });

  it('reports what somebody else switched', async () => {
    await started({ switch: { channels: 4 } }, { framing });
    const changes: unknown[] = [];
    driver.capabilities.switch?.onChange(({ channel, on }) => changes.push([channel, on]));
    await set({ channel: 2, on: true });
    await clock.advanceAsync(seconds(3));
    expect(changes).toEqual([[2, true]]);
    (board.relays as boolean[])[0] = true;
    await clock.advanceAsync(seconds(3));
    expect(changes).toEqual([
      [2, true],
      [0, true],
    ]);
  });

  it('does not know what became of an order that had left when it was stopped', async () => {
    await started({ switch: { channels: 4 } }, { framing });
    board.setFaults({ lateBy: ms(50) });
    board.onRelay(() => void driver.stop());
    expect(await set({ channel: 2, on: true })).toMatchObject({ ok: false, error: { code: 'E-DEV-0206' } });
    expect(board.relays[2]).toBe(true);
  });

  it('says so when the board took the order and does not follow it', async () => {
    await started({ switch: { channels: 4 } }, { framing });
    board.onRelay(({ channel }) => {
      (board.relays as boolean[])[channel] = false;
    });
    expect(await set({ channel: 2, on: true })).toMatchObject({ ok: false, error: { code: 'E-DEV-0208' } });
  });

  it('is only acknowledged when nothing can be read back', async () => {
    await started({ switch: { channels: 4 } }, { framing });
    board.onRelay(() => {
      board.setFaults({ exception: 4 });
    });
    const receipt = await set({ channel: 2, on: true });
    // The consent itself still went out; the read behind it was refused.
    expect(receipt).toMatchObject({ ok: true, value: { confirmation: 'acknowledged' } });
  });
});

describe('contacts', () => {
  it('are pressed and released, each by its own number', async () => {
    await started({ buttons: { firstInput: 2, channels: 3 } });
    const events: unknown[] = [];
    driver.capabilities.buttonPanel?.onButton(({ button, pressed }) => events.push([button, pressed]));
    board.setInput(4, true);
    await clock.advanceAsync(seconds(1));
    board.setInput(4, false);
    board.setInput(2, true);
    await clock.advanceAsync(seconds(1));
    expect(events).toEqual([
      [2, true],
      [0, true],
      [2, false],
    ]);
  });

  it('are seen that last little longer than the time between two questions', async () => {
    await started({ buttons: { firstInput: 2, channels: 1 }, pollEveryMs: 2_000 });
    const events: unknown[] = [];
    driver.capabilities.buttonPanel?.onButton(({ pressed }) => events.push(pressed));
    for (let press = 0; press < 5; press += 1) {
      board.setInput(2, true);
      await clock.advanceAsync(ms(2_150));
      board.setInput(2, false);
      await clock.advanceAsync(ms(2_150));
    }
    expect(events).toEqual([true, false, true, false, true, false, true, false, true, false]);
  });

  it('that bounce once are nothing', async () => {
    await started({ buttons: { firstInput: 2, channels: 1 }, pollEveryMs: 2_000, debounceMs: 100 });
    const events: unknown[] = [];
    driver.capabilities.buttonPanel?.onButton(({ pressed }) => events.push(pressed));
    for (let bounce = 0; bounce < 50; bounce += 1) {
      board.setInput(2, true);
      await clock.advanceAsync(ms(50));
      board.setInput(2, false);
      await clock.advanceAsync(ms(437));
    }
    expect(events).toEqual([]);
  });

  it('of a fire alarm tell an alarm that stood before anybody looked, and one that ended meanwhile', async () => {
    const heard: boolean[] = [];
    await host({ fire: { input: 1, activeWhen: 'open' } });
    driver.capabilities.fireInput?.onFire(({ alarm }) => heard.push(alarm));
    driver.start();
    await clock.advanceAsync(seconds(3));
    expect(heard).toEqual([true]);
    expect(await settled(driver.capabilities.fireInput?.state())).toEqual({ ok: true, value: { alarm: true } });
    line.unplug();
    await clock.advanceAsync(seconds(5));
    board.setInput(1, true);
    line.plug();
    await clock.advanceAsync(seconds(60));
    expect(heard).toEqual([true, false]);
    expect(await settled(driver.capabilities.fireInput?.state())).toEqual({ ok: true, value: { alarm: false } });
  });

  it('of a presence sensor tell how things stand, then what changes', async () => {
    const heard: boolean[] = [];
    await host({ occupancy: { input: 0 } });
    driver.capabilities.occupancy?.onOccupancy(({ occupied }) => heard.push(occupied));
    driver.start();
    await clock.advanceAsync(seconds(3));
    board.setInput(0, true);
    await clock.advanceAsync(seconds(1));
    expect(heard).toEqual([false, true]);
  });
});

describe('measured values', () => {
  const METER = {
    meter: {
      values: [
        { name: 'voltage', unit: 'V', address: 0, type: 'f32' },
        { name: 'current', unit: 'A', address: 6, type: 'f32' },
        { name: 'counter', unit: 'kWh', table: 'holding', address: 10, type: 'u32', order: 'cdab', scale: 0.01 },
      ],
    },
  };
  const MEMORY = {
    input: { 0: 0x4366, 1: 0x8000, 6: 0x3fc0, 7: 0 },
    holding: { 10: 0x0001, 11: 0x0001 },
  };

  it('are read with their names and units, now and again', async () => {
    const heard: unknown[] = [];
    await host(METER, MEMORY);
    driver.capabilities.meter?.onReading(({ name, value }) => heard.push([name, value]));
    driver.start();
    await clock.advanceAsync(seconds(3));
    expect(heard).toEqual([
      ['voltage', 230.5],
      ['current', 1.5],
      ['counter', 655.37],
    ]);
    expect(await settled(driver.capabilities.meter?.read())).toMatchObject({
      ok: true,
      value: { values: [{ name: 'voltage', value: 230.5, unit: 'V' }, { name: 'current' }, { name: 'counter' }] },
    });
  });

  it('are left out where the device has none', async () => {
    await started(METER, MEMORY);
    board.setRegister('input', 6, 0x7fc0);
    const read = await settled(driver.capabilities.meter?.read());
    expect(unwrap(read).values.map(({ name }) => name)).toEqual(['voltage', 'counter']);
  });

  it('of a map that the unit does not know make it degraded, and nothing is reported', async () => {
    await host(METER);
    driver.start();
    await clock.advanceAsync(seconds(3));
    expect(driver.health).toMatchObject({ state: 'degraded', reason: { code: 'E-DEV-0203' } });
    expect(await settled(driver.capabilities.meter?.read())).toMatchObject({ ok: false });
  });
});

describe('climate', () => {
  const CONTROL = {
    climate: {
      celsius: { address: 0, type: 's16', scale: 0.1 },
      control: {
        power: { register: 0 },
        setpoint: { table: 'holding', address: 1, scale: 0.1 },
        mode: { register: 2, values: { cool: 1, heat: 2 } },
      },
    },
  };
  const MEMORY = { input: { 0: 0xfff1 }, holding: { 0: 0, 1: 0, 2: 0 } };
  type Args = Parameters<CapabilityMap['climate']['set']>[0]['args'];
  const order = (args: Args): Promise<Receipt> => settled(driver.capabilities.climate?.set(command('set', args)));

  it('is set in an order that never runs with old settings, and read back', async () => {
    await started(CONTROL, MEMORY);
    const writes: unknown[] = [];
    board.onWrite(({ address, value }) => writes.push([address, value]));
    expect(await order({ on: true, mode: 'cool', celsius: 26 })).toMatchObject({
      ok: true,
      value: { confirmation: 'observed' },
    });
    expect(writes).toEqual([
      [1, 260],
      [2, 1],
      [0, 1],
    ]);
  });

  it('does not say that nothing was done when only the first setting was taken', async () => {
    await started(CONTROL, MEMORY);
    const writes: unknown[] = [];
    board.onWrite(({ address }) => {
      writes.push(address);
      board.setFaults({ exception: 6 });
    });
    const receipt = await order({ on: true, mode: 'cool', celsius: 26 });
    expect(receipt).toMatchObject({ ok: false, error: { code: 'E-DEV-0206' } });
    expect(writes).toEqual([1]);
  });

  it('refuses before anything is written what the unit has not', async () => {
    await started(CONTROL, MEMORY);
    const writes: unknown[] = [];
    board.onWrite((write) => writes.push(write));
    expect(await order({ on: true, mode: 'dry', celsius: 26 })).toMatchObject({
      ok: false,
      error: { code: 'E-DEV-0203' },
    });
    expect(writes).toEqual([]);
  });

  it('measures below zero', async () => {
    const heard: number[] = [];
    await host(CONTROL, MEMORY);
    driver.capabilities.climate?.onReading(({ celsius }) => heard.push(celsius));
    driver.start();
    await clock.advanceAsync(seconds(3));
    expect(heard).toEqual([-1.5]);
  });
});
