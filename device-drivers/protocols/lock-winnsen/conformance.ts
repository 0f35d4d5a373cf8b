import type { ProtocolConformance } from '../../conformance/types.ts';
import { sameBytes, sameValue, unhex } from '../../conformance/vectors.ts';
import { LOCK_BOARD_FAULTS, simulatedBoards } from '../lock-board/subject.ts';
import { type BoardRequest, createBoardFramer, decodeReply, encodeRequest } from './frames.ts';
import { boardSchema } from './params.ts';
import { boardLanguage } from './simulator.ts';

/** Cabinets with Winnsen boards, as their profiles describe them. */
export const lockWinnsenConformance: ProtocolConformance = {
  protocol: 'lock-winnsen',
  deviceFaults: () => LOCK_BOARD_FAULTS,
  notApplicable: () => ({
    promises: { 'cabinet.item': 'the board has no sensor for what lies in a compartment' },
  }),
  checkVector: ({ direction, hex, message }) => {
    if (direction === 'request') {
      sameBytes(encodeRequest(message as unknown as BoardRequest), unhex(hex));
      return;
    }
    const [framed] = createBoardFramer().push(unhex(hex));
    if (framed?.kind !== 'frame') throw new Error('no frame');
    const reply = decodeReply(framed.frame);
    if (reply.type === 'opened') sameValue(reply, message);
    else {
      const open = reply.doors.filter((door) => door.open === true).map(({ lock }) => lock);
      sameValue({ type: reply.type, station: reply.station, open }, message);
    }
  },
  frameSamples: (vectors) => ({ create: () => createBoardFramer(), frames: vectors.map(({ hex }) => unhex(hex)) }),
  simulate: ({ transport, clock, profile }) => {
    const params = boardSchema.parse(profile.params);
    const language = boardLanguage(params.openForm);
    return simulatedBoards({ transport, clock, params, language, confirmation: 'acknowledged' });
  },
};
