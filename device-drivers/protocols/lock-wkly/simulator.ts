import type { BoardLanguage } from '../lock-board/simulator.ts';

const NAME = [...Buffer.from('WKLY')];

const framed = (address: number, command: number, data: readonly number[]): readonly number[] => {
  const bytes = [...NAME, NAME.length + 4 + data.length, address, command, ...data];
  return [...bytes, bytes.reduce((check, byte) => check ^ byte, 0)];
};

/** The board's side of the language. */
export function boardLanguage(): BoardLanguage {
  return {
    spoilAt: 'last',
    take: (pending) => {
      if (!NAME.every((byte, index) => pending[index] === undefined || pending[index] === byte)) return 'wrong';
      const [length, address, command, lock = 0] = pending.slice(NAME.length);
      if (length === undefined) return 'more';
      if (length < 8 || length > 9) return 'wrong';
      if (pending.length < length || address === undefined) return 'more';
      if (pending.slice(0, length).reduce((check, byte) => check ^ byte, 0) !== 0) return 'wrong';
      if (command === 0x84 && length === 8) return { length, address, ask: { kind: 'read' } };
      if (length !== 9) return 'wrong';
      if (command === 0x82) return { length, address, ask: { kind: 'open', lock } };
      return command === 0x83 ? { length, address, ask: { kind: 'read-one', lock } } : 'wrong';
    },
    reply: (address, ask, board) => {
      if (ask.kind === 'read') {
        const states = Array.from({ length: board.locks }, (_, index) => board.isOpen(index + 1)).filter(
          (open) => open !== undefined,
        );
        return framed(address, 0x84, [0, states.length, ...states.map((open) => (open ? 0 : 1))]);
      }
      const open = board.isOpen(ask.lock);
      const status = open === undefined || (ask.kind === 'open' && board.refuses) ? 0xff : 0;
      return framed(address, ask.kind === 'open' ? 0x82 : 0x83, [status, ask.lock, open === true ? 0 : 1]);
    },
  };
}
