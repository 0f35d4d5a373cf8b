import { ms } from '@hallhub/sync/base';
import { type CardRead, credentialText } from '../../capabilities/index.ts';
import type { Order, ProtocolConformance, Stimulus, Subject } from '../../conformance/types.ts';
import { sameBytes, sameValue, unhex } from '../../conformance/vectors.ts';
import { type Check, createPacketFramer, encodePacket } from './frames.ts';
import { commands, replies } from './messages.ts';
import { type OsdpParams, osdpSchema } from './params.ts';
import { createOsdpReaderSimulator } from './simulator.ts';
import type { OsdpReaderSimulator } from './simulator-types.ts';

/** What an installation adds to a profile that promises a secure link. */
const KEY = '00112233445566778899aabbccddeeff';
const CARD = '10000000000000000000000000';
const UID = '00000100101000011011001011000011';

/** The frame's head as vectors write it. */
interface Head {
  readonly address: number;
  readonly sequence: number;
  readonly check: Check;
}

/** Readers, as their profiles describe them. */
export const osdpConformance: ProtocolConformance = {
  protocol: 'osdp',
  deviceFaults: ['silent', 'late', 'wrong-address', 'bad-check', 'refuses'],
  installation: (profile) => (profile.params['secureChannel'] === 'required' ? { key: KEY } : {}),
  checkVector: ({ direction, hex, message }) => {
    const way = direction === 'request' ? 'command' : 'reply';
    const [framed] = createPacketFramer(way).push(unhex(hex));
    if (framed?.kind !== 'frame') throw new Error('no frame');
    const { frame } = framed;
    const codec = way === 'command' ? commands : replies;
    const { address, sequence, check } = message as unknown as Head;
    sameValue(
      { address: frame.address, sequence: frame.sequence, check: frame.check, ...codec.decode(frame) },
      message,
    );
    const payload = { code: frame.code, data: frame.data };
    sameBytes(encodePacket({ address, sequence, check, isReply: way === 'reply' }, payload), unhex(hex));
  },
  frameSamples: (vectors) => ({
    create: () => createPacketFramer('reply'),
    frames: vectors.map(({ hex }) => unhex(hex)),
  }),
  simulate: ({ transport, clock, profile }): Subject => {
    const installed = osdpConformance.installation?.(profile);
    const params = osdpSchema.parse({ ...profile.params, ...installed });
    const reader = createOsdpReaderSimulator({
      transport,
      clock,
      address: params.address,
      checksumOnly: params.check === 'checksum',
      secureOnly: params.secureChannel === 'required',
      outputs: 2,
      ...(params.key === undefined ? {} : { key: unhex(params.key) }),
    });
    return {
      start: () => reader.start(),
      stop: () => reader.stop(),
      stimuli: stimuliOf(reader, params),
      orders: ordersOf(reader, params),
      setFault: (fault) => {
        reader.setFaults({
          silent: fault === 'silent',
          badCheck: fault === 'bad-check',
          ...(fault === 'late' && { lateBy: ms(600) }),
          ...(fault === 'wrong-address' && { wrongAddress: params.address + 1 }),
          ...(fault === 'refuses' && { nak: 3 }),
        });
      },
    };
  },
};

function stimuliOf(reader: OsdpReaderSimulator, params: OsdpParams): readonly Stimulus[] {
  const card: Stimulus = {
    name: 'a card is held to it',
    capability: 'cardReader',
    event: 'card',
    cause: () => {
      reader.present(params.card === 'bits' ? CARD : UID);
    },
    matches: (event) => {
      const { presented } = event as CardRead;
      return presented.type === 'uid' ? presented.uid === '04A1B2C3' : credentialText(presented) === '26:80000000';
    },
  };
  const keys: Stimulus = {
    name: 'keys are pressed',
    capability: 'keypad',
    event: 'keys',
    cause: () => {
      reader.press('1234#');
    },
    matches: (event) => (event as { readonly keys: string }).keys === '1234#',
  };
  return params.keypad ? [card, keys] : [card];
}

function ordersOf(reader: OsdpReaderSimulator, params: OsdpParams): readonly Order[] {
  let releases = 0;
  reader.onOutput(({ output, on }) => {
    if (on && output === params.output?.in) releases += 1;
  });
  const open: Order = {
    capability: 'barrier',
    command: 'open',
    args: { hold: ms(700), direction: 'in' },
    confirmation: 'acknowledged',
    effects: () => releases,
  };
  const show: Order = {
    capability: 'indicator',
    command: 'show',
    args: { sound: { times: 2, on: ms(100), off: ms(100) }, lasts: ms(1_000) },
    confirmation: 'acknowledged',
    effects: () => reader.buzzes.length,
  };
  return [...(params.output ? [open] : []), ...(params.indicator ? [show] : [])];
}
