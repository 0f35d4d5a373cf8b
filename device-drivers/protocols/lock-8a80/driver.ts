import { ms, ok } from '@hallhub/sync/base';
import type { Protocol } from '../../kit/index.ts';
import type { LockDialect } from '../lock-board/dialect.ts';
import { lockBoardProtocol } from '../lock-board/driver.ts';
import {
  createPausedStatesFramer,
  createShortFramer,
  createStatesFramer,
  decodeShort,
  decodeStates,
  encodeRequest,
} from './frames.ts';
import { type BoardParams, boardSchema } from './params.ts';

/** A board that answers no order is left alone while its lock is under current. */
const REST = ms(100);

function dialectOf(params: BoardParams): LockDialect {
  const { stateBytes, openReply, openSeconds } = params;
  return {
    read: ({ address }) => {
      const bytes = encodeRequest({ board: address, order: 'query-all' });
      const echo = Buffer.from(bytes);
      return [
        {
          bytes,
          meaning: `board ${address}: how do the doors stand`,
          framer:
            stateBytes === undefined ? createPausedStatesFramer(address) : createStatesFramer(address, stateBytes),
          // What looks like the question is the question, come back over a line of which nobody knew that it echoes.
          answer: (frame) =>
            stateBytes === undefined && echo.equals(frame.bytes) ? undefined : decodeStates(frame, params),
        },
      ];
    },
    open: ({ address }, lock) => {
      const bytes = encodeRequest({
        board: address,
        order: 'open',
        lock,
        ...(openSeconds !== undefined && { seconds: openSeconds }),
      });
      const meaning = `board ${address}: open lock ${lock}`;
      if (openReply === 'none') return { answered: false, bytes, meaning, rest: REST };
      return {
        answered: true,
        bytes,
        meaning,
        framer: createShortFramer(openReply),
        timeout: ms(params.openReplyTimeoutMs),
        // Its state says nothing that can be relied on: what a board sends when a door stayed shut is the very order.
        answer: (frame) => {
          const told = decodeShort(frame);
          return told.board === address && told.lock === lock ? ok() : undefined;
        },
      };
    },
    addressOf: (bytes) => bytes[1],
    ...(stateBytes === undefined && { pause: ms(params.pauseMs) }),
  };
}

/** Cabinets with lock boards of the 8A/80 kind on one RS-485 line. */
export const lock8a80Protocol: Protocol = lockBoardProtocol({
  name: 'lock-8a80',
  schema: boardSchema,
  dialect: dialectOf,
});
