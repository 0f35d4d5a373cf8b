import { type Cancel, type Clock, type DurationMs, type Result } from '@hallhub/sync/base';
import { type Transport, createEmitter, rethrow } from '../../kit/index.ts';

/**
 * The forms of panels that are simulated, each written out by itself: `long` is FF 68 L L 68 address command data sum 16,
 * `line` a letter and a carriage return, `short` AA address code and the exclusive or of the three.
 */
export type PanelForm = 'long' | 'line' | 'short';

export interface PanelFaults {
  readonly silent?: boolean;
  readonly lateBy?: DurationMs;
  readonly badCheck?: boolean;
  readonly wrongAddress?: boolean;
  readonly refuses?: boolean;
}

export interface PanelSimulatorOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly form: PanelForm;
  /** 1 by default. */
  readonly address?: number;
  /** Answers each order with this command and one byte: 0 for yes, 1 for no. Absent: it never answers. */
  readonly answersWith?: number;
}

export interface PanelOrderSeen {
  readonly command: number;
  readonly data: Uint8Array;
}

/** A panel from the bytes up, with a codec of its own. */
export interface PanelSimulator {
  start(): Promise<Result<void>>;
  stop(): Promise<void>;
  /** Somebody presses something: what its frame carries. */
  press(code: { readonly command?: number; readonly data: Uint8Array }): void;
  setFaults(faults: PanelFaults): void;
  onOrder(listener: (order: PanelOrderSeen) => void): Cancel;
}

export function createPanelSimulator(options: PanelSimulatorOptions): PanelSimulator {
  const { transport, clock, form, address = 1, answersWith } = options;
  const orders = createEmitter<PanelOrderSeen>(rethrow);
  const late = new Set<Cancel>();
  let faults: PanelFaults = {};
  let pending: number[] = [];
  let undo: Cancel | undefined;

  const frame = (command: number, data: Uint8Array): Uint8Array => {
    const own = faults.wrongAddress ? address + 1 : address;
    const off = faults.badCheck ? 1 : 0;
    switch (form) {
      case 'long': {
        const inside = [own, command, ...data];
        const sum = (inside.reduce((a, b) => a + b) + off) % 256;
        return Uint8Array.from([0xff, 0x68, inside.length, inside.length, 0x68, ...inside, sum, 0x16]);
      }
      case 'line':
        return Uint8Array.from([...data, 0x0d]);
      case 'short': {
        const code = data[0] ?? 0;
        return Uint8Array.from([0xaa, own, code, 0xaa ^ own ^ code ^ off]);
      }
    }
  };
  const answer = (): void => {
    if (answersWith === undefined || faults.silent) return;
    const bytes = frame(answersWith, Uint8Array.of(faults.refuses ? 1 : 0));
    if (faults.lateBy === undefined) {
      void transport.write(bytes);
      return;
    }
    const cancel = clock.after(faults.lateBy, () => {
      late.delete(cancel);
      void transport.write(bytes);
    });
    late.add(cancel);
  };
  /** Orders come in the long form alone. */
  const receive = (bytes: Uint8Array): void => {
    pending.push(...bytes);
    while (pending.length >= 9) {
      const length = pending[2] ?? 0;
      const whole = pending.slice(0, length + 7);
      const starts = whole[0] === 0xff && whole[1] === 0x68 && whole[3] === length && whole[4] === 0x68;
      if (!starts) {
        pending.shift();
        continue;
      }
      if (pending.length < length + 7) return;
      const inside = whole.slice(5, 5 + length);
      pending = pending.slice(length + 7);
      const sum = inside.reduce((a, b) => a + b, 0) % 256;
      if (whole[5 + length] !== sum || whole[6 + length] !== 0x16 || inside[0] !== address) continue;
      if (!faults.refuses) orders.emit({ command: inside[1] ?? 0, data: Uint8Array.from(inside.slice(2)) });
      answer();
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
      for (const cancel of late) cancel();
      late.clear();
      await transport.close();
    },
    press: ({ command = 0, data }) => void transport.write(frame(command, data)),
    setFaults: (next) => {
      faults = next;
    },
    onOrder: orders.on,
  };
}
