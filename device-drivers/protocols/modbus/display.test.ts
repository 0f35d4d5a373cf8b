import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type ManualClock, type Result, manualClock, ms, plus, seconds, unwrap } from '@hallhub/sync/base';
import { builtInProfiles } from '@hallhub/firmware-profiles/schema';
import { type Driver, type Receipt, silentLog } from '../../kit/index.ts';
import { createMemoryLine } from '../../transports/index.ts';
import { conflictOf } from './claims.ts';
import { type DisplayParams, displaySchema } from './display-params.ts';
import { shownOn, wordsToShow } from './display.ts';
import { unitSchema } from './params.ts';
import { modbusRtuProtocol } from './protocol.ts';
import { createRelayBoardSimulator } from './simulator.ts';
import type { RelayBoardSimulator } from './simulator-types.ts';

const display = (form: object, more: object = {}): DisplayParams => displaySchema.parse({ form, ...more });
const words = (form: object, line: string): readonly number[] | string => {
  const shown: Result<Parameters<typeof wordsToShow>[1]> = shownOn(display(form), line);
  return shown.ok ? wordsToShow(display(form), shown.value) : shown.error.code;
};

describe('what stands in the registers', () => {
  it.each([
    [{ as: 'number', places: 4 }, 'A012', [12]],
    [{ as: 'number', places: 4 }, '', 'E-DEV-0203'],
    [{ as: 'number', places: 4, blank: 0xffff }, '', [0xffff]],
    [{ as: 'number', type: 'u32', places: 6 }, '123456', [1, 0xe240]],
    [{ as: 'number', type: 'u32', order: 'low-first', places: 6 }, '123456', [0xe240, 1]],
    [{ as: 'bcd', places: 4, blank: 15 }, 'A012', [0xff12]],
    [{ as: 'bcd', places: 4 }, 'A012', [0x0012]],
    [{ as: 'bcd', places: 8, blank: 15, order: 'right-first' }, '12345', [0x5432, 0x1fff]],
    [{ as: 'digits', places: 3, blank: 10 }, 'B17', [10, 1, 7]],
    [{ as: 'digits', places: 3, order: 'right-first' }, 'B17', [7, 1, 0]],
    [{ as: 'digits', places: 3 }, 'B1234', 'E-DEV-0203'],
    [{ as: 'text', places: 6 }, 'a012', [0x2020, 0x4130, 0x3132]],
    [{ as: 'text', places: 4, order: 'low-first' }, 'A012', [0x3041, 0x3231]],
    [{ as: 'text', places: 4 }, '', [0x2020, 0x2020]],
    [{ as: 'text', places: 4 }, '请稍候', 'E-DEV-0203'],
  ] as const)('%j of %j', (form, line, expected) => {
    expect(words(form, line)).toEqual(expected);
  });

  it('can be read back as the number, whatever the form', () => {
    const digit = fc.integer({ min: 0, max: 9_999 });
    fc.assert(
      fc.property(digit, fc.constantFrom('left-first', 'right-first'), (number, order) => {
        const bcd = words({ as: 'bcd', places: 4, blank: 15, order }, `A${number}`);
        const digits = words({ as: 'digits', places: 4, blank: 15, order }, `A${number}`);
        if (typeof bcd === 'string' || typeof digits === 'string') throw new Error('refused');
        const nibbles = Array.from((bcd[0] ?? 0).toString(16).padStart(4, '0'), (nibble) =>
          Number.parseInt(nibble, 16),
        );
        expect(nibbles).toEqual(digits);
        const read = (order === 'left-first' ? digits : [...digits].reverse()).filter((one) => one !== 15);
        expect(read.join('')).toBe(String(number));
      }),
    );
  });

  it('is refused where a form cannot hold its places, or reaches beyond the map', () => {
    for (const wrong of [
      { form: { as: 'number', places: 5 } },
      { form: { as: 'bcd', places: 3 } },
      { form: { as: 'text', places: 3 } },
      { register: 0xffff, form: { as: 'digits', places: 2 } },
    ])
      expect(displaySchema.safeParse(wrong).success).toBe(false);
    const unit = (register: number) => unitSchema.parse({ display: { register, form: { as: 'digits', places: 4 } } });
    expect(conflictOf(unit(0), unit(3))).toMatchObject({ code: 'E-DEV-0306' });
    expect(conflictOf(unit(0), unit(4))).toBeUndefined();
  });
});

describe('a board on its line', () => {
  let clock: ManualClock;
  let board: RelayBoardSimulator;
  let driver: Driver;
  let ids = 0;

  const start = async (params: object, holding: Record<number, number>): Promise<void> => {
    clock = manualClock();
    const line = createMemoryLine({ name: 'board' });
    board = createRelayBoardSimulator({ transport: line.device, clock, holding });
    await board.start();
    [driver] = unwrap(
      modbusRtuProtocol.connect(
        {
          transport: { kind: 'memory', name: 'board', baudRate: 9600 },
          devices: [{ deviceId: 'board', params: { ...params } }],
        },
        {
          clock,
          random: (size) => new Uint8Array(size),
          log: silentLog,
          transportFactory: () => ({ ok: true, value: line.host }),
        },
      ),
    ) as [Driver];
    driver.start();
    await clock.advanceAsync(seconds(2));
    expect(driver.health.state).toBe('ready');
  };
  const show = async (line: string, lasts?: number): Promise<Receipt | undefined> => {
    ids += 1;
    const given = driver.capabilities.counterDisplay?.show({
      id: `show-${ids}`,
      name: 'show',
      args: { lines: [line], ...(lasts !== undefined && { lasts: ms(lasts) }) },
      issuedAt: clock.now(),
      expiresAt: plus(clock.now(), seconds(5)),
      issuedBy: 'test',
    });
    await clock.advanceAsync(seconds(1));
    return given;
  };
  const holds = (...registers: readonly number[]) => registers.map((at) => board.register('holding', at));
  afterEach(async () => {
    await driver.stop();
    await board.stop();
    expect(clock.pending).toBe(0);
  });

  it('of a built-in profile shows a number, and is dark when it is told so', async () => {
    await start(builtInProfiles().get('generic/modbus-digit-board-bcd')?.params ?? {}, { 0: 0 });
    expect(await show('A012')).toMatchObject({ ok: true, value: { confirmation: 'acknowledged' } });
    expect(holds(0)).toEqual([0xff12]);
    await show('');
    expect(holds(0)).toEqual([0xffff]);
  });

  it('that knows function 06 alone is told each register, and is dark again after its time', async () => {
    const form = { as: 'digits', places: 3, blank: 10 };
    await start({ display: { register: 5, form, write: 'single' } }, { 5: 0, 6: 0, 7: 0 });
    await show('B017', 4_000);
    expect(holds(5, 6, 7)).toEqual([10, 1, 7]);
    await clock.advanceAsync(seconds(5));
    expect(holds(5, 6, 7)).toEqual([10, 10, 10]);
  });

  it('is asked by another register where its own cannot be read; a refusal is told', async () => {
    const alive = { table: 'holding', register: 100 };
    await start({ display: { form: { as: 'number', places: 4 }, alive } }, { 0: 0, 100: 1 });
    board.setFaults({ exception: 4 });
    expect(await show('12')).toMatchObject({ ok: false, error: { code: 'E-DEV-0203' } });
  });
});
