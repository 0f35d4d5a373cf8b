import { ms } from '@hallhub/sync/base';
import type { Profile, Vector } from '@hallhub/firmware-profiles/schema';
import type { CardRead } from '../../capabilities/index.ts';
import { credentialText } from '../../capabilities/index.ts';
import type { FrameSamples, ProtocolConformance, Subject } from '../../conformance/types.ts';
import { sameBytes, sameValue, unhex } from '../../conformance/vectors.ts';
import {
  type Command,
  type CommandSet,
  createReplyFramer,
  decodeCommand,
  encodeCommand,
  encodeReply,
} from './frames.ts';
import { createReaderSimulator } from './simulator.ts';
import type { ReaderVariant } from './simulator-wire.ts';
import { createStxReplyFramer, decodeReadRequest, encodeReadRequest, encodeStxReply } from './stx-frames.ts';

/** The number of the specimen in GB 11643 with its check character. */
const SPECIMEN = { layout: 'resident', name: '张三', number: '11010519491231002X' } as const;

function checkSam({ direction, hex, message }: Vector, set: CommandSet): void {
  if (direction === 'request') {
    sameValue(decodeCommand(unhex(hex), set), message);
    sameBytes(encodeCommand(message as unknown as Command, set), unhex(hex));
    return;
  }
  const [framed] = createReplyFramer().push(unhex(hex));
  if (framed?.kind !== 'frame') throw new Error('no frame');
  const { sw1, sw2, sw3, data } = framed.frame;
  sameValue({ sw1, sw2, sw3, data }, message);
  sameBytes(encodeReply({ sw1, sw2, sw3, data }), unhex(hex));
}

function checkStx({ direction, hex, message }: Vector): void {
  if (direction === 'request') {
    const wanted = decodeReadRequest(unhex(hex));
    sameValue({ command: `read-${wanted ?? 'nothing'}` }, message);
    if (wanted) sameBytes(encodeReadRequest(wanted), unhex(hex));
    return;
  }
  const [framed] = createStxReplyFramer().push(unhex(hex));
  if (framed?.kind !== 'frame') throw new Error('no frame');
  const { status, data } = framed.frame;
  sameValue({ status, data }, message);
  sameBytes(encodeStxReply({ status, data }), unhex(hex));
}

function variantOf({ params }: Profile): ReaderVariant {
  if (params['framing'] === 'stx-number') return 'stx-number';
  return params['commandSet'] === 'cvr-100au-nj' ? 'cvr-100au-nj' : 'standard';
}

/** Readers of resident ID cards. */
export const residentIdConformance: ProtocolConformance = {
  protocol: 'resident-id',
  deviceFaults: () => ({
    silent: ['not-ready', 'unreported'],
    late: ['too-late'],
    'wrong-address': 'one reader a line: frames carry no address',
    'bad-check': ['discarded', 'not-ready', 'unreported'],
    refuses: 'nothing is ordered from it; a card that it cannot read is a stimulus',
  }),
  checkVector: (vector, { params }) => {
    if (params['framing'] === 'stx-number') checkStx(vector);
    else checkSam(vector, params['commandSet'] === 'cvr-100au-nj' ? 'cvr-100au-nj' : 'standard');
  },
  frameSamples: (vectors, { params }): FrameSamples => ({
    create: () => (params['framing'] === 'stx-number' ? createStxReplyFramer() : createReplyFramer()),
    frames: vectors.map(({ hex }) => unhex(hex)),
  }),
  simulate: ({ transport, clock, profile }): Subject => {
    const reader = createReaderSimulator({ transport, clock, variant: variantOf(profile) });
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
        {
          name: 'a card whose number has a wrong check character',
          capability: 'cardReader',
          event: 'unreadable',
          cause: () => {
            reader.putCard({ ...SPECIMEN, number: '110105194912310021' });
            clock.after(ms(3_000), () => {
              reader.liftCard();
            });
          },
          matches: (event) => (event as { code: string }).code.startsWith('E-CARD-'),
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
