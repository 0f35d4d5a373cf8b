import { ms } from '@hallhub/sync/base';
import type { Scan } from '../../capabilities/index.ts';
import type { FrameSamples, ProtocolConformance, Subject } from '../../conformance/types.ts';
import { sameBytes, sameValue, unhex } from '../../conformance/vectors.ts';
import { newlandSteps } from './dialogue.ts';
import { createCodeFramer, scannerSchema } from './driver.ts';
import { type ModuleRequest, encodeModuleRequest, findModuleReply } from './module-frames.ts';
import { createScannerSimulator } from './simulator.ts';
import { decodeText } from './text.ts';

type Message =
  | { readonly text: string }
  | { readonly step: string; readonly says?: string }
  | { readonly module: ModuleRequest }
  | { readonly status: number; readonly data: readonly number[] };

const LISTENED_TO = 'it is only listened to: nothing is asked that it could answer so';

/** Serial scanners. */
export const codeScannerConformance: ProtocolConformance = {
  protocol: 'code-scanner',
  deviceFaults: ({ params }) => {
    const { setup } = scannerSchema.parse(params);
    return {
      silent: setup ? ['not-ready-again'] : LISTENED_TO,
      late: setup ? 'a step of its setup that is answered late is one that is not answered: silence' : LISTENED_TO,
      'wrong-address': 'one scanner a line: nothing is addressed',
      'bad-check': setup?.language === 'module' ? ['not-ready-again'] : 'codes carry no check',
      refuses:
        setup?.language === 'module'
          ? ['not-ready-again']
          : setup
            ? 'a step of its setup that it does not take is one that it does not answer: silence'
            : LISTENED_TO,
    };
  },
  notApplicable: ({ params }) => ({
    identity:
      'a code has neither length nor check on the line: its signature or the register tells half a code from a whole one',
    ...(params['setup'] === undefined && { requests: 'nothing is ever sent to it: it is only listened to' }),
  }),
  checkVector: ({ hex, message: raw }, profile) => {
    const message = raw as unknown as Message;
    const bytes = unhex(hex);
    if ('module' in message) {
      sameBytes(encodeModuleRequest(message.module), bytes);
      return;
    }
    if ('status' in message) {
      sameValue(findModuleReply(bytes)?.reply, message);
      return;
    }
    if ('step' in message) {
      const step = newlandSteps.find(({ meaning }) => meaning === message.step);
      if (message.says === undefined && step?.find(bytes) === undefined) {
        sameBytes(step?.send ?? new Uint8Array(), bytes);
        return;
      }
      sameValue(step?.find(bytes), {
        from: 0,
        to: bytes.length,
        ...(message.says !== undefined && { says: message.says }),
      });
      return;
    }
    const params = scannerSchema.parse(profile.params);
    const framer = createCodeFramer(params);
    const [framed] = [...framer.push(bytes), ...framer.flush()];
    if (framed?.kind !== 'frame') throw new Error('no frame');
    sameValue(decodeText(framed.frame.payload, params.encoding), { ok: true, value: message.text });
  },
  frameSamples: (vectors, profile): FrameSamples => {
    const params = scannerSchema.parse(profile.params);
    const codes = vectors.filter(({ message }) => 'text' in message);
    return {
      create: () => createCodeFramer(params),
      frames: codes.map(({ hex }) => unhex(hex)),
      endedByPause: params.suffix === '',
    };
  },
  simulate: ({ transport, clock, profile }): Subject => {
    const { prefix, suffix, setup } = scannerSchema.parse(profile.params);
    const scanner = createScannerSimulator({ transport, prefix, suffix, ...(setup && { language: setup.language }) });
    const content = '来访 HALL-0042';
    return {
      start: () => scanner.start(),
      stop: () => scanner.stop(),
      stimuli: [
        {
          name: 'a code is held to the scanner',
          capability: 'codeScanner',
          event: 'scan',
          cause: async () => {
            await scanner.scan(content);
            clock.after(ms(300), () => void scanner.scan(content));
          },
          matches: (event) => (event as Scan).text === content,
        },
        {
          name: 'a code that holds no text',
          capability: 'codeScanner',
          event: 'unreadable',
          cause: () => scanner.scan(Uint8Array.of(0x41, 0x01, 0x7f, 0x42)),
          matches: (event) => (event as { code: string }).code === 'E-SCAN-0102',
        },
      ],
      orders: [],
      setFault: (fault) => {
        scanner.silent = fault === 'silent';
        scanner.refuses = fault === 'refuses';
        scanner.badCheck = fault === 'bad-check';
      },
    };
  },
};
