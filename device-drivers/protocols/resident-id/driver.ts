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
import { type Dialect, samDialect, stxDialect } from './dialect.ts';
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

const duration = z
  .number()
  .positive()
  .transform((value) => ms(value));

/** Without its direction's bit: 0x81 is 1. */
const usbEndpoint = z.int().min(1).max(15);

const paramsSchema = z.strictObject({
  findTimeoutMs: duration.default(STEP_TIMEOUTS.find),
  selectTimeoutMs: duration.default(STEP_TIMEOUTS.select),
  readTimeoutMs: duration.default(STEP_TIMEOUTS.read),
  pollEveryMs: duration.default(DEFAULT_TIMING.pollEvery),
  lookAgainEveryMs: duration.default(DEFAULT_TIMING.lookAgainEvery),
  leftAfterMs: duration.default(DEFAULT_TIMING.leftAfter),
  /** `stx-number`: an all-in-one terminal that is asked for the number alone. */
  framing: z.enum(['sam', 'stx-number']).default('sam'),
  /** The bytes of find, select and read, where the framing is `sam`. */
  commandSet: z.enum(['standard', 'cvr-100au-nj']).default('standard'),
  /** On USB: the reader takes preamble and length at one endpoint and the rest of a request at another. */
  usb: z
    .strictObject({
      inputs: z.array(usbEndpoint).min(1),
      output: z.strictObject({ head: usbEndpoint, headBytes: z.int().min(0).max(64), rest: usbEndpoint }),
    })
    .optional(),
});

type ResidentIdParams = z.output<typeof paramsSchema>;

interface ResidentIdDriverOptions extends DriverEnvironment {
  readonly deviceId: string;
  readonly transport: Transport;
  /** What the line runs at: a slow one needs longer for a card. */
  readonly baudRate: number;
  readonly params: ResidentIdParams;
}

/** A reader of resident ID cards. What differs between one and another is the dialect. */
function createResidentIdDriver<Frame extends object>(
  options: ResidentIdDriverOptions,
  dialect: Dialect<Frame>,
): Driver {
  const { deviceId, transport, baudRate, clock, log, params } = options;
  const onListenerError = (error: unknown): void => {
    log.error({ deviceId, error }, 'a listener of the card reader failed');
  };
  const cards = createEmitter<CardRead>(onListenerError);
  const unreadable = createEmitter<{ code: Failure['code']; at: CardRead['at'] }>(onListenerError);
  const traffic = createEmitter<Traffic>(onListenerError);
  const health = createHealth({ clock, onListenerError });
  const framer = dialect.createFramer();
  const timing: ReaderTiming = {
    pollEvery: params.pollEveryMs,
    lookAgainEvery: params.lookAgainEveryMs,
    leftAfter: params.leftAfterMs,
  };
  const transfer = ms((dialect.longestReply * 10 * 1_000 * 1.2) / baudRate);
  const timeouts = dialect.timeouts(
    { find: params.findTimeoutMs, select: params.selectTimeoutMs, read: params.readTimeoutMs },
    transfer,
  );

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

  const perform = (effects: readonly ReaderEffect[], reply: Reply<Frame> | undefined): void => {
    for (const effect of effects) {
      switch (effect.do) {
        case 'report':
          cards.emit({
            presented: effect.card,
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
      ...dialect.requests[step],
      framer,
      timeout: timeouts[step],
      accept: (frame) => dialect.answers(step, frame),
      describe: dialect.describe,
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
  const toInput = (step: Step, result: Result<Reply<Frame>>): ReaderInput => {
    if (!result.ok) return { type: 'no-answer', reason: result.error, at: clock.monotonic() };
    const { frame, at } = result.value;
    return { ...dialect.understand(step, frame), at };
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

const NOMINAL_BAUD_RATE = 115_200;

export const residentIdProtocol: Protocol = {
  name: 'resident-id',
  connect: (bus: BusDefinition, environment: DriverEnvironment): Result<readonly Driver[]> => {
    const [device, ...others] = bus.devices;
    if (!device || others.length > 0) {
      return failure('E-DEV-0302', 'a resident ID reader has its line to itself');
    }
    const params = parseParams(paramsSchema, device.params);
    if (!params.ok) return err(params.error);
    const { usb } = params.value;
    const settings = usb && bus.transport.kind === 'usb' ? { ...bus.transport, endpoints: usb } : bus.transport;
    const transport = environment.transportFactory(settings);
    if (!transport.ok) return err(transport.error);
    const baudRate = 'baudRate' in bus.transport ? bus.transport.baudRate : undefined;
    const options: ResidentIdDriverOptions = {
      ...environment,
      deviceId: device.deviceId,
      transport: transport.value,
      baudRate: baudRate ?? NOMINAL_BAUD_RATE,
      params: params.value,
    };
    const { framing, commandSet } = params.value;
    return ok([
      framing === 'sam'
        ? createResidentIdDriver(options, samDialect(commandSet))
        : createResidentIdDriver(options, stxDialect),
    ]);
  },
};
