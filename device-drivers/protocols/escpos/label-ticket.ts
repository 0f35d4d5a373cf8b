import { type Result, failure, ok } from '@hallhub/sync/base';
import { type Ticket, type TicketInput, ticketSchema } from '../../capabilities/index.ts';
import { type LabelDesign, bars, fill } from '../zpl/label.ts';

const DOTS_PER_MM = 8;
const LARGEST_MODULE = 8;

/** The size of letters on a roll that comes nearest to a height in millimetres; the plain ones are 3 mm high. */
const sizeFor = (height: number): 1 | 2 | 3 => (height >= 8 ? 3 : height >= 5 ? 2 : 1);

/**
 * A label on a roll of tickets: its parts from the top, one under the other, as wide as the paper is. Text goes on in the next
 * line rather than over the edge. Errors: `E-LBL-0102` a field is missing, `E-LBL-0103` a code is wider than the paper.
 */
export function labelTicket(
  design: LabelDesign,
  { fields, copies }: { readonly fields: Readonly<Record<string, string>>; readonly copies: number },
  dots: number,
): Result<Ticket> {
  const blocks: TicketInput['blocks'] = [];
  for (const one of design.elements.toSorted((a, b) => a.y - b.y)) {
    if (one.type === 'line') {
      blocks.push({ type: 'rule', style: 'solid' });
      continue;
    }
    const filled = fill(one.type === 'text' ? one.text : one.data, fields);
    if (!filled.ok) return filled;
    const text = filled.value.replaceAll(/\s+/g, ' ');
    if (one.type === 'text') {
      if (text !== '') blocks.push({ type: 'text', text, size: sizeFor(one.height), bold: sizeFor(one.height) > 1 });
    } else if (one.type === 'qr') {
      blocks.push({ type: 'qr', data: text, module: Math.min(one.module, LARGEST_MODULE) });
    } else {
      const bitmap = /^[\x20-\x7e]+$/.test(text)
        ? bars(text, one.module, Math.round(one.height * DOTS_PER_MM))
        : undefined;
      if (!bitmap || bitmap.width > dots) return failure('E-LBL-0103', `code128 at ${one.x}, ${one.y} mm`);
      blocks.push({ type: 'image', ...bitmap });
    }
  }
  blocks.push({ type: 'cut' });
  const ticket = ticketSchema.safeParse({ blocks: Array.from({ length: copies }, () => blocks).flat() });
  return ticket.success ? ok(ticket.data) : failure('E-LBL-0103', 'it is too long, or a code holds what it cannot');
}
