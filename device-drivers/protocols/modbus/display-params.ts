import { z } from 'zod';
import { registerAddress } from './registers.ts';

const places = z.int().min(1).max(16);

/** How what is shown stands in the registers. Each manual has its own: all of it is a parameter. */
const formSchema = z.discriminatedUnion('as', [
  z
    .strictObject({
      as: z.literal('number'),
      type: z.enum(['u16', 'u32']).default('u16'),
      /** Of the two registers of a `u32`. */
      order: z.enum(['high-first', 'low-first']).default('high-first'),
      places: places.max(9),
      /** The number that makes it dark. Absent: it cannot be made dark. */
      blank: z.int().min(0).max(0xffff_ffff).exactOptional(),
    })
    .refine(({ type, places: digits, blank = 0 }) => type === 'u32' || (digits <= 4 && blank <= 0xffff), {
      error: 'a u16 holds four digits',
      path: ['type'],
    }),
  z.strictObject({
    /** Four digits in each register, the highest four bits first. */
    as: z.literal('bcd'),
    order: z.enum(['left-first', 'right-first']).default('left-first'),
    places: places.multipleOf(4),
    /** What stands in a place that is dark. Absent: such places show zeros, and it cannot be made dark. */
    blank: z.int().min(0).max(15).exactOptional(),
  }),
  z.strictObject({
    /** One digit in each register. */
    as: z.literal('digits'),
    order: z.enum(['left-first', 'right-first']).default('left-first'),
    places,
    blank: z.int().min(0).max(0xffff).exactOptional(),
  }),
  z.strictObject({
    /** Two letters in each register, filled up with blanks in front. */
    as: z.literal('text'),
    order: z.enum(['high-first', 'low-first']).default('high-first'),
    places: places.multipleOf(2),
  }),
]);

/** A number board: digits or letters in holding registers. */
export const displaySchema = z
  .strictObject({
    /** The first of its holding registers, counted from 0. */
    register: registerAddress.default(0),
    form: formSchema,
    /** Which function writes: 16, or 06 for each register where the board knows no other. */
    write: z.enum(['single', 'multiple']).default('multiple'),
    /** What is read to find out whether it is there. Absent: its first register. */
    alive: z
      .strictObject({ table: z.enum(['holding', 'input']).default('holding'), register: registerAddress })
      .optional(),
  })
  .refine((display) => display.register + displayWords(display) <= 0x1_0000, 'it reaches beyond register 65535');

export type DisplayParams = z.output<typeof displaySchema>;

/** How many registers it takes. */
export function displayWords({ form }: { readonly form: z.output<typeof formSchema> }): number {
  switch (form.as) {
    case 'number':
      return form.type === 'u16' ? 1 : 2;
    case 'bcd':
      return form.places / 4;
    case 'digits':
      return form.places;
    case 'text':
      return form.places / 2;
  }
}
