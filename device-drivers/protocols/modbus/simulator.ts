import { type Cancel, type DurationMs, ms } from '@hallhub/sync/base';
import { type Traffic, createEmitter, rethrow } from '../../kit/index.ts';
import { pacedTransport } from '../../transports/paced.ts';
import type {
  RelayBoardFaults,
  RelayBoardSimulator,
  RelayBoardSimulatorOptions,
  RelayChange,
} from './simulator-types.ts';

/*
 * Built from the protocol's text alone: it shares no code with the driver, so that neither can make good the other's
 * mistakes.
 */
const LONGEST_REQUEST = 256;
/** A pause this long ends a request that never became whole. */
const TORN_AFTER = ms(50);
const PULSE_REGISTER = 0x0200;

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

/** A board of relays and inputs; see {@link RelayBoardSimulatorOptions}. */
export function createRelayBoardSimulator(options: RelayBoardSimulatorOptions): RelayBoardSimulator {
  const { clock, unit = 1, baudRate } = options;
  const transport = baudRate === undefined ? options.transport : pacedTransport(options.transport, { clock, baudRate });
  const relays = new Array<boolean>(options.relays ?? 8).fill(false);
  const inputs = new Array<boolean>(options.inputs ?? 8).fill(false);
  const traffic = createEmitter<Traffic>(rethrow);
  const relayChanged = createEmitter<RelayChange>(rethrow);
  const pulses = new Map<number, Cancel>();
  const replies = new Set<Cancel>();
  let faults: RelayBoardFaults = {};
  let pending: number[] = [];
  let cancelTorn: Cancel | undefined;
  let undo: readonly Cancel[] = [];

  const switchRelay = (channel: number, on: boolean, pulse?: DurationMs): void => {
    pulses.get(channel)?.();
    pulses.delete(channel);
    relays[channel] = on;
    const change = { channel, on, at: clock.now() };
    relayChanged.emit(pulse === undefined ? change : { ...change, pulse });
    if (pulse === undefined) return;
    pulses.set(
      channel,
      clock.after(pulse, () => {
        switchRelay(channel, false);
      }),
    );
  };

  const reply = (body: readonly number[], meaning: string): void => {
    if (faults.silent) return;
    const addressed = [faults.wrongAddress ?? body[0] ?? unit, ...body.slice(1)];
    const crc = checksum(Uint8Array.from(addressed)) ^ (faults.badCrc ? 0x5555 : 0);
    const frame = Uint8Array.from([...addressed, crc & 0xff, crc >> 8]);
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

  /** The reply's bytes without address and CRC, or the code of an exception. */
  const carryOut = (
    code: number,
    data: DataView,
  ): { readonly body: readonly number[]; readonly meaning: string } | number => {
    const address = data.getUint16(0);
    const value = data.getUint16(2);
    switch (code) {
      case 1:
      case 2: {
        const bits = code === 1 ? relays : inputs;
        if (value < 1 || value > 2000) return 3;
        if (address + value > bits.length) return 2;
        const bytes = new Array<number>(Math.ceil(value / 8)).fill(0);
        for (let index = 0; index < value; index += 1) {
          if (bits[address + index]) bytes[index >> 3] = (bytes[index >> 3] ?? 0) | (1 << (index & 7));
        }
        return { body: [code, bytes.length, ...bytes], meaning: code === 1 ? 'relays' : 'inputs' };
      }
      case 5: {
        if ((address & 0xff00) === PULSE_REGISTER) {
          const channel = address & 0xff;
          if (channel >= relays.length) return 2;
          if (value < 1 || value > 0x7fff) return 3;
          switchRelay(channel, true, ms(value * 100));
          return { body: echoed(code, address, value), meaning: `relay ${channel} pulse ${value * 100} ms` };
        }
        if (address >= relays.length) return 2;
        if (value !== 0xff00 && value !== 0) return 3;
        switchRelay(address, value === 0xff00);
        return { body: echoed(code, address, value), meaning: `relay ${address} ${value === 0 ? 'off' : 'on'}` };
      }
      case 15: {
        if (address + value > relays.length) return 2;
        for (let index = 0; index < value; index += 1) {
          switchRelay(address + index, ((data.getUint8(5 + (index >> 3)) >> (index & 7)) & 1) === 1);
        }
        return { body: echoed(code, address, value), meaning: `${value} relays` };
      }
      default:
        return 1;
    }
  };

  const handle = (frame: Uint8Array): void => {
    const [address, code = 0] = frame;
    if (faults.echo) void transport.write(frame);
    traffic.emit({ at: clock.now(), direction: 'in', bytes: frame, meaning: `function ${code}` });
    if (address !== unit) return;
    const outcome =
      faults.exception ?? carryOut(code, new DataView(frame.buffer, frame.byteOffset + 2, frame.byteLength - 4));
    if (typeof outcome === 'number') reply([unit, code | 0x80, outcome], `exception ${outcome}`);
    else reply([unit, ...outcome.body], outcome.meaning);
  };

  const receive = (bytes: Uint8Array): void => {
    cancelTorn?.();
    cancelTorn = undefined;
    pending.push(...bytes);
    for (let length = requestLength(pending); length !== undefined; length = requestLength(pending)) {
      const frame = Uint8Array.from(pending.slice(0, length));
      if (checksum(frame) !== 0) {
        pending.shift();
        continue;
      }
      pending = pending.slice(length);
      handle(frame);
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
      for (const cancel of [...undo, ...pulses.values(), ...replies]) cancel();
      cancelTorn?.();
      undo = [];
      pulses.clear();
      replies.clear();
      await transport.close();
    },
    relays,
    inputs,
    setInput: (channel, on) => {
      inputs[channel] = on;
    },
    setFaults: (next) => {
      faults = next;
    },
    get faults() {
      return faults;
    },
    onRelay: relayChanged.on,
    onTraffic: traffic.on,
  };
}

/** The whole length of the request that begins here; undefined while it is not all here. */
function requestLength(bytes: readonly number[]): number | undefined {
  const code = bytes[1];
  if (code === undefined) return undefined;
  if (code !== 15 && code !== 16) return bytes.length >= 8 ? 8 : undefined;
  const count = bytes[6];
  if (count === undefined || bytes.length < 9 + count) return undefined;
  return 9 + count;
}

function echoed(code: number, address: number, value: number): readonly number[] {
  return [code, address >> 8, address & 0xff, value >> 8, value & 0xff];
}
