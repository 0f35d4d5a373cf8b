import { type Cancel, type Clock, type DurationMs, type Result, seconds } from '@hallhub/sync/base';
import { type Transport, createEmitter, rethrow } from '../../kit/index.ts';

export interface OnbonFaults {
  readonly silent?: boolean;
  readonly lateBy?: DurationMs;
  readonly badCheck?: boolean;
  /** Answers to somebody else. */
  readonly wrongAddress?: boolean;
  /** Says no with this error number, and does nothing. */
  readonly refusesWith?: number;
}

export interface OnbonSimulatorOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly series: '5k' | '6k';
  /** The card's own address; 1 by default. Whatever it is, the card also hears FFFE and FFFF. */
  readonly address?: number;
}

/** A rectangle of the screen, in pixels, and the text that stands in it. */
export interface ShownArea {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly text: string;
}

/** A font card from the bytes up, with a codec of its own. It keeps what its screen shows. */
export interface OnbonSimulator {
  start(): Promise<Result<void>>;
  stop(): Promise<void>;
  /** By the number of the area; nothing where the screen is dark. */
  readonly screen: ReadonlyMap<number, ShownArea>;
  readonly isOn: boolean;
  setFaults(faults: OnbonFaults): void;
  /** The screen was changed by an order; how many areas it had. */
  onShown(listener: (areas: number) => void): Cancel;
}

const GB18030 = new TextDecoder('gb18030');

/** Reads numbers, low byte first, one after the other. */
function createReader(bytes: Uint8Array) {
  let at = 0;
  const number = (size: number): number => {
    let value = 0;
    for (let index = size - 1; index >= 0; index -= 1) value = value * 256 + (bytes[at + index] ?? 0);
    at += size;
    return value;
  };
  return {
    number,
    take: (size: number): Uint8Array => {
      at += size;
      return bytes.subarray(at - size, at);
    },
    get left() {
      return bytes.length - at;
    },
  };
}

/** The remainder by long division, bit by bit: x^16 + x^15 + x^2 + 1, low bit first. */
function remainder(bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit += 1) {
      const carry = ((byte >> bit) ^ value) & 1;
      value >>= 1;
      if (carry === 1) value ^= 0b1010_0000_0000_0001;
    }
  }
  return value;
}

export function createOnbonSimulator(options: OnbonSimulatorOptions): OnbonSimulator {
  const { transport, clock, series, address = 1 } = options;
  const screen = new Map<number, ShownArea>();
  const expiry = new Map<number, Cancel>();
  const late = new Set<Cancel>();
  const shown = createEmitter<number>(rethrow);
  let faults: OnbonFaults = {};
  let isOn = true;
  /** What came since the last start byte, escapes undone; undefined before the first one. */
  let packet: number[] | undefined;
  let escaped: number | undefined;
  let undo: Cancel | undefined;

  const send = (data: readonly number[], to: number): void => {
    const destination = faults.wrongAddress ? to ^ 1 : to;
    const head = [destination & 255, destination >> 8, address & 255, address >> 8];
    const inside = [...head, 0, 0, 0, 0, 0, 0, 0x51, 2, data.length, 0, ...data];
    const sum = remainder(Uint8Array.from(inside)) ^ (faults.badCheck ? 0x0101 : 0);
    const wire: number[] = [0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5];
    for (const byte of [...inside, sum & 255, sum >> 8]) {
      if (byte === 0xa5 || byte === 0xa6) wire.push(0xa6, 0xa7 - byte);
      else if (byte === 0x5a || byte === 0x5b) wire.push(0x5b, 0x5c - byte);
      else wire.push(byte);
    }
    wire.push(0x5a);
    const bytes = Uint8Array.from(wire);
    if (faults.lateBy === undefined) void transport.write(bytes);
    else {
      const cancel = clock.after(faults.lateBy, () => {
        late.delete(cancel);
        void transport.write(bytes);
      });
      late.add(cancel);
    }
  };
  /** Areas as they stand in the packet. False where they do not end where the packet ends. */
  const showAreas = (body: Uint8Array): boolean => {
    const reader = createReader(body);
    for (let left = reader.number(1); left > 0; left -= 1) screen.delete(reader.number(1));
    const areas = reader.number(1);
    for (let left = areas; left > 0; left -= 1) {
      const area = createReader(reader.take(reader.number(2)));
      area.number(1);
      const [x, y, width, height] = [area.number(2), area.number(2), area.number(2), area.number(2)];
      const [id, , mode] = [area.number(1), area.number(1), area.number(1)];
      const timeout = area.number(2);
      if (area.number(1) !== 0 || area.number(1) !== 0) return false;
      area.take(7);
      const text = GB18030.decode(area.take(area.number(4)));
      if (area.left !== 0) return false;
      const across = series === '5k' ? 8 : 1;
      screen.set(id, { x: x * across, y, width: width * across, height, text });
      expiry.get(id)?.();
      expiry.delete(id);
      if (mode === 2) {
        const gone = (): void => {
          expiry.delete(id);
          screen.delete(id);
        };
        expiry.set(id, clock.after(seconds(timeout), gone));
      }
    }
    if (reader.left !== 0) return false;
    shown.emit(areas);
    return true;
  };
  const obey = (data: Uint8Array): boolean => {
    const [group, command] = data;
    const told = (data[3] ?? 0) + 256 * (data[4] ?? 0);
    if (told !== 0 && told !== data.length - 5) return false;
    if (group !== 0xa3) return false;
    if (command === 0x06) return showAreas(data.subarray(5));
    if (command !== 0x00) return false;
    isOn = data[5] === 1;
    return true;
  };
  const take = (inside: Uint8Array): void => {
    const reader = createReader(inside);
    const [to, from] = [reader.number(2), reader.number(2)];
    reader.take(8);
    const length = reader.number(2);
    if (
      inside.length !== 16 + length ||
      remainder(inside.subarray(0, -2)) !== createReader(inside.subarray(-2)).number(2)
    )
      return;
    if (to !== address && to !== 0xfffe && to !== 0xffff) return;
    const { refusesWith } = faults;
    const done = refusesWith === undefined && obey(reader.take(length));
    if (faults.silent) return;
    send(done ? [0xa0, 0x00, 0, 0, 0] : [0xa0, 0x01, refusesWith ?? 2, 0, 0], from);
  };
  const receive = (bytes: Uint8Array): void => {
    for (const byte of bytes) {
      if (byte === 0xa5) {
        packet = [];
        escaped = undefined;
      } else if (byte === 0x5a) {
        const whole = packet;
        packet = undefined;
        if (whole && whole.length >= 16) take(Uint8Array.from(whole));
      } else if (escaped !== undefined) {
        packet?.push(escaped - (byte - 1));
        escaped = undefined;
      } else if (byte === 0xa6 || byte === 0x5b) escaped = byte;
      else packet?.push(byte);
    }
  };

  return {
    start: async () => {
      const opened = await transport.open();
      undo ??= transport.onData(receive);
      return opened;
    },
    stop: async () => {
      undo?.();
      undo = undefined;
      for (const cancel of [...late, ...expiry.values()]) cancel();
      late.clear();
      expiry.clear();
      await transport.close();
    },
    get screen() {
      return isOn ? screen : new Map<number, ShownArea>();
    },
    get isOn() {
      return isOn;
    },
    setFaults: (next) => {
      faults = next;
    },
    onShown: shown.on,
  };
}
