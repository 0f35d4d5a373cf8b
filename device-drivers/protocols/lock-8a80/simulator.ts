import type { BoardLanguage } from '../lock-board/simulator.ts';

const checked = (bytes: readonly number[]): readonly number[] => [
  ...bytes,
  bytes.reduce((check, byte) => check ^ byte, 0),
];

/** How a simulated board is built and wired. */
export interface BoardMake {
  readonly stateBytes: number;
  readonly openBit: 0 | 1;
  readonly groups: 'highest-first' | 'lowest-first';
  readonly openReply: 'own' | 'status' | 'none';
  /** Its order has a byte more. */
  readonly timed: boolean;
}

/** The board's side of the language. */
export function boardLanguage({ stateBytes, openBit, groups, openReply, timed }: BoardMake): BoardLanguage {
  return {
    spoilAt: 'last',
    take: (pending) => {
      const [mark, address, lock, order] = pending;
      if (mark === undefined) return 'more';
      if (mark !== 0x8a && mark !== 0x80) return 'wrong';
      const length = mark === 0x8a && timed ? 6 : 5;
      if (pending.length < length || address === undefined || lock === undefined) return 'more';
      if (pending.slice(0, length).reduce((check, byte) => check ^ byte, 0) !== 0) return 'wrong';
      if (mark === 0x8a) return order === 0x11 ? { length, address, ask: { kind: 'open', lock } } : 'wrong';
      if (order !== 0x33) return 'wrong';
      return { length, address, ask: lock === 0 ? { kind: 'read' } : { kind: 'read-one', lock } };
    },
    reply: (address, ask, board) => {
      const bitOf = (lock: number): number => {
        const open = lock <= board.locks && board.isOpen(lock) === true;
        return open ? openBit : 1 - openBit;
      };
      if (ask.kind === 'read') {
        const known = Array.from({ length: stateBytes * 8 }, (_, index) => index + 1).filter(
          (lock) => lock > board.locks || board.isOpen(lock) !== undefined,
        ).length;
        const bytes = Array.from({ length: Math.max(1, Math.ceil(known / 8)) }, (_, group) =>
          Array.from({ length: 8 }, (_bit, bit) => bitOf(group * 8 + bit + 1) << bit).reduce(
            (sum, bit) => sum | bit,
            0,
          ),
        );
        return checked([0x80, address, ...(groups === 'highest-first' ? bytes.reverse() : bytes), 0x33]);
      }
      const state = bitOf(ask.lock) === 1 ? 0x11 : 0x00;
      if (ask.kind === 'read-one') return checked([0x80, address, ask.lock, state]);
      return openReply === 'none' ? undefined : checked([openReply === 'own' ? 0x8a : 0x80, address, ask.lock, state]);
    },
  };
}
