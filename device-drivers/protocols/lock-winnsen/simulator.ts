import type { BoardLanguage } from '../lock-board/simulator.ts';

/** The board's side of the language. */
export function boardLanguage(openForm: 'lock-status' | 'status-lock'): BoardLanguage {
  const order = openForm === 'lock-status' ? 0x05 : 0x12;
  return {
    // There is no check; the end of the frame is what can be wrong.
    spoilAt: 'last',
    take: (pending) => {
      const [start, length, command, address, lock = 0] = pending;
      if (start === undefined) return 'more';
      if (start !== 0x90) return 'wrong';
      if (length === undefined || command === undefined) return 'more';
      if (length !== (command === 0x02 ? 7 : 6)) return 'wrong';
      if (pending.length < length || address === undefined) return 'more';
      if (pending[length - 1] !== 3) return 'wrong';
      if (command === 0x02) return { length, address, ask: { kind: 'read' } };
      return command === order ? { length, address, ask: { kind: 'open', lock } } : 'wrong';
    },
    reply: (address, ask, board) => {
      if (ask.kind === 'read') {
        const bytes = [0, 0];
        for (let lock = board.locks; lock >= 1; lock -= 1) {
          const half = lock > 8 ? 1 : 0;
          bytes[half] = (bytes[half] ?? 0) + (board.isOpen(lock) === true ? 2 ** ((lock - 1) % 8) : 0);
        }
        return [0x90, 7, 0x82, address, ...bytes, 3];
      }
      const status = board.refuses ? 2 : 1;
      return [0x90, 7, order + 0x80, address, ...(order === 0x05 ? [ask.lock, status] : [status, ask.lock]), 3];
    },
  };
}
