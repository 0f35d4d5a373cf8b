import { create as createQr } from 'qrcode';
import { fill, textOf } from '../templates/fill.ts';
import type { Block, RenderInput } from '../templates/index.ts';
import { breakLines, placeLine } from './line-break.ts';
import { drawSeal } from './seal.ts';
import { type GlyphCell, type Sheet, cellsOf, drawCell, drawRow, ink, mm, soft, widthOf } from './sheet.ts';

/* Blocks that hang at the foot of the last page. */

type Of<T extends Block['type']> = Extract<Block, { type: T }>;

/** The middle of the seal above the last line, in points. */
const SEAL_RISE = 14;

/** How high such a block reaches, its seal included: nothing else is to be read through it. */
export function topOf(block: Of<'signature' | 'verification'>): number {
  if (block.type === 'verification') return (block.bottomMm + block.qrMm) * mm;
  const text = block.lines.reduce((sum, { size }) => sum + size * 1.9, 0);
  return block.bottomMm * mm + Math.max(text, SEAL_RISE + (block.sealDiameterMm / 2) * mm);
}

export async function drawSignature(sheet: Sheet, block: Of<'signature'>): Promise<void> {
  const laid: { readonly cells: readonly GlyphCell[]; readonly width: number; readonly size: number }[] = [];
  for (const { text, size, weight, font } of block.lines) {
    const cells = await cellsOf(fill(text, sheet.values), size, { bold: weight === 'bold', font }, sheet.fonts);
    laid.push({ cells, size, width: widthOf(cells) });
  }
  const widest = Math.max(...laid.map(({ width }) => width));
  const middle = block.align === 'right' ? sheet.left + sheet.width - widest / 2 : sheet.left + widest / 2;
  let y = block.bottomMm * mm;
  for (const { cells, width, size } of laid.toReversed()) {
    drawRow(sheet.page, cells, { x: middle - width / 2, y }, size, ink);
    y += size * 1.9;
  }
  const arc = textOf(fill(block.sealText, sheet.values));
  const purpose = textOf(fill(block.sealPurpose, sheet.values));
  const seal = { x: middle + widest * 0.08, y: block.bottomMm * mm + SEAL_RISE, diameter: block.sealDiameterMm * mm };
  sheet.seal ??= {
    page: sheet.page,
    x: seal.x - seal.diameter / 2,
    y: seal.y - seal.diameter / 2,
    width: seal.diameter,
    height: seal.diameter,
  };
  drawSeal(sheet.page, seal, {
    arc,
    line: purpose,
    arcFont: await sheet.fonts.faceOf(arc, { bold: true }),
    lineFont: await sheet.fonts.faceOf(purpose, { bold: false }),
  });
}

export async function drawVerification(sheet: Sheet, block: Of<'verification'>, input: RenderInput): Promise<void> {
  const bottom = block.bottomMm * mm;
  const side = block.qrMm * mm;
  const code = createQr(`${input.verifyUrl}?code=${input.verificationCode.replaceAll('-', '')}`, {
    errorCorrectionLevel: 'M',
  });
  const { size, data } = code.modules;
  const module = side / size;
  const squares: string[] = [];
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      if (data[row * size + column]) squares.push(`M ${column} ${row} h 1 v 1 h -1 Z`);
    }
  }
  sheet.page.drawSvgPath(squares.join(' '), { x: sheet.left, y: bottom + side, scale: module, color: ink });

  const left = sheet.left + side + 5 * mm;
  const room = sheet.left + sheet.width - left;
  const gap = 5.5;
  const height = block.lines.reduce((sum, { size: own }) => sum + own + gap, -gap);
  let y = bottom + (side + height) / 2;
  for (const { text, size: own, weight, font } of block.lines) {
    const cells = await cellsOf(fill(text, sheet.values), own, { bold: weight === 'bold', font }, sheet.fonts);
    for (const cut of breakLines(cells, room, 0)) {
      y -= own;
      for (const { cell, x } of placeLine(cut, false, { width: room, indent: 0, stretch: 0 })) {
        drawCell(sheet.page, cell, left + x, y, own, weight === 'bold' ? ink : soft);
      }
      y -= gap;
    }
  }
}
