import { type Failure, type Result, err, failure, ms, ok } from '@hallhub/sync/base';
import type { CapabilityMap } from '../../capabilities/index.ts';
import { type Receipt, brokenOff, createEmitter } from '../../kit/index.ts';
import type { WriteRequest } from './bus.ts';
import { type Feature, type FeatureContext, type Poll, receipt } from './feature.ts';
import type { UnitParams } from './params.ts';
import { type Block, type ValueSpec, decodeValue, encodeValue, planBlocks, wordsOf } from './registers.ts';

type Reading = Parameters<Parameters<CapabilityMap['meter']['onReading']>[0]>[0];
type ClimateReading = Parameters<Parameters<CapabilityMap['climate']['onReading']>[0]>[0];
type ClimateCommand = Parameters<CapabilityMap['climate']['set']>[0];
type Occupancy = Parameters<Parameters<CapabilityMap['occupancy']['onOccupancy']>[0]>[0];
type Climate = NonNullable<UnitParams['climate']>;

/** Reads what `specs` name, in as few requests as make sense; in their order, undefined where the device has no value. */
async function readValues(
  { bus, params }: FeatureContext,
  specs: readonly ValueSpec[],
): Promise<Result<readonly (number | undefined)[]>> {
  const read: { block: Block; words: readonly number[] }[] = [];
  for (const block of planBlocks(specs)) {
    const name = block.table === 'holding' ? 'read-holding-registers' : 'read-input-registers';
    const words = await bus.readRegisters(params.unit, name, block.address, block.count);
    if (!words.ok) return words;
    read.push({ block, words: words.value });
  }
  return ok(
    specs.map((spec) => {
      const words = wordsOf(spec, read);
      return words && decodeValue(spec, words);
    }),
  );
}

function pollValues(
  context: FeatureContext,
  specs: readonly ValueSpec[],
  apply: (values: readonly (number | undefined)[]) => void,
): Poll {
  return {
    every: ms(context.params.valuesEveryMs),
    read: async () => {
      const read = await readValues(context, specs);
      if (!read.ok) return read;
      return ok({
        apply: () => {
          apply(read.value);
        },
      });
    },
  };
}

/** Counted and measured values by their names. */
export function createMeter(context: FeatureContext, { values }: NonNullable<UnitParams['meter']>): Feature {
  const { clock } = context;
  const readings = createEmitter<Reading>(context.onListenerError);
  const named = (read: readonly (number | undefined)[]): readonly Omit<Reading, 'at'>[] =>
    values.flatMap(({ name, unit }, index) => {
      const value = read[index];
      return value === undefined ? [] : [{ name, value, unit }];
    });
  return {
    capabilities: {
      meter: {
        read: async () => {
          const read = await readValues(context, values);
          return read.ok ? ok({ values: named(read.value), at: clock.now() }) : read;
        },
        onReading: readings.on,
      },
    },
    polls: [
      pollValues(context, values, (read) => {
        for (const reading of named(read)) readings.emit({ ...reading, at: clock.now() });
      }),
    ],
  };
}

/** A presence sensor with a register. */
export function createRegisterOccupancy(
  context: FeatureContext,
  { value, occupiedAbove }: Extract<NonNullable<UnitParams['occupancy']>, { readonly occupiedAbove: number }>,
): Feature {
  const events = createEmitter<Occupancy>(context.onListenerError);
  let known: boolean | undefined;
  return {
    capabilities: { occupancy: { onOccupancy: events.on } },
    polls: [
      pollValues(context, [value], ([measured]) => {
        if (measured === undefined) return;
        const occupied = measured > occupiedAbove;
        if (occupied === known) return;
        known = occupied;
        events.emit({ occupied, at: context.clock.now() });
      }),
    ],
    forget: () => {
      known = undefined;
    },
  };
}

/** One register or coil to write, and what it must show afterwards. */
interface Step {
  readonly request: WriteRequest;
  readonly shows: { readonly table: 'coil' | 'holding'; readonly address: number; readonly words: readonly number[] };
}

/** What is to be written, in order: the running mode stands before the power comes. */
export function planClimate(params: UnitParams, args: ClimateCommand['args']): Result<readonly Step[]> {
  const control = params.climate?.control;
  const { unit } = params;
  if (!control) return failure('E-DEV-0203', 'this unit only measures');
  const steps: Step[] = [];
  const register = (address: number, words: readonly number[]): Step => {
    const [value = 0] = words;
    return {
      request:
        words.length === 1
          ? { function: 'write-register', unit, address, value }
          : { function: 'write-registers', unit, address, values: words },
      shows: { table: 'holding', address, words },
    };
  };
  if (args.celsius !== undefined) {
    if (!control.setpoint) return failure('E-DEV-0203', 'this unit takes no temperature');
    const words = encodeValue(control.setpoint, args.celsius);
    if (!words.ok) return words;
    steps.push(register(control.setpoint.address, words.value));
  }
  if (args.mode !== undefined) {
    const value = control.mode?.values[args.mode];
    if (!control.mode || value === undefined) return failure('E-DEV-0203', `this unit has no mode ${args.mode}`);
    steps.push(register(control.mode.register, [value]));
  }
  const { power } = control;
  if ('coil' in power) {
    steps.push({
      request: { function: 'write-coil', unit, address: power.coil, on: args.on },
      shows: { table: 'coil', address: power.coil, words: [args.on ? 1 : 0] },
    });
  } else steps.push(register(power.register, [args.on ? power.on : power.off]));
  return ok(steps);
}

/** Temperature and humidity, and air conditioning where the map says how it is set. */
export function createClimate(context: FeatureContext, climate: Climate): Feature {
  const { bus, clock, params, ledger } = context;
  const readings = createEmitter<ClimateReading>(context.onListenerError);

  const isShown = async ({ shows }: Step): Promise<boolean> => {
    if (shows.table === 'coil') {
      const read = await bus.readBits(params.unit, 'read-coils', shows.address, 1);
      return read.ok && read.value[0] === (shows.words[0] === 1);
    }
    const read = await bus.readRegisters(params.unit, 'read-holding-registers', shows.address, shows.words.length);
    return read.ok && read.value.join() === shows.words.join();
  };
  const set = async (command: ClimateCommand, veto: () => Failure | undefined): Promise<Receipt> => {
    const steps = planClimate(params, command.args);
    if (!steps.ok) return steps;
    await context.greeted();
    for (const [index, { request }] of steps.value.entries()) {
      const written = await bus.write(request, { veto });
      if (!written.ok) return err(brokenOff(index, written.error));
    }
    for (const step of steps.value) {
      if (!(await isShown(step))) return receipt(command, 'acknowledged', clock.now());
    }
    return receipt(command, 'observed', clock.now());
  };

  const specs = [climate.celsius, ...(climate.humidity ? [climate.humidity] : [])];
  return {
    capabilities: {
      climate: {
        set: (command) => ledger.run(command, (veto) => set(command, veto)),
        onReading: readings.on,
      },
    },
    polls: [
      pollValues(context, specs, ([celsius, humidity]) => {
        if (celsius === undefined) return;
        // A sensor that overshoots its scale by a digit still measures.
        const percent = humidity === undefined ? {} : { humidity: Math.min(100, Math.max(0, humidity)) };
        readings.emit({ celsius, ...percent, at: clock.now() });
      }),
    ],
  };
}
