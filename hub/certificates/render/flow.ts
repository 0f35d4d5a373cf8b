import type { Block } from '../templates/index.ts';
import { fill } from '../templates/fill.ts';
import { breakLines, placeLine } from './line-break.ts';
import { type Sheet, cellsOf, drawCell, drawRow, ink, line, makeRoom, soft, tones, widthOf } from './sheet.ts';

/* Blocks that follow one another down the page, and on to the next. */

type Of<T extends Block['type']> = Extract<Block, { type: T }>;

export function drawRule(sheet: Sheet, block: Of<'rule'>): void {
  sheet.page.drawLine({
    start: { x: sheet.left, y: sheet.y },
    end: { x: sheet.left + sheet.width, y: sheet.y },
    thickness: 0.7,
    color: line,
  });
  sheet.y -= block.after;
}

export async function drawLine(sheet: Sheet, block: Of<'line'>): Promise<void> {
  const filled = fill(block.text, sheet.values);
  const runs = block.uppercase ? filled.map((run) => ({ ...run, text: run.text.toUpperCase() })) : filled;
  const look = { bold: block.weight === 'bold', font: block.font };
  const cells = await cellsOf(runs, block.size, look, sheet.fonts);
  const tracking = block.tracking * block.size;
  const width = cells.reduce((sum, { width: own, gap }) => sum + own + gap + tracking, -tracking);
  let x = sheet.left + (sheet.width - width) * { left: 0, center: 0.5, right: 1 }[block.align];
  makeRoom(sheet, block.size * 1.15);
  sheet.y -= block.size * 1.15;
  for (const cell of cells) {
    x += cell.gap;
    drawCell(sheet.page, cell, x, sheet.y, block.size, tones[block.tone]);
    x += cell.width + tracking;
  }
  sheet.y -= block.size * 0.35 + block.after;
}

export async function drawParagraph(sheet: Sheet, block: Of<'paragraph'>): Promise<void> {
  const { size } = block;
  const look = { bold: block.weight === 'bold', font: block.font };
  const cells = await cellsOf(fill(block.text, sheet.values), size, look, sheet.fonts);
  const indent = block.indent * size;
  const lines = breakLines(cells, sheet.width, indent);
  for (const [index, cut] of lines.entries()) {
    makeRoom(sheet, size * block.leading);
    sheet.y -= size * block.leading;
    const placed = placeLine(cut, index < lines.length - 1, {
      width: sheet.width,
      indent: index === 0 ? indent : 0,
      stretch: size * 0.3,
    });
    for (const { cell, x } of placed) drawCell(sheet.page, cell, sheet.left + x, sheet.y, size, tones[block.tone]);
  }
  sheet.y -= block.after;
}

export async function drawPairs(sheet: Sheet, block: Of<'pairs'>): Promise<void> {
  const { size, columns } = block;
  const look = { bold: false, font: block.font };
  const own = sheet.width / columns;
  const given = block.items
    .map(({ label, text }) => ({ label, runs: fill(text, sheet.values) }))
    .filter(({ runs }) => runs.some(({ text }) => text !== ''));
  for (let from = 0; from < given.length; from += columns) {
    const row = await Promise.all(
      given.slice(from, from + columns).map(async ({ label, runs }) => {
        const name = await cellsOf([{ text: label, strong: false, keep: false }], size, look, sheet.fonts);
        const value = await cellsOf(runs, size, look, sheet.fonts);
        const indent = widthOf(name) + size * 0.5;
        return { name, indent, lines: breakLines(value, own - indent - size, 0) };
      }),
    );
    const height = Math.max(...row.map(({ lines }) => Math.max(1, lines.length))) * size * block.leading;
    makeRoom(sheet, height);
    for (const [index, { name, indent, lines }] of row.entries()) {
      const x = sheet.left + index * own;
      let y = sheet.y - size * block.leading;
      drawRow(sheet.page, name, { x, y }, size, soft);
      for (const cut of lines) {
        drawRow(sheet.page, cut, { x: x + indent, y }, size, ink);
        y -= size * block.leading;
      }
    }
    sheet.y -= height;
  }
  sheet.y -= block.after;
}
