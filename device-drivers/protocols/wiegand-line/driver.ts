import { z } from 'zod';
import { type EpochMs, type Failure, ms } from '@hallhub/sync/base';
import { type CardRead, credentialText } from '../../capabilities/index.ts';
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
import { readCard } from './number.ts';
import { type Typing, readKey, typeKey } from './keys.ts';

const LONGEST_LINE = 96;

/** What a reader's profile and an installation say about it. */
export const lineReaderSchema = z
  .strictObject({
    format: z.enum(['decimal', 'hex', '3+5', 'wiegand-text', 'wiegand-packed']),
    byteOrder: z.enum(['big', 'little']).default('big'),
    uidBytes: z.union([z.literal(3), z.literal(4), z.literal(7), z.literal(8), z.literal(10)]).default(4),
    /** How many digits a decimal number always has, where the reader fills it up with zeros. */
    digits: z.int().min(1).max(25).optional(),
    as: z.enum(['bits', 'uid']).default('uid'),
    /** Text around each number, as the reader is set up. */
    prefix: z.string().default(''),
    suffix: z.string().default('\r'),
    /** A pause that ends a number whose suffix is missing. */
    idleGapMs: z.number().positive().default(50),
    /** The same card again within this time is the same presentation. */
    repeatWithinMs: z.number().min(0).default(1_500),
    /** How the keys of a reader with a keypad arrive. */
    keypad: z.enum(['text', 'bits-4', 'bits-8']).optional(),
    /** A half-typed entry is forgotten after this time. */
    keysForgottenMs: z.number().positive().default(10_000),
  })
  .superRefine((value, context) => {
    if (value.format === 'wiegand-packed' && value.suffix !== '') {
      context.addIssue({
        code: 'custom',
        path: ['suffix'],
        message: 'packed bits may hold any byte: they end by a pause',
      });
    }
    if (value.digits !== undefined && value.format !== 'decimal') {
      context.addIssue({ code: 'custom', path: ['digits'], message: 'only decimal numbers differ in length' });
    }
    if (value.as === 'bits' && !value.format.startsWith('wiegand')) {
      context.addIssue({ code: 'custom', path: ['as'], message: 'only Wiegand formats give bits' });
    }
  });

export type LineReaderParams = z.output<typeof lineReaderSchema>;

/** The framer for a reader of these parameters. */
export function createNumberFramer({ prefix, suffix }: Pick<LineReaderParams, 'prefix' | 'suffix'>) {
  return createTextFramer({
    prefix: Buffer.from(prefix, 'latin1'),
    suffix: Buffer.from(suffix, 'latin1'),
    limit: LONGEST_LINE,
  });
}

export interface LineReaderOptions extends DriverEnvironment {
  readonly deviceId: string;
  readonly transport: Transport;
  readonly params: LineReaderParams;
}

/** A reader that prints card numbers on a serial line. */
export function createLineReaderDriver(options: LineReaderOptions): Driver {
  const { deviceId, clock, params } = options;
  let presentation: Presentation | undefined;
  let typing: Typing | undefined;

  const onFrame = (
    { payload }: TextLine,
    when: { readonly at: EpochMs; readonly lastByteAt: CardRead['lastByteAt'] },
  ): void => {
    const key = params.keypad && readKey(Buffer.from(payload).toString('latin1').trim(), params.keypad);
    if (key !== undefined) {
      listener.tell({ direction: 'in', bytes: new Uint8Array(), meaning: 'a key' });
      const next = typeKey(typing, key, clock.monotonic(), ms(params.keysForgottenMs));
      typing = next.state;
      if (next.entered !== undefined) keys.emit({ keys: next.entered, at: when.at });
      return;
    }
    listener.tell({
      direction: 'in',
      bytes: new Uint8Array(),
      meaning: `card number, ${payload.length} bytes withheld`,
    });
    const card = readCard(payload, params);
    const now = clock.monotonic();
    const shown = present(
      presentation,
      card.ok ? credentialText(card.value) : card.error.code,
      now,
      ms(params.repeatWithinMs),
    );
    presentation = shown.state;
    if (!shown.isNew) return;
    if (card.ok) cards.emit({ presented: card.value, ...when });
    else unreadable.emit({ code: card.error.code, at: when.at });
  };
  const listener = createListener<TextLine>({
    ...options,
    framer: createNumberFramer(params),
    idleGap: ms(params.idleGapMs),
    onFrame,
    onDown: () => {
      typing = undefined;
    },
  });
  const cards = createEmitter<CardRead>(listener.onListenerError);
  const unreadable = createEmitter<{ code: Failure['code']; at: EpochMs }>(listener.onListenerError);
  const keys = createEmitter<{ keys: string; at: EpochMs }>(listener.onListenerError);

  return {
    deviceId,
    capabilities: {
      cardReader: { onCard: cards.on, onUnreadable: unreadable.on },
      ...(params.keypad && { keypad: { onKeys: keys.on } }),
    },
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

export const wiegandLineProtocol = soloProtocol({
  name: 'wiegand-line',
  params: lineReaderSchema,
  create: createLineReaderDriver,
});
