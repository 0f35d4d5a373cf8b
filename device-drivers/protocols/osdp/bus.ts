import { type Cancel, type DurationMs, type Failure, type Result, ms } from '@hallhub/sync/base';
import {
  type DriverEnvironment,
  type Reply,
  type Traffic,
  type Transport,
  type Veto,
  createEmitter,
  createExchange,
  createLine,
  rethrow,
} from '../../kit/index.ts';
import { type Packet, createPacketFramer } from './frames.ts';
import type { Shown } from './meaning.ts';

export interface OsdpBusOptions extends Pick<DriverEnvironment, 'clock' | 'random' | 'reconnect'> {
  readonly transport: Transport;
  /** Bits per second, for the time that a frame takes. */
  readonly baudRate: number;
  /** The longest that a reader may think about its reply; the standard says 200 ms. */
  readonly replyTimeout: DurationMs;
  /** The longest that a reply may still come after its timeout. */
  readonly quiet: DurationMs;
  /** Whether a byte FF goes in front of every frame, for transceivers that swallow the first one. */
  readonly markByte: boolean;
}

/** What hears of the bus's life. */
export interface BusMember {
  onUp(): void;
  onDown(reason: Failure): void;
}

export interface BusCall {
  readonly bytes: Uint8Array;
  readonly shown: Shown;
  accept(packet: Packet): boolean;
  describe(packet: Packet): Shown;
  readonly veto?: Veto;
  readonly urgent: boolean;
}

/** One line that the control panel shares with its readers: one question at a time. Errors: those of an exchange. */
export interface OsdpBus {
  /** Opens the line with its first member and closes it with its last. */
  join(member: BusMember): () => Promise<void>;
  call(call: BusCall): Promise<Result<Reply<Packet>>>;
  /** Closes and opens the line: nothing that was given up may come out of a stalled connection later. */
  cycle(reason: Failure): void;
  /** Traffic with the address that it belongs to, where that can be said. */
  onTraffic(listener: (event: { readonly address: number | undefined; readonly traffic: Traffic }) => void): Cancel;
}

const MARK = 0xff;
const BITS_PER_CHARACTER = 10;
/** As long is what readers answer, unless they were told that the panel takes more. */
const USUAL_REPLY_BYTES = 128;
const LONGEST_PAUSE_IN_REPLY = ms(100);

export function createOsdpBus(options: OsdpBusOptions): OsdpBus {
  const { transport, clock, baudRate, replyTimeout, quiet, markByte } = options;
  const character = (BITS_PER_CHARACTER * 1_000) / baudRate;
  const traffic = createEmitter<{ address: number | undefined; traffic: Traffic }>(rethrow);
  const framer = createPacketFramer('reply');
  let members: readonly BusMember[] = [];

  const exchange = createExchange({
    clock,
    write: (bytes, order) => line.write(bytes, order),
    quiet,
    gap: ms(2 * character),
    interByte: LONGEST_PAUSE_IN_REPLY,
    onTraffic: (event) => {
      const head = event.bytes[0] === MARK ? event.bytes[2] : event.bytes[1];
      traffic.emit({
        address: head === undefined ? undefined : head & 0x7f,
        traffic: { ...event, at: clock.now() },
      });
    },
    // A torn reply may hold half a card.
    withholdDiscarded: true,
  });
  const line = createLine({
    transport,
    clock,
    random: options.random,
    ...(options.reconnect ? { reconnect: options.reconnect } : {}),
    onUp: () => {
      exchange.up();
      for (const member of members) member.onUp();
    },
    onDown: (reason) => {
      exchange.down(reason);
      for (const member of members) member.onDown(reason);
    },
    onData: exchange.receive,
  });

  return {
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
    call: ({ bytes, shown, veto, ...request }) =>
      exchange.request({
        ...request,
        bytes: markByte ? Uint8Array.of(MARK, ...bytes) : bytes,
        shown: shown.bytes,
        meaning: shown.meaning,
        framer,
        timeout: ms(replyTimeout + (bytes.length + USUAL_REPLY_BYTES) * character),
        ...(veto ? { veto } : {}),
      }),
    cycle: (reason) => {
      line.cycle(reason);
    },
    onTraffic: traffic.on,
  };
}
