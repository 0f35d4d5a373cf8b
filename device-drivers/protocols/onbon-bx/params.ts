import { z } from 'zod';

const word = z.int().min(0).max(0xffff);

/** A rectangle of the screen in pixels, which shows one line of text. */
const areaSchema = z.strictObject({
  x: word,
  y: word,
  width: z.int().min(8).max(0xffff),
  height: z.int().min(8).max(0xffff),
});

/** A card that listens to whatever address is asked; no address of its own. */
export const ANY_ADDRESS: readonly number[] = [0xfffe, 0xffff];

/** What a card's profile and an installation say about it. */
export const onbonSchema = z
  .strictObject({
    /** 5K cards count x and width in bytes of 8 pixels, 6K cards in pixels. */
    series: z.enum(['5k', '6k']),
    /** The card's address on a line that it shares; FFFE reaches the only card there is. */
    address: word.default(0xfffe),
    /** The address that cards answer to. */
    ownAddress: word.default(0x8000),
    deviceType: z.int().min(0).max(0xff).default(0xfe),
    /** One for each line of text, from the first. */
    areas: z
      .array(areaSchema)
      .min(1)
      .max(8)
      .default([{ x: 0, y: 0, width: 128, height: 32 }]),
    /**
     * The two bytes behind the command's third: the vendor's SDK sends them as zero, another published example as the number of
     * bytes that follow.
     */
    lengthField: z.enum(['zero', 'remaining']).default('zero'),
    /** Stands before each text: the card's own escapes for colour and font, such as `\C2` for green. */
    textPrefix: z
      .string()
      .regex(/^[\x20-\x7e]*$/)
      .default(''),
    heartbeatEveryMs: z.number().positive().default(10_000),
    replyTimeoutMs: z.number().positive().default(1_000),
    /** The longest that a reply may still come after its timeout. */
    quietMs: z.number().positive().default(2_000),
  })
  .superRefine(({ series, areas }, context) => {
    if (series === '5k' && areas.some(({ x, width }) => x % 8 !== 0 || width % 8 !== 0))
      context.addIssue({ code: 'custom', path: ['areas'], message: 'x and width of a 5K card are multiples of 8' });
  });

export type OnbonParams = z.output<typeof onbonSchema>;
