import { type Cancel, type Failure, type Result, err, ms, ok } from '@hallhub/sync/base';
import type { CounterDisplay } from '../../capabilities/index.ts';
import { type Receipt, brokenOff } from '../../kit/index.ts';
import { type Shown, shownLine } from '../shown-line.ts';
import type { WriteRequest } from './bus.ts';
import type { DisplayParams } from './display-params.ts';
import { displayWords } from './display-params.ts';
import { type Feature, type FeatureContext, receipt } from './feature.ts';
import type { UnitParams } from './params.ts';

type ShowCommand = Parameters<CounterDisplay['show']>[0];

/** The holding registers that make a board show it. */
export function wordsToShow({ form }: DisplayParams, shown: Shown): readonly number[] {
  switch (form.as) {
    case 'number': {
      const value = 'number' in shown ? shown.number : (form.blank ?? 0);
      if (form.type === 'u16') return [value];
      const [high, low] = [Math.floor(value / 0x1_0000), value % 0x1_0000];
      return form.order === 'high-first' ? [high, low] : [low, high];
    }
    case 'bcd':
    case 'digits': {
      const digits = 'number' in shown ? Array.from(String(shown.number), Number) : [];
      const filled = [...new Array<number>(form.places - digits.length).fill(form.blank ?? 0), ...digits];
      const ordered = form.order === 'left-first' ? filled : filled.reverse();
      if (form.as === 'digits') return ordered;
      return Array.from({ length: form.places / 4 }, (_, word) =>
        ordered.slice(4 * word, 4 * word + 4).reduce((sum, digit) => (sum << 4) | digit, 0),
      );
    }
    case 'text': {
      const codes = Buffer.from(('text' in shown ? shown.text : '').padStart(form.places), 'latin1');
      return Array.from({ length: form.places / 2 }, (_, word) => {
        const [first = 0, second = 0] = codes.subarray(2 * word);
        return form.order === 'high-first' ? (first << 8) | second : (second << 8) | first;
      });
    }
  }
}

/** What of a line a board of this form can show. */
export const shownOn = ({ form }: DisplayParams, line: string): Result<Shown> =>
  shownLine(
    {
      shows: form.as === 'text' ? 'text' : 'number',
      places: form.as === 'number' && form.type === 'u16' ? Math.min(4, form.places) : form.places,
      canBeDark: form.as === 'text' || form.blank !== undefined,
    },
    line,
  );

/** The requests that write the registers, in their order. */
export function planShow(params: UnitParams, shown: Shown): readonly WriteRequest[] {
  const { unit, display } = params;
  if (!display) return [];
  const values = wordsToShow(display, shown);
  return display.write === 'multiple'
    ? [{ function: 'write-registers', unit, address: display.register, values }]
    : values.map((value, index) => ({ function: 'write-register', unit, address: display.register + index, value }));
}

/** A board of digits or letters in holding registers. It takes what it is told; whether its lamps are whole nobody hears. */
export function createDisplay(context: FeatureContext, display: DisplayParams): Feature {
  const { bus, clock, params, ledger } = context;
  const { register, table } = { table: 'holding' as const, register: display.register, ...display.alive };
  let cancelDark: Cancel | undefined;

  const stopDark = (): void => {
    cancelDark?.();
    cancelDark = undefined;
  };
  const write = async (shown: Shown, veto?: () => Failure | undefined): Promise<Result<void>> => {
    for (const [index, request] of planShow(params, shown).entries()) {
      const written = await bus.write(request, { ...(veto && { veto }), urgent: true });
      if (!written.ok) return err(brokenOff(index, written.error));
    }
    return ok();
  };
  const show = async (command: ShowCommand, veto: () => Failure | undefined): Promise<Receipt> => {
    const { lines, lasts } = command.args;
    const shown = shownOn(display, lines[0] ?? '');
    if (!shown.ok) return shown;
    await context.greeted();
    const written = await write(shown.value, veto);
    if (!written.ok) return written;
    stopDark();
    const dark = shownOn(display, '');
    if (lasts !== undefined && dark.ok)
      cancelDark = clock.after(lasts, () => {
        cancelDark = undefined;
        void write(dark.value);
      });
    return receipt(command, 'acknowledged', clock.now());
  };
  return {
    capabilities: { counterDisplay: { show: (command) => ledger.run(command, (veto) => show(command, veto)) } },
    polls: [
      {
        every: ms(params.valuesEveryMs),
        read: async () => {
          const name = table === 'holding' ? 'read-holding-registers' : 'read-input-registers';
          const read = await bus.readRegisters(params.unit, name, register, 1);
          return read.ok ? ok({ apply: () => undefined }) : read;
        },
      },
    ],
    forget: stopDark,
  };
}

/** The registers that belong to the board alone. */
export const registersOf = (display: DisplayParams): { readonly first: number; readonly count: number } => ({
  first: display.register,
  count: displayWords(display),
});
