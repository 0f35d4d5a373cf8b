import type { Cancel, Clock, DurationMs, Result } from '@hallhub/sync/base';
import type { Transport } from '../../kit/index.ts';
import { pacedTransport } from '../../transports/paced.ts';
import type { Board } from './dialect.ts';
import type { LockHardware } from './hardware.ts';

export interface LockBoardFaults {
  readonly silent?: boolean;
  readonly lateBy?: DurationMs;
  readonly badCheck?: boolean;
  /** Replies as if from the board with the next address. */
  readonly wrongAddress?: boolean;
  /** The line carries every request back to who sent it. */
  readonly echo?: boolean;
  /** The locks are wired the other way round: open reads as closed. */
  readonly inverted?: boolean;
  /** Locks from this one on have lost their wires: the board leaves them out, as far as its frames can. */
  readonly lostFrom?: number;
  /** The power goes in the middle of the next pulse: the door springs open, and nothing is said until this is off. */
  readonly powerCut?: boolean;
  /** The board obeys no order, and says so where it has a word for it. */
  readonly refuses?: boolean;
}

/** What a simulated board understands of a request. */
export type Ask = { readonly kind: 'open' | 'read-one'; readonly lock: number } | { readonly kind: 'read' };

export interface AskedOf {
  readonly length: number;
  readonly address: number;
  readonly ask: Ask;
}

/** How a board's doors stand, by lock from 1; undefined for locks that have lost their wires. */
export interface BoardState {
  readonly locks: number;
  isOpen(lock: number): boolean | undefined;
  isOccupied(lock: number): boolean;
  readonly refuses: boolean;
}

/**
 * The bytes of one kind of board as the board has them, written from the sheet and not from the driver's codec, so that
 * neither makes good the other's mistakes.
 */
export interface BoardLanguage {
  /** The request that begins here; `more` while it is not whole, `wrong` where none begins. */
  take(pending: readonly number[]): AskedOf | 'more' | 'wrong';
  /** Undefined: nothing is said to that. */
  reply(address: number, ask: Ask, board: BoardState): readonly number[] | undefined;
  /** Where the check stands in a frame. */
  readonly spoilAt: 'last' | 'before-last';
}

export interface LockBoardSimulatorOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly boards: readonly Board[];
  readonly hardware: LockHardware;
  readonly language: BoardLanguage;
  /** Bits per second of what it sends; as fast as the line where it is absent. */
  readonly baudRate?: number;
}

export interface LockBoardSimulator {
  start(): Promise<Result<void>>;
  stop(): Promise<void>;
  setFaults(faults: LockBoardFaults): void;
}

const LONGEST_REQUEST = 64;

/** Lock boards on one line, from the bytes up. */
export function createLockBoardSimulator(options: LockBoardSimulatorOptions): LockBoardSimulator {
  const { clock, boards, hardware, language, baudRate } = options;
  const transport = baudRate === undefined ? options.transport : pacedTransport(options.transport, { clock, baudRate });
  const timers = new Set<Cancel>();
  let faults: LockBoardFaults = {};
  let isDark = false;
  let pending: number[] = [];
  let undo: Cancel | undefined;

  const firstOf = (board: Board): number =>
    1 + boards.slice(0, boards.indexOf(board)).reduce((sum, { locks }) => sum + locks, 0);
  const send = (frame: readonly number[]): void => {
    const bytes = Uint8Array.from(frame);
    const { lateBy } = faults;
    if (lateBy === undefined) {
      void transport.write(bytes);
      return;
    }
    const cancel = clock.after(lateBy, () => {
      timers.delete(cancel);
      void transport.write(bytes);
    });
    timers.add(cancel);
  };
  const spoilt = (frame: readonly number[]): readonly number[] => {
    const at = frame.length - (language.spoilAt === 'last' ? 1 : 2);
    return frame.map((byte, index) => (index === at ? byte ^ 0x55 : byte));
  };
  const serve = ({ address, ask }: AskedOf): void => {
    const board = boards.find((each) => each.address === address);
    if (!board || isDark) return;
    const first = firstOf(board);
    if (ask.kind === 'open' && ask.lock >= 1 && ask.lock <= board.locks && faults.refuses !== true) {
      hardware.pulse(first + ask.lock - 1);
      isDark = faults.powerCut === true;
    }
    if (isDark || faults.silent === true) return;
    const reply = language.reply(faults.wrongAddress ? address + 1 : address, ask, {
      locks: board.locks,
      refuses: faults.refuses === true,
      isOpen: (lock) =>
        faults.lostFrom !== undefined && lock >= faults.lostFrom
          ? undefined
          : hardware.isOpen(first + lock - 1) !== (faults.inverted === true),
      isOccupied: (lock) => hardware.isOccupied(first + lock - 1),
    });
    if (reply) send(faults.badCheck ? spoilt(reply) : reply);
  };
  const receive = (bytes: Uint8Array): void => {
    if (faults.echo) void transport.write(bytes);
    pending.push(...bytes);
    for (;;) {
      const taken = language.take(pending);
      if (taken === 'more') break;
      pending = pending.slice(taken === 'wrong' ? 1 : taken.length);
      if (taken !== 'wrong') serve(taken);
    }
    if (pending.length > LONGEST_REQUEST) pending = [];
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
      isDark = false;
    },
  };
}
