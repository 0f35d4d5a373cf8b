import { type Cancel, type Clock, type DurationMs, ms } from '@hallhub/sync/base';
import { createEmitter, rethrow } from '../../kit/index.ts';
import type { RelayBoardSimulatorOptions, RelayChange } from './simulator-types.ts';

/*
 * Built from the protocol's text alone: it shares no code with the driver, so that neither can make good the other's
 * mistakes.
 */
const PULSE_REGISTER = 0x0200;

/** What a request comes to: the reply's function code and data, or the code of an exception. */
export type Outcome = { readonly body: readonly number[]; readonly meaning: string } | number;

/** Relays, inputs and registers of a simulated unit, and what requests do to them. */
export function createUnitMemory(options: RelayBoardSimulatorOptions & { readonly clock: Clock }) {
  const { clock } = options;
  const relays = new Array<boolean>(options.relays ?? 8).fill(false);
  const inputs = new Array<boolean>(options.inputs ?? 8).fill(false);
  const tables = { holding: registers(options.holding), input: registers(options.input) };
  const relayChanged = createEmitter<RelayChange>(rethrow);
  const written = createEmitter<{ address: number; value: number }>(rethrow);
  const wasRead = createEmitter<{ table: 'holding' | 'input'; address: number; count: number }>(rethrow);
  const pulses = new Map<number, Cancel>();

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

  const readBits = (code: number, address: number, count: number): Outcome => {
    const bits = code === 1 ? relays : inputs;
    if (count < 1 || count > 2000) return 3;
    if (address + count > bits.length) return 2;
    const bytes = new Array<number>(Math.ceil(count / 8)).fill(0);
    for (let index = 0; index < count; index += 1) {
      if (bits[address + index]) bytes[index >> 3] = (bytes[index >> 3] ?? 0) | (1 << (index & 7));
    }
    return { body: [code, bytes.length, ...bytes], meaning: code === 1 ? 'relays' : 'inputs' };
  };
  const readRegisters = (code: number, address: number, count: number): Outcome => {
    const name = code === 3 ? 'holding' : 'input';
    const table = tables[name];
    if (count < 1 || count > 125) return 3;
    const bytes: number[] = [];
    for (let at = address; at < address + count; at += 1) {
      const value = table.get(at);
      // Gaps are read as 0, as most devices do; a request that finds nothing at all is wrong.
      bytes.push((value ?? 0) >> 8, (value ?? 0) & 0xff);
    }
    const isThere = table.has(address) && table.has(address + count - 1);
    wasRead.emit({ table: name, address, count });
    return isThere ? { body: [code, bytes.length, ...bytes], meaning: `${count} registers` } : 2;
  };
  const writeCoil = (address: number, value: number): Outcome => {
    if ((address & 0xff00) === PULSE_REGISTER && options.flashOn !== false) {
      const channel = address & 0xff;
      if (channel >= relays.length) return 2;
      if (value < 1 || value > 0x7fff) return 3;
      switchRelay(channel, true, ms(value * 100));
      return { body: echoed(5, address, value), meaning: `relay ${channel} pulse ${value * 100} ms` };
    }
    if (address >= relays.length) return 2;
    if (value !== 0xff00 && value !== 0) return 3;
    switchRelay(address, value === 0xff00);
    return { body: echoed(5, address, value), meaning: `relay ${address} ${value === 0 ? 'off' : 'on'}` };
  };
  const writeRegister = (address: number, value: number): boolean => {
    if (!tables.holding.has(address)) return false;
    tables.holding.set(address, value);
    written.emit({ address, value });
    return true;
  };

  /** `data` begins behind the function code. */
  const carryOut = (code: number, data: DataView): Outcome => {
    const address = data.getUint16(0);
    const value = data.getUint16(2);
    switch (code) {
      case 1:
      case 2:
        return readBits(code, address, value);
      case 3:
      case 4:
        return readRegisters(code, address, value);
      case 5:
        return writeCoil(address, value);
      case 6:
        return writeRegister(address, value)
          ? { body: echoed(code, address, value), meaning: `register ${address} = ${value}` }
          : 2;
      case 15: {
        if (address + value > relays.length) return 2;
        for (let index = 0; index < value; index += 1) {
          switchRelay(address + index, ((data.getUint8(5 + (index >> 3)) >> (index & 7)) & 1) === 1);
        }
        return { body: echoed(code, address, value), meaning: `${value} relays` };
      }
      case 16: {
        for (let index = 0; index < value; index += 1) {
          if (!writeRegister(address + index, data.getUint16(5 + index * 2))) return 2;
        }
        return { body: echoed(code, address, value), meaning: `${value} registers written` };
      }
      default:
        return 1;
    }
  };

  return {
    relays,
    switchRelay: (channel: number, on: boolean): void => {
      switchRelay(channel, on);
    },
    inputs,
    tables,
    carryOut,
    onRelay: relayChanged.on,
    onWrite: written.on,
    onRead: wasRead.on,
    stop: () => {
      for (const cancel of pulses.values()) cancel();
      pulses.clear();
    },
  };
}

function registers(values: Readonly<Record<number, number>> = {}): Map<number, number> {
  return new Map(Object.entries(values).map(([address, value]) => [Number(address), value]));
}

function echoed(code: number, address: number, value: number): readonly number[] {
  return [code, address >> 8, address & 0xff, value >> 8, value & 0xff];
}
