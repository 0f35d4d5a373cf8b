import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ManualClock, type Result, manualClock, ms, seconds, unwrap } from '@hallhub/sync/base';
import type { CardRead } from '../../capabilities/index.ts';
import { type Driver, type Traffic, silentLog } from '../../kit/index.ts';
import { type MemoryLine, createMemoryLine } from '../../transports/index.ts';
import { createReaderSimulator } from './simulator.ts';
import type { ReaderSimulator } from './simulator-types.ts';
import { residentIdProtocol } from './driver.ts';
import { GOLDEN_CARD, HK_CARD, OTHER_CARD } from './testing/golden.ts';
import { credentialText } from '../../capabilities/index.ts';

let clock: ManualClock;
let line: MemoryLine;
let simulator: ReaderSimulator;
let driver: Driver;
let cards: string[];
let reads: CardRead[];
let unreadable: string[];
let states: string[];
let traffic: Traffic[];

function connect(params: Record<string, unknown> = {}): Result<readonly Driver[]> {
  return residentIdProtocol.connect(
    { transport: { kind: 'memory', name: 'reader' }, devices: [{ deviceId: 'gate-1-reader', params }] },
    {
      clock,
      random: (size) => new Uint8Array(size),
      log: silentLog,
      transportFactory: () => ({ ok: true, value: line.host }),
    },
  );
}

beforeEach(async () => {
  clock = manualClock();
  line = createMemoryLine({ name: 'reader' });
  simulator = createReaderSimulator({ transport: line.device, clock });
  await simulator.start();
  [driver] = unwrap(connect()) as [Driver];
  [cards, reads, unreadable, states, traffic] = [[], [], [], [], []];
  driver.capabilities.cardReader?.onCard((read) => {
    reads.push(read);
    cards.push(credentialText(read.presented));
  });
  driver.capabilities.cardReader?.onUnreadable(({ code }) => unreadable.push(code));
  driver.onHealth(({ state, reason }) => states.push(reason ? `${state} ${reason.code}` : state));
  driver.onTraffic((seen) => traffic.push(seen));
  driver.start();
  await clock.advanceAsync(seconds(1));
});

afterEach(async () => {
  await driver.stop();
  await simulator.stop();
  expect(clock.pending).toBe(0);
});

describe('a reader that works', () => {
  it('is ready, and reports a card once however long it lies there', async () => {
    expect(states).toEqual(['ready']);
    simulator.putCard(GOLDEN_CARD);
    await clock.advanceAsync(seconds(60));
    expect(cards).toEqual(['11010519491231002X']);
    expect(unreadable).toEqual([]);
  });

  it('reports the same card again once it has left', async () => {
    simulator.putCard(GOLDEN_CARD);
    await clock.advanceAsync(seconds(2));
    simulator.liftCard();
    await clock.advanceAsync(seconds(2));
    simulator.putCard(GOLDEN_CARD);
    await clock.advanceAsync(seconds(2));
    expect(cards).toEqual(['11010519491231002X', '11010519491231002X']);
  });

  it('does not report a card again that flickers at the edge of the field', async () => {
    simulator.putCard(GOLDEN_CARD);
    await clock.advanceAsync(seconds(2));
    for (let flicker = 0; flicker < 10; flicker += 1) {
      simulator.liftCard();
      await clock.advanceAsync(ms(300));
      simulator.putCard(GOLDEN_CARD);
      await clock.advanceAsync(ms(700));
    }
    expect(cards).toEqual(['11010519491231002X']);
  });

  it('reports the next person at once, without a pause between the cards', async () => {
    simulator.putCard(GOLDEN_CARD);
    await clock.advanceAsync(seconds(1));
    simulator.putCard(HK_CARD);
    await clock.advanceAsync(seconds(1));
    simulator.putCard(OTHER_CARD);
    await clock.advanceAsync(seconds(1));
    expect(cards).toEqual(['11010519491231002X', '810000199001010019', '440524188001010014']);
  });

  it('reports once on readers that find a card only once, too', async () => {
    simulator.setFaults({ findOnce: true });
    simulator.putCard(GOLDEN_CARD);
    await clock.advanceAsync(seconds(30));
    expect(cards).toHaveLength(1);
    simulator.liftCard();
    await clock.advanceAsync(seconds(1));
    simulator.putCard(GOLDEN_CARD);
    await clock.advanceAsync(seconds(1));
    expect(cards).toHaveLength(2);
  });

  it('takes the time of the last byte, not of the decision', async () => {
    const before = clock.monotonic();
    simulator.putCard(GOLDEN_CARD);
    await clock.advanceAsync(seconds(1));
    expect(reads[0]?.lastByteAt).toBeGreaterThanOrEqual(before);
    expect(reads[0]?.lastByteAt).toBeLessThanOrEqual(before + 200);
  });

  it('shows its frames without the holder’s data', async () => {
    simulator.putCard(GOLDEN_CARD);
    await clock.advanceAsync(seconds(1));
    expect(traffic.map(({ direction, meaning }) => `${direction} ${meaning}`)).toEqual(
      expect.arrayContaining([
        'out find card',
        'in 9F card found',
        'out read card',
        'in card data, 1295 bytes, contents withheld',
      ]),
    );
    const seen = Buffer.concat(traffic.map(({ bytes }) => bytes));
    expect(seen.includes(Buffer.from('11010519491231002X', 'utf16le'))).toBe(false);
    expect(seen.includes(Buffer.from('张', 'utf16le'))).toBe(false);
  });
});

describe('trouble with a card', () => {
  it.each([
    [{ select: 0x81 }, 'E-CARD-0114'],
    [{ read: 0x41 }, 'E-CARD-0109'],
    [{ read: 0x31 }, 'E-CARD-0105'],
    [{ read: 0x32 }, 'E-CARD-0106'],
    [{ read: 0x33 }, 'E-CARD-0107'],
    [{ read: 0x40 }, 'E-CARD-0108'],
    [{ read: 0x91 }, 'E-CARD-0115'],
    [{ read: 0x10 }, 'E-CARD-0101'],
    [{ select: 0x77 }, 'E-CARD-0199'],
  ])('%j is told once as %s, and the card is read once the trouble is over', async (status, code) => {
    simulator.setFaults({ status });
    simulator.putCard(GOLDEN_CARD);
    await clock.advanceAsync(seconds(5));
    expect(unreadable).toEqual([code]);
    expect(cards).toEqual([]);
    simulator.setFaults({});
    await clock.advanceAsync(seconds(1));
    expect(cards).toEqual(['11010519491231002X']);
    expect(driver.health.state).toBe('ready');
  });

  it('is told when the person takes the card away after one failed try', async () => {
    simulator.setFaults({ status: { read: 0x41 } });
    simulator.putCard(GOLDEN_CARD);
    await clock.advanceAsync(ms(120));
    simulator.liftCard();
    await clock.advanceAsync(seconds(2));
    expect(unreadable).toEqual(['E-CARD-0109']);
  });

  it('is told of a card whose number cannot be right', async () => {
    simulator.putCard({ ...GOLDEN_CARD, number: '110105194912310021' });
    await clock.advanceAsync(seconds(5));
    expect(unreadable).toEqual(['E-CARD-0202']);
    expect(cards).toEqual([]);
  });

  it.each([0x47, 0x60, 0x66])('status %i is the reader’s own trouble: degraded until it is over', async (status) => {
    simulator.setFaults({ status: { read: status } });
    simulator.putCard(GOLDEN_CARD);
    await clock.advanceAsync(ms(150));
    expect(driver.health.state).toBe('degraded');
    simulator.setFaults({});
    await clock.advanceAsync(seconds(2));
    expect(driver.health.state).toBe('ready');
    expect(cards).toHaveLength(1);
  });
});

describe('trouble with the line', () => {
  it.each([
    ['noise before every reply', { noiseBytes: 40 }],
    ['every reply twice', { duplicate: true }],
    ['slow replies', { slow: ms(150) }],
  ])('%s: the card is still read once', async (_name, faults) => {
    simulator.setFaults(faults);
    simulator.putCard(GOLDEN_CARD);
    await clock.advanceAsync(seconds(20));
    expect(cards).toEqual(['11010519491231002X']);
  });

  it.each([
    ['torn replies', { tearAfter: 9 }, 'down E-DEV-0204'],
    ['bad checksums', { badChecksum: true }, 'down E-DEV-0204'],
    ['silence', { silent: true }, 'down E-DEV-0202'],
  ])('%s: down with the reason, nothing is reported, ready again by itself', async (_name, faults, expected) => {
    simulator.setFaults(faults);
    simulator.putCard(GOLDEN_CARD);
    await clock.advanceAsync(seconds(10));
    expect(states).toContain(expected);
    expect(cards).toEqual([]);
    simulator.setFaults({});
    await clock.advanceAsync(seconds(60));
    expect(driver.health.state).toBe('ready');
    expect(cards).toEqual(['11010519491231002X']);
  });

  it('a reply that comes after its time never answers the next question', async () => {
    // The answer to "read" comes when the driver has long given up and asks "find" again.
    simulator.setFaults({ slow: ms(1_500) });
    simulator.putCard(GOLDEN_CARD);
    await clock.advanceAsync(seconds(30));
    expect(cards).toEqual([]);
    expect(traffic.some(({ meaning }) => meaning.startsWith('too late'))).toBe(true);
    simulator.setFaults({});
    await clock.advanceAsync(seconds(60));
    expect(cards).toEqual(['11010519491231002X']);
  });

  it('unplugged and back: down, then ready, and the card that still lies there is not reported twice', async () => {
    simulator.putCard(GOLDEN_CARD);
    await clock.advanceAsync(seconds(2));
    line.unplug();
    await clock.advanceAsync(seconds(120));
    expect(driver.health).toMatchObject({ state: 'down', reason: { code: 'E-DEV-0101' } });
    line.plug();
    await clock.advanceAsync(seconds(60));
    expect(driver.health.state).toBe('ready');
    expect(cards).toEqual(['11010519491231002X']);
    simulator.putCard(OTHER_CARD);
    await clock.advanceAsync(seconds(2));
    expect(cards).toEqual(['11010519491231002X', '440524188001010014']);
  });

  it('unplugged in the middle of a read: the card is read when the line is back', async () => {
    simulator.setFaults({ slow: ms(50) });
    simulator.putCard(GOLDEN_CARD);
    while (!traffic.some(({ meaning }) => meaning === 'read card')) await clock.advanceAsync(ms(1));
    line.unplug();
    await clock.advanceAsync(seconds(5));
    expect(cards).toEqual([]);
    line.plug();
    await clock.advanceAsync(seconds(60));
    expect(cards).toEqual(['11010519491231002X']);
  });

  it('a listener that throws takes nothing down', async () => {
    driver.capabilities.cardReader?.onCard(() => {
      throw new Error('a bug elsewhere');
    });
    simulator.putCard(GOLDEN_CARD);
    await clock.advanceAsync(seconds(1));
    simulator.putCard(OTHER_CARD);
    await clock.advanceAsync(seconds(1));
    expect(cards).toHaveLength(2);
  });
});

describe('configuration', () => {
  it('names the parameter that is wrong', () => {
    expect(connect({ pollEveryMs: 'often' })).toMatchObject({ ok: false, error: { code: 'E-DEV-0302' } });
    const unknown = connect({ pollEvry: 1 });
    expect(!unknown.ok && unknown.error.detail).toContain('pollEvry');
  });
});
