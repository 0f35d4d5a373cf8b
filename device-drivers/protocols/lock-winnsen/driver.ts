import { failure, ok } from '@hallhub/sync/base';
import type { Protocol } from '../../kit/index.ts';
import type { LockDialect } from '../lock-board/dialect.ts';
import { lockBoardProtocol } from '../lock-board/driver.ts';
import { createBoardFramer, decodeReply, encodeRequest } from './frames.ts';
import { type BoardParams, boardSchema } from './params.ts';

const TAKEN = 1;
const COOLS_DOWN = 2;

const dialectOf = ({ openForm }: BoardParams): LockDialect => ({
  read: ({ address }) => [
    {
      bytes: encodeRequest({ station: address, order: 'poll' }),
      meaning: `station ${address}: how do the doors stand`,
      framer: createBoardFramer(),
      answer: (frame) => {
        const reply = decodeReply(frame);
        return reply.type === 'doors' && reply.station === address ? reply.doors : undefined;
      },
    },
  ],
  open: ({ address }, lock) => ({
    answered: true,
    bytes: encodeRequest({ station: address, order: 'open', form: openForm, lock }),
    meaning: `station ${address}: open lock ${lock}`,
    framer: createBoardFramer(),
    answer: (frame) => {
      const reply = decodeReply(frame);
      if (reply.type !== 'opened' || reply.form !== openForm || reply.station !== address || reply.lock !== lock)
        return undefined;
      if (reply.status === TAKEN) return ok();
      const why = reply.status === COOLS_DOWN ? 'the lock cools down' : `status ${reply.status}`;
      return failure('E-DEV-0203', `station ${address}, lock ${lock}: ${why}`);
    },
  }),
  addressOf: (bytes) => bytes[3],
});

/** Cabinets with Winnsen boards on one RS-485 line. */
export const lockWinnsenProtocol: Protocol = lockBoardProtocol({
  name: 'lock-winnsen',
  schema: boardSchema,
  dialect: dialectOf,
});
