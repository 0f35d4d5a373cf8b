import { type Cancel, ms } from '@hallhub/sync/base';
import { type Traffic, createEmitter, rethrow } from '../../../kit/index.ts';
import { createInterpreter } from './interpreter.ts';
import type { PaperItem, TicketPrinterFaults, TicketPrinterSimulator, TicketPrinterSimulatorOptions } from './types.ts';

const ROWS_PER_LINE = 24;
const TICK = ms(20);

/** A ticket printer from the bytes up; see {@link TicketPrinterSimulatorOptions}. */
export function createTicketPrinterSimulator(options: TicketPrinterSimulatorOptions): TicketPrinterSimulator {
  const { transport, clock, dots = 576 } = options;
  const traffic = createEmitter<Traffic>(rethrow);
  const printed = createEmitter<PaperItem>(rethrow);
  let roll: PaperItem[] = [];
  let buffer = Buffer.alloc(0);
  let faults: TicketPrinterFaults = {};
  let paper: 'ok' | 'near-end' | 'end' = 'ok';
  let cover: 'open' | 'closed' = 'closed';
  let cutterStuck = false;
  let isOn = true;
  let asbMask = 0;
  let lastAsb = '';
  /** The last bytes that came, for real-time commands that arrive in two pieces. */
  let tail: number[] = [];
  let cancelTick: Cancel | undefined;
  let undo: readonly Cancel[] = [];

  const isStopped = (): boolean => paper === 'end' || cover === 'open' || cutterStuck;

  const say = (bytes: readonly number[], meaning: string): void => {
    if (faults.silent || !isOn) return;
    const rubbish = Array.from({ length: faults.garbageBytes ?? 0 }, (_, index) => 0x80 | ((index * 29) & 0x6f));
    const whole = Uint8Array.from([...rubbish, ...bytes]);
    traffic.emit({ at: clock.now(), direction: 'out', bytes: whole, meaning });
    void transport.write(whole);
  };
  const answerStatus = (n: number): void => {
    if (faults.noStatus) return;
    let byte = 0x12;
    if (n === 1 && isStopped()) byte |= 0x08;
    if (n === 2) byte |= (cover === 'open' ? 0x04 : 0) | (paper === 'end' ? 0x20 : 0) | (cutterStuck ? 0x40 : 0);
    if (n === 3 && cutterStuck) byte |= 0x08;
    if (n === 4) byte |= paper === 'end' ? 0x6c : paper === 'near-end' ? 0x0c : 0;
    say([faults.wrongStatusBits ? byte ^ 0x80 : byte], `status ${n}`);
  };
  const tellChange = (): void => {
    if (asbMask === 0) return;
    const bytes = [
      0x10 | (isStopped() ? 0x08 : 0) | (cover === 'open' ? 0x20 : 0),
      cutterStuck ? 0x08 : 0,
      paper === 'end' ? 0x0f : paper === 'near-end' ? 0x03 : 0,
      0x0f,
    ];
    if (bytes.join() === lastAsb) return;
    lastAsb = bytes.join();
    say(bytes, 'by itself');
  };

  const linesOf = (item: PaperItem): number => {
    if (item.type === 'cut') return 0;
    if (item.type === 'line') return Math.max(1, ...item.cells.map(({ height }) => height));
    return item.type === 'raster' ? Math.ceil(item.rows / ROWS_PER_LINE) : 8;
  };
  const interpreter = createInterpreter({
    dots,
    print: (item) => {
      roll.push(item);
      printed.emit(item);
      if (faults.paperLines !== undefined) {
        const paperLines = Math.max(0, faults.paperLines - linesOf(item));
        faults = { ...faults, paperLines };
        if (paperLines === 0 && item.type !== 'cut') {
          paper = 'end';
          tellChange();
        }
      }
      return paper !== 'end';
    },
    reportCompletion: (id) => {
      if (faults.noCompletion) return;
      say([0x37, 0x22, ...Buffer.from(id, 'latin1'), 0x00], `print ${id} is done`);
    },
    enableAsb: (mask) => {
      asbMask = mask;
      lastAsb = '';
      tellChange();
    },
  });

  /** Prints what is in the buffer, at most `most` bytes of it, until the printer stops. */
  const work = (most: number): void => {
    let done = 0;
    while (isOn && !isStopped() && done < most) {
      const taken = interpreter.step(buffer);
      if (taken === 0 || taken > buffer.length) return;
      buffer = buffer.subarray(taken);
      done += taken;
    }
  };
  const workOn = (): void => {
    const { bytesPerSecond } = faults;
    if (bytesPerSecond === undefined) {
      work(Number.POSITIVE_INFINITY);
      return;
    }
    cancelTick ??= clock.after(TICK, () => {
      cancelTick = undefined;
      work(Math.max(1, (bytesPerSecond * TICK) / 1_000));
      if (buffer.length > 0 && isOn && !isStopped()) workOn();
    });
  };
  /** Obeyed the moment it comes, wherever it stands, images included. True where everything taken so far is thrown away. */
  const realTime = (byte: number): boolean => {
    tail = [...tail.slice(-9), byte];
    const [before, command, n = 0] = tail.slice(-3);
    if (before === 0x10 && command === 0x04 && n >= 1 && n <= 4) answerStatus(n);
    if (byte !== 0x08 || Buffer.from(tail).toString('hex') !== '10140801031401060208') return false;
    buffer = Buffer.alloc(0);
    interpreter.clear();
    say([0x37, 0x25, 0x00], 'buffers cleared');
    return true;
  };
  const receive = (bytes: Uint8Array): void => {
    if (!isOn) return;
    traffic.emit({ at: clock.now(), direction: 'in', bytes: bytes.slice(), meaning: `${bytes.length} bytes` });
    let from = 0;
    for (const [at, byte] of bytes.entries()) {
      if (realTime(byte)) from = at + 1;
    }
    buffer = Buffer.concat([buffer, bytes.subarray(from)]);
    workOn();
  };

  return {
    start: async () => {
      const opened = await transport.open();
      if (opened.ok && undo.length === 0) undo = [transport.onData(receive)];
      return opened;
    },
    stop: async () => {
      for (const cancel of undo) cancel();
      cancelTick?.();
      cancelTick = undefined;
      undo = [];
      await transport.close();
    },
    get roll() {
      return roll;
    },
    dots,
    get buffered() {
      return buffer.length;
    },
    text: () => roll.flatMap((item) => textOf(item)).join('\n'),
    setFaults: (next) => {
      faults = next;
      workOn();
    },
    get faults() {
      return faults;
    },
    setPaper: (next) => {
      if (paper === 'end' && next !== 'end') {
        roll = [];
        const { paperLines, ...others } = faults;
        if (paperLines !== undefined) faults = others;
      }
      paper = next;
      tellChange();
      workOn();
    },
    setCover: (next) => {
      cover = next;
      tellChange();
      workOn();
    },
    setCutterError: (stuck) => {
      cutterStuck = stuck;
      tellChange();
      workOn();
    },
    setPower: (on) => {
      isOn = on;
      buffer = Buffer.alloc(0);
      tail = [];
      asbMask = 0;
      interpreter.reset();
    },
    onPrinted: printed.on,
    onTraffic: traffic.on,
  };
}

function textOf(item: PaperItem): readonly string[] {
  switch (item.type) {
    case 'line':
      return [item.cells.map(({ character }) => character).join('')];
    case 'qr':
      return [`[QR ${item.data}]`];
    case 'raster':
      return [`[image ${item.rowBytes * 8} × ${item.rows}]`];
    case 'cut':
      return ['✂'];
  }
}
