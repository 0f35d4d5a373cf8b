import { type Clock, type Result, failure, ms, ok } from '@hallhub/sync/base';
import type { Transport } from '../kit/index.ts';

/** Start bit, eight data bits, stop bit. */
const BITS_PER_BYTE = 10;

export interface PacerOptions {
  readonly clock: Clock;
  /** Bits per second. */
  readonly baudRate: number;
  readonly write: (bytes: Uint8Array) => void;
}

export interface Pacer {
  /** Queues the bytes; settles when the last of them is through, or when {@link clear} threw them away. */
  push(bytes: Uint8Array): Promise<void>;
  clear(): void;
}

/**
 * Lets bytes through no faster than a serial line would: a byte leaves when its stop bit would have. What is due is
 * computed from the time that passed, so a coarse timer makes larger chunks but not a slower line.
 */
export function createPacer({ clock, baudRate, write }: PacerOptions): Pacer {
  const bytesPerMs = baudRate / BITS_PER_BYTE / 1_000;
  let queue: { bytes: Uint8Array; sent: number; done: () => void }[] = [];
  /** When the line was or will be free of everything sent so far. */
  let busyFrom = 0;
  let cancel: (() => void) | undefined;

  const arm = (): void => {
    cancel ??= clock.after(ms(Math.max(1, 1 / bytesPerMs)), tick);
  };
  const tick = (): void => {
    cancel = undefined;
    let due = Math.floor((clock.monotonic() - busyFrom) * bytesPerMs + 1e-6);
    busyFrom += due / bytesPerMs;
    for (let head = queue[0]; head && due > 0; head = queue[0]) {
      const chunk = head.bytes.subarray(head.sent, head.sent + due);
      head.sent += chunk.length;
      due -= chunk.length;
      if (head.sent >= head.bytes.length) queue.shift();
      write(chunk);
      if (head.sent >= head.bytes.length) head.done();
    }
    if (queue.length > 0) arm();
  };

  return {
    push: (bytes) =>
      new Promise((resolve) => {
        if (bytes.length === 0) {
          resolve();
          return;
        }
        if (queue.length === 0) busyFrom = Math.max(busyFrom, clock.monotonic());
        queue.push({ bytes, sent: 0, done: resolve });
        arm();
      }),
    clear: () => {
      cancel?.();
      cancel = undefined;
      const dropped = queue;
      queue = [];
      for (const { done } of dropped) done();
    },
  };
}

/** The same line, but what is written leaves at the speed of a serial line. */
export function pacedTransport(
  inner: Transport,
  { clock, baudRate }: { readonly clock: Clock; readonly baudRate: number },
): Transport {
  let refused: Result<void> | undefined;
  let isOpen = false;
  const pacer = createPacer({
    clock,
    baudRate,
    write: (bytes) => {
      void inner.write(bytes).then((result) => {
        if (!result.ok) refused = result;
      });
    },
  });
  const outcome = (): Result<void> => refused ?? (isOpen ? ok() : failure('E-DEV-0103', inner.name));
  inner.onDown(() => {
    isOpen = false;
    pacer.clear();
  });
  return {
    name: inner.name,
    open: async () => {
      const opened = await inner.open();
      isOpen = opened.ok;
      refused = undefined;
      return opened;
    },
    write: async (bytes) => {
      if (!isOpen) return failure('E-DEV-0102', inner.name);
      await pacer.push(bytes.slice());
      return outcome();
    },
    close: (how) => {
      isOpen = false;
      pacer.clear();
      return inner.close(how);
    },
    onData: (listener) => inner.onData(listener),
    onDown: (listener) => inner.onDown(listener),
  };
}
