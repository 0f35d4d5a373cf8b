import { afterEach, describe, expect, it } from 'vitest';
import { type ManualClock, type Result, manualClock, ms, plus, seconds, unwrap } from '@hallhub/sync/base';
import { type Command, type Driver, type Receipt, silentLog } from '../../kit/index.ts';
import { type MemoryLine, createMemoryLine } from '../../transports/index.ts';
import { turnstileRs485Protocol } from './driver.ts';
import { type TurnstileSimulator, createTurnstileSimulator } from './simulator.ts';

let clock: ManualClock;
let line: MemoryLine;
let board: TurnstileSimulator;
let drivers: readonly Driver[];
let ids = 0;

const connect = (params: readonly Record<string, unknown>[]): Result<readonly Driver[]> =>
  turnstileRs485Protocol.connect(
    {
      transport: { kind: 'memory', name: 'gates', baudRate: 9_600 },
      devices: params.map((each, index) => ({ deviceId: `gate-${index + 1}`, params: each })),
    },
    {
      clock,
      random: (size) => new Uint8Array(size),
      log: silentLog,
      transportFactory: () => ({ ok: true, value: line.host }),
    },
  );

async function start(...params: readonly Record<string, unknown>[]): Promise<readonly [string, string][]> {
  clock = manualClock();
  line = createMemoryLine({ name: 'gates' });
  board = createTurnstileSimulator({ transport: line.device, clock, machines: [1, 2] });
  await board.start();
  drivers = unwrap(connect(params));
  const heard: [string, string][] = [];
  for (const driver of drivers) {
    driver.capabilities.passageSensor?.onPassage(({ direction }) => heard.push([driver.deviceId, direction]));
    driver.start();
  }
  await clock.advanceAsync(seconds(3));
  return heard;
}

afterEach(async () => {
  for (const driver of drivers) await driver.stop();
  await board.stop();
  expect(clock.pending).toBe(0);
});

const command = <Name extends string, Args>(name: Name, args: Args, lives = seconds(3)): Command<Name, Args> => {
  ids += 1;
  return {
    id: `c-${ids}`,
    name,
    args,
    issuedAt: clock.now(),
    expiresAt: plus(clock.now(), lives),
    issuedBy: 'test',
  };
};
async function open(index: number, direction: 'in' | 'out' = 'in'): Promise<Receipt> {
  return settled(drivers[index]?.capabilities.barrier?.open(command('open', { hold: ms(700), direction })));
}
async function settled(given: Promise<Receipt> | undefined): Promise<Receipt> {
  let receipt: Receipt | undefined;
  void given?.then((value) => {
    receipt = value;
  });
  for (let step = 0; step < 1_000 && !receipt; step += 1) await clock.advanceAsync(ms(5));
  if (!receipt) throw new Error('no receipt came');
  return receipt;
}

describe('turnstiles on one bus', () => {
  it('let the right person in at the right machine, and count who walks', async () => {
    const heard = await start({ machine: 1 }, { machine: 2, inward: 'right' });
    expect(await open(0)).toMatchObject({ ok: true, value: { confirmation: 'acknowledged' } });
    expect(board.walk('left', 2)).toBe(false);
    expect(board.walk('left', 1)).toBe(true);
    expect(board.walk('left', 1)).toBe(false);
    await open(1);
    expect(board.walk('right', 2)).toBe(true);
    await clock.advanceAsync(seconds(2));
    expect(heard).toEqual([
      ['gate-1', 'in'],
      ['gate-2', 'in'],
    ]);
  });

  it('count nobody who was only let in', async () => {
    const heard = await start({ machine: 1 });
    await open(0);
    await clock.advanceAsync(seconds(20));
    expect(heard).toEqual([]);
  });

  it('count nobody when the board lost its power, and everybody after that', async () => {
    const heard = await start({ machine: 1 });
    board.setCounter('left', 5_000);
    line.unplug();
    line.plug();
    await clock.advanceAsync(seconds(30));
    board.setCounter('left', 0);
    await clock.advanceAsync(seconds(1));
    expect(heard).toEqual([]);
    board.setCounter('left', 2);
    await clock.advanceAsync(seconds(1));
    expect(heard).toHaveLength(2);
  });

  it('do not take for newcomers who walked while nobody looked', async () => {
    const heard = await start({ machine: 1 });
    line.unplug();
    await clock.advanceAsync(seconds(30));
    board.setCounter('left', 3);
    line.plug();
    await clock.advanceAsync(seconds(60));
    expect(drivers[0]?.health.state).toBe('ready');
    expect(heard).toEqual([]);
  });

  it('leave the board its 50 ms between a reply and the next request', async () => {
    await start({ machine: 1 }, { machine: 2 });
    const gaps: number[] = [];
    let answeredAt: number | undefined;
    line.host.onData(() => {
      answeredAt = clock.monotonic();
    });
    line.device.onData(() => {
      if (answeredAt !== undefined) gaps.push(clock.monotonic() - answeredAt);
    });
    await clock.advanceAsync(seconds(5));
    expect(gaps.length).toBeGreaterThan(10);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(50);
  });

  it('do not say that nothing was done when one side was held open and the other came too late', async () => {
    await start({ machine: 1, pollEveryMs: 60_000 });
    board.setFaults({ lateBy: ms(200) });
    const orders: number[] = [];
    board.onOrder((order) => orders.push(order.command));
    const free = command('mode', { mode: 'free', direction: 'both' } as const, ms(150));
    expect(await settled(drivers[0]?.capabilities.barrierMode?.mode(free))).toMatchObject({
      ok: false,
      error: { code: 'E-DEV-0206' },
    });
    expect(orders).toHaveLength(1);
    expect(board.walk('left')).toBe(true);
    expect(board.walk('right')).toBe(false);
  });

  it('tell alarms by their configured names, and when they are over', async () => {
    await start({ machine: 1, alarms: { '2': 'tailgating' } });
    const alarms: string[] = [];
    drivers[0]?.capabilities.gateAlarm?.onAlarm(({ alarm, clear }) => alarms.push(`${alarm} ${clear ? 'over' : 'on'}`));
    for (const value of [2, 7, 0]) {
      board.setAlarm(value);
      await clock.advanceAsync(seconds(1));
    }
    expect(alarms).toEqual(['tailgating on', 'tailgating over', 'fault on', 'fault over']);
  });

  it('with one number are refused', async () => {
    await start({ machine: 1 });
    expect(connect([{ machine: 3 }, { machine: 3 }])).toMatchObject({ ok: false, error: { code: 'E-DEV-0302' } });
  });
});
