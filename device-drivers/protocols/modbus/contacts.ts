import { type DurationMs, type EpochMs, ms, ok, seconds } from '@hallhub/sync/base';
import type { CapabilityMap } from '../../capabilities/index.ts';
import { createEmitter } from '../../kit/index.ts';
import type { Feature, FeatureContext } from './feature.ts';
import { type InputState, baseline, sampleInput } from './input-edges.ts';
import type { UnitParams } from './params.ts';

/**
 * A line that was reopened within this time because an order went unanswered has not made what was known of the inputs
 * worthless: who walked through meanwhile is still seen. After a longer silence, or one that had another cause (somebody
 * pulled the plug, and perhaps the board's), the first sample is only where things stand.
 */
const LONGEST_SILENCE = seconds(5);

/** Follows inputs, each debounced by itself. `every`: how often they are asked. */
export function watchInputs(options: {
  /** Their numbers; a change is told by the place in this list. */
  readonly channels: readonly number[];
  readonly activeWhen: 'closed' | 'open';
  readonly debounce: DurationMs;
  readonly every: DurationMs;
  readonly onChange: (index: number, active: boolean, at: EpochMs) => void;
  /** What the first sample after a silence shows, for states that must be known from the beginning. */
  readonly onBaseline?: (index: number, active: boolean, at: EpochMs) => void;
}): Required<Pick<Feature, 'inputs' | 'forget'>> {
  const { channels, activeWhen, debounce, every, onChange, onBaseline } = options;
  const silence = Math.max(LONGEST_SILENCE, 2.5 * every);
  let states: (InputState | undefined)[] = [];
  let heardAt = Number.NEGATIVE_INFINITY;
  const first = Math.min(...channels);
  return {
    inputs: {
      first,
      count: Math.max(...channels) - first + 1,
      take: (closed, moment) => {
        if (moment.mono - heardAt > silence) states = [];
        heardAt = moment.mono;
        let mayHaveChanged = false;
        for (const [index, channel] of channels.entries()) {
          const active = closed(channel) === (activeWhen === 'closed');
          const before = states[index];
          if (!before) {
            states[index] = baseline({ active, ...moment });
            onBaseline?.(index, active, moment.at);
            continue;
          }
          const next = sampleInput(before, { active, ...moment }, debounce);
          states[index] = next.state;
          mayHaveChanged ||= next.state.changing !== undefined;
          if (next.changed !== undefined) onChange(index, next.state.active, next.changed);
        }
        return mayHaveChanged;
      },
    },
    forget: (because) => {
      if (because?.code !== 'E-DEV-0202' && because?.code !== 'E-DEV-0204') states = [];
    },
  };
}

type ButtonEvent = Parameters<Parameters<CapabilityMap['buttonPanel']['onButton']>[0]>[0];
type FireEvent = Parameters<Parameters<CapabilityMap['fireInput']['onFire']>[0]>[0];
type OccupancyEvent = Parameters<Parameters<CapabilityMap['occupancy']['onOccupancy']>[0]>[0];

/** Contacts and push buttons. */
export function createButtons(context: FeatureContext, params: NonNullable<UnitParams['buttons']>): Feature {
  const events = createEmitter<ButtonEvent>(context.onListenerError);
  return {
    capabilities: { buttonPanel: { onButton: events.on } },
    ...watchInputs({
      channels: Array.from({ length: params.channels }, (_, index) => params.firstInput + index),
      activeWhen: params.activeWhen,
      debounce: ms(context.params.debounceMs),
      every: ms(context.params.pollEveryMs),
      onChange: (button, pressed, at) => {
        events.emit({ button, pressed, at });
      },
    }),
  };
}

/** The fire alarm's contact. An alarm that stands when the line comes up is told; that none stands is not. */
export function createFireInput(context: FeatureContext, params: NonNullable<UnitParams['fire']>): Feature {
  const { bus } = context;
  const { unit } = context.params;
  const events = createEmitter<FireEvent>(context.onListenerError);
  /** What listeners were told last: an alarm that ended while the line was away must be withdrawn as well. */
  let told = false;
  const tell = (alarm: boolean, at: EpochMs): void => {
    told = alarm;
    events.emit({ alarm, at });
  };
  return {
    capabilities: {
      fireInput: {
        state: async () => {
          const read = await bus.readBits(unit, 'read-discrete-inputs', params.input, 1);
          return read.ok ? ok({ alarm: (read.value[0] === true) === (params.activeWhen === 'closed') }) : read;
        },
        onFire: events.on,
      },
    },
    ...watchInputs({
      channels: [params.input],
      activeWhen: params.activeWhen,
      debounce: ms(context.params.debounceMs),
      every: ms(context.params.pollEveryMs),
      onChange: (_index, alarm, at) => {
        tell(alarm, at);
      },
      onBaseline: (_index, alarm, at) => {
        if (alarm !== told) tell(alarm, at);
      },
    }),
  };
}

/** A presence sensor with a contact. Where things stand is told when the line comes up. */
export function createContactOccupancy(
  context: FeatureContext,
  params: Extract<NonNullable<UnitParams['occupancy']>, { readonly input: number }>,
): Feature {
  const events = createEmitter<OccupancyEvent>(context.onListenerError);
  const tell = (_index: number, occupied: boolean, at: EpochMs): void => {
    events.emit({ occupied, at });
  };
  return {
    capabilities: { occupancy: { onOccupancy: events.on } },
    ...watchInputs({
      channels: [params.input],
      activeWhen: params.activeWhen,
      debounce: ms(context.params.debounceMs),
      every: ms(context.params.pollEveryMs),
      onChange: tell,
      onBaseline: tell,
    }),
  };
}
