import { z } from 'zod';
import { type Cancel, type Failure, type Result, failure, ms, ok, seconds } from '@hallhub/sync/base';
import type { OpenCommand, Passage } from '../../capabilities/index.ts';
import {
  type Driver,
  type DriverEnvironment,
  type Receipt,
  type Traffic,
  createCommandLedger,
  createEmitter,
  createHealth,
} from '../../kit/index.ts';
import { type InputState, baseline, sampleInput } from './input-edges.ts';
import { LONGEST_FLASH_TENTHS } from './rtu-frames.ts';
import type { RtuBus } from './rtu-bus.ts';

const channel = z.int().min(0).max(255);
const perDirection = z.strictObject({ in: channel, out: channel.optional() });

/** What a relay board's profile and an installation say about it. */
export const relayBoardSchema = z.strictObject({
  unit: z.int().min(1).max(247).default(1),
  /** The relay that releases the barrier, by direction. Channels are counted from 0. */
  relay: perDirection,
  /** The input that closes when somebody walked through, by direction. Without it nobody's passage is seen. */
  input: perDirection.optional(),
  /** `open` for contacts that open when somebody walks through. */
  inputActiveWhen: z.enum(['closed', 'open']).default('closed'),
  pollEveryMs: z.number().positive().default(50),
  debounceMs: z.number().min(0).default(30),
  /** A release longer than this is refused: a strike under current for minutes burns. */
  longestPulseMs: z
    .number()
    .positive()
    .max(LONGEST_FLASH_TENTHS * 100)
    .default(10_000),
  replyTimeoutMs: z.number().positive().default(300),
  /** The longest that a reply may still come after its timeout. */
  quietMs: z.number().positive().default(700),
});

export type RelayBoardParams = z.output<typeof relayBoardSchema>;

export interface RelayBoardOptions extends Pick<DriverEnvironment, 'clock' | 'log'> {
  readonly deviceId: string;
  readonly bus: RtuBus;
  readonly params: RelayBoardParams;
}

/** The unit in which these boards count a pulse. */
const PULSE_UNIT_MS = 100;
/** A board without inputs is asked whether it is there. */
const HEARTBEAT = seconds(1);
/** A silent board is not asked as often: every question costs the others on its bus a timeout. */
const POLL_WHEN_DOWN = seconds(2);
const DOWN_AFTER = 3;

/** A board of relays and inputs: releases a barrier for a time that the board itself keeps, and counts who walks through. */
export function createRelayBoardDriver({ deviceId, bus, clock, log, params }: RelayBoardOptions): Driver {
  const onListenerError = (error: unknown): void => {
    log.error({ deviceId, error }, 'a listener of the relay board failed');
  };
  const traffic = createEmitter<Traffic>(onListenerError);
  const passages = createEmitter<Passage>(onListenerError);
  const health = createHealth({ clock, onListenerError });
  const ledger = createCommandLedger({ clock });
  const { unit, input, relay } = params;
  const watched = directions(input);
  const inputCount = Math.max(0, ...watched.map(({ channel: number }) => number + 1));

  let states = new Map<Passage['direction'], InputState>();
  let unanswered = 0;
  /** Grows with every opening of the line; polls of an earlier life end by themselves. */
  let life = 0;
  let cancelPoll: Cancel | undefined;
  /** The first poll of a life, while it is under way: the bus refuses writes before its answer. */
  let greeting: Promise<void> | undefined;
  let leave: (() => Promise<void>) | undefined;

  const poll = async (): Promise<void> => {
    const mine = life;
    const result =
      inputCount > 0
        ? await bus.readBits(unit, 'read-discrete-inputs', 0, inputCount)
        : await bus.readBits(unit, 'read-coils', 0, 1);
    if (mine !== life) return;
    if (result.ok) {
      unanswered = 0;
      health.set('ready');
      if (inputCount > 0) sample(result.value);
    } else noteFailure(result.error);
    const every = inputCount > 0 ? ms(params.pollEveryMs) : HEARTBEAT;
    cancelPoll = clock.after(unanswered >= DOWN_AFTER ? POLL_WHEN_DOWN : every, () => void poll());
  };
  const noteFailure = (reason: Failure): void => {
    // A refusal is an answer: the board is there and does not know its inputs.
    if (reason.code === 'E-DEV-0203') {
      unanswered = 0;
      health.set('degraded', reason);
      return;
    }
    unanswered += 1;
    if (unanswered < DOWN_AFTER) return;
    states = new Map();
    health.set('down', reason);
  };
  const sample = (inputs: readonly boolean[]): void => {
    const now = { mono: clock.monotonic(), at: clock.now() };
    for (const { direction, channel: number } of watched) {
      const active = inputs[number] === (params.inputActiveWhen === 'closed');
      const before = states.get(direction);
      if (!before) {
        states.set(direction, baseline({ active, ...now }));
        continue;
      }
      const next = sampleInput(before, { active, ...now }, ms(params.debounceMs));
      states.set(direction, next.state);
      if (next.rose !== undefined) passages.emit({ direction, at: next.rose });
    }
  };

  const release = async (command: OpenCommand, veto: () => Failure | undefined): Promise<Receipt> => {
    const { hold, direction } = command.args;
    const number = direction === 'in' ? relay.in : relay.out;
    if (number === undefined) return failure('E-DEV-0203', `${deviceId} has no relay for direction ${direction}`);
    if (!(hold > 0) || hold > params.longestPulseMs) {
      return failure('E-DEV-0203', `a release of ${hold} ms is not within 0–${params.longestPulseMs} ms`);
    }
    // The line has just come up: somebody's card was faster than the board's first answer. The veto says if it took too long.
    if (greeting) await greeting;
    const result = await bus.write(
      { function: 'flash-on', unit, channel: number, tenths: Math.ceil(hold / PULSE_UNIT_MS) },
      { veto, urgent: true },
    );
    return result.ok ? ok({ commandId: command.id, confirmation: 'acknowledged', at: clock.now() }) : result;
  };

  bus.onTraffic((event) => {
    if (leave && (event.unit === undefined || event.unit === unit)) traffic.emit(event.traffic);
  });
  return {
    deviceId,
    capabilities: {
      barrier: { open: (command) => ledger.run(command, (veto) => release(command, veto)) },
      ...(input ? { passageSensor: { onPassage: passages.on } } : {}),
    },
    get health() {
      return health.current;
    },
    start: () => {
      leave ??= bus.join({
        onUp: () => {
          life += 1;
          unanswered = 0;
          states = new Map();
          const first = poll().finally(() => {
            if (greeting === first) greeting = undefined;
          });
          greeting = first;
        },
        onDown: (reason) => {
          life += 1;
          cancelPoll?.();
          health.set('down', reason);
        },
      });
    },
    stop: async () => {
      life += 1;
      cancelPoll?.();
      const left = leave?.();
      leave = undefined;
      await left;
      health.set('starting');
    },
    onHealth: health.on,
    onTraffic: traffic.on,
  };
}

function directions(
  channels: { readonly in: number; readonly out?: number | undefined } | undefined,
): readonly { readonly direction: Passage['direction']; readonly channel: number }[] {
  if (!channels) return [];
  const both = [{ direction: 'in' as const, channel: channels.in }];
  return channels.out === undefined ? both : [...both, { direction: 'out' as const, channel: channels.out }];
}

/** Checks what no schema of one device can: that all devices on a bus have addresses of their own. */
export function checkUnits(units: readonly number[]): Result<void> {
  const twice = units.find((unit, index) => units.indexOf(unit) !== index);
  return twice === undefined ? ok() : failure('E-DEV-0302', `two devices on one bus have address ${twice}`);
}
