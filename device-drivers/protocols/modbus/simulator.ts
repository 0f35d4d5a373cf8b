import { type Cancel, ms } from '@hallhub/sync/base';
import { type Traffic, createEmitter, rethrow } from '../../kit/index.ts';
import { pacedTransport } from '../../transports/paced.ts';
import { createUnitMemory } from './simulator-memory.ts';
import type { RelayBoardFaults, RelayBoardSimulator, RelayBoardSimulatorOptions } from './simulator-types.ts';

const LONGEST_REQUEST = 260;
/** A pause this long ends a request that never became whole. */
const TORN_AFTER = ms(50);
const MBAP_BYTES = 6;

/** A request as it was taken from the line: unit, function and data, and what its reply must carry. */
interface Taken {
  readonly body: Uint8Array;
  readonly transaction: number;
  readonly bytes: Uint8Array;
}

/** The CRC bit by bit, as the standard describes it. */
function checksum(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) {
      const carry = crc & 1;
      crc >>= 1;
      if (carry === 1) crc ^= 0xa001;
    }
  }
  return crc;
}

/** A unit with relays, inputs and registers; see {@link RelayBoardSimulatorOptions}. */
export function createRelayBoardSimulator(options: RelayBoardSimulatorOptions): RelayBoardSimulator {
  const { clock, unit = 1, baudRate, framing = 'rtu' } = options;
  const transport = baudRate === undefined ? options.transport : pacedTransport(options.transport, { clock, baudRate });
  const memory = createUnitMemory(options);
  const traffic = createEmitter<Traffic>(rethrow);
  const replies = new Set<Cancel>();
  let faults: RelayBoardFaults = {};
  let pending: number[] = [];
  let cancelTorn: Cancel | undefined;
  let undo: readonly Cancel[] = [];

  const wrap = (body: readonly number[], transaction: number): Uint8Array => {
    if (framing === 'tcp') {
      const number = faults.badCrc ? transaction ^ 0x5555 : transaction;
      return Uint8Array.from([number >> 8, number & 0xff, 0, 0, body.length >> 8, body.length & 0xff, ...body]);
    }
    const crc = checksum(Uint8Array.from(body)) ^ (faults.badCrc ? 0x5555 : 0);
    return Uint8Array.from([...body, crc & 0xff, crc >> 8]);
  };
  const reply = (body: readonly number[], meaning: string, transaction: number): void => {
    if (faults.silent) return;
    const frame = wrap([faults.wrongAddress ?? body[0] ?? unit, ...body.slice(1)], transaction);
    const torn = faults.tearAfter === undefined ? frame : frame.subarray(0, faults.tearAfter);
    const send = (): void => {
      traffic.emit({ at: clock.now(), direction: 'out', bytes: torn, meaning });
      void transport.write(torn);
    };
    if (faults.lateBy === undefined) {
      send();
      return;
    }
    const cancel = clock.after(faults.lateBy, () => {
      replies.delete(cancel);
      send();
    });
    replies.add(cancel);
  };

  const handle = ({ body, transaction, bytes }: Taken): void => {
    const [address, code = 0] = body;
    if (faults.echo) void transport.write(bytes);
    traffic.emit({ at: clock.now(), direction: 'in', bytes, meaning: `function ${code}` });
    if (address !== unit) return;
    const outcome =
      faults.exception ?? memory.carryOut(code, new DataView(body.buffer, body.byteOffset + 2, body.byteLength - 2));
    if (typeof outcome === 'number') reply([unit, code | 0x80, outcome], `exception ${outcome}`, transaction);
    else reply([unit, ...outcome.body], outcome.meaning, transaction);
  };

  /** The next whole request of what is pending; a byte that begins none is thrown away. */
  const take = framing === 'tcp' ? takeTcp : takeRtu;
  const receive = (bytes: Uint8Array): void => {
    cancelTorn?.();
    cancelTorn = undefined;
    pending.push(...bytes);
    for (;;) {
      const taken = take(pending);
      if (taken === 'more') break;
      pending = pending.slice(taken === 'wrong' ? 1 : taken.bytes.length);
      if (taken !== 'wrong') handle(taken);
    }
    if (pending.length > LONGEST_REQUEST) pending = [];
    if (pending.length > 0) {
      cancelTorn = clock.after(TORN_AFTER, () => {
        pending = [];
      });
    }
  };

  return {
    start: async () => {
      const opened = await transport.open();
      if (opened.ok && undo.length === 0) undo = [transport.onData(receive)];
      return opened;
    },
    stop: async () => {
      for (const cancel of [...undo, ...replies]) cancel();
      cancelTorn?.();
      undo = [];
      replies.clear();
      memory.stop();
      await transport.close();
    },
    relays: memory.relays,
    inputs: memory.inputs,
    setInput: (channel, on) => {
      memory.inputs[channel] = on;
    },
    setRelay: memory.switchRelay,
    register: (table, address) => memory.tables[table].get(address),
    setRegister: (table, address, value) => {
      memory.tables[table].set(address, value);
    },
    setFaults: (next) => {
      faults = next;
    },
    get faults() {
      return faults;
    },
    onRelay: memory.onRelay,
    onWrite: memory.onWrite,
    onRead: memory.onRead,
    onTraffic: traffic.on,
  };
}

function takeRtu(pending: readonly number[]): Taken | 'more' | 'wrong' {
  const length = requestLength(pending);
  if (length === undefined) return 'more';
  const bytes = Uint8Array.from(pending.slice(0, length));
  return checksum(bytes) === 0 ? { body: bytes.slice(0, -2), transaction: 0, bytes } : 'wrong';
}

function takeTcp(pending: readonly number[]): Taken | 'more' | 'wrong' {
  if (pending.length < MBAP_BYTES) return 'more';
  const [high = 0, low = 0, protocolHigh, protocolLow, lengthHigh = 0, lengthLow = 0] = pending;
  const length = (lengthHigh << 8) | lengthLow;
  if (protocolHigh !== 0 || protocolLow !== 0 || length < 6 || length > 254) return 'wrong';
  if (pending.length < MBAP_BYTES + length) return 'more';
  const bytes = Uint8Array.from(pending.slice(0, MBAP_BYTES + length));
  return { body: bytes.slice(MBAP_BYTES), transaction: (high << 8) | low, bytes };
}

/** The whole length of the RTU request that begins here; undefined while it is not all here. */
function requestLength(bytes: readonly number[]): number | undefined {
  const code = bytes[1];
  if (code === undefined) return undefined;
  if (code !== 15 && code !== 16) return bytes.length >= 8 ? 8 : undefined;
  const count = bytes[6];
  if (count === undefined || bytes.length < 9 + count) return undefined;
  return 9 + count;
}
