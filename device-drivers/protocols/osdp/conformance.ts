import { minutes, ms, seconds } from '@hallhub/sync/base';
import { type CardRead, credentialText } from '../../capabilities/index.ts';
import type { Order, ProtocolConformance, Scene, Stimulus, Subject } from '../../conformance/types.ts';
import { sameBytes, sameValue, unhex } from '../../conformance/vectors.ts';
import { type Check, createPacketFramer, encodePacket } from './frames.ts';
import { commands, replies } from './messages.ts';
import { type OsdpParams, osdpSchema } from './params.ts';
import { createOsdpReaderSimulator } from './simulator.ts';
import type { OsdpReaderSimulator } from './simulator-types.ts';

/** What an installation adds to a profile that promises a secure link. */
const KEY = '00112233445566778899aabbccddeeff';
const CARD = '10000000000000000000000000';
/** A reader that installs what it took and comes back with it. */
const VERSION = [9, 9, 9] as const;
const FILES = { outcome: 2, version: VERSION } as const;
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
  deviceFaults: () => ({
    silent: ['not-ready', 'order-fails'],
    late: ['too-late'],
    'wrong-address': ['not-ready', 'order-fails'],
    'bad-check': ['discarded', 'not-ready', 'order-fails'],
    refuses: ['not-ready', 'order-fails'],
  }),
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
      files: FILES,
      ...(params.key === undefined ? {} : { key: unhex(params.key) }),
    });
    return {
      start: () => reader.start(),
      stop: () => reader.stop(),
      stimuli: stimuliOf(reader, params),
      orders: ordersOf(reader, params),
      scenes: params.firmware ? [cancelledUpdate(reader)] : [],
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
  const unreadable: Stimulus = {
    name: 'a card of which no bit comes',
    capability: 'cardReader',
    event: 'unreadable',
    cause: () => {
      reader.present('');
    },
    matches: (event) => (event as { readonly code: string }).code === 'E-CARD-0109',
  };
  let isOff = false;
  const tamper: Stimulus = {
    name: 'it is taken off its wall',
    capability: 'tamper',
    event: 'tamper',
    cause: () => {
      isOff = !isOff;
      reader.setTamper(isOff);
    },
    matches: (event) => (event as { readonly tampered: boolean }).tampered === isOff,
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
  return [card, unreadable, tamper, { ...tamper, name: 'it is put back' }, ...(params.keypad ? [keys] : [])];
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
  const update: Order = {
    capability: 'firmware',
    command: 'update',
    args: { version: VERSION.join('.'), image: { from: 'bytes', bytes: new Uint8Array(300).fill(0xa5) } },
    confirmation: 'observed',
    tells: ['progress'],
    // A reader that does not come back is waited for.
    answeredWithin: minutes(3),
    effects: () => reader.files.length,
  };
  return [...(params.output ? [open] : []), ...(params.indicator ? [show] : []), ...(params.firmware ? [update] : [])];
}

/** An update that is stopped half way leaves the reader with the program that it had. */
function cancelledUpdate(reader: OsdpReaderSimulator): Scene {
  return {
    name: 'an update is cancelled',
    covers: ['firmware.cancel'],
    play: async ({ order, ask, until }) => {
      const before = reader.files.length;
      const image = { from: 'bytes', bytes: new Uint8Array(20_000) };
      const update = order('firmware', 'update', { version: '9.9.9', image });
      let sent = 0;
      while (sent === 0 && update.receipt() === undefined) {
        await until(() => false, ms(50));
        ({ sent } = (await ask('firmware', 'progress')) as { readonly sent: number });
      }
      const cancel = order('firmware', 'cancel', {});
      await until(() => cancel.receipt() !== undefined && update.receipt() !== undefined, seconds(20));
      sameValue(cancel.receipt()?.ok, true);
      const ended = update.receipt();
      sameValue(ended?.ok === false ? ended.error.code : ended, 'E-OSDP-0304');
      const { state } = (await ask('firmware', 'progress')) as { readonly state: string };
      sameValue(state, 'cancelled');
      sameValue(reader.files.length, before);
    },
  };
}
