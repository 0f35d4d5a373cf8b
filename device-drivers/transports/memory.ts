import { type Clock, type Failure, type Result, failure, ok } from '@hallhub/sync/base';
import { type Transport, createEmitter, rethrow } from '../kit/index.ts';
import { createPacer } from './paced.ts';

export interface MemoryLineOptions {
  /** Names the line in logs and on the hall floor: `reader` becomes `memory:reader`. */
  readonly name: string;
  /** Paces both directions as a serial line of this speed would (8N1). Needs `clock`. Absent: all at once. */
  readonly baudRate?: number;
  readonly clock?: Clock;
}

/** A line in memory. Bytes arrive in order and never inside the call that wrote them, as on a real line. */
export interface MemoryLine {
  /** The driver's end. */
  readonly host: Transport;
  /** The device's end, for its simulator. */
  readonly device: Transport;
  /** Pulls the plug: an open host end goes down, bytes under way are lost, and it cannot be opened again until {@link plug}. */
  unplug(): void;
  plug(): void;
}

interface End extends Transport {
  deliver(bytes: Uint8Array): void;
  breakDown(reason: Failure): void;
  readonly isOpen: boolean;
}

export function createMemoryLine({ name, baudRate, clock }: MemoryLineOptions): MemoryLine {
  let plugged = true;
  let generation = 0;
  const label = `memory:${name}`;

  const createEnd = (peer: () => End, needsPlug: boolean): End => {
    let isOpen = false;
    const data = createEmitter<Uint8Array>(rethrow);
    const down = createEmitter<Failure>(rethrow);
    const pacer =
      baudRate !== undefined && clock !== undefined
        ? createPacer({
            clock,
            baudRate,
            write: (bytes) => {
              peer().deliver(bytes);
            },
          })
        : undefined;

    const send = (bytes: Uint8Array): Promise<void> => {
      const copy = bytes.slice();
      if (pacer) return pacer.push(copy);
      const sentIn = generation;
      return new Promise((resolve) => {
        queueMicrotask(() => {
          if (sentIn === generation) peer().deliver(copy);
          resolve();
        });
      });
    };

    return {
      name: label,
      get isOpen() {
        return isOpen;
      },
      open: () => {
        if (needsPlug && !plugged) return Promise.resolve(failure('E-DEV-0101', `${label} is unplugged`));
        isOpen = true;
        return Promise.resolve(ok());
      },
      write: async (bytes): Promise<Result<void>> => {
        if (!isOpen) return failure('E-DEV-0102', label);
        // Without a plug the device talks to nobody, and does not notice.
        if (plugged) await send(bytes);
        return ok();
      },
      close: () => {
        isOpen = false;
        pacer?.clear();
        return Promise.resolve();
      },
      onData: data.on,
      onDown: down.on,
      deliver: (bytes) => {
        if (isOpen) data.emit(bytes);
      },
      breakDown: (reason) => {
        pacer?.clear();
        if (!isOpen) return;
        isOpen = false;
        down.emit(reason);
      },
    };
  };

  const host: End = createEnd(() => device, true);
  const device: End = createEnd(() => host, false);

  return {
    host,
    device,
    unplug: () => {
      if (!plugged) return;
      plugged = false;
      generation += 1;
      host.breakDown({ code: 'E-DEV-0103', detail: `${label} was unplugged` });
    },
    plug: () => {
      plugged = true;
    },
  };
}
