import type { ProtocolConformance } from '../../conformance/types.ts';
import { sameBytes, sameValue, unhex } from '../../conformance/vectors.ts';
import { LOCK_BOARD_FAULTS, simulatedBoards } from '../lock-board/subject.ts';
import { type BoardRequest, boardOf, createDoorsFramer, decodeDoors, encodeRequest } from './frames.ts';
import { boardSchema } from './params.ts';
import { boardLanguage } from './simulator.ts';

/** Cabinets with KERONG boards, as their profiles describe them. */
export const lockKerongConformance: ProtocolConformance = {
  protocol: 'lock-kerong',
  deviceFaults: () => LOCK_BOARD_FAULTS,
  notApplicable: ({ params }) =>
    boardSchema.safeParse(params).data?.items === true
      ? {}
      : { promises: { 'cabinet.item': 'its compartments have no sensor for what lies in them' } },
  checkVector: ({ direction, hex, message }) => {
    if (direction === 'request') {
      sameBytes(encodeRequest(message as unknown as BoardRequest), unhex(hex));
      return;
    }
    const [framed] = createDoorsFramer().push(unhex(hex));
    if (framed?.kind !== 'frame') throw new Error('no frame');
    const doors = decodeDoors(framed.frame, true);
    const numbers = (of: (door: (typeof doors)[number]) => boolean | undefined): readonly number[] =>
      doors.filter((door) => of(door) === true).map(({ lock }) => lock);
    sameValue(
      { board: boardOf(framed.frame.bytes), open: numbers(({ open }) => open), items: numbers((d) => d.occupied) },
      message,
    );
  },
  frameSamples: (vectors) => ({ create: () => createDoorsFramer(), frames: vectors.map(({ hex }) => unhex(hex)) }),
  simulate: ({ transport, clock, profile }) => {
    const params = boardSchema.parse(profile.params);
    const { items } = params;
    return simulatedBoards({ transport, clock, params, language: boardLanguage(), items, confirmation: 'unconfirmed' });
  },
};
