import { afterEach, describe, expect, it } from 'vitest';
import { type ManualClock, type Result, manualClock, ms, plus, seconds, unwrap } from '@hallhub/sync/base';
import type { Cabinet } from '../../capabilities/index.ts';
import { type Driver, type Protocol, type Receipt, silentLog } from '../../kit/index.ts';
import { type MemoryLine, createMemoryLine } from '../../transports/index.ts';
import { lock8a80Protocol } from '../lock-8a80/driver.ts';
import { boardLanguage as languageOf8a80 } from '../lock-8a80/simulator.ts';
import { lockKerongProtocol } from '../lock-kerong/driver.ts';
import { boardLanguage as languageOfKerong } from '../lock-kerong/simulator.ts';
import { lockWinnsenProtocol } from '../lock-winnsen/driver.ts';
import { boardLanguage as languageOfWinnsen } from '../lock-winnsen/simulator.ts';
import { lockWklyProtocol } from '../lock-wkly/driver.ts';
import { boardLanguage as languageOfWkly } from '../lock-wkly/simulator.ts';
import type { Board } from './dialect.ts';
import { type LockHardware, createLockHardware } from './hardware.ts';
import { type BoardLanguage, type LockBoardSimulator, createLockBoardSimulator } from './simulator.ts';

const TWO: readonly Board[] = [
  { address: 1, locks: 8 },
  { address: 2, locks: 8 },
];
const as8a80 = languageOf8a80({
  stateBytes: 2,
  openBit: 0,
  groups: 'highest-first',
  openReply: 'own',
  timed: false,
});
const KINDS: readonly (readonly [string, Protocol, BoardLanguage, Readonly<Record<string, unknown>>])[] = [
  ['8A/80', lock8a80Protocol, as8a80, { stateBytes: 2 }],
  ['KERONG', lockKerongProtocol, languageOfKerong(), { items: true }],
  ['WKLY', lockWklyProtocol, languageOfWkly(), {}],
  ['Winnsen', lockWinnsenProtocol, languageOfWinnsen('lock-status'), {}],
];

let clock: ManualClock;
let line: MemoryLine;
let hardware: LockHardware;
let simulator: LockBoardSimulator;
let drivers: readonly Driver[] = [];
let pulses: number[];
let doors: string[];
let ids = 0;

function connect(protocol: Protocol, params: readonly Readonly<Record<string, unknown>>[]): Result<readonly Driver[]> {
  return protocol.connect(
    {
      transport: { kind: 'memory', name: 'lockers', baudRate: 9_600 },
      devices: params.map((each, index) => ({ deviceId: `cabinet-${index + 1}`, params: each })),
    },
    {
      clock,
      random: (size) => new Uint8Array(size),
      log: silentLog,
      transportFactory: () => ({ ok: true, value: line.host }),
    },
  );
}

async function start(
  protocol: Protocol,
  language: BoardLanguage,
  params: readonly Readonly<Record<string, unknown>>[],
  boards: readonly Board[] = TWO,
): Promise<void> {
  clock = manualClock();
  line = createMemoryLine({ name: 'lockers' });
  hardware = createLockHardware(boards.reduce((sum, { locks }) => sum + locks, 0));
  simulator = createLockBoardSimulator({ transport: line.device, clock, boards, hardware, language });
  [pulses, doors] = [[], []];
  hardware.onPulse((compartment) => pulses.push(compartment));
  await simulator.start();
  drivers = unwrap(connect(protocol, params));
  for (const driver of drivers) {
    driver.capabilities.cabinet?.onDoor(({ compartment, open }) => {
      doors.push(`${driver.deviceId} ${compartment} ${open ? 'open' : 'closed'}`);
    });
    driver.start();
  }
  await clock.advanceAsync(seconds(5));
}

afterEach(async () => {
  for (const driver of drivers) await driver.stop();
  drivers = [];
  await simulator.stop();
  expect(clock.pending).toBe(0);
});

async function settled<T>(given: Promise<T> | undefined): Promise<T> {
  let value: T | undefined;
  void given?.then((settledAs) => {
    value = settledAs;
  });
  for (let step = 0; step < 10_000 && value === undefined; step += 1) await clock.advanceAsync(ms(5));
  if (value === undefined) throw new Error('nothing came');
  return value;
}
function order(compartment: number, { lives = seconds(10), index = 0 } = {}): Promise<Receipt> {
  ids += 1;
  const cabinet = drivers[index]?.capabilities.cabinet;
  if (!cabinet) throw new Error('no cabinet');
  return cabinet.unlock({
    id: `c-${ids}`,
    name: 'unlock',
    args: { compartment },
    issuedAt: clock.now(),
    expiresAt: plus(clock.now(), lives),
    issuedBy: 'test',
  });
}
const unlock = (compartment: number, how = {}): Promise<Receipt> => settled(order(compartment, how));
async function read(index = 0): Promise<readonly { open?: boolean; occupied?: boolean }[]> {
  const answer: Awaited<ReturnType<Cabinet['doors']>> = await settled(drivers[index]?.capabilities.cabinet?.doors());
  return unwrap(answer).doors;
}
const failed = (code: string): object => ({ ok: false, error: { code } });
const confirmed = (confirmation: string): object => ({ ok: true, value: { confirmation } });

describe.each(KINDS)('a cabinet with %s boards', (_name, protocol, language, extra) => {
  const begin = (more: Readonly<Record<string, unknown>> = {}) =>
    start(protocol, language, [{ boards: TWO, ...extra, ...more }]);

  it('opens the compartment that was meant, on whichever board, and sees it open and shut', async () => {
    await begin();
    expect(await unlock(3)).toMatchObject(confirmed('observed'));
    expect(await unlock(9)).toMatchObject(confirmed('observed'));
    expect(pulses).toEqual([3, 9]);
    hardware.shut(3);
    await clock.advanceAsync(seconds(2));
    expect(doors).toEqual(['cabinet-1 3 open', 'cabinet-1 9 open', 'cabinet-1 3 closed']);
  });

  it('says of a door that is stuck that it did not open, and pulses it once', async () => {
    await begin();
    hardware.setStuck(2, true);
    expect(await unlock(2)).toMatchObject(failed('E-DEV-0208'));
    await clock.advanceAsync(seconds(30));
    expect(pulses).toEqual([2]);
    expect(doors).toEqual([]);
  });

  it('tells of a door that opens without an order', async () => {
    await begin();
    hardware.force(16);
    await clock.advanceAsync(seconds(2));
    expect(doors).toEqual(['cabinet-1 16 open']);
    expect(pulses).toEqual([]);
  });

  it('pulses a door whose contact says that it is open already, and claims nothing of it', async () => {
    await begin();
    hardware.force(5);
    await clock.advanceAsync(seconds(2));
    const receipt = await unlock(5);
    expect(pulses).toEqual([5]);
    expect(receipt.ok && receipt.value.confirmation).not.toBe('observed');
    expect(receipt.ok).toBe(true);
  });

  it('does not believe a lock that is wired the other way round that its door opened', async () => {
    await begin();
    simulator.setFaults({ inverted: true });
    await clock.advanceAsync(seconds(2));
    const receipt = await unlock(4);
    expect(receipt.ok && receipt.value.confirmation).not.toBe('observed');
  });

  it('replays nothing when the power comes back, and tells what opened meanwhile', async () => {
    await begin();
    simulator.setFaults({ powerCut: true });
    const receipt = await unlock(7);
    expect(receipt).toMatchObject({ ok: false });
    // Taken and not answered, or not known: never that nothing was done.
    expect(['E-DEV-0202', 'E-DEV-0204', 'E-DEV-0206']).toContain(receipt.ok ? 'ok' : receipt.error.code);
    await clock.advanceAsync(seconds(20));
    expect(drivers[0]?.health.state).toBe('down');
    simulator.setFaults({});
    await clock.advanceAsync(seconds(60));
    expect(drivers[0]?.health.state).toBe('ready');
    expect(pulses).toEqual([7]);
    expect(doors).toEqual(['cabinet-1 7 open']);
    expect((await read())[6]).toMatchObject({ open: true });
  });

  it('sends no order that expired while its line was away', async () => {
    await begin();
    line.unplug();
    await clock.advanceAsync(seconds(5));
    expect(await unlock(1)).toMatchObject({ ok: false });
    const waiting = order(1, { lives: ms(100) });
    line.plug();
    await clock.advanceAsync(seconds(60));
    expect(await settled(waiting)).toMatchObject({ ok: false });
    expect(pulses).toEqual([]);
  });

  it('works on a line that carries back what is sent', async () => {
    await begin({ echo: true });
    simulator.setFaults({ echo: true });
    await clock.advanceAsync(seconds(10));
    expect(drivers[0]?.health.state).toBe('ready');
    expect(await unlock(6)).toMatchObject(confirmed('observed'));
    hardware.setStuck(8, true);
    expect(await unlock(8)).toMatchObject(failed('E-DEV-0208'));
    expect(pulses).toEqual([6, 8]);
  });

  it('has no compartment 0 or 17', async () => {
    await begin();
    expect(await unlock(17)).toMatchObject(failed('E-DEV-0203'));
    expect(await unlock(0)).toMatchObject(failed('E-DEV-0203'));
    expect(pulses).toEqual([]);
  });
});

describe('a line with an echo of which nobody knows', () => {
  it.each(KINDS)('never makes a door seem open: %s', async (_name, protocol, language, extra) => {
    await start(protocol, language, [{ boards: TWO, ...extra }]);
    simulator.setFaults({ echo: true, refuses: true });
    await clock.advanceAsync(seconds(5));
    const receipt = await unlock(3);
    expect(receipt.ok && receipt.value.confirmation).not.toBe('observed');
    expect(doors).toEqual([]);
  });
});

describe('boards that say less than there are locks', () => {
  it('leave the others unknown, which are opened all the same', async () => {
    const language = languageOf8a80({
      stateBytes: 3,
      openBit: 0,
      groups: 'lowest-first',
      openReply: 'own',
      timed: false,
    });
    const boards = [{ address: 1, locks: 24 }];
    await start(lock8a80Protocol, language, [{ boards, groups: 'lowest-first' }], boards);
    simulator.setFaults({ lostFrom: 9 });
    await clock.advanceAsync(seconds(2));
    const all = await read();
    expect(all.map(({ open }) => open)).toEqual([
      ...Array<boolean>(8).fill(false),
      ...Array<undefined>(16).fill(undefined),
    ]);
    expect(await unlock(20)).toMatchObject(confirmed('acknowledged'));
    expect(pulses).toEqual([20]);
    expect(doors).toEqual([]);
  });

  it('and one that falls silent is named, while the rest goes on', async () => {
    await start(lockWinnsenProtocol, languageOfWinnsen('lock-status'), [
      { boards: [...TWO, { address: 9, locks: 4 }] },
    ]);
    await clock.advanceAsync(seconds(20));
    expect(drivers[0]?.health).toMatchObject({
      state: 'degraded',
      reason: { code: 'E-DEV-0202', detail: 'no answer from board 9' },
    });
    expect(await unlock(12)).toMatchObject(confirmed('observed'));
    const all = await read();
    expect(all.map(({ open }) => open).slice(15)).toEqual([false, undefined, undefined, undefined, undefined]);
  });
});

describe('two cabinets on one line', () => {
  it('open their own doors, and an order goes before the questions that wait', async () => {
    await start(lock8a80Protocol, as8a80, [
      { boards: [TWO[0]], stateBytes: 2, pollEveryMs: 0 },
      { boards: [TWO[1]], stateBytes: 2, pollEveryMs: 0 },
    ]);
    const asked: string[] = [];
    line.device.onData((bytes) => asked.push(Buffer.from(bytes).toString('hex').slice(0, 4)));
    const orders = [order(1), order(2), order(1, { index: 1 })];
    await settled(Promise.all(orders));
    // At most the question that was on the line already, and those of the cabinets' own looking, stand between.
    expect(asked.filter((frame) => frame.startsWith('8a'))).toEqual(['8a01', '8a01', '8a02']);
    expect(asked.slice(0, 4).filter((frame) => frame.startsWith('8a'))).toHaveLength(3);
    expect(pulses).toEqual([1, 2, 9]);
    expect(doors.toSorted()).toEqual(['cabinet-1 1 open', 'cabinet-1 2 open', 'cabinet-2 1 open']);
  });

  it('cannot have a board of one address', async () => {
    await start(lockKerongProtocol, languageOfKerong(), [{ boards: TWO }]);
    expect(connect(lockKerongProtocol, [{ boards: TWO }, { boards: [TWO[1]] }])).toMatchObject(failed('E-DEV-0306'));
    expect(connect(lockKerongProtocol, [{ boards: [TWO[1], TWO[1]] }])).toMatchObject(failed('E-DEV-0302'));
  });
});

describe('boards with ways of their own', () => {
  it.each([
    ['answers an order like a question, late', { openReply: 'status', openReplyTimeoutMs: 2_000 }, 'observed'],
    ['answers no order', { openReply: 'none' }, 'observed'],
    ['has no contacts', { contacts: false }, 'acknowledged'],
    ['has no contacts and answers no order', { contacts: false, openReply: 'none' }, 'unconfirmed'],
    ['is told for how long', { openSeconds: 3 }, 'observed'],
  ] as const)('8A/80: one that %s', async (_name, params, confirmation) => {
    const openReply = 'openReply' in params ? params.openReply : 'own';
    const language = languageOf8a80({
      stateBytes: 2,
      openBit: 1,
      groups: 'highest-first',
      openReply,
      timed: 'openSeconds' in params,
    });
    await start(lock8a80Protocol, language, [{ boards: TWO, stateBytes: 2, openBit: 1, ...params }]);
    if (openReply === 'status') simulator.setFaults({ lateBy: ms(200) });
    await clock.advanceAsync(seconds(2));
    expect(await unlock(10)).toMatchObject(confirmed(confirmation));
    expect(pulses).toEqual([10]);
  });

  it('Winnsen: a lock that cools down refuses, and so does a WKLY board that says so', async () => {
    await start(lockWinnsenProtocol, languageOfWinnsen('status-lock'), [{ boards: TWO, openForm: 'status-lock' }]);
    simulator.setFaults({ refuses: true });
    expect(await unlock(2)).toMatchObject({
      ok: false,
      error: { code: 'E-DEV-0203', detail: expect.stringContaining('cools') as string },
    });
    await Promise.all(drivers.map((driver) => driver.stop()));
    await simulator.stop();
    await start(lockWklyProtocol, languageOfWkly(), [{ boards: TWO, query: 'all' }]);
    simulator.setFaults({ refuses: true });
    expect(await unlock(2)).toMatchObject(failed('E-DEV-0203'));
    expect(pulses).toEqual([]);
  });

  it('KERONG: what lies in a compartment is told', async () => {
    await start(lockKerongProtocol, languageOfKerong(), [{ boards: TWO, items: true }]);
    const items: string[] = [];
    drivers[0]?.capabilities.cabinet?.onItem(({ compartment, occupied }) => items.push(`${compartment} ${occupied}`));
    hardware.place(11, true);
    await clock.advanceAsync(seconds(2));
    expect((await read())[10]).toEqual({ compartment: 11, open: false, occupied: true });
    hardware.place(11, false);
    await clock.advanceAsync(seconds(2));
    expect(items).toEqual(['11 true', '11 false']);
  });
});
