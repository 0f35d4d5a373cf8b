import { ms } from '@hallhub/sync/base';
import type { FrameSamples, ProtocolConformance } from '../../conformance/types.ts';
import { sameBytes, sameValue, unhex } from '../../conformance/vectors.ts';
import { LOCK_BOARD_FAULTS, simulatedBoards } from '../lock-board/subject.ts';
import {
  type BoardRequest,
  createPausedStatesFramer,
  createShortFramer,
  createStatesFramer,
  decodeShort,
  decodeStates,
  encodeRequest,
} from './frames.ts';
import { boardSchema } from './params.ts';
import { boardLanguage } from './simulator.ts';

/** What a vector of a reply means: the locks that stand open, or one lock's answer. */
type ReplyMessage =
  | { readonly open: readonly number[]; readonly locks: number }
  | { readonly mark: 'own' | 'status'; readonly board: number; readonly lock: number; readonly state: number };

const framerFor = (board: number, stateBytes: number | undefined) =>
  stateBytes === undefined ? createPausedStatesFramer(board) : createStatesFramer(board, stateBytes);

/** Cabinets with boards of the 8A/80 kind, as their profiles describe them. */
export const lock8a80Conformance: ProtocolConformance = {
  protocol: 'lock-8a80',
  deviceFaults: () => LOCK_BOARD_FAULTS,
  notApplicable: () => ({
    promises: { 'cabinet.item': 'the board has no sensor for what lies in a compartment' },
  }),
  checkVector: ({ direction, hex, message }, profile) => {
    if (direction === 'request') {
      sameBytes(encodeRequest(message as unknown as BoardRequest), unhex(hex));
      return;
    }
    const params = boardSchema.parse(profile.params);
    const told = message as unknown as ReplyMessage;
    const bytes = unhex(hex);
    const framer = 'mark' in told ? createShortFramer(told.mark) : framerFor(bytes[1] ?? 0, params.stateBytes);
    const [framed] = [...framer.push(bytes), ...framer.flush()];
    if (framed?.kind !== 'frame') throw new Error('no frame');
    if ('mark' in told) sameValue({ mark: told.mark, ...decodeShort(framed.frame) }, told);
    else {
      const doors = decodeStates(framed.frame, params);
      const open = doors.filter((door) => door.open === true).map(({ lock }) => lock);
      sameValue({ locks: doors.length, open }, { locks: told.locks, open: told.open });
    }
  },
  frameSamples: (vectors, profile): FrameSamples => {
    const { stateBytes } = boardSchema.parse(profile.params);
    const states = vectors.filter(({ message }) => 'locks' in message);
    return {
      create: () => framerFor(1, stateBytes),
      frames: states.map(({ hex }) => unhex(hex)),
      ...(stateBytes === undefined && { endedByPause: true }),
    };
  },
  simulate: ({ transport, clock, profile }) => {
    const params = boardSchema.parse(profile.params);
    const { boards, openBit, groups, openReply, openSeconds, openReplyTimeoutMs, replyTimeoutMs } = params;
    const stateBytes = params.stateBytes ?? Math.ceil(Math.max(...boards.map(({ locks }) => locks)) / 8);
    return simulatedBoards({
      transport,
      clock,
      params,
      language: boardLanguage({ stateBytes, openBit, groups, openReply, timed: openSeconds !== undefined }),
      confirmation: openReply === 'none' ? 'unconfirmed' : 'acknowledged',
      patience: ms(Math.max(openReplyTimeoutMs, replyTimeoutMs)),
    });
  },
};
