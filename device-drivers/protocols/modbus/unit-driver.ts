import { type Cancel, type Failure, type Result, ms, ok, seconds } from '@hallhub/sync/base';
import {
  type Driver,
  type DriverEnvironment,
  type Traffic,
  createCommandLedger,
  createEmitter,
  createHealth,
} from '../../kit/index.ts';
import { createBarrier } from './barrier.ts';
import { createRelayCabinet } from './cabinet.ts';
import type { ModbusBus } from './bus.ts';
import { createButtons, createContactOccupancy, createFireInput } from './contacts.ts';
import { createDisplay } from './display.ts';
import type { Feature, FeatureContext, InputWatch, Poll } from './feature.ts';
import type { UnitParams } from './params.ts';
import { createSwitch } from './switching.ts';
import { createClimate, createMeter, createRegisterOccupancy } from './values.ts';

export interface UnitDriverOptions extends Pick<DriverEnvironment, 'clock' | 'log'> {
  readonly deviceId: string;
  readonly bus: ModbusBus;
  readonly params: UnitParams;
}

/** A unit of which nothing is ever read is asked whether it is there. */
const HEARTBEAT = seconds(1);
/** A silent unit is not asked as often: every question costs the others on its bus a timeout. */
const POLL_WHEN_DOWN = seconds(2);
const DOWN_AFTER = 3;

/** One unit on a Modbus line, or a part of it. What it can do is what its parameters name; see {@link unitSchema}. */
export function createUnitDriver({ deviceId, bus, clock, log, params }: UnitDriverOptions): Driver {
  const onListenerError = (error: unknown): void => {
    log.error({ deviceId, error }, 'a listener of the Modbus unit failed');
  };
  const traffic = createEmitter<Traffic>(onListenerError);
  const health = createHealth({ clock, onListenerError });
  const { unit } = params;

  /** Grows with every opening of the line; what an earlier life read is nobody's any more. */
  let life = 0;
  let unanswered = 0;
  let cancelRound: Cancel | undefined;
  /** The first round of a life, while it is under way: the bus refuses writes before its answer. */
  let greeting: Promise<void> | undefined;
  let leave: (() => Promise<void>) | undefined;
  /** Why the line was lost that comes up next. */
  let lost: Failure | undefined;

  const features = featuresOf({
    deviceId,
    bus,
    clock,
    params,
    ledger: createCommandLedger({ clock }),
    onListenerError,
    greeted: async () => greeting,
  });
  const tasks = pollsOf(features, { bus, clock, params }).map((poll) => ({
    poll,
    due: Number.NEGATIVE_INFINITY,
    refused: undefined as Failure | undefined,
  }));
  type Task = (typeof tasks)[number];

  const note = (task: Task, result: Result<unknown>): void => {
    if (result.ok || result.error.code === 'E-DEV-0203') {
      unanswered = 0;
      // A refusal is an answer: the unit is there and does not know what it was asked.
      task.refused = result.ok ? undefined : result.error;
      const refused = tasks.find((other) => other.refused)?.refused;
      if (refused) health.set('degraded', refused);
      else health.set('ready');
      return;
    }
    unanswered += 1;
    if (unanswered < DOWN_AFTER) return;
    for (const feature of features) feature.forget?.();
    health.set('down', result.error);
  };
  const round = async (): Promise<void> => {
    const mine = life;
    for (const task of tasks) {
      if (clock.monotonic() < task.due) continue;
      const result = await task.poll.read();
      if (mine !== life) return;
      note(task, result);
      const sooner = result.ok ? result.value.apply() : undefined;
      task.due = clock.monotonic() + Math.min(task.poll.every, sooner ?? task.poll.every);
      // A silent unit is not asked all the rest.
      if (unanswered > 0) break;
    }
    const wait = Math.max(0, Math.min(...tasks.map(({ due }) => due)) - clock.monotonic());
    cancelRound = clock.after(unanswered >= DOWN_AFTER ? POLL_WHEN_DOWN : ms(wait), () => void round());
  };
  const reset = (because?: Failure): void => {
    life += 1;
    cancelRound?.();
    unanswered = 0;
    for (const task of tasks) {
      task.due = Number.NEGATIVE_INFINITY;
      task.refused = undefined;
    }
    for (const feature of features) feature.forget?.(because);
  };

  bus.onTraffic((event) => {
    if (leave && (event.unit === undefined || event.unit === unit)) traffic.emit(event.traffic);
  });
  return {
    deviceId,
    capabilities: Object.assign({}, ...features.map(({ capabilities }) => capabilities)) as Driver['capabilities'],
    get health() {
      return health.current;
    },
    start: () => {
      leave ??= bus.join({
        onUp: () => {
          reset(lost);
          lost = undefined;
          const first = round().finally(() => {
            if (greeting === first) greeting = undefined;
          });
          greeting = first;
        },
        onDown: (reason) => {
          lost = reason;
          reset(reason);
          health.set('down', reason);
        },
      });
    },
    stop: async () => {
      reset();
      const left = leave?.();
      leave = undefined;
      for (const feature of features) feature.stop?.();
      await left;
      health.set('starting');
    },
    onHealth: health.on,
    onTraffic: traffic.on,
  };
}

function featuresOf(context: FeatureContext): readonly Feature[] {
  const { relay, switch: switching, buttons, fire, cabinet, occupancy, meter, climate, display } = context.params;
  const features: Feature[] = [];
  if (relay) features.push(createBarrier(context, relay));
  if (switching) features.push(createSwitch(context, switching));
  if (buttons) features.push(createButtons(context, buttons));
  if (fire) features.push(createFireInput(context, fire));
  if (cabinet) features.push(createRelayCabinet(context, cabinet));
  if (occupancy) {
    features.push(
      'input' in occupancy ? createContactOccupancy(context, occupancy) : createRegisterOccupancy(context, occupancy),
    );
  }
  if (meter) features.push(createMeter(context, meter));
  if (climate) features.push(createClimate(context, climate));
  if (display) features.push(createDisplay(context, display));
  return features;
}

/** What is to be read: the inputs of all features at once and first, then what each has of its own. */
function pollsOf(
  features: readonly Feature[],
  context: Pick<FeatureContext, 'bus' | 'clock' | 'params'>,
): readonly Poll[] {
  const watches = features.flatMap(({ inputs }) => (inputs ? [inputs] : []));
  const own = features.flatMap(({ polls = [] }) => polls);
  const all = watches.length > 0 ? [pollInputs(watches, context), ...own] : own;
  return all.length > 0 ? all : [heartbeat(context)];
}

function pollInputs(
  watches: readonly InputWatch[],
  { bus, clock, params }: Pick<FeatureContext, 'bus' | 'clock' | 'params'>,
): Poll {
  const first = Math.min(...watches.map((watch) => watch.first));
  const count = Math.max(...watches.map((watch) => watch.first + watch.count)) - first;
  return {
    every: ms(params.pollEveryMs),
    read: async () => {
      const read = await bus.readBits(params.unit, 'read-discrete-inputs', first, count);
      if (!read.ok) return read;
      return ok({
        apply: () => {
          const moment = { mono: clock.monotonic(), at: clock.now() };
          let mayHaveChanged = false;
          for (const watch of watches) {
            if (watch.take((input) => read.value[input - first] === true, moment)) mayHaveChanged = true;
          }
          // Seen again right after its debounce: at the next turn a contact that closed may be open again.
          return mayHaveChanged ? ms(params.debounceMs) : undefined;
        },
      });
    },
  };
}

function heartbeat({ bus, params }: Pick<FeatureContext, 'bus' | 'params'>): Poll {
  return {
    every: HEARTBEAT,
    read: async () => {
      const read = await bus.readBits(params.unit, 'read-coils', 0, 1);
      return read.ok ? ok({ apply: () => undefined }) : read;
    },
  };
}
