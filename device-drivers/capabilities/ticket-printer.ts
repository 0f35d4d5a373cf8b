import { z } from 'zod';
import { type CapabilityOf, type CommandOf, bytes, defineCapability, instant } from './declare.ts';

/** What a printer would take for a command, or what has no character behind it, never becomes text on paper. */
const printable = (text: string): boolean => text.isWellFormed() && !/[\p{Cc}\p{Co}\p{Cn}\u2028\u2029]/u.test(text);
const text = z.string().max(400).refine(printable, 'no control characters, private-use or unassigned code points');
const align = z.enum(['left', 'center', 'right']);
/** Times the normal width and height. */
const size = z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)]);

/**
 * One thing on a ticket, from top to bottom. Lines that are too long are broken; nothing is cut off. Personal data may stand
 * in any of them: drivers never log a ticket.
 */
export const ticketBlock = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('text'),
    text,
    align: align.default('left'),
    size: size.default(1),
    bold: z.boolean().default(false),
  }),
  /** A label at the left edge and its value at the right edge. */
  z.strictObject({ type: z.literal('pair'), left: text, right: text, bold: z.boolean().default(false) }),
  /** One row of a table; a column is as wide as its share of all shares. Rows with equal shares stand under each other. */
  z.strictObject({
    type: z.literal('row'),
    cells: z
      .array(z.strictObject({ text, share: z.int().min(1).max(12).default(1), align: align.default('left') }))
      .min(1)
      .max(6),
    bold: z.boolean().default(false),
  }),
  /** Printable ASCII: a link, a number, a signed token in base45. */
  z.strictObject({
    type: z.literal('qr'),
    data: z
      .string()
      .regex(/^[\x20-\x7e]+$/)
      .max(600),
    /** Dots to a module; a printer has about 8 to the millimetre. */
    module: z.int().min(2).max(8).default(6),
  }),
  z.strictObject({ type: z.literal('rule'), style: z.enum(['solid', 'dashed']).default('dashed') }),
  /** One bit to a dot, rows from the top, each padded to whole bytes, the leftmost dot in the highest bit, 1 is black. */
  z.strictObject({
    type: z.literal('image'),
    width: z.int().min(1).max(832),
    height: z.int().min(1).max(2_000),
    bits: bytes,
  }),
  z.strictObject({ type: z.literal('feed'), lines: z.int().min(1).max(20) }),
  /** Where the paper is cut; a ticket whose last block is no cut gets one, as far as the printer has a cutter. */
  z.strictObject({ type: z.literal('cut') }),
]);

export const ticketSchema = z.strictObject({ blocks: z.array(ticketBlock).min(1).max(200) });

export const ticketPrinterStatus = z.object({
  online: z.boolean(),
  cover: z.enum(['open', 'closed']),
  paper: z.enum(['ok', 'near-end', 'end']),
  /** The cutter is stuck, the head is too hot, or the like. */
  error: z.boolean(),
  drawer: z.enum(['open', 'closed']).exactOptional(),
  at: instant,
});

/** A printer of queue tickets and receipts on a roll. It never prints a ticket a second time by itself. */
export const ticketPrinterShape = defineCapability({
  commands: {
    /**
     * Errors before the first byte left, so that no paper came out: `E-TKT-01xx`, and those of every command. Errors after
     * which a part or the whole may have come out, or may still come out when the printer is mended: `E-TKT-02xx`.
     */
    print: {
      args: z.strictObject({ ticket: ticketSchema }),
      done: {
        unconfirmed: 'the bytes left; this printer cannot say more',
        acknowledged: 'asked after the last byte, the printer was online and had paper',
        observed: 'the printer reported the end of the physical print',
      },
    },
  },
  calls: { status: { args: z.tuple([]), result: ticketPrinterStatus } },
});

export type TicketPrinter = CapabilityOf<typeof ticketPrinterShape>;
export type PrintTicketCommand = CommandOf<typeof ticketPrinterShape, 'print'>;
export type Ticket = z.output<typeof ticketSchema>;
export type TicketBlock = z.output<typeof ticketBlock>;
/** A ticket as somebody writes it, defaults left out. */
export type TicketInput = z.input<typeof ticketSchema>;
export type TicketPrinterStatus = z.output<typeof ticketPrinterStatus>;

/** Whether paper may have come out although the command failed: a person looks before the ticket is printed again. */
export const mayHavePrinted = ({ code }: { readonly code: string }): boolean => code.startsWith('E-TKT-02');
