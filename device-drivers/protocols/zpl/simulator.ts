import type { Cancel, Clock, DurationMs, Result } from '@hallhub/sync/base';
import { ms } from '@hallhub/sync/base';
import type { Transport } from '../../kit/index.ts';

export interface LabelPrinterFaults {
  readonly silent?: boolean;
  readonly lateBy?: DurationMs;
  /** Its answers are no status. */
  readonly nonsense?: boolean;
  readonly paperOut?: boolean;
  readonly headOpen?: boolean;
  /** The roll ends behind so many labels more. */
  readonly labelsLeft?: number;
}

/** A label as it came out. */
export interface PrintedLabel {
  readonly width: number;
  readonly height: number;
  /** A byte to a dot, 1 is black; text is not drawn. */
  readonly dots: Uint8Array;
  readonly texts: readonly { readonly x: number; readonly y: number; readonly font: string; readonly text: string }[];
}

export interface LabelPrinterSimulator {
  start(): Promise<Result<void>>;
  stop(): Promise<void>;
  setFaults(faults: LabelPrinterFaults): void;
  readonly printed: readonly PrintedLabel[];
}

/** How long a label takes to come out. */
const FEED = ms(200);

/** A label printer from the bytes up, with an interpreter of its own for what of ZPL is used here. */
export function createLabelPrinterSimulator({
  transport,
  clock,
}: {
  readonly transport: Transport;
  readonly clock: Clock;
}): LabelPrinterSimulator {
  const printed: PrintedLabel[] = [];
  const timers = new Set<Cancel>();
  let waiting: PrintedLabel[] = [];
  let pending = '';
  let faults: LabelPrinterFaults = {};
  let left = Number.POSITIVE_INFINITY;
  let undo: Cancel | undefined;

  const later = (time: DurationMs, action: () => void): void => {
    const cancel = clock.after(time, () => {
      timers.delete(cancel);
      action();
    });
    timers.add(cancel);
  };
  const isOut = (): boolean => faults.paperOut === true || left <= 0;
  const feed = (): void => {
    later(FEED, () => {
      const [next, ...others] = waiting;
      if (!next) return;
      if (!isOut() && faults.headOpen !== true) {
        printed.push(next);
        waiting = others;
        left -= 1;
      }
      if (waiting.length > 0) feed();
    });
  };
  const report = (): void => {
    if (faults.silent) return;
    const flag = (on: boolean | undefined): number => (on === true ? 1 : 0);
    const lines = [
      `030,${flag(isOut())},0,0400,000,0,0,0,000,0,0,0`,
      `001,0,${flag(faults.headOpen)},0,1,2,4,0,${String(waiting.length).padStart(8, '0')},1,000`,
      '1234,0',
    ];
    const text = faults.nonsense ? '\x02?\x03\r\n'.repeat(3) : lines.map((line) => `\x02${line}\x03\r\n`).join('');
    const send = (): void => void transport.write(Uint8Array.from(Buffer.from(text, 'latin1')));
    if (faults.lateBy === undefined) send();
    else later(faults.lateBy, send);
  };
  const receive = (bytes: Uint8Array): void => {
    pending += Buffer.from(bytes).toString('latin1');
    for (;;) {
      const [whole] = /^\s*(~HS|\^XA[\s\S]*?\^XZ)/.exec(pending) ?? [];
      if (whole === undefined) return;
      pending = pending.slice(whole.length);
      if (whole.trim() === '~HS') report();
      else {
        const { label, copies } = interpret(whole);
        const wasIdle = waiting.length === 0;
        for (let copy = 0; copy < copies; copy += 1) waiting.push(label);
        if (wasIdle) feed();
      }
    }
  };

  return {
    start: async () => {
      const opened = await transport.open();
      if (opened.ok) undo ??= transport.onData(receive);
      return opened;
    },
    stop: async () => {
      undo?.();
      undo = undefined;
      for (const cancel of timers) cancel();
      timers.clear();
      await transport.close();
    },
    setFaults: (next) => {
      faults = next;
      left = next.labelsLeft ?? Number.POSITIVE_INFINITY;
    },
    printed,
  };
}

function interpret(program: string): { readonly label: PrintedLabel; readonly copies: number } {
  let [width, height, x, y, copies] = [0, 0, 0, 0, 1];
  let [font, dots] = ['', new Uint8Array()];
  const texts: PrintedLabel['texts'][number][] = [];
  const ink = (atX: number, atY: number): void => {
    if (atX < width && atY < height) dots[atY * width + atX] = 1;
  };
  for (const [, name = '', rest = ''] of program.matchAll(/\^(XA|XZ|CI|PW|LL|LH|FO|A@|A0|FH|FD|FS|GF|GB|PQ)([^^]*)/g)) {
    const given = rest.trim().split(',');
    const [first = 0, second = 0] = given.map(Number);
    switch (name) {
      case 'PW':
        width = first;
        break;
      case 'LL':
        height = first;
        dots = new Uint8Array(width * height);
        break;
      case 'FO':
        [x, y] = [first, second];
        break;
      case 'A@':
      case 'A0':
        font = name === 'A0' ? '0' : (given[3] ?? '');
        break;
      case 'FD': {
        const bytes = rest.replaceAll(/_([0-9A-F]{2})/g, (_, hex: string) =>
          String.fromCharCode(Number.parseInt(hex, 16)),
        );
        texts.push({ x, y, font, text: Buffer.from(bytes, 'latin1').toString('utf8') });
        break;
      }
      case 'GB':
        for (let row = 0; row < second; row += 1)
          for (let column = 0; column < first; column += 1) ink(x + column, y + row);
        break;
      case 'GF': {
        const rowBytes = Number(given[3]);
        const data = Buffer.from(given[4] ?? '', 'hex');
        if (data.length !== second || second % rowBytes !== 0) throw new Error('a graphic of another length');
        for (const [at, byte] of data.entries()) {
          for (let bit = 0; bit < 8; bit += 1)
            if ((byte & (0x80 >> bit)) !== 0) ink(x + (at % rowBytes) * 8 + bit, y + Math.floor(at / rowBytes));
        }
        break;
      }
      case 'PQ':
        copies = first;
        break;
    }
  }
  return { label: { width, height, dots, texts }, copies };
}
