import { z } from 'zod';
import { type Cancel, type EpochMs, type Failure, ms, seconds } from '@hallhub/sync/base';
import type { Scan } from '../../capabilities/index.ts';
import {
  type Driver,
  type DriverEnvironment,
  type Presentation,
  type TextLine,
  type Transport,
  createEmitter,
  createListener,
  createTextFramer,
  present,
  soloProtocol,
} from '../../kit/index.ts';
import { type DialogueState, begin, hear, moduleSteps, newlandLeave, newlandSteps } from './dialogue.ts';
import { decodeText } from './text.ts';

/** What a scanner's profile and an installation say about it. */
export const scannerSchema = z
  .strictObject({
    /** Text around each code, as the scanner is set up. */
    prefix: z.string().max(16).default(''),
    suffix: z.string().max(16).default('\r'),
    /** A pause that ends a code whose suffix is missing. */
    idleGapMs: z.number().positive().default(50),
    encoding: z.enum(['utf-8', 'gb18030', 'auto']).default('auto'),
    /** Bytes; what is longer is refused as a whole. */
    longest: z.int().min(1).max(4_096).default(1_024),
    /** The same code again within this time is the same presentation. */
    repeatWithinMs: z.number().min(0).default(1_000),
    /** The setup language, where the scanner has one: used to see that it is there, and which firmware it has. */
    setup: z
      .discriminatedUnion('language', [
        z.strictObject({ language: z.literal('newland') }),
        z.strictObject({
          language: z.literal('module'),
          /** Written each time the line comes up. */
          settings: z
            .array(
              z.strictObject({
                address: z.int().min(0).max(0xffff),
                data: z.array(z.int().min(0).max(255)).min(1).max(32),
              }),
            )
            .default([]),
        }),
      ])
      .optional(),
    /** What the firmware must begin with; another one makes the device degraded. */
    firmware: z.string().optional(),
  })
  .refine(({ firmware, setup }) => firmware === undefined || setup?.language === 'newland', {
    path: ['firmware'],
    message: 'only a scanner with the newland setup says its firmware',
  });

export type ScannerParams = z.output<typeof scannerSchema>;

const ANSWER_WITHIN = seconds(1);
/** Not sooner: in its setup a scanner reads no codes. */
const ASK_AGAIN_AFTER = seconds(30);

export function createCodeFramer({ prefix, suffix, longest }: Pick<ScannerParams, 'prefix' | 'suffix' | 'longest'>) {
  const [before, after] = [Buffer.from(prefix, 'latin1'), Buffer.from(suffix, 'latin1')];
  // One byte more than allowed fits, so that the longest code still ends and a longer one shows.
  return createTextFramer({ prefix: before, suffix: after, limit: longest + before.length + after.length + 1 });
}

export interface ScannerOptions extends DriverEnvironment {
  readonly deviceId: string;
  readonly transport: Transport;
  readonly params: ScannerParams;
}

/** A scanner of bar codes and QR codes on a serial line. */
export function createScannerDriver(options: ScannerOptions): Driver {
  const { deviceId, clock, params } = options;
  const steps =
    params.setup && (params.setup.language === 'newland' ? newlandSteps : moduleSteps(params.setup.settings));
  let presentation: Presentation | undefined;
  let dialogue: DialogueState | undefined;
  let cancel: Cancel | undefined;

  const ask = (): void => {
    const step = dialogue?.steps[0];
    if (!step) return;
    void listener.write(step.send, step.meaning);
    cancel = clock.after(ANSWER_WITHIN, unanswered);
  };
  const unanswered = (): void => {
    const kept = dialogue?.kept;
    askLater({ code: 'E-DEV-0202', detail: 'the scanner does not answer its setup' });
    if (params.setup?.language === 'newland') void listener.write(newlandLeave.send, newlandLeave.meaning);
    if (kept) listener.replay(kept);
  };
  const askLater = (reason: Failure): void => {
    dialogue = undefined;
    cancel = clock.after(ASK_AGAIN_AFTER, open);
    listener.health.set('degraded', reason);
  };
  const open = (): void => {
    if (!steps) {
      listener.health.set('ready');
      return;
    }
    dialogue = begin(steps);
    ask();
  };
  const intercept = (bytes: Uint8Array): Uint8Array => {
    if (!dialogue) return bytes;
    const heard = hear(dialogue, bytes);
    dialogue = heard.state;
    if (!heard.answered) return heard.rest;
    cancel?.();
    if (dialogue.refused !== undefined) askLater({ code: 'E-DEV-0203', detail: dialogue.refused });
    else if (dialogue.steps.length > 0) ask();
    else settle(dialogue.said);
    return heard.rest;
  };
  const settle = ([says = '']: readonly string[]): void => {
    dialogue = undefined;
    listener.tell({ direction: 'in', bytes: new Uint8Array(), meaning: `it says ${says}` });
    if (params.firmware !== undefined && !says.startsWith(params.firmware)) {
      listener.health.set('degraded', { code: 'E-DEV-0302', detail: `firmware ${says}, not ${params.firmware}` });
    } else listener.health.set('ready');
  };

  const isRepeated = (key: string): boolean => {
    const shown = present(presentation, key, clock.monotonic(), ms(params.repeatWithinMs));
    presentation = shown.state;
    return !shown.isNew;
  };
  const refuse = (code: Failure['code']): void => {
    if (!isRepeated(code)) unreadable.emit({ code, at: clock.now() });
  };
  const onFrame = ({ payload }: TextLine, when: Pick<Scan, 'at' | 'lastByteAt'>): void => {
    listener.tell({ direction: 'in', bytes: new Uint8Array(), meaning: `code, ${payload.length} bytes withheld` });
    if (payload.length > params.longest) {
      refuse('E-SCAN-0101');
      return;
    }
    const text = decodeText(payload, params.encoding);
    if (!text.ok) refuse(text.error.code);
    else if (!isRepeated(`text:${text.value}`)) scans.emit({ bytes: payload, text: text.value, ...when });
  };
  const listener = createListener<TextLine>({
    ...options,
    framer: createCodeFramer(params),
    idleGap: ms(params.idleGapMs),
    onFrame,
    onDiscarded: (why) => {
      if (why === 'overflow') refuse('E-SCAN-0101');
    },
    onUp: open,
    onDown: () => {
      cancel?.();
      dialogue = undefined;
    },
    intercept,
  });
  const scans = createEmitter<Scan>(listener.onListenerError);
  const unreadable = createEmitter<{ code: Failure['code']; at: EpochMs }>(listener.onListenerError);

  return {
    deviceId,
    capabilities: { codeScanner: { onScan: scans.on, onUnreadable: unreadable.on } },
    get health() {
      return listener.health.current;
    },
    start: () => {
      listener.start();
    },
    stop: () => listener.stop(),
    onHealth: listener.health.on,
    onTraffic: listener.onTraffic,
  };
}

export const codeScannerProtocol = soloProtocol({
  name: 'code-scanner',
  params: scannerSchema,
  create: createScannerDriver,
});
