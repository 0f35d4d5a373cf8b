import { ms } from '@hallhub/sync/base';
import type { FrameSamples, ProtocolConformance, Subject } from '../../conformance/types.ts';
import { sameBytes, sameValue, unhex } from '../../conformance/vectors.ts';
import { relayBoardSchema } from './relay-board.ts';
import { type ModbusRequest, createReplyFramer, decodeBits, encodeRequest } from './rtu-frames.ts';
import { createRelayBoardSimulator } from './simulator.ts';
import { createTurnstileArm } from './turnstile-arm.ts';

interface ReplyMessage {
  readonly request: ModbusRequest;
  readonly bits?: readonly boolean[];
}

/** Boards of relays and inputs, as their profiles describe them. */
export const modbusConformance: ProtocolConformance = {
  protocol: 'modbus-rtu',
  deviceFaults: ['silent', 'late', 'wrong-address', 'bad-check', 'refuses'],
  checkVector: ({ direction, hex, message }) => {
    if (direction === 'request') {
      sameBytes(encodeRequest(message as unknown as ModbusRequest), unhex(hex));
      return;
    }
    const { request, bits } = message as unknown as ReplyMessage;
    const [framed] = createReplyFramer(request).push(unhex(hex));
    if (framed?.kind !== 'frame') throw new Error('no frame');
    if (bits) sameValue(decodeBits(framed.frame, bits.length), bits);
    else sameValue(framed.frame.exception, undefined);
  },
  frameSamples: (vectors): FrameSamples => {
    const [vector] = vectors;
    const { request } = (vector?.message ?? {}) as unknown as ReplyMessage;
    return { create: () => createReplyFramer(request), frames: vector ? [unhex(vector.hex)] : [] };
  },
  simulate: ({ transport, clock, profile }): Subject => {
    const { unit, relay, input } = relayBoardSchema.parse(profile.params);
    const board = createRelayBoardSimulator({ transport, clock, unit });
    const arm = createTurnstileArm({ board, clock, relay: plain(relay), input: plain(input ?? { in: 0 }) });
    let releases = 0;
    board.onRelay((change) => {
      if (change.on && change.channel === relay.in) releases += 1;
    });
    return {
      start: () => board.start(),
      stop: async () => {
        arm.stop();
        await board.stop();
      },
      stimuli: input
        ? [
            {
              name: 'somebody walks in',
              capability: 'passageSensor',
              event: 'passage',
              cause: () => {
                board.setInput(input.in, true);
                clock.after(ms(300), () => {
                  board.setInput(input.in, false);
                });
              },
              matches: (event) => (event as { direction: string }).direction === 'in',
            },
          ]
        : [],
      orders: [
        {
          capability: 'barrier',
          command: 'open',
          args: { hold: ms(700), direction: 'in' },
          confirmation: 'acknowledged',
          effects: () => releases,
        },
      ],
      setFault: (fault) => {
        board.setFaults({
          silent: fault === 'silent',
          badCrc: fault === 'bad-check',
          ...(fault === 'late' && { lateBy: ms(600) }),
          ...(fault === 'wrong-address' && { wrongAddress: unit + 1 }),
          ...(fault === 'refuses' && { exception: 6 }),
        });
      },
    };
  },
};

/** Without the keys that are not there, which the simulator's types do not want as `undefined`. */
const plain = ({ in: inward, out }: { readonly in: number; readonly out?: number | undefined }) =>
  out === undefined ? { in: inward } : { in: inward, out };
