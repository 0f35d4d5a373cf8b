import type { DurationMs, Result } from '@hallhub/sync/base';
import type { Framer } from '../../kit/index.ts';

/** A frame as it came; what it means depends on what was asked. */
export interface LockFrame {
  readonly bytes: Uint8Array;
}

/** What a board says of one of its locks, counted from 1. */
export interface LockReading {
  readonly lock: number;
  readonly open?: boolean;
  readonly occupied?: boolean;
}

/** Something that is asked of a board, and how its answer is told from everything else. */
export interface Question<A> {
  readonly bytes: Uint8Array;
  readonly meaning: string;
  readonly framer: Framer<LockFrame>;
  /** Where it may take longer than other answers. */
  readonly timeout?: DurationMs;
  /** Undefined: this frame is no answer to it. */
  readonly answer: (frame: LockFrame) => A | undefined;
}

/** How a door is opened: an order that is answered, by a failure where the board says no, or one that nothing answers. */
export type Opening =
  | ({ readonly answered: true } & Question<Result<void>>)
  | { readonly answered: false; readonly bytes: Uint8Array; readonly meaning: string; readonly rest: DurationMs };

export interface Board {
  readonly address: number;
  readonly locks: number;
}

/** The bytes of one kind of lock board, with the parameters of one cabinet. There is no word here for "open all". */
export interface LockDialect {
  /** All that must be asked to know each lock of a board. */
  read(board: Board): readonly Question<readonly LockReading[]>[];
  /** Where a board is asked lock by lock. */
  readOne?(board: Board, lock: number): Question<readonly LockReading[]>;
  open(board: Board, lock: number): Opening;
  /** The board that a frame on the line is to or from, where that can be said. */
  addressOf(bytes: Uint8Array): number | undefined;
  /** A pause this long ends a reply, where nothing else does. */
  readonly pause?: DurationMs;
}
