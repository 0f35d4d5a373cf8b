import type { Ticket, TicketBlock } from '../../capabilities/index.ts';
import { columnsOf, pad, wrap } from './width.ts';

export interface PaperFormat {
  /** Half-width characters in a line. */
  readonly columns: number;
}

export interface TextLine {
  readonly type: 'line';
  readonly text: string;
  readonly align: 'left' | 'center' | 'right';
  readonly size: 1 | 2 | 3 | 4;
  readonly bold: boolean;
}

/** What goes onto paper, top to bottom, each line no wider than the paper. */
export type Printed = TextLine | Extract<TicketBlock, { type: 'qr' | 'image' | 'feed' | 'cut' }>;

export function layOut(ticket: Ticket, format: PaperFormat): readonly Printed[] {
  return ticket.blocks.flatMap((block) => printed(block, format.columns));
}

function printed(block: TicketBlock, columns: number): readonly Printed[] {
  switch (block.type) {
    case 'text':
      return wrap(block.text, Math.floor(columns / block.size)).map((text) => ({ ...block, type: 'line', text }));
    case 'rule':
      return [plain((block.style === 'solid' ? '_' : '-').repeat(columns), false)];
    case 'pair':
      return pair(block, columns).map((text) => plain(text, block.bold));
    case 'row':
      return row(block, columns).map((text) => plain(text, block.bold));
    case 'qr':
    case 'image':
    case 'feed':
    case 'cut':
      return [block];
  }
}

const plain = (text: string, bold: boolean): TextLine => ({ type: 'line', text, align: 'left', size: 1, bold });

function pair({ left, right }: Extract<TicketBlock, { type: 'pair' }>, columns: number): readonly string[] {
  const free = columns - columnsOf(left) - columnsOf(right);
  if (free >= 1) return [left + ' '.repeat(free) + right];
  return [...wrap(left, columns), ...wrap(right, columns).map((line) => pad(line, columns, 'right'))];
}

/** Cells side by side, each broken inside its own column, one blank column between them. */
function row({ cells }: Extract<TicketBlock, { type: 'row' }>, columns: number): readonly string[] {
  const free = columns - (cells.length - 1);
  const shares = cells.reduce((sum, { share }) => sum + share, 0);
  const smallest = 2;
  const widths = cells.map(({ share }) => Math.max(smallest, Math.floor((free * share) / shares)));
  // Rounding leaves some columns over or takes too many; the widest column makes up for it.
  const widest = widths.indexOf(Math.max(...widths));
  widths[widest] = (widths[widest] ?? 0) + free - widths.reduce((sum, width) => sum + width, 0);
  const broken = cells.map(({ text }, index) => wrap(text, widths[index] ?? smallest));
  const height = Math.max(...broken.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    cells.map(({ align }, index) => pad(broken[index]?.[line] ?? '', widths[index] ?? smallest, align)).join(' '),
  );
}
