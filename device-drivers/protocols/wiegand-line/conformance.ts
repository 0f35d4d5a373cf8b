import { ms } from '@hallhub/sync/base';
import { type CardRead, credentialText } from '../../capabilities/index.ts';
import type { FrameSamples, ProtocolConformance, Subject } from '../../conformance/types.ts';
import { sameValue, unhex } from '../../conformance/vectors.ts';
import { createNumberFramer, lineReaderSchema } from './driver.ts';
import { readCard } from './number.ts';
import { createLineReaderSimulator } from './simulator.ts';

/** Card readers with a serial output. They are only listened to: nothing in them can be late or refuse. */
export const wiegandLineConformance: ProtocolConformance = {
  protocol: 'wiegand-line',
  deviceFaults: [],
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
    // What ends by a pause alone is no frame before the pause.
    const frames = params.suffix === '' ? [] : vectors.map(({ hex }) => unhex(hex));
    return { create: () => createNumberFramer(params), frames };
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
