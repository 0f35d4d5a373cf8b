import { ms } from '@hallhub/sync/base';
import { type CardRead, credentialText } from '../../capabilities/index.ts';
import type { FrameSamples, ProtocolConformance, Subject } from '../../conformance/types.ts';
import { sameValue, unhex } from '../../conformance/vectors.ts';
import { createNumberFramer, lineReaderSchema } from './driver.ts';
import { readCard } from './number.ts';
import { createLineReaderSimulator } from './simulator.ts';

const LISTENED_TO = 'it is only listened to: nothing is asked that it could answer so';

/** Card readers with a serial output. */
export const wiegandLineConformance: ProtocolConformance = {
  protocol: 'wiegand-line',
  deviceFaults: () => ({
    silent: LISTENED_TO,
    late: LISTENED_TO,
    'wrong-address': LISTENED_TO,
    'bad-check': 'a number whose parity is wrong is a stimulus here: the reader reports it as unreadable',
    refuses: LISTENED_TO,
  }),
  notApplicable: () => ({ requests: 'nothing is ever sent to it: it is only listened to' }),
  checkVector: ({ hex, message }, profile) => {
    const params = lineReaderSchema.parse(profile.params);
    const framer = createNumberFramer(params);
    const [framed] = [...framer.push(unhex(hex)), ...framer.flush()];
    if (framed?.kind !== 'frame') throw new Error('no frame');
    const card = readCard(framed.frame.payload, params);
    sameValue(card.ok ? card.value : { code: card.error.code }, message);
  },
  frameSamples: (vectors, profile): FrameSamples => {
    const params = lineReaderSchema.parse(profile.params);
    const frames = vectors.map(({ hex }) => unhex(hex));
    return { create: () => createNumberFramer(params), frames, endedByPause: params.suffix === '' };
  },
  simulate: ({ transport, clock, profile }): Subject => {
    const params = lineReaderSchema.parse(profile.params);
    const reader = createLineReaderSimulator({ transport, ...params });
    const uid = params.as === 'bits' ? 'D41B81' : '04A1B2C3D4E5F6'.slice(0, params.uidBytes * 2);
    return {
      start: () => reader.start(),
      stop: () => reader.stop(),
      stimuli: [
        {
          name: 'a card is held to the reader',
          capability: 'cardReader',
          event: 'card',
          cause: async () => {
            await reader.present(uid);
            // It lies there still, and is printed again.
            clock.after(ms(300), () => void reader.present(uid));
          },
          matches: (event) => {
            const shown = credentialText((event as CardRead).presented);
            if (params.format === '3+5') return shown === '24:A1B2C3';
            return shown === (params.as === 'bits' ? '26:EA0DC080' : uid);
          },
        },
        {
          name: 'what no card has is printed',
          capability: 'cardReader',
          event: 'unreadable',
          cause: () => reader.print('?'),
          matches: (event) => (event as { code: string }).code === 'E-CARD-0302',
        },
        ...(params.keypad === 'text'
          ? [
              {
                name: 'keys are typed',
                capability: 'keypad' as const,
                event: 'keys',
                cause: async () => {
                  for (const key of '1234#') await reader.print(key);
                },
                matches: (event: unknown) => (event as { keys: string }).keys === '1234',
              },
            ]
          : []),
      ],
      orders: [],
      setFault: () => undefined,
    };
  },
};
