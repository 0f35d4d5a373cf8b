import { ms } from '@hallhub/sync/base';
import type { CardRead } from '../../capabilities/index.ts';
import { credentialText } from '../../capabilities/index.ts';
import type { FrameSamples, ProtocolConformance, Subject } from '../../conformance/types.ts';
import { sameBytes, sameValue, unhex } from '../../conformance/vectors.ts';
import { type Command, createReplyFramer, decodeCommand, encodeCommand, encodeReply } from './frames.ts';
import { createReaderSimulator } from './simulator.ts';

/** The number of the specimen in GB 11643 with its check character. */
const SPECIMEN = { layout: 'resident', name: '张三', number: '11010519491231002X' } as const;

/** Readers of resident ID cards. */
export const residentIdConformance: ProtocolConformance = {
  protocol: 'resident-id',
  deviceFaults: ['silent', 'late', 'bad-check'],
  checkVector: ({ direction, hex, message }) => {
    if (direction === 'request') {
      sameValue(decodeCommand(unhex(hex)), message);
      sameBytes(encodeCommand(message as unknown as Command), unhex(hex));
      return;
    }
    const [framed] = createReplyFramer().push(unhex(hex));
    if (framed?.kind !== 'frame') throw new Error('no frame');
    const { sw1, sw2, sw3, data } = framed.frame;
    sameValue({ sw1, sw2, sw3, data }, message);
    sameBytes(encodeReply({ sw1, sw2, sw3, data }), unhex(hex));
  },
  frameSamples: (vectors): FrameSamples => ({
    create: () => createReplyFramer(),
    frames: vectors.map(({ hex }) => unhex(hex)),
  }),
  simulate: ({ transport, clock }): Subject => {
    const reader = createReaderSimulator({ transport, clock });
    return {
      start: () => reader.start(),
      stop: () => reader.stop(),
      stimuli: [
        {
          name: 'a card is laid on the reader',
          capability: 'cardReader',
          event: 'card',
          cause: () => {
            reader.putCard(SPECIMEN);
            clock.after(ms(3_000), () => {
              reader.liftCard();
            });
          },
          matches: (event) => credentialText((event as CardRead).presented) === SPECIMEN.number,
        },
      ],
      orders: [],
      setFault: (fault) => {
        reader.setFaults({
          silent: fault === 'silent',
          badChecksum: fault === 'bad-check',
          ...(fault === 'late' && { slow: ms(3_000) }),
        });
      },
    };
  },
};
