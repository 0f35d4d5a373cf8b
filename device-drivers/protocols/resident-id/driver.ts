import { z } from 'zod';
import { type Cancel, type DurationMs, type Failure, type Result, err, failure, ms, ok } from '@hallhub/sync/base';
import type { CardRead } from '../../capabilities/index.ts';
import {
  type BusDefinition,
  type Driver,
  type DriverEnvironment,
  type Protocol,
  type Reply,
  type Traffic,
  type Transport,
  createEmitter,
  createExchange,
  createHealth,
  createLine,
  parseParams,
} from '../../kit/index.ts';
import { decodeCardData, decodeCardText } from './card-text.ts';
import { type Command, type ReplyFrame, createReplyFramer, encodeCommand } from './frames.ts';
import {
  AFTER_BUG,
  DEFAULT_TIMING,
  LONGEST_PAUSE_IN_REPLY,
  QUIET,
  type ReaderEffect,
  type ReaderInput,
  type ReaderState,
  type ReaderTiming,
  STEP_TIMEOUTS,
  type Step,
  advance,
  initialState,
  resume,
} from './reader-machine.ts';
import { statusMeaning } from './meaning.ts';

const duration = z
  .number()
  .positive()
  .transform((value) => ms(value));

const paramsSchema = z.strictObject({
  findTimeoutMs: duration.default(STEP_TIMEOUTS.find),
  selectTimeoutMs: duration.default(STEP_TIMEOUTS.select),
  readTimeoutMs: duration.default(STEP_TIMEOUTS.read),
  pollEveryMs: duration.default(DEFAULT_TIMING.pollEvery),
  lookAgainEveryMs: duration.default(DEFAULT_TIMING.lookAgainEvery),
  leftAfterMs: duration.default(DEFAULT_TIMING.leftAfter),
});

export type ResidentIdParams = z.output<typeof paramsSchema>;

export interface ResidentIdDriverOptions extends DriverEnvironment {
  readonly deviceId: string;
  readonly transport: Transport;
  /** What the line runs at: a slow one needs longer for a card. */
  readonly baudRate: number;
  readonly params: ResidentIdParams;
}

/** The two lengths in front of the holder's data; nothing behind them is for an operator's eyes. */
const LENGTHS_BYTES = 4;
const LONGEST_REPLY_BYTES = 1_295;
const CARD_DATA_BYTES = 256;

const COMMANDS: Readonly<Record<Step, { readonly bytes: Uint8Array; readonly meaning: string }>> = {
  find: { bytes: encodeCommand({ command: 'find' }), meaning: 'find card' },
  select: { bytes: encodeCommand({ command: 'select' }), meaning: 'select card' },
  read: { bytes: encodeCommand({ command: 'read', fingerprints: false } satisfies Command), meaning: 'read card' },
};

/** Whether a reply can answer the step at all; a late one of another step cannot. */
const ANSWERS: Readonly<Record<Step, (reply: ReplyFrame) => boolean>> = {
  find: ({ sw3 }) => sw3 !== 0x90,
  select: ({ sw3, data }) => sw3 !== 0x9f && !(sw3 === 0x90 && data.length >= CARD_DATA_BYTES),
  read: ({ sw3, data }) => sw3 !== 0x9f && !(sw3 === 0x90 && data.length < CARD_DATA_BYTES),
};

/** A reader of resident ID cards that speaks the SAM_V serial protocol. */
export function createResidentIdDriver(options: ResidentIdDriverOptions): Driver {
  const { deviceId, transport, baudRate, clock, log, params } = options;
  const onListenerError = (error: unknown): void => {
    log.error({ deviceId, error }, 'a listener of the card reader failed');
  };
  const cards = createEmitter<CardRead>(onListenerError);
  const unreadable = createEmitter<{ code: Failure['code']; at: CardRead['at'] }>(onListenerError);
  const traffic = createEmitter<Traffic>(onListenerError);
  const health = createHealth({ clock, onListenerError });
  const framer = createReplyFramer();
  const timing: ReaderTiming = {
    pollEvery: params.pollEveryMs,
    lookAgainEvery: params.lookAgainEveryMs,
    leftAfter: params.leftAfterMs,
  };
  const transfer = ms((LONGEST_REPLY_BYTES * 10 * 1_000 * 1.2) / baudRate);
  const timeouts: Readonly<Record<Step, DurationMs>> = {
    find: params.findTimeoutMs,
    select: params.selectTimeoutMs,
    read: ms(params.readTimeoutMs + transfer),
  };

  let state: ReaderState = initialState;
  /** Grows when the line goes: what a request of an earlier life brings is nobody's any more. */
  let life = 0;
  let cancelAsk: Cancel | undefined;

  const exchange = createExchange({
    clock,
    write: (bytes) => line.write(bytes),
    quiet: QUIET,
    interByte: LONGEST_PAUSE_IN_REPLY,
    onTraffic: (event) => {
      traffic.emit({ ...event, at: clock.now() });
    },
    withholdDiscarded: true,
  });
  const line = createLine({
    transport,
    clock,
    random: options.random,
    ...(options.reconnect ? { reconnect: options.reconnect } : {}),
    onUp: () => {
      exchange.up();
      const resumed = resume(state);
      state = resumed.state;
      perform(resumed.effects, undefined);
    },
    onDown: (reason) => {
      life += 1;
      cancelAsk?.();
      exchange.down(reason);
      health.set('down', reason);
    },
    onData: exchange.receive,
  });

  const perform = (effects: readonly ReaderEffect[], reply: Reply<ReplyFrame> | undefined): void => {
    for (const effect of effects) {
      switch (effect.do) {
        case 'report':
          cards.emit({
            presented: { type: 'resident-id', card: effect.card },
            at: clock.now(),
            lastByteAt: reply?.at ?? clock.monotonic(),
          });
          break;
        case 'report-unreadable':
          unreadable.emit({ code: effect.code, at: clock.now() });
          break;
        case 'health':
          health.set(effect.state, effect.reason);
          break;
        case 'reopen':
          log.warn({ deviceId, code: effect.reason.code }, 'card reader is silent, its line is opened anew');
          line.cycle(effect.reason);
          break;
        case 'ask':
          askAfter(effect.step, effect.after);
      }
    }
  };
  const askAfter = (step: Step, after: DurationMs): void => {
    cancelAsk?.();
    if (after === 0) void ask(step);
    else cancelAsk = clock.after(after, () => void ask(step));
  };
  const ask = async (step: Step): Promise<void> => {
    const mine = life;
    const result = await exchange.request({
      ...COMMANDS[step],
      framer,
      timeout: timeouts[step],
      accept: ANSWERS[step],
      describe: describeReply,
    });
    if (mine !== life) return;
    try {
      const next = advance(state, toInput(step, result), timing);
      state = next.state;
      perform(next.effects, result.ok ? result.value : undefined);
    } catch (error) {
      log.error({ deviceId, error }, 'the driver of the card reader failed');
      health.set('degraded', { code: 'E-DEV-0303' });
      state = initialState;
      askAfter('find', AFTER_BUG);
    }
  };
  const toInput = (step: Step, result: Result<Reply<ReplyFrame>>): ReaderInput => {
    if (!result.ok) return { type: 'no-answer', reason: result.error, at: clock.monotonic() };
    const { frame, at } = result.value;
    if (step !== 'read' || frame.sw3 !== 0x90) return { type: 'answer', sw3: frame.sw3, at };
    const data = decodeCardData(frame.data, false);
    return { type: 'card', card: data.ok ? decodeCardText(data.value.text) : data, at };
  };

  return {
    deviceId,
    capabilities: {
      cardReader: { onCard: cards.on, onUnreadable: unreadable.on },
    },
    get health() {
      return health.current;
    },
    start: () => {
      line.start();
    },
    stop: async () => {
      life += 1;
      cancelAsk?.();
      exchange.down({ code: 'E-DEV-0102', detail: 'stopped' });
      await line.stop();
      health.set('starting');
    },
    onHealth: health.on,
    onTraffic: traffic.on,
  };
}

function describeReply(reply: ReplyFrame): { bytes: Uint8Array; meaning: string } {
  if (reply.data.length < CARD_DATA_BYTES) return { bytes: reply.bytes, meaning: statusMeaning(reply.sw3) };
  return {
    bytes: reply.bytes.slice(0, reply.data.byteOffset - reply.bytes.byteOffset + LENGTHS_BYTES),
    meaning: `card data, ${reply.bytes.length} bytes, contents withheld`,
  };
}

const NOMINAL_BAUD_RATE = 115_200;

export const residentIdProtocol: Protocol = {
  name: 'resident-id',
  module: import.meta.url,
  connect: (bus: BusDefinition, environment: DriverEnvironment): Result<readonly Driver[]> => {
    const [device, ...others] = bus.devices;
    if (!device || others.length > 0) {
      return failure('E-DEV-0302', 'a resident ID reader has its line to itself');
    }
    const params = parseParams(paramsSchema, device.params);
    if (!params.ok) return err(params.error);
    const transport = environment.transportFactory(bus.transport);
    if (!transport.ok) return err(transport.error);
    const baudRate = 'baudRate' in bus.transport ? bus.transport.baudRate : undefined;
    return ok([
      createResidentIdDriver({
        ...environment,
        deviceId: device.deviceId,
        transport: transport.value,
        baudRate: baudRate ?? NOMINAL_BAUD_RATE,
        params: params.value,
      }),
    ]);
  },
};
