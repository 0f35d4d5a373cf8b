import { z } from 'zod';
import { declaredCodec, frameDeclarationSchema } from '../../kit/index.ts';

/** What a board's profile and an installation say about it. */
export const boardSchema = z
  .strictObject({
    /** One frame, as the board takes it. Its fields are `address`, `value` and whatever stands in `fields`. */
    frame: frameDeclarationSchema,
    /** The board's number on its line, where its frame has one. */
    address: z.int().min(0).max(0xff).default(1),
    /** The other fields: a colour, a brightness. */
    fields: z.record(z.string(), z.int().min(0).max(0xffff)).default({}),
    /** `number`: the field `value` holds it. `text`: the frame's data is the text in ASCII, filled up with blanks in front. */
    shows: z.enum(['number', 'text']),
    /** How many digits or letters the board has. */
    places: z.int().min(1).max(16),
    /** What makes it dark: a number that it cannot show, or a text. Absent: it cannot be made dark. */
    blank: z.union([z.int().min(0).max(0xffff), z.string()]).optional(),
    /** Between two frames on the line. */
    gapMs: z.number().min(0).default(20),
  })
  .superRefine(({ frame, fields, shows, blank }, context) => {
    const named = declaredCodec(frame).fieldNames;
    const given = new Set(['address', ...(shows === 'number' ? ['value'] : []), ...Object.keys(fields)]);
    const missing = named.find((name) => !given.has(name));
    if (missing !== undefined) context.addIssue({ code: 'custom', path: ['fields', missing], message: 'is missing' });
    const idle = Object.keys(fields).find((name) => !named.includes(name));
    if (idle !== undefined)
      context.addIssue({ code: 'custom', path: ['fields', idle], message: 'is not in the frame' });
    if (shows === 'number' && !named.includes('value'))
      context.addIssue({ code: 'custom', path: ['frame'], message: 'a board of numbers needs the field value' });
    if (blank !== undefined && (typeof blank === 'number') !== (shows === 'number'))
      context.addIssue({ code: 'custom', path: ['blank'], message: 'a number for a board of numbers, else a text' });
  });

export type BoardParams = z.output<typeof boardSchema>;
