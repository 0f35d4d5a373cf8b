import { type DurationMs, type Result, err, failure, ms, ok } from '@hallhub/sync/base';
import {
  type Framer,
  type DriverEnvironment,
  type Reply,
  type Traffic,
  type Transport,
  createEmitter,
  createExchange,
  createLine,
  rethrow,
  withoutEcho,
} from '../../kit/index.ts';
import type { BusMember, CallOptions, ModbusBus } from './bus.ts';
import { exceptionMeaning, replyMeaning, requestMeaning } from './meaning.ts';
import {
  type ModbusReply,
  type ModbusRequest,
  answers,
  createReplyFramer,
  decodeBits,
  decodeRegisters,
  encodeRequest,
} from './rtu-frames.ts';

export interface RtuBusOptions extends Pick<DriverEnvironment, 'clock' | 'random' | 'reconnect' | 'log'> {
  readonly transport: Transport;
  /** Bits per second, for the pause between frames and the time that a frame takes. */
  readonly baudRate: number;
  /** The longest that a unit may think about its reply; 300 ms by default. */
  readonly replyTimeout?: DurationMs;
  /** The longest that a reply may still come after its timeout; 700 ms by default. */
  readonly quiet?: DurationMs;
}

/** The longest that the answer to a request of so many bytes may take on a line of this speed. */
export const longestAnswer = (replyTimeout: DurationMs, baudRate: number, requestBytes: number): DurationMs =>
  ms(replyTimeout + ((requestBytes + LONGEST_REPLY) * BITS_PER_CHARACTER * 1_000) / baudRate);

const LONGEST_REPLY = 256;
/** Start, eight data bits, parity or a second stop bit, stop. */
const BITS_PER_CHARACTER = 11;
/** Above 19200 baud the standard fixes the pause between frames. */
const SHORTEST_GAP = 1.75;
const LONGEST_PAUSE_IN_REPLY = ms(100);
/** As many requests in a row go unanswered before the line itself is suspect. */
const REOPEN_AFTER = 12;

/**
 * A Modbus RTU master on one line. A write is refused (`E-DEV-0102`) until a read has been answered since the line is up:
 * only then is it known whether the line echoes.
 */
export function createRtuBus(options: RtuBusOptions): ModbusBus {
  const { transport, clock, baudRate, log, replyTimeout = ms(300), quiet = ms(700) } = options;
  const character = (BITS_PER_CHARACTER * 1_000) / baudRate;
  const traffic = createEmitter<{ unit: number | undefined; traffic: Traffic }>(rethrow);
  let members: readonly BusMember[] = [];
  let unanswered = 0;
  /** Whether the line hears itself; unknown until a read came back. */
  let echoes: boolean | undefined;

  const exchange = createExchange({
    clock,
    write: (bytes, order) => line.write(bytes, order),
    quiet,
    gap: ms(Math.max(SHORTEST_GAP, 3.5 * character)),
    interByte: LONGEST_PAUSE_IN_REPLY,
    onTraffic: (event) => {
      const unit = event.direction === 'discarded' ? undefined : event.bytes[0];
      traffic.emit({ unit, traffic: { ...event, at: clock.now() } });
    },
  });
  const line = createLine({
    transport,
    clock,
    random: options.random,
    ...(options.reconnect ? { reconnect: options.reconnect } : {}),
    onUp: () => {
      unanswered = 0;
      echoes = undefined;
      exchange.up();
      for (const member of members) member.onUp();
    },
    onDown: (reason) => {
      exchange.down(reason);
      for (const member of members) member.onDown(reason);
    },
    onData: exchange.receive,
  });

  const call = async (
    request: ModbusRequest,
    { veto, urgent = false }: CallOptions,
  ): Promise<Result<Reply<ModbusReply>>> => {
    const bytes = encodeRequest(request);
    const isRead = 'count' in request;
    let heard: boolean | undefined;
    const framer = (): Framer<ModbusReply> => {
      const inner = createReplyFramer(request);
      if (!isRead && echoes !== true) return inner;
      return withoutEcho({
        inner,
        sent: bytes,
        onEcho: (echo) => {
          heard = echo;
        },
      });
    };
    const result = await exchange.request({
      bytes,
      meaning: requestMeaning(request),
      framer: framer(),
      ...(isRead && { again: framer }),
      timeout: longestAnswer(replyTimeout, baudRate, bytes.length),
      accept: (reply) => answers(request, reply),
      describe: (reply) => ({ bytes: reply.bytes, meaning: replyMeaning(request, reply) }),
      ...(veto ? { veto } : {}),
      urgent,
    });
    if (isRead && result.ok) noteEcho(heard === true);
    countAnswer(result, isRead);
    if (!result.ok) return result;
    const { exception } = result.value.frame;
    return exception === undefined ? result : failure('E-DEV-0203', exceptionMeaning(exception));
  };
  const noteEcho = (heard: boolean): void => {
    if (heard && echoes !== true)
      log.warn({ line: transport.name }, 'this line echoes what is sent; echoes are taken off');
    echoes = heard;
  };
  const countAnswer = (result: Result<unknown>, isRead: boolean): void => {
    if (result.ok) {
      unanswered = 0;
      return;
    }
    if (result.error.code !== 'E-DEV-0202' && result.error.code !== 'E-DEV-0204') return;
    unanswered += 1;
    // An order that nobody took may wait in a stalled connection; it must not come out of it later.
    if (!isRead || unanswered >= REOPEN_AFTER) line.cycle(result.error);
  };

  return {
    lineName: transport.name,
    join: (member) => {
      members = [...members, member];
      if (line.isUp) member.onUp();
      else line.start();
      return async () => {
        members = members.filter((other) => other !== member);
        if (members.length > 0) return;
        exchange.down({ code: 'E-DEV-0102', detail: 'stopped' });
        await line.stop();
      };
    },
    readBits: async (unit, name, address, count) => {
      const result = await call({ function: name, unit, address, count }, {});
      return result.ok ? ok(decodeBits(result.value.frame, count)) : err(result.error);
    },
    readRegisters: async (unit, name, address, count) => {
      const result = await call({ function: name, unit, address, count }, {});
      return result.ok ? ok(decodeRegisters(result.value.frame)) : err(result.error);
    },
    write: async (request, callOptions = {}) => {
      if (echoes === undefined) return failure('E-DEV-0102', `${transport.name} has not answered yet`);
      const result = await call(request, callOptions);
      return result.ok ? ok() : err(result.error);
    },
    onTraffic: traffic.on,
  };
}
