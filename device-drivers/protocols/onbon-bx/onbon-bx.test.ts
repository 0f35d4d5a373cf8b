import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ManualClock, manualClock, ms, plus, seconds, unwrap } from '@hallhub/sync/base';
import { type Driver, type Receipt, silentLog } from '../../kit/index.ts';
import { framerConformance } from '../../kit/testing/index.ts';
import { createMemoryLine } from '../../transports/index.ts';
import { onbonBxProtocol } from './driver.ts';
import { createPacketFramer, encodePacket } from './frames.ts';
import { type OnbonSimulator, createOnbonSimulator } from './simulator.ts';

const word = fc.integer({ min: 0, max: 0xffff });
/** Often one of the bytes that are escaped. */
const tricky = fc.oneof(fc.constantFrom(0xa5, 0xa6, 0x5a, 0x5b), fc.integer({ min: 0, max: 255 }));
const packet = fc.record({
  destination: word,
  source: word,
  deviceType: tricky,
  data: fc.array(tricky, { maxLength: 200 }).map((bytes) => Uint8Array.from(bytes)),
});

framerConformance('packets of Onbon cards', {
  create: createPacketFramer,
  frames: packet.map(encodePacket),
  bytesOf: ({ bytes }) => bytes,
  falseStart: Uint8Array.of(0xa5),
});

describe('a packet', () => {
  it('is decoded to what was encoded, whatever has to be escaped', () => {
    fc.assert(
      fc.property(packet, (given) => {
        const bytes = encodePacket(given);
        expect(bytes.subarray(8, -1).some((byte) => byte === 0xa5 || byte === 0x5a)).toBe(false);
        expect(createPacketFramer().push(bytes)).toEqual([{ kind: 'frame', frame: { ...given, bytes } }]);
      }),
    );
  });
});

describe('a card', () => {
  let clock: ManualClock;
  let card: OnbonSimulator;
  let driver: Driver;
  let ids = 0;

  const start = async (params: object, series: '5k' | '6k' = '6k'): Promise<void> => {
    const line = createMemoryLine({ name: 'board' });
    card = createOnbonSimulator({ transport: line.device, clock, series });
    const [made] = unwrap(
      onbonBxProtocol.connect(
        {
          transport: { kind: 'memory', name: 'board' },
          devices: [{ deviceId: 'board', params: { series, ...params } }],
        },
        {
          clock,
          random: (size) => new Uint8Array(size),
          log: silentLog,
          transportFactory: () => ({ ok: true, value: line.host }),
        },
      ),
    );
    if (!made) throw new Error('no driver');
    driver = made;
    unwrap(await card.start());
    driver.start();
    await clock.advanceAsync(seconds(5));
  };
  const show = async (args: { lines: string[]; lasts?: ReturnType<typeof ms> }): Promise<Receipt> => {
    ids += 1;
    const now = clock.now();
    const given = driver.capabilities.counterDisplay?.show({
      id: `show-${ids}`,
      name: 'show',
      args,
      issuedAt: now,
      expiresAt: plus(now, seconds(5)),
      issuedBy: 'test',
    });
    await clock.advanceAsync(seconds(5));
    if (!given) throw new Error('no display');
    return given;
  };
  const texts = (): readonly string[] => [...card.screen.values()].map(({ text }) => text);

  beforeEach(() => {
    clock = manualClock();
  });
  afterEach(async () => {
    await driver.stop();
    await card.stop();
    expect(clock.pending).toBe(0);
  });

  it.each(['5k', '6k'] as const)('of series %s shows the text where its areas are', async (series) => {
    const areas = [
      { x: 16, y: 0, width: 96, height: 16 },
      { x: 0, y: 16, width: 128, height: 16 },
    ];
    await start({ areas }, series);
    expect(driver.health.state).toBe('ready');
    expect(await show({ lines: ['A001', '请到3号窗口'] })).toMatchObject({
      ok: true,
      value: { confirmation: 'acknowledged' },
    });
    expect([...card.screen.values()]).toEqual([
      { ...areas[0], text: 'A001' },
      { ...areas[1], text: '请到3号窗口' },
    ]);
  });

  it('shows any text as it is, and never as an escape of its own', async () => {
    await start({});
    const text = fc.string({
      unit: fc.constantFrom('A', '7', '号', '窗', '㐀', '\\', 'C', 'é'),
      minLength: 1,
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(text, async (line) => {
        await show({ lines: [line] });
        expect(texts()).toEqual([line.replaceAll('\\', '＼')]);
      }),
      { numRuns: 40 },
    );
  });

  it('takes a text down by itself after its time, and the lines that are not given at once', async () => {
    await start({ areas: [0, 16].map((y) => ({ x: 0, y, width: 128, height: 16 })) });
    await show({ lines: ['A1', 'B2'] });
    expect(texts()).toEqual(['A1', 'B2']);
    await show({ lines: ['A3'], lasts: ms(9_500) });
    expect(texts()).toEqual(['A3', ' ']);
    await clock.advanceAsync(seconds(5));
    expect(texts()).toEqual([]);
  });

  it('that does not answer is down, and is back by itself', async () => {
    await start({});
    card.setFaults({ silent: true });
    await clock.advanceAsync(seconds(40));
    expect(driver.health).toMatchObject({ state: 'down', reason: { code: 'E-DEV-0202' } });
    card.setFaults({});
    await clock.advanceAsync(seconds(40));
    expect(driver.health.state).toBe('ready');
  });

  it('that refuses is there, and its number is told', async () => {
    await start({});
    card.setFaults({ refusesWith: 7 });
    expect(await show({ lines: ['A1'] })).toMatchObject({
      ok: false,
      error: { code: 'E-DEV-0203', detail: 'the card answers with error 7' },
    });
    await clock.advanceAsync(seconds(20));
    expect(driver.health.state).toBe('degraded');
  });
});

describe('cards on one line', () => {
  const connect = (...addresses: (number | undefined)[]) =>
    onbonBxProtocol.connect(
      {
        transport: { kind: 'memory', name: 'bus' },
        devices: addresses.map((address, index) => ({
          deviceId: `card-${index}`,
          params: { series: '5k', ...(address !== undefined && { address }) },
        })),
      },
      {
        clock: manualClock(),
        random: (size) => new Uint8Array(size),
        log: silentLog,
        transportFactory: () => ({ ok: true, value: createMemoryLine({ name: 'bus' }).host }),
      },
    );

  it('need addresses of their own', () => {
    expect(connect(1, 2).ok).toBe(true);
    expect(connect(1, 1)).toMatchObject({ ok: false, error: { code: 'E-DEV-0302' } });
    expect(connect(1, undefined)).toMatchObject({ ok: false, error: { code: 'E-DEV-0302' } });
  });
});
