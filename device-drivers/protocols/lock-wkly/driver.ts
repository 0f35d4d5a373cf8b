import { failure, ok } from '@hallhub/sync/base';
import type { Protocol } from '../../kit/index.ts';
import type { Board, LockDialect, LockFrame, LockReading, Question } from '../lock-board/dialect.ts';
import { lockBoardProtocol } from '../lock-board/driver.ts';
import {
  type BoardMessage,
  type BoardRequest,
  boardOf,
  createBoardFramer,
  decodeMessage,
  encodeRequest,
} from './frames.ts';
import { type BoardParams, boardSchema } from './params.ts';

/** A question to one board, answered by a message of the same kind. */
function asked<A>(
  request: BoardRequest,
  meaning: string,
  answer: (message: BoardMessage) => A | undefined,
): Question<A> {
  return {
    bytes: encodeRequest(request),
    meaning: `board ${request.board}: ${meaning}`,
    framer: createBoardFramer(),
    answer: (frame: LockFrame) => {
      const message = decodeMessage(frame);
      return message && boardOf(frame.bytes) === request.board ? answer(message) : undefined;
    },
  };
}

const askOne = ({ address }: Board, lock: number): Question<readonly LockReading[]> =>
  asked({ board: address, command: 'query-one', lock }, `how does door ${lock} stand`, (message) => {
    if (message.type !== 'query-one' || message.lock !== lock) return undefined;
    // A board that cannot say it leaves the door unknown.
    return message.good ? [{ lock, open: message.open }] : [];
  });

const askAll = ({ address }: Board): Question<readonly LockReading[]> =>
  asked({ board: address, command: 'query-all' }, 'how do the doors stand', (message) => {
    if (message.type !== 'query-all') return undefined;
    return message.good ? message.doors : [];
  });

const dialectOf = ({ query }: BoardParams): LockDialect => ({
  read: (board) =>
    query === 'all' ? [askAll(board)] : Array.from({ length: board.locks }, (_, index) => askOne(board, index + 1)),
  ...(query === 'one' && { readOne: askOne }),
  open: ({ address }, lock) => ({
    answered: true,
    ...asked({ board: address, command: 'open', lock }, `open lock ${lock}`, (message) => {
      if (message.type !== 'open' || message.lock !== lock) return undefined;
      return message.good ? ok() : failure('E-DEV-0203', `the board did not open lock ${lock}`);
    }),
  }),
  addressOf: boardOf,
});

/** Cabinets with WKLY boards on one RS-485 line. */
export const lockWklyProtocol: Protocol = lockBoardProtocol({
  name: 'lock-wkly',
  schema: boardSchema,
  dialect: dialectOf,
});
