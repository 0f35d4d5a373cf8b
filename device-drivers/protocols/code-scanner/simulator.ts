import type { Cancel, Result } from '@hallhub/sync/base';
import type { Transport } from '../../kit/index.ts';

export interface ScannerSimulatorOptions {
  readonly transport: Transport;
  readonly prefix?: string;
  readonly suffix?: string;
  readonly language?: 'newland' | 'module';
  readonly firmware?: string;
}

/** A scanner from the bytes up. Its setup is written from the description, with no code of the driver's. */
export interface ScannerSimulator {
  start(): Promise<Result<void>>;
  stop(): Promise<void>;
  /** Somebody holds a code to it. In its setup it reads none: false. */
  scan(content: string | Uint8Array): Promise<boolean>;
  /** Answers nothing. */
  silent: boolean;
  /** A module that says no to every step of its setup. */
  refuses: boolean;
  /** A module whose answers have a wrong CRC. */
  badCheck: boolean;
  readonly isInSetup: boolean;
  /** What was written into a module, by address. */
  readonly settings: ReadonlyMap<number, readonly number[]>;
}

export function createScannerSimulator(options: ScannerSimulatorOptions): ScannerSimulator {
  const { transport, prefix = '', suffix = '\r', language, firmware = 'HR15 V1.02' } = options;
  const settings = new Map<number, readonly number[]>([[0x002a, [0x39, 0x01]]]);
  let undo: Cancel | undefined;
  let pending = Buffer.alloc(0);
  let inSetup = false;
  let silent = false;
  let refuses = false;
  let badCheck = false;

  const answer = (bytes: Uint8Array | string): void => {
    if (!silent) void transport.write(Buffer.from(bytes as string));
  };
  const hearNewland = (): void => {
    for (;;) {
      const found = /\$\$\$\$|#99900301;|%%%%/.exec(pending.toString('latin1'));
      if (!found) break;
      pending = pending.subarray(found.index + found[0].length);
      if (found[0] === '$$$$') {
        inSetup = true;
        answer('@@@@');
      } else if (found[0] === '%%%%') {
        inSetup = false;
        answer('^^^^');
      } else if (inSetup) answer(`!99900301;&{${firmware}|1A2B3C4D}`);
    }
  };
  const hearModule = (): void => {
    for (;;) {
      const start = pending.indexOf(Buffer.of(0x7e, 0x00));
      if (start === -1 || pending.length < start + 4) return;
      const [type = 0, count = 0] = pending.subarray(start + 2);
      const end = start + 8 + count;
      if (pending.length < end) return;
      const body = pending.subarray(start + 2, end - 2);
      const given = pending.readUInt16BE(end - 2);
      const address = body.readUInt16BE(2);
      const data = [...body.subarray(4)];
      pending = pending.subarray(end);
      if (given !== remainder(body)) continue;
      if (type === 8 && !refuses) settings.set(address, data);
      const [wanted = 0] = data;
      const told = type === 7 ? (settings.get(address) ?? []).slice(0, wanted) : [0];
      const status = refuses || (type !== 7 && type !== 8) ? 1 : 0;
      const reply = Buffer.from([status, told.length, ...told]);
      const sum = remainder(reply) ^ (badCheck ? 0x5555 : 0);
      answer(Buffer.concat([Buffer.of(2, 0), reply, Buffer.of(sum >> 8, sum & 0xff)]));
    }
  };

  return {
    start: async () => {
      const opened = await transport.open();
      undo ??= transport.onData((bytes) => {
        pending = Buffer.concat([pending, bytes]).subarray(-256);
        if (language === 'newland') hearNewland();
        else if (language === 'module') hearModule();
      });
      return opened;
    },
    stop: async () => {
      undo?.();
      undo = undefined;
      await transport.close();
    },
    scan: async (content) => {
      if (inSetup) return false;
      const body = typeof content === 'string' ? Buffer.from(content, 'utf8') : Buffer.from(content);
      await transport.write(Buffer.concat([Buffer.from(prefix, 'latin1'), body, Buffer.from(suffix, 'latin1')]));
      return true;
    },
    get silent() {
      return silent;
    },
    set silent(next) {
      silent = next;
    },
    get refuses() {
      return refuses;
    },
    set refuses(next) {
      refuses = next;
    },
    get badCheck() {
      return badCheck;
    },
    set badCheck(next) {
      badCheck = next;
    },
    get isInSetup() {
      return inSetup;
    },
    settings,
  };
}

/** The message as a polynomial over GF(2), divided by x^16 + x^12 + x^5 + 1. */
function remainder(bytes: Uint8Array): number {
  let value = BigInt(`0x${Buffer.from(bytes).toString('hex')}`) << 16n;
  for (let bit = bytes.length * 8 - 1; bit >= 0; bit -= 1) {
    if ((value >> BigInt(bit + 16)) & 1n) value ^= 0x11021n << BigInt(bit);
  }
  return Number(value);
}
