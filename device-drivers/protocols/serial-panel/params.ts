import { z } from 'zod';
import { declaredCodec, frameDeclarationSchema } from '../../kit/index.ts';

const hex = z
  .string()
  .regex(/^([0-9a-f]{2})*$/)
  .describe('Lower-case hex');
const numbers = z.record(z.string(), z.int().min(0).max(0xffff));

/** What a frame says when all that is given here stands in it; the address is looked at apart. */
const whenSchema = z.strictObject({ fields: numbers.default({}), data: hex.optional() });
/** A frame to the device; its address is filled in. */
const messageSchema = z.strictObject({ fields: numbers.default({}), data: hex.default('') });

const meaningSchema = z.union([
  z
    .strictObject({ button: z.int().min(0).max(255), name: z.string().min(1).max(32).optional() })
    .describe('A push button, counted from 0, and what it is called'),
  z.strictObject({ key: z.enum(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'enter', 'clear']) }),
  z.strictObject({ rating: z.int().min(1).max(5) }).describe('5 is the best'),
]);

/** What a panel's profile and an installation say about it: what it can do is data. */
export const panelSchema = z
  .strictObject({
    frame: frameDeclarationSchema,
    /** Its number on its line, where its frames have the field `address`. */
    address: z.int().min(0).max(0xff).default(1),
    /** What its frames mean; the first that fits counts. */
    events: z.array(z.strictObject({ when: whenSchema, means: meaningSchema })).min(1),
    /** Its own small display: the frame whose data is the text. */
    display: z
      .strictObject({
        fields: numbers.default({}),
        encoding: z.enum(['ascii', 'gb18030']),
        bytes: z.int().min(1).max(64).describe('How many bytes of text it takes'),
      })
      .optional(),
    /** Its lamps, by their colour. */
    lamps: z
      .partialRecord(
        z.enum(['red', 'green', 'amber', 'blue', 'white']),
        z.strictObject({ on: messageSchema, off: messageSchema }),
      )
      .optional(),
    /** Makes a rating pad ask. Absent: it takes ratings at any time, and cannot be told to ask. */
    ask: messageSchema.optional(),
    /** How it answers what it is told. Absent: it never does. */
    answer: z
      .strictObject({
        taken: whenSchema,
        refused: whenSchema.optional(),
        withinMs: z.number().positive().default(300),
        /** The longest that an answer may still come after that. */
        quietMs: z.number().positive().default(500),
      })
      .optional(),
    /** Asked again and again to find out whether it is there; it must be answered. */
    heartbeat: z.strictObject({ message: messageSchema, everyMs: z.number().positive().default(5_000) }).optional(),
    /** The same frame again within this time is the same press. */
    repeatWithinMs: z.number().min(0).default(80),
    /** A half-typed number is forgotten after this time. */
    keysForgottenMs: z.number().positive().default(10_000),
    /** A pause that ends a torn frame. */
    idleGapMs: z.number().positive().default(100),
    /** Between two frames to the line. */
    gapMs: z.number().min(0).default(20),
  })
  .superRefine(({ frame, events, display, lamps, ask, answer, heartbeat }, context) => {
    const named = new Set(declaredCodec(frame).fieldNames);
    const told: readonly (readonly [string, { readonly fields: Readonly<Record<string, number>> } | undefined])[] = [
      ...events.map(({ when }, index) => [`events.${index}`, when] as const),
      ['display', display],
      ...Object.entries(lamps ?? {}).flatMap(([colour, { on, off }]) => [
        [`lamps.${colour}.on`, on] as const,
        [`lamps.${colour}.off`, off] as const,
      ]),
      ['ask', ask],
      ['answer.taken', answer?.taken],
      ['answer.refused', answer?.refused],
      ['heartbeat', heartbeat?.message],
    ];
    for (const [where, message] of told) {
      const unknown = Object.keys(message?.fields ?? {}).find((name) => !named.has(name));
      if (unknown !== undefined)
        context.addIssue({ code: 'custom', path: where.split('.'), message: `${unknown} is not in the frame` });
    }
    if (heartbeat && !answer)
      context.addIssue({ code: 'custom', path: ['heartbeat'], message: 'a device that never answers has none' });
    if (ask && !events.some(({ means }) => 'rating' in means))
      context.addIssue({ code: 'custom', path: ['ask'], message: 'asks for ratings that nothing in events means' });
  });

export type PanelParams = z.output<typeof panelSchema>;
export type When = z.output<typeof whenSchema>;
export type PanelMessage = z.output<typeof messageSchema>;
export type Meaning = z.output<typeof meaningSchema>;
