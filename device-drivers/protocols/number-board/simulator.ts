import { type Cancel, type Result } from '@hallhub/sync/base';
import { type Transport, createEmitter, rethrow } from '../../kit/index.ts';

/** The forms of boards that are simulated, each written out by itself. */
export type BoardForm = 'four-bytes' | 'coloured' | 'ascii-line';

export interface NumberBoardSimulatorOptions {
  readonly transport: Transport;
  readonly form: BoardForm;
}

export interface BoardShow {
  /** 0 for boards without an address. */
  readonly address: number;
  readonly text: string;
}

/** All boards of one form on a line, whatever their addresses, from the bytes up. */
export interface NumberBoardSimulator {
  start(): Promise<Result<void>>;
  stop(): Promise<void>;
  /** What each board shows, by its address. */
  readonly screens: ReadonlyMap<number, string>;
  onShown(listener: (show: BoardShow) => void): Cancel;
}

const total = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => sum + byte, 0) % 256;

/** The first whole frame in the bytes: how many of them are done with, and what it shows. Undefined: more must come. */
function read(form: BoardForm, bytes: Buffer): { readonly used: number; readonly show?: BoardShow } | undefined {
  switch (form) {
    case 'four-bytes': {
      if (bytes.length < 4) return undefined;
      if (total(bytes.subarray(0, 3)) !== bytes[3]) return { used: 1 };
      return { used: 4, show: { address: bytes.readUInt8(0), text: String(bytes.readUInt16BE(1)) } };
    }
    case 'coloured': {
      if (bytes.length < 7) return undefined;
      if (bytes[0] !== 0x3a || bytes[6] !== 0x0a || total(bytes.subarray(0, 5)) !== bytes[5]) return { used: 1 };
      return { used: 7, show: { address: 0, text: String(bytes.readUInt16LE(2)) } };
    }
    case 'ascii-line': {
      const end = bytes.indexOf(0x0d);
      if (end === -1) return undefined;
      return { used: end + 1, show: { address: 0, text: bytes.toString('latin1', 0, end) } };
    }
  }
}

export function createNumberBoardSimulator({ transport, form }: NumberBoardSimulatorOptions): NumberBoardSimulator {
  const screens = new Map<number, string>();
  const shown = createEmitter<BoardShow>(rethrow);
  let pending = Buffer.alloc(0);
  let undo: Cancel | undefined;

  const receive = (bytes: Uint8Array): void => {
    pending = Buffer.concat([pending, bytes]);
    for (let found = read(form, pending); found; found = read(form, pending)) {
      pending = pending.subarray(found.used);
      if (!found.show) continue;
      screens.set(found.show.address, found.show.text);
      shown.emit(found.show);
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
      await transport.close();
    },
    screens,
    onShown: shown.on,
  };
}
