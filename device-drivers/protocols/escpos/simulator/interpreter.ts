import type { Cell, PaperItem } from './types.ts';

/*
 * Reads bytes as the command reference describes them. Shares no code with the driver, so that neither can make good the
 * other's mistakes.
 */

export interface Mechanism {
  /** Puts an item on paper; false where the paper ended before it. */
  print(item: PaperItem): boolean;
  reportCompletion(id: string): void;
  enableAsb(mask: number): void;
  readonly dots: number;
}

export interface Interpreter {
  /** Carries out one command or one character at the start of `bytes`; how many bytes it took, 0 where more are needed. */
  step(bytes: Uint8Array): number;
  /** As after power-on. */
  reset(): void;
  /** Throws away the line that is not printed yet. */
  clear(): void;
}

const HALF_WIDTH_DOTS = 12;
const ALIGNS = ['left', 'center', 'right'] as const;

interface State {
  align: 'left' | 'center' | 'right';
  width: number;
  height: number;
  bold: boolean;
  chinese: boolean;
  qrModule: number;
  qrData: string;
}

const atPowerOn = (): State => ({
  align: 'left',
  width: 1,
  height: 1,
  bold: false,
  chinese: false,
  qrModule: 3,
  qrData: '',
});

export function createInterpreter(mechanism: Mechanism): Interpreter {
  const decoder = new TextDecoder('gb18030');
  let state = atPowerOn();
  let cells: Cell[] = [];

  const used = (): number => cells.reduce((sum, { columns, width }) => sum + columns * width * HALF_WIDTH_DOTS, 0);
  const printLine = (): void => {
    mechanism.print({ type: 'line', cells, align: state.align });
    cells = [];
  };
  const put = (character: string, columns: 1 | 2): void => {
    const { width, height, bold } = state;
    // A line that is full is printed, and the character begins the next one.
    if (used() + columns * width * HALF_WIDTH_DOTS > mechanism.dots) printLine();
    cells.push({ character, columns, width, height, bold });
  };

  /** A character of one, two or four bytes. */
  const character = (bytes: Uint8Array): number => {
    const [first = 0, second] = bytes;
    if (first < 0x20) return 1;
    if (first < 0x80 || !state.chinese) {
      put(first < 0x7f ? String.fromCharCode(first) : '·', 1);
      return 1;
    }
    if (second === undefined) return 0;
    const length = second >= 0x30 && second <= 0x39 ? 4 : 2;
    if (bytes.length < length) return 0;
    put(decoder.decode(bytes.subarray(0, length)), 2);
    return length;
  };

  const escape = (bytes: Uint8Array): number => {
    const [, command, n = 0] = bytes;
    if (command === undefined) return 0;
    if (command === 0x40) {
      state = atPowerOn();
      cells = [];
      return 2;
    }
    if (command === 0x32) return 2;
    if (bytes.length < 3) return 0;
    switch (command) {
      case 0x61:
        state.align = ALIGNS[n % 3] ?? 'left';
        return 3;
      case 0x45:
        state.bold = (n & 1) === 1;
        return 3;
      case 0x64:
        if (cells.length > 0) printLine();
        for (let line = 0; line < n; line += 1) printLine();
        return 3;
      default:
        return 3;
    }
  };

  const parenthesised = (bytes: Uint8Array): number => {
    if (bytes.length < 5) return 0;
    const length = 5 + (bytes[3] ?? 0) + (bytes[4] ?? 0) * 256;
    if (bytes.length < length) return 0;
    const body = bytes.subarray(5, length);
    if (bytes[2] === 0x48 && body[0] === 0x30) {
      mechanism.reportCompletion(String.fromCharCode(...body.subarray(2, 6)));
    }
    if (bytes[2] === 0x6b && body[0] === 0x31) {
      if (body[1] === 0x43) state.qrModule = body[2] ?? 3;
      if (body[1] === 0x50) state.qrData = Buffer.from(body.subarray(3)).toString('latin1');
      if (body[1] === 0x51 && state.qrData !== '') {
        mechanism.print({ type: 'qr', data: state.qrData, module: state.qrModule, align: state.align });
      }
    }
    return length;
  };

  const group = (bytes: Uint8Array): number => {
    const [, command, n = 0] = bytes;
    if (command === undefined) return 0;
    if (command === 0x28) return parenthesised(bytes);
    if (bytes.length < 3) return 0;
    switch (command) {
      case 0x21:
        state.width = (n >> 4) + 1;
        state.height = (n & 7) + 1;
        return 3;
      case 0x61:
        mechanism.enableAsb(n);
        return 3;
      case 0x56: {
        const feeds = n === 0x41 || n === 0x42;
        if (feeds && bytes.length < 4) return 0;
        mechanism.print({ type: 'cut', partial: (n & 1) === 1 });
        return feeds ? 4 : 3;
      }
      case 0x76: {
        if (bytes.length < 8) return 0;
        const rowBytes = (bytes[4] ?? 0) + (bytes[5] ?? 0) * 256;
        const rows = (bytes[6] ?? 0) + (bytes[7] ?? 0) * 256;
        const length = 8 + rowBytes * rows;
        if (bytes.length < length) return 0;
        mechanism.print({ type: 'raster', rowBytes, rows, bits: bytes.slice(8, length), align: state.align });
        return length;
      }
      default:
        return 3;
    }
  };

  return {
    step: (bytes) => {
      const [first, second, third] = bytes;
      switch (first) {
        case undefined:
          return 0;
        case 0x0a:
          printLine();
          return 1;
        case 0x10:
          // Real-time commands were obeyed when they came; here they only take their place in the buffer.
          if (second === undefined) return 0;
          if (second === 0x14) return third === 0x08 ? 10 : 5;
          return second === 0x04 || second === 0x05 ? 3 : 1;
        case 0x1b:
          return escape(bytes);
        case 0x1c:
          if (second === undefined) return 0;
          if (second === 0x26) state.chinese = true;
          if (second === 0x2e) state.chinese = false;
          return second === 0x26 || second === 0x2e ? 2 : 3;
        case 0x1d:
          return group(bytes);
        default:
          return character(bytes);
      }
    },
    reset: () => {
      state = atPowerOn();
      cells = [];
    },
    clear: () => {
      cells = [];
    },
  };
}
