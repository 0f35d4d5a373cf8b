import type { ProtocolConformance } from '../../conformance/types.ts';
import { sameBytes, sameValue, unhex } from '../../conformance/vectors.ts';
import { LOCK_BOARD_FAULTS, simulatedBoards } from '../lock-board/subject.ts';
import { type BoardRequest, boardOf, createBoardFramer, decodeMessage, encodeRequest } from './frames.ts';
import { boardSchema } from './params.ts';
import { boardLanguage } from './simulator.ts';

/** Cabinets with WKLY boards, as their profiles describe them. */
export const lockWklyConformance: ProtocolConformance = {
  protocol: 'lock-wkly',
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
    sameValue({ board: boardOf(framed.frame.bytes), ...decodeMessage(framed.frame) }, message);
  },
  frameSamples: (vectors) => ({ create: () => createBoardFramer(), frames: vectors.map(({ hex }) => unhex(hex)) }),
  simulate: ({ transport, clock, profile }) => {
    const params = boardSchema.parse(profile.params);
    return simulatedBoards({ transport, clock, params, language: boardLanguage(), confirmation: 'acknowledged' });
  },
};
