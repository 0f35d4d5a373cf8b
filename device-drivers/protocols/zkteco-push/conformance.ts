import type { ProtocolConformance } from '../../conformance/types.ts';
import { sameBytes, sameValue, unhex } from '../../conformance/vectors.ts';
import { type TerminalCommand, encodeCommand, readAttendance, readResults, readUsers } from './messages.ts';

const READERS = { attendance: readAttendance, users: readUsers, results: readResults };

/** Terminals with PUSH firmware: text over HTTP, which no line in memory carries; its dialogue is tested on real sockets. */
export const zktecoPushConformance: ProtocolConformance = {
  protocol: 'zkteco-push',
  deviceFaults: [],
  checkVector: ({ direction, hex, message }) => {
    if (direction === 'request') {
      const { id, ...command } = message as unknown as TerminalCommand & { readonly id: number };
      sameBytes(Buffer.from(encodeCommand(id, command)), unhex(hex));
      return;
    }
    const { kind, value } = message as unknown as { readonly kind: keyof typeof READERS; readonly value: unknown };
    sameValue(READERS[kind](Buffer.from(unhex(hex)).toString()), value);
  },
};
