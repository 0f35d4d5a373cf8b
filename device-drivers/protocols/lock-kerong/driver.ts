import { ms } from '@hallhub/sync/base';
import type { Protocol } from '../../kit/index.ts';
import type { LockDialect } from '../lock-board/dialect.ts';
import { lockBoardProtocol } from '../lock-board/driver.ts';
import { boardOf, createDoorsFramer, decodeDoors, encodeRequest } from './frames.ts';
import { type BoardParams, boardSchema } from './params.ts';

const dialectOf = ({ items, restMs }: BoardParams): LockDialect => ({
  read: ({ address }) => [
    {
      bytes: encodeRequest({ command: 'status', board: address }),
      meaning: `board ${address}: how do the doors stand`,
      framer: createDoorsFramer(),
      answer: (frame) => (boardOf(frame.bytes) === address ? decodeDoors(frame, items) : undefined),
    },
  ],
  open: ({ address }, lock) => ({
    answered: false,
    bytes: encodeRequest({ command: 'unlock', board: address, lock }),
    meaning: `board ${address}: open lock ${lock}`,
    rest: ms(restMs),
  }),
  addressOf: boardOf,
});

/** Cabinets with KERONG CU12 and CU16 boards on one RS-485 line. */
export const lockKerongProtocol: Protocol = lockBoardProtocol({
  name: 'lock-kerong',
  schema: boardSchema,
  dialect: dialectOf,
});
