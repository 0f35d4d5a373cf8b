import type { Result } from '@hallhub/sync/base';
import type { Transport } from '../../kit/index.ts';
import type { CardFormat } from './number.ts';

export interface LineReaderSimulatorOptions {
  readonly transport: Transport;
  readonly format: CardFormat;
  readonly byteOrder?: 'big' | 'little';
  readonly prefix?: string;
  readonly suffix?: string;
}

/** A reader that prints what is held to it. Written from the description of the forms, not with the driver's codec. */
export interface LineReaderSimulator {
  start(): Promise<Result<void>>;
  stop(): Promise<void>;
  /** Holds a card with this UID (UID0 first, hex) to it. For Wiegand the last bytes of it are sent. */
  present(uid: string): Promise<void>;
  /** Sends a line as it stands: a key, rubbish. */
  print(text: string | Uint8Array): Promise<void>;
}

export function createLineReaderSimulator(options: LineReaderSimulatorOptions): LineReaderSimulator {
  const { transport, format, byteOrder = 'big', prefix = '', suffix = '\r' } = options;
  const print = async (text: string | Uint8Array): Promise<void> => {
    const body = typeof text === 'string' ? Buffer.from(text, 'latin1') : Buffer.from(text);
    await transport.write(Buffer.concat([Buffer.from(prefix, 'latin1'), body, Buffer.from(suffix, 'latin1')]));
  };
  return {
    start: () => transport.open(),
    stop: () => transport.close(),
    present: (uid) => {
      const bytes = Buffer.from(uid, 'hex');
      const number = byteOrder === 'big' ? bytes : Buffer.from(bytes).reverse();
      return print(shown(number, format));
    },
    print,
  };
}

function shown(number: Buffer, format: CardFormat): string | Uint8Array {
  switch (format) {
    case 'decimal':
      return BigInt(`0x${number.toString('hex')}`)
        .toString()
        .padStart(10, '0');
    case 'hex':
      return number.toString('hex').toUpperCase();
    case '3+5': {
      const [facility = 0, high = 0, low = 0] = number.subarray(-3);
      return `${String(facility).padStart(3, '0')},${String(high * 256 + low).padStart(5, '0')}`;
    }
    case 'wiegand-text':
      return wiegandText(number);
    case 'wiegand-packed': {
      const bits = wiegandText(number);
      const whole = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0');
      return Uint8Array.from(whole.match(/.{8}/g) ?? [], (octet) => Number.parseInt(octet, 2));
    }
  }
}

/** 26 bits for three bytes, 34 for four: even parity in front of the first half, odd behind the second. */
function wiegandText(number: Buffer): string {
  const data = [...number].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const ones = (text: string): number => text.replaceAll('0', '').length;
  const even = ones(data.slice(0, data.length / 2)) % 2;
  const odd = 1 - (ones(data.slice(data.length / 2)) % 2);
  return `${even}${data}${odd}`;
}
