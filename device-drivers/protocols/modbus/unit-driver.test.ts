import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type DurationMs,
  type ManualClock,
  type Result,
  manualClock,
  ms,
  plus,
  seconds,
  unwrap,
} from '@hallhub/sync/base';
import type { OpenCommand, Passage } from '../../capabilities/index.ts';
import { type BusDevice, type Driver, type Receipt, type Traffic, silentLog } from '../../kit/index.ts';
import { type MemoryLine, createMemoryLine } from '../../transports/index.ts';
import { modbusRtuProtocol } from './protocol.ts';
import { createRelayBoardSimulator } from './simulator.ts';
import type { RelayBoardSimulator, RelayChange, TurnstileArm } from './simulator-types.ts';
import { createTurnstileArm } from './turnstile-arm.ts';

const PARAMS = { unit: 1, relay: { in: 0, out: 1 }, input: { in: 0, out: 1 } };

let clock: ManualClock;
let line: MemoryLine;
let board: RelayBoardSimulator;
let arm: TurnstileArm;
let driver: Driver;
let pulses: RelayChange[];
let passages: Passage[];
let states: string[];
let traffic: Traffic[];
let ids = 0;

function connect(devices: readonly BusDevice[]): Result<readonly Driver[]> {
  return modbusRtuProtocol.connect(
    { transport: { kind: 'memory', name: 'relays', baudRate: 9600 }, devices },
    {
      clock,
      random: (size) => new Uint8Array(size),
      log: silentLog,
      transportFactory: () => ({ ok: true, value: line.host }),
    },
  );
}

function command(
  over: {
    readonly expiresIn?: DurationMs;
    readonly hold?: DurationMs;
    readonly direction?: 'in' | 'out';
    readonly id?: string;
  } = {},
): OpenCommand {
  ids += 1;
  return {
    id: over.id ?? `command-${ids}`,
    name: 'open',
    args: { hold: over.hold ?? ms(700), direction: over.direction ?? 'in' },
    issuedAt: clock.now(),
    expiresAt: plus(clock.now(), over.expiresIn ?? seconds(2)),
    issuedBy: 'test',
  };
}

/** Asks for the opening and lets time pass until there is a receipt. */
async function open(asked: OpenCommand): Promise<Receipt> {
  let receipt: Receipt | undefined;
  void driver.capabilities.barrier?.open(asked).then((given) => {
    receipt = given;
  });
  for (let step = 0; step < 2_000 && !receipt; step += 1) await clock.advanceAsync(ms(5));
  if (!receipt) throw new Error('no receipt came');
  return receipt;
}

beforeEach(async () => {
  clock = manualClock();
  line = createMemoryLine({ name: 'relays' });
  board = createRelayBoardSimulator({ transport: line.device, clock });
  await board.start();
  arm = createTurnstileArm({ board, clock, relay: { in: 0, out: 1 }, input: { in: 0, out: 1 } });
  [driver] = unwrap(connect([{ deviceId: 'gate-1', params: PARAMS }])) as [Driver];
  [pulses, passages, states, traffic] = [[], [], [], []];
  board.onRelay((change) => pulses.push(change));
  driver.capabilities.passageSensor?.onPassage((passage) => passages.push(passage));
  driver.onHealth(({ state, reason }) => states.push(reason ? `${state} ${reason.code}` : state));
  driver.onTraffic((seen) => traffic.push(seen));
  driver.start();
  await clock.advanceAsync(seconds(2));
});

afterEach(async () => {
  await driver.stop();
  arm.stop();
  await board.stop();
  expect(clock.pending).toBe(0);
});

describe('barrier', () => {
  it('releases once, for as long as asked, timed by the board', async () => {
    const asked = command({ hold: ms(650) });
    expect(await open(asked)).toMatchObject({ ok: true, value: { commandId: asked.id, confirmation: 'acknowledged' } });
    expect(pulses).toMatchObject([{ channel: 0, on: true, pulse: 700 }]);
    expect(board.relays[0]).toBe(true);
    // Nobody has to do anything any more: the hub may crash now.
    await driver.stop();
    await clock.advanceAsync(seconds(1));
    expect(board.relays[0]).toBe(false);
  });

  it('releases each direction with its own relay', async () => {
    await open(command({ direction: 'out' }));
    expect(pulses).toMatchObject([{ channel: 1, on: true }]);
    expect(arm.released).toBe('out');
  });

  it('does nothing for an expired command, nor for one that is issued after its own expiry', async () => {
    const late = command();
    await clock.advanceAsync(seconds(2));
    expect(await open(late)).toMatchObject({ ok: false, error: { code: 'E-DEV-0201' } });
    expect(await open({ ...command(), issuedAt: plus(clock.now(), seconds(9)) })).toMatchObject({
      ok: false,
      error: { code: 'E-DEV-0201' },
    });
    expect(pulses).toEqual([]);
  });

  it('does nothing for a repeated command, which gets the receipt of the first', async () => {
    const asked = command({ expiresIn: seconds(60) });
    const first = await open(asked);
    await clock.advanceAsync(seconds(3));
    expect(await open(asked)).toEqual(first);
    expect(await open({ ...asked, args: { ...asked.args, direction: 'out' } })).toEqual(first);
    expect(pulses.filter(({ on }) => on)).toHaveLength(1);
  });

  it('does not let a command out that expired while it waited for the line', async () => {
    board.setFaults({ silent: true });
    await clock.advanceAsync(ms(100));
    // The line is busy with a poll that nobody answers, then left quiet: longer than this command lives.
    const receipt = await open(command({ expiresIn: ms(200) }));
    expect(receipt).toMatchObject({ ok: false, error: { code: 'E-DEV-0201' } });
    board.setFaults({});
    await clock.advanceAsync(seconds(30));
    expect(pulses).toEqual([]);
  });

  it('does not let it out either when the wall clock is set back meanwhile', async () => {
    board.setFaults({ silent: true });
    await clock.advanceAsync(ms(100));
    let receipt: Receipt | undefined;
    void driver.capabilities.barrier?.open(command({ expiresIn: ms(200) })).then((given) => {
      receipt = given;
    });
    clock.stepWall(ms(-3_600_000));
    board.setFaults({});
    await clock.advanceAsync(seconds(30));
    expect(receipt).toMatchObject({ ok: false, error: { code: 'E-DEV-0201' } });
    expect(pulses).toEqual([]);
  });

  it('refuses a release that would burn the strike', async () => {
    expect(await open(command({ hold: seconds(60) }))).toMatchObject({ ok: false, error: { code: 'E-DEV-0203' } });
    expect(pulses).toEqual([]);
  });

  it('says what the board says when it refuses', async () => {
    board.setFaults({ exception: 6 });
    expect(await open(command())).toEqual({
      ok: false,
      error: { code: 'E-DEV-0203', detail: 'exception 6: device busy' },
    });
  });

  it.each([
    ['no answer', { silent: true }, 'E-DEV-0202'],
    ['a wrong CRC', { badCrc: true }, 'E-DEV-0204'],
    ['another board’s address', { wrongAddress: 9 }, 'E-DEV-0204'],
    ['a torn answer', { tearAfter: 4 }, 'E-DEV-0204'],
  ])('is not sure after %s, and does not try again by itself', async (_name, faults, code) => {
    // Between two polls, so that the command is the first to meet the fault.
    await clock.advanceAsync(ms(10));
    board.setFaults(faults);
    expect(await open(command())).toMatchObject({ ok: false, error: { code } });
    await clock.advanceAsync(seconds(20));
    board.setFaults({});
    await clock.advanceAsync(seconds(60));
    expect(pulses.filter(({ on }) => on).length).toBeLessThanOrEqual(1);
    expect(driver.health.state).toBe('ready');
  });

  it('is not sent again when the line breaks behind it', async () => {
    board.setFaults({ lateBy: ms(50) });
    await clock.advanceAsync(seconds(1));
    const before = pulses.length;
    let receipt: Receipt | undefined;
    void driver.capabilities.barrier?.open(command({ expiresIn: seconds(60) })).then((given) => {
      receipt = given;
    });
    while (pulses.length === before) await clock.advanceAsync(ms(1));
    line.unplug();
    await clock.advanceAsync(seconds(1));
    expect(receipt).toMatchObject({ ok: false, error: { code: 'E-DEV-0206' } });
    line.plug();
    await clock.advanceAsync(seconds(50));
    expect(driver.health.state).toBe('ready');
    expect(pulses.filter(({ on }) => on)).toHaveLength(1);
  });

  it('waits for the first answer of a board whose line has just come up', async () => {
    await driver.stop();
    driver.start();
    await clock.advanceAsync(ms(50));
    expect(driver.health.state).not.toBe('ready');
    expect(await open(command())).toMatchObject({ ok: true });
    expect(pulses.filter(({ on }) => on)).toHaveLength(1);
  });

  it('does not wait longer than its order lives, and lets nothing out afterwards', async () => {
    await driver.stop();
    board.setFaults({ silent: true });
    driver.start();
    await clock.advanceAsync(ms(50));
    expect(await open(command({ expiresIn: ms(300) }))).toMatchObject({ ok: false });
    board.setFaults({});
    await clock.advanceAsync(seconds(30));
    expect(driver.health.state).toBe('ready');
    expect(pulses).toEqual([]);
  });

  it('is refused while the line is down', async () => {
    line.unplug();
    await clock.advanceAsync(seconds(1));
    expect(await open(command())).toMatchObject({ ok: false, error: { code: 'E-DEV-0102' } });
    line.plug();
    await clock.advanceAsync(seconds(60));
    expect(pulses).toEqual([]);
    expect(await open(command())).toMatchObject({ ok: true });
  });
});

describe('a line that echoes', () => {
  it('does not pass its echo off as the board’s consent', async () => {
    board.setFaults({ echo: true });
    await clock.advanceAsync(seconds(3));
    expect(driver.health.state).toBe('ready');
    expect(await open(command())).toMatchObject({ ok: true, value: { confirmation: 'acknowledged' } });
    expect(pulses.filter(({ on }) => on)).toHaveLength(1);
    board.setFaults({ echo: true, silent: true });
    expect(await open(command())).toMatchObject({ ok: false });
  });
});

describe('late replies', () => {
  it('never become the answer to the next question', async () => {
    // Replies are later than the timeout. Input 0 closes in between: a late "open" must not hide or delay it for good.
    board.setFaults({ lateBy: seconds(1) });
    await clock.advanceAsync(seconds(10));
    expect(passages).toEqual([]);
    expect(traffic.some(({ meaning }) => meaning.startsWith('too late'))).toBe(true);
    expect(await open(command())).toMatchObject({ ok: false });
    board.setFaults({});
    await clock.advanceAsync(seconds(60));
    expect(driver.health.state).toBe('ready');
    expect(passages).toEqual([]);
  });
});

describe('passages', () => {
  it('are counted once each, in their direction', async () => {
    await open(command());
    expect(arm.walk('out')).toBe(false);
    expect(arm.walk('in')).toBe(true);
    expect(arm.walk('in')).toBe(false);
    await clock.advanceAsync(seconds(1));
    await open(command({ direction: 'out' }));
    arm.walk('out');
    await clock.advanceAsync(seconds(1));
    expect(passages.map(({ direction }) => direction)).toEqual(['in', 'out']);
  });

  it('are not seen when nobody walks: the arm locks again', async () => {
    await open(command());
    await clock.advanceAsync(seconds(10));
    expect(arm.released).toBeUndefined();
    expect(passages).toEqual([]);
  });

  it('are not made of a contact that bounces', async () => {
    for (let bounce = 0; bounce < 5; bounce += 1) {
      board.setInput(0, true);
      await clock.advanceAsync(ms(20));
      board.setInput(0, false);
      await clock.advanceAsync(ms(90));
    }
    expect(passages).toEqual([]);
  });

  it('are seen although the line was reopened in between because an order went unanswered', async () => {
    board.setFaults({ silent: true });
    expect(await open(command())).toMatchObject({ ok: false, error: { code: 'E-DEV-0202' } });
    expect(driver.health.state).toBe('down');
    board.setInput(0, true);
    board.setFaults({});
    await clock.advanceAsync(seconds(3));
    expect(driver.health.state).toBe('ready');
    expect(passages.map(({ direction }) => direction)).toEqual(['in']);
  });

  it('are not made of a contact that was closed before anybody looked', async () => {
    line.unplug();
    await clock.advanceAsync(seconds(1));
    board.setInput(0, true);
    line.plug();
    await clock.advanceAsync(seconds(60));
    expect(driver.health.state).toBe('ready');
    expect(passages).toEqual([]);
    board.setInput(0, false);
    await clock.advanceAsync(seconds(1));
    board.setInput(0, true);
    await clock.advanceAsync(seconds(1));
    expect(passages.map(({ direction }) => direction)).toEqual(['in']);
  });
});

describe('health', () => {
  it('is ready with a board that answers, down with one that does not, and ready again by itself', async () => {
    expect(states).toEqual(['ready']);
    board.setFaults({ silent: true });
    await clock.advanceAsync(seconds(60));
    expect(states.at(-1)).toBe('down E-DEV-0202');
    board.setFaults({});
    await clock.advanceAsync(seconds(60));
    expect(states.at(-1)).toBe('ready');
  });

  it('is degraded with a board that does not know its inputs', async () => {
    board.setFaults({ exception: 2 });
    await clock.advanceAsync(seconds(1));
    expect(states.at(-1)).toBe('degraded E-DEV-0203');
  });
});

describe('a bus', () => {
  it('serves several boards, each with its own address', async () => {
    await driver.stop();
    const units = [1, 2].map((unit) => ({ deviceId: `board-${unit}`, params: { ...PARAMS, unit } }));
    const [first, second] = unwrap(connect(units)) as [Driver, Driver];
    first.start();
    second.start();
    await clock.advanceAsync(seconds(10));
    expect(first.health.state).toBe('ready');
    expect(second.health).toMatchObject({ state: 'down', reason: { code: 'E-DEV-0202' } });
    await first.stop();
    await second.stop();
  });

  it('refuses two devices with the same relay of one board, and parameters that make no sense', () => {
    const twice = connect([
      { deviceId: 'a', params: PARAMS },
      { deviceId: 'b', params: PARAMS },
    ]);
    expect(twice).toMatchObject({ ok: false, error: { code: 'E-DEV-0306' } });
    expect(connect([{ deviceId: 'a', params: { ...PARAMS, unit: 300 } }])).toMatchObject({ ok: false });
    expect(connect([{ deviceId: 'a', params: {} }])).toMatchObject({ ok: false });
  });
});
