import { ms } from '@hallhub/sync/base';
import type { FrameSamples, ProtocolConformance, Subject } from '../../conformance/types.ts';
import { sameBytes, sameValue, unhex } from '../../conformance/vectors.ts';
import { type CardCommand, decodeReply, encodeCommand } from './commands.ts';
import { createPacketFramer, encodePacket } from './frames.ts';
import { onbonSchema } from './params.ts';
import { createOnbonSimulator } from './simulator.ts';

/** LED font cards of Onbon. */
export const onbonBxConformance: ProtocolConformance = {
  protocol: 'onbon-bx',
  deviceFaults: { silent: true, late: true, 'wrong-address': true, 'bad-check': true, refuses: true },
  checkVector: ({ direction, hex, message }, profile) => {
    const params = onbonSchema.parse(profile.params);
    if (direction === 'request') {
      const { address: destination, ownAddress: source, deviceType } = params;
      const data = encodeCommand(message as unknown as CardCommand, params);
      sameBytes(encodePacket({ destination, source, deviceType, data }), unhex(hex));
      return;
    }
    const [framed] = createPacketFramer().push(unhex(hex));
    if (framed?.kind !== 'frame') throw new Error('no frame');
    const { source, destination, data } = framed.frame;
    sameValue({ source, destination, ...decodeReply(data) }, message);
  },
  frameSamples: (vectors): FrameSamples => ({
    create: () => createPacketFramer(),
    frames: vectors.map(({ hex }) => unhex(hex)),
  }),
  simulate: ({ transport, clock, profile }): Subject => {
    const { series, replyTimeoutMs } = onbonSchema.parse(profile.params);
    const card = createOnbonSimulator({ transport, clock, series });
    let shown = 0;
    card.onShown(() => {
      shown += 1;
    });
    return {
      start: () => card.start(),
      stop: () => card.stop(),
      stimuli: [],
      orders: [
        {
          capability: 'counterDisplay',
          command: 'show',
          args: { lines: ['请 A001 号'] },
          confirmation: 'acknowledged',
          effects: () => shown,
        },
      ],
      refusals: [
        {
          capability: 'counterDisplay',
          command: 'show',
          args: { lines: ['1', '2', '3', '4', '5', '6', '7', '8'] },
          code: 'E-DEV-0203',
        },
      ],
      setFault: (fault) => {
        card.setFaults({
          silent: fault === 'silent',
          badCheck: fault === 'bad-check',
          wrongAddress: fault === 'wrong-address',
          ...(fault === 'refuses' && { refusesWith: 3 }),
          ...(fault === 'late' && { lateBy: ms(replyTimeoutMs + 300) }),
        });
      },
    };
  },
};
