import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { manualClock, ms, plus, seconds, unwrap } from '@hallhub/sync/base';
import { builtInProfiles } from '@hallhub/firmware-profiles/schema';
import { silentLog } from '../../kit/index.ts';
import { createMemoryLine } from '../../transports/index.ts';
import { shownOn } from './board-text.ts';
import { numberBoardProtocol } from './driver.ts';
import { boardSchema } from './params.ts';
import { createNumberBoardSimulator } from './simulator.ts';

const paramsOf = (id: string) => builtInProfiles().get(id)?.params ?? {};
const FOUR_BYTES = 'generic/number-board-4byte';

function setUp(...devices: readonly object[]) {
  const clock = manualClock();
  const line = createMemoryLine({ name: 'boards' });
  const sentAt: number[] = [];
  line.device.onData(() => sentAt.push(clock.monotonic()));
  const connected = numberBoardProtocol.connect(
    {
      transport: { kind: 'memory', name: 'boards' },
      devices: devices.map((params, index) => ({ deviceId: `board-${index}`, params: { ...params } })),
    },
    {
      clock,
      random: (size) => new Uint8Array(size),
      log: silentLog,
      transportFactory: () => ({ ok: true, value: line.host }),
    },
  );
  let ids = 0;
  const command = (lines: string[], lasts?: ReturnType<typeof ms>) => {
    ids += 1;
    const now = clock.now();
    return {
      id: `show-${ids}`,
      name: 'show' as const,
      args: lasts === undefined ? { lines } : { lines, lasts },
      issuedAt: now,
      expiresAt: plus(now, seconds(5)),
      issuedBy: 'test',
    };
  };
  return { clock, line, connected, command, sentAt };
}

describe('boards on one line', () => {
  it('each show what is addressed to them, with a pause between the frames', async () => {
    const boards = [1, 2, 3].map((address) => ({ ...paramsOf(FOUR_BYTES), address, gapMs: 30 }));
    const { clock, line, connected, command, sentAt } = setUp(...boards);
    const drivers = unwrap(connected);
    const simulator = createNumberBoardSimulator({ transport: line.device, form: 'four-bytes' });
    unwrap(await simulator.start());
    for (const driver of drivers) driver.start();
    await clock.advanceAsync(ms(10));
    const receipts = drivers.map(async (driver, index) =>
      driver.capabilities.counterDisplay?.show(command([`A${index + 1}7`])),
    );
    await clock.advanceAsync(seconds(1));
    expect(await Promise.all(receipts)).toMatchObject(
      [1, 2, 3].map(() => ({ value: { confirmation: 'unconfirmed' } })),
    );
    expect([...simulator.screens]).toEqual([
      [1, '17'],
      [2, '27'],
      [3, '37'],
    ]);
    expect(sentAt.slice(1).every((at, index) => at - (sentAt[index] ?? 0) >= 30)).toBe(true);
    for (const driver of drivers) await driver.stop();
    await simulator.stop();
    expect(clock.pending).toBe(0);
  });

  it('are refused with one address, or without any', () => {
    const alike = [paramsOf(FOUR_BYTES), paramsOf(FOUR_BYTES)];
    expect(setUp(...alike).connected).toMatchObject({ ok: false, error: { code: 'E-DEV-0302' } });
    const unaddressed = [1, 2].map((address) => ({ ...paramsOf('generic/number-board-colour'), address }));
    expect(setUp(...unaddressed).connected).toMatchObject({ ok: false, error: { code: 'E-DEV-0302' } });
  });
});

describe('a board', () => {
  it('that can be dark is dark again after its time, and not when another number came meanwhile', async () => {
    const { clock, line, connected, command } = setUp(paramsOf('generic/number-board-ascii'));
    const [driver] = unwrap(connected);
    const simulator = createNumberBoardSimulator({ transport: line.device, form: 'ascii-line' });
    unwrap(await simulator.start());
    driver?.start();
    await clock.advanceAsync(ms(10));
    const screen = () => simulator.screens.get(0)?.trim();
    await Promise.all([
      driver?.capabilities.counterDisplay?.show(command(['12'], ms(3_000))),
      clock.advanceAsync(ms(100)),
    ]);
    await Promise.all([
      driver?.capabilities.counterDisplay?.show(command(['13'], ms(6_000))),
      clock.advanceAsync(ms(100)),
    ]);
    await clock.advanceAsync(seconds(4));
    expect(screen()).toBe('13');
    await clock.advanceAsync(seconds(3));
    expect(screen()).toBe('');
    await driver?.stop();
    await simulator.stop();
    expect(clock.pending).toBe(0);
  });

  it('of digits shows the number in a ticket, or refuses what it has no places for', () => {
    const params = boardSchema.parse(paramsOf(FOUR_BYTES));
    fc.assert(
      fc.property(fc.constantFrom('', 'A', 'VIP-'), fc.integer({ min: 0, max: 99_999 }), (prefix, number) => {
        const shown = shownOn(params, `${prefix}${String(number).padStart(3, '0')}`);
        if (String(number).length > params.places) expect(shown).toMatchObject({ error: { code: 'E-DEV-0203' } });
        else expect(shown).toEqual({ ok: true, value: { number } });
      }),
    );
    expect(shownOn(params, '12 3')).toMatchObject({ error: { code: 'E-DEV-0203' } });
    expect(shownOn(params, '')).toMatchObject({ error: { code: 'E-DEV-0203' } });
  });
});
