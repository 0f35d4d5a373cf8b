import { rgb } from '@cantoo/pdf-lib';
import { type Run, fill } from '../templates/fill.ts';
import type { Block, Row } from '../templates/index.ts';
import { breakLines } from './line-break.ts';
import { type GlyphCell, type Sheet, cellsOf, drawRow, ink, makeRoom, soft, widthOf } from './sheet.ts';

export type TableBlock = Extract<Block, { type: 'table' }>;

const hair = rgb(0.72, 0.72, 0.74);
/** White above and below the text of a row, and beside it, in em. */
const PAD_Y = 0.42;
const PAD_X = 0.45;
const LEADING = 1.35;
/** White between two tables side by side, in points. */
const GUTTER = 14;
const SMALLER = 0.82;

interface LaidCell {
  readonly lines: readonly (readonly GlyphCell[])[];
  readonly x: number;
  readonly width: number;
  readonly align: 'left' | 'center' | 'right';
}
interface LaidRow {
  readonly cells: readonly LaidCell[];
  readonly height: number;
  readonly size: number;
  readonly bold: boolean;
}

/** The rows of a list, over as many pages as it takes, with the heading on each of them. */
export async function drawTable(sheet: Sheet, block: TableBlock, rows: readonly Row[]): Promise<void> {
  const width = (sheet.width - GUTTER * (block.side - 1)) / block.side;
  const heading = await layHeading(sheet, block, width);
  const laid: LaidRow[] = [];
  let group: string | undefined;
  for (const row of rows) {
    const own = block.groupBy === undefined ? undefined : row[block.groupBy];
    if (own !== undefined && own !== group) laid.push(await layGroup(sheet, block, own, width));
    group = own;
    laid.push(await layRow(sheet, block, row, width));
  }

  let next = 0;
  while (next < laid.length) {
    const first = laid[next];
    makeRoom(sheet, heading.height + (first?.height ?? 0));
    const top = sheet.y;
    let lowest = top;
    for (let side = 0; side < block.side && next < laid.length; side += 1) {
      const left = sheet.left + side * (width + GUTTER);
      const room = top - sheet.floor - heading.height;
      // What is left is shared evenly, where it all fits on this page.
      const share = evenShare(laid.slice(next), block.side - side, room);
      let y = drawLaid(sheet, heading, left, top, width);
      let taken = 0;
      while (next < laid.length) {
        const row = laid[next];
        if (!row || (taken > 0 && taken + row.height > share)) break;
        // A group's name does not stand alone at the foot.
        const after = laid[next + 1];
        if (row.bold && taken > 0 && after && taken + row.height + after.height > share) break;
        y = drawLaid(sheet, row, left, y, width);
        taken += row.height;
        next += 1;
        sheet.rows += 1;
      }
      lowest = Math.min(lowest, y);
    }
    sheet.y = lowest;
    if (next < laid.length) {
      if (!sheet.mayOverflow) {
        sheet.tooLong = true;
        return;
      }
      // The next round's room is that of a new page.
      sheet.y = sheet.floor;
    }
  }
  sheet.y -= block.after;
}

const plain = (text: string): readonly Run[] => [{ text, strong: false, keep: false }];

/** How high each of the columns that are left becomes. */
function evenShare(rows: readonly LaidRow[], sides: number, room: number): number {
  const total = rows.reduce((sum, { height }) => sum + height, 0);
  const tallest = Math.max(0, ...rows.map(({ height }) => height));
  return sides > 1 ? Math.min(room, total / sides + tallest / 2) : room;
}

async function layHeading(sheet: Sheet, block: TableBlock, width: number): Promise<LaidRow> {
  const zh = await lay(
    sheet,
    block,
    block.columns.map(({ title }) => plain(title)),
    width,
    { size: block.size, bold: true },
  );
  if (block.columns.every(({ titleEn }) => titleEn === undefined)) return zh;
  const size = block.size * SMALLER;
  const en = await lay(
    sheet,
    block,
    block.columns.map(({ titleEn }) => plain(titleEn ?? '')),
    width,
    { size, bold: false },
  );
  return {
    ...zh,
    cells: zh.cells.map((cell, index) => ({ ...cell, lines: [...cell.lines, ...(en.cells[index]?.lines ?? [])] })),
    height: zh.height + en.height - 2 * PAD_Y * size,
  };
}

async function layGroup(sheet: Sheet, block: TableBlock, text: string, width: number): Promise<LaidRow> {
  const { size } = block;
  const cells = await cellsOf(plain(text), size, { bold: true, font: block.font }, sheet.fonts);
  return {
    cells: [{ lines: [cells], x: PAD_X * size, width: width - 2 * PAD_X * size, align: 'left' }],
    height: size * (LEADING + 2 * PAD_Y),
    size,
    bold: true,
  };
}

function layRow(sheet: Sheet, block: TableBlock, row: Row, width: number): Promise<LaidRow> {
  const values = new Map([...sheet.values, ...Object.entries(row)]);
  const texts = block.columns.map(({ text }) => fill(text, values));
  return lay(sheet, block, texts, width, { size: block.size, bold: false });
}

async function lay(
  sheet: Sheet,
  { columns, font }: TableBlock,
  texts: readonly (readonly Run[])[],
  width: number,
  { size, bold }: { readonly size: number; readonly bold: boolean },
): Promise<LaidRow> {
  const shares = columns.reduce((sum, { share }) => sum + share, 0);
  const cells: LaidCell[] = [];
  let x = 0;
  for (const [index, { share, align }] of columns.entries()) {
    const own = (width * share) / shares;
    const room = own - 2 * PAD_X * size;
    const glyphs = await cellsOf(texts[index] ?? [], size, { bold, font }, sheet.fonts);
    cells.push({ lines: breakLines(glyphs, room, 0), x: x + PAD_X * size, width: room, align });
    x += own;
  }
  const lines = Math.max(1, ...cells.map((cell) => cell.lines.length));
  return { cells, height: size * (lines * LEADING + 2 * PAD_Y), size, bold };
}

/** Draws one row with a hairline under it; the height that it comes down to. */
function drawLaid({ page }: Sheet, row: LaidRow, left: number, top: number, width: number): number {
  const { size } = row;
  for (const cell of row.cells) {
    // Short cells stand in the middle of a row that another one makes high.
    const slack = row.height - size * (cell.lines.length * LEADING + 2 * PAD_Y);
    let y = top - PAD_Y * size - slack / 2;
    for (const glyphs of cell.lines) {
      y -= size * LEADING;
      const over = cell.width - widthOf(glyphs);
      const x = left + cell.x + over * { left: 0, center: 0.5, right: 1 }[cell.align];
      drawRow(page, glyphs, { x, y: y + size * 0.32 }, size, ink);
    }
  }
  const bottom = top - row.height;
  page.drawLine({
    start: { x: left, y: bottom },
    end: { x: left + width, y: bottom },
    thickness: row.bold ? 0.7 : 0.35,
    color: row.bold ? soft : hair,
  });
  return bottom;
}
