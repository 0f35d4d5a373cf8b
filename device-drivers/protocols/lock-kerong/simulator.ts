import type { BoardLanguage } from '../lock-board/simulator.ts';

const summed = (bytes: readonly number[]): readonly number[] => [
  ...bytes,
  bytes.reduce((total, byte) => total + byte, 0) % 256,
];

/** The board's side of the language. */
export function boardLanguage(): BoardLanguage {
  return {
    spoilAt: 'last',
    take: (pending) => {
      const [start, where, command, end, check] = pending;
      if (start === undefined) return 'more';
      if (start !== 2) return 'wrong';
      if (where === undefined || command === undefined || end === undefined || check === undefined) return 'more';
      if (end !== 3 || (start + where + command + end) % 256 !== check) return 'wrong';
      const address = Math.floor(where / 16);
      if (command === 0x30) return { length: 5, address, ask: { kind: 'read' } };
      if (command === 0x31) return { length: 5, address, ask: { kind: 'open', lock: (where % 16) + 1 } };
      return 'wrong';
    },
    reply: (address, ask, board) => {
      // Nothing is said to an order.
      if (ask.kind !== 'read') return undefined;
      const hooks = [0xff, 0xff];
      const items = [0, 0];
      for (let lock = 1; lock <= board.locks; lock += 1) {
        const [byte, weight] = [Math.floor((lock - 1) / 8), 2 ** ((lock - 1) % 8)];
        // A lock without its wire is pulled up: it reads as locked.
        if (board.isOpen(lock) === true && hooks[byte] !== undefined) hooks[byte] -= weight;
        if (board.isOccupied(lock) && items[byte] !== undefined) items[byte] += weight;
      }
      return summed([2, (address % 16) * 16, 0x35, ...hooks, ...items, 3]);
    },
  };
}
