import { PDFDocument, type PDFFont, type PDFPage, type RGB, TextRenderingMode, degrees, rgb } from '@cantoo/pdf-lib';
import { create as createQr } from 'qrcode';
import { type Result, failure, ok } from '@hallhub/sync/base';
import { codePoints } from '../code-points.ts';
import { type Run, checkFields, fill, valuesOf } from '../templates/fill.ts';
import type { Block, RenderInput, Template } from '../templates/index.ts';
import { type FontBox, type PageFonts, nameOf, textOf } from './fonts.ts';
import { type Cell, breakLines, placeLine, scriptsMeet } from './line-break.ts';
import { drawSeal } from './seal.ts';
import { type SignatureBox, addSignatureField } from './signature-field.ts';

const mm = 72 / 25.4;
const paper = { width: 210 * mm, height: 297 * mm };
const ink = rgb(0.1, 0.1, 0.12);
const soft = rgb(0.36, 0.37, 0.4);
const line = rgb(0.55, 0.45, 0.3);
const tones = { ink, soft };

interface GlyphCell extends Cell {
  readonly font: PDFFont;
  readonly embolden: boolean;
}

function drawCell({ page }: Sheet, cell: GlyphCell, x: number, y: number, size: number, color: RGB): void {
  if (cell.text === ' ') return;
  const outline = { renderMode: TextRenderingMode.FillAndOutline, strokeWidth: size * 0.035, strokeColor: color };
  page.drawText(cell.text, { x, y, size, font: cell.font, color, ...(cell.embolden ? outline : {}) });
}

interface Sheet {
  readonly page: PDFPage;
  readonly fonts: PageFonts;
  readonly values: ReadonlyMap<string, string>;
  readonly left: number;
  readonly width: number;
  /** The height that flowing blocks have come down to. */
  y: number;
  /** Where the first seal lies. */
  seal?: SignatureBox;
}

/**
 * One certificate as a PDF. Everything on it is checked before anything is drawn: a character that no face covers would
 * otherwise come out as a blank without any error.
 */
export async function drawCertificate(
  template: Template,
  input: RenderInput,
  fonts: FontBox,
  createdAt: Date,
): Promise<Result<{ readonly pdf: Uint8Array; readonly pages: number }>> {
  const checked = checkFields(template, input.fields);
  if (!checked.ok) return checked;
  const values = valuesOf(input);
  const shown = template.layout.filter((block) => isShown(block.when, values));
  const lacking = fonts.missing(everyText(template, shown, values));
  if (lacking.length > 0) return failure('E-CERT-0203', lacking.map(nameOf).join('、'));

  const document = await PDFDocument.create();
  const page = document.addPage([paper.width, paper.height]);
  const sheet: Sheet = {
    page,
    fonts: fonts.open(document),
    values,
    left: template.marginMm.side * mm,
    width: paper.width - 2 * template.marginMm.side * mm,
    y: paper.height - template.marginMm.top * mm,
  };
  if (template.frame) drawFrame(page);
  if (template.watermark && isShown(template.watermark.when, values)) await drawWatermark(sheet, template.watermark);
  for (const block of shown) await drawBlock(sheet, block, input);
  const floor = Math.max(
    template.marginMm.bottom * mm,
    ...shown.map((block) => ('bottomMm' in block ? topOf(block) : 0)),
  );
  if (sheet.y < floor) return failure('E-CERT-0204', `${Math.ceil((floor - sheet.y) / mm)} mm too long`);

  if (input.signature) {
    // A template without a seal is signed all the same, where nobody sees it.
    const box = sheet.seal ?? { page, x: 0, y: 0, width: 0, height: 0 };
    addSignatureField(document, box, input.signature, createdAt);
  }
  document.setTitle(`${template.title.zh} ${input.certificateNumber}`);
  document.setAuthor(input.issuer.name.zh);
  document.setSubject(template.title.en);
  document.setProducer('hallhub');
  document.setCreator('hallhub');
  document.setLanguage('zh-CN');
  document.setCreationDate(createdAt);
  document.setModificationDate(createdAt);
  document.convertToPDFA({ conformance: '2U' });
  return ok({ pdf: await document.save({ useObjectStreams: false }), pages: document.getPageCount() });
}

function isShown(when: string | undefined, values: ReadonlyMap<string, string>): boolean {
  if (when === undefined) return true;
  const value = values.get(when) ?? '';
  return value !== '' && value !== 'false';
}

/** How high a block that hangs at the foot reaches. */
function topOf(block: Extract<Block, { bottomMm: number }>): number {
  if (block.type === 'verification') return (block.bottomMm + block.qrMm) * mm;
  return block.bottomMm * mm + block.lines.reduce((sum, { size }) => sum + size * 1.9, 0);
}

function textsIn(block: Block): readonly string[] {
  switch (block.type) {
    case 'rule':
      return [];
    case 'line':
    case 'paragraph':
      return [block.text];
    case 'signature':
      return [...block.lines.map(({ text }) => text), block.sealText, block.sealPurpose];
    case 'verification':
      return block.lines.map(({ text }) => text);
  }
}

function everyText(template: Template, shown: readonly Block[], values: ReadonlyMap<string, string>): string {
  const drawn = shown.flatMap(textsIn).map((text) => textOf(fill(text, values)));
  // An upper-cased line needs the capitals too.
  const mark = template.watermark ? [template.watermark.text, template.watermark.textEn] : [];
  return [...drawn, ...drawn.map((text) => text.toUpperCase()), ...mark].join('');
}

function drawFrame(page: PDFPage): void {
  for (const [inset, width] of [
    [11, 1.4],
    [12.6, 0.4],
  ] as const) {
    page.drawRectangle({
      x: inset * mm,
      y: inset * mm,
      width: paper.width - 2 * inset * mm,
      height: paper.height - 2 * inset * mm,
      borderColor: line,
      borderWidth: width,
    });
  }
}

async function drawWatermark({ page, fonts }: Sheet, mark: NonNullable<Template['watermark']>): Promise<void> {
  const grey = rgb(0.5, 0.5, 0.52);
  const at = async (text: string, size: number, down: number): Promise<void> => {
    const { font } = await fonts.pick(codePoints(text)[0] ?? '', true);
    const half = font.widthOfTextAtSize(text, size) / 2;
    const [sin, cos] = [Math.sin(Math.PI / 5), Math.cos(Math.PI / 5)];
    page.drawText(text, {
      x: paper.width / 2 - half * cos + down * sin,
      y: paper.height / 2 - half * sin - down * cos,
      size,
      font,
      rotate: degrees(36),
      color: grey,
      opacity: 0.13,
    });
  };
  await at(mark.text, 120, 0);
  await at(mark.textEn, 46, 62);
}

async function drawBlock(sheet: Sheet, block: Block, input: RenderInput): Promise<void> {
  switch (block.type) {
    case 'line':
      await drawHeading(sheet, block);
      return;
    case 'paragraph':
      await drawParagraph(sheet, block);
      return;
    case 'rule':
      sheet.page.drawLine({
        start: { x: sheet.left, y: sheet.y },
        end: { x: sheet.left + sheet.width, y: sheet.y },
        thickness: 0.7,
        color: line,
      });
      sheet.y -= block.after;
      return;
    case 'signature':
      await drawSignature(sheet, block);
      return;
    case 'verification':
      await drawVerification(sheet, block, input);
  }
}

/** Cells of filled-in text: one for each character, a combining mark with the character before it. */
async function cellsOf(
  runs: readonly Run[],
  size: number,
  bold: boolean,
  fonts: PageFonts,
): Promise<readonly GlyphCell[]> {
  const cells: GlyphCell[] = [];
  for (const [index, run] of runs.entries()) {
    for (const text of run.text.match(/\P{M}\p{M}*|\p{M}+/gu) ?? []) {
      const { font, embolden } = await fonts.pick(text, bold || run.strong);
      const before = cells.at(-1);
      cells.push({
        text,
        font,
        embolden,
        width: font.widthOfTextAtSize(text, size),
        gap: before && scriptsMeet(before.text, text) ? size * 0.14 : 0,
        group: run.keep ? index + 1 : 0,
      });
    }
  }
  return cells;
}

async function drawHeading(sheet: Sheet, block: Extract<Block, { type: 'line' }>): Promise<void> {
  const filled = fill(block.text, sheet.values);
  const runs = block.uppercase ? filled.map((run) => ({ ...run, text: run.text.toUpperCase() })) : filled;
  const cells = await cellsOf(runs, block.size, block.weight === 'bold', sheet.fonts);
  const tracking = block.tracking * block.size;
  const width = cells.reduce((sum, { width: own, gap }) => sum + own + gap + tracking, -tracking);
  let x = sheet.left + (sheet.width - width) * { left: 0, center: 0.5, right: 1 }[block.align];
  sheet.y -= block.size * 1.15;
  for (const cell of cells) {
    x += cell.gap;
    drawCell(sheet, cell, x, sheet.y, block.size, tones[block.tone]);
    x += cell.width + tracking;
  }
  sheet.y -= block.size * 0.35 + block.after;
}

async function drawParagraph(sheet: Sheet, block: Extract<Block, { type: 'paragraph' }>): Promise<void> {
  const { size } = block;
  const cells = await cellsOf(fill(block.text, sheet.values), size, block.weight === 'bold', sheet.fonts);
  const indent = block.indent * size;
  const lines = breakLines(cells, sheet.width, indent);
  for (const [index, cut] of lines.entries()) {
    sheet.y -= size * block.leading;
    const placed = placeLine(cut, index < lines.length - 1, {
      width: sheet.width,
      indent: index === 0 ? indent : 0,
      stretch: size * 0.3,
    });
    for (const { cell, x } of placed) drawCell(sheet, cell, sheet.left + x, sheet.y, size, tones[block.tone]);
  }
  sheet.y -= block.after;
}

async function drawSignature(sheet: Sheet, block: Extract<Block, { type: 'signature' }>): Promise<void> {
  const laid: { readonly cells: readonly GlyphCell[]; readonly width: number; readonly size: number }[] = [];
  for (const { text, size, weight } of block.lines) {
    const cells = await cellsOf(fill(text, sheet.values), size, weight === 'bold', sheet.fonts);
    laid.push({ cells, size, width: cells.reduce((sum, { width, gap }) => sum + width + gap, 0) });
  }
  const widest = Math.max(...laid.map(({ width }) => width));
  const middle = sheet.left + sheet.width - widest / 2;
  let y = block.bottomMm * mm;
  for (const { cells, width, size } of laid.toReversed()) {
    let x = middle - width / 2;
    for (const cell of cells) {
      x += cell.gap;
      drawCell(sheet, cell, x, y, size, ink);
      x += cell.width;
    }
    y += size * 1.9;
  }
  const arc = textOf(fill(block.sealText, sheet.values));
  const purpose = textOf(fill(block.sealPurpose, sheet.values));
  const seal = { x: middle + widest * 0.08, y: block.bottomMm * mm + 14, diameter: block.sealDiameterMm * mm };
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
    arcFont: (await sheet.fonts.pick(codePoints(arc)[0] ?? '', true)).font,
    lineFont: (await sheet.fonts.pick(codePoints(purpose)[0] ?? '', false)).font,
  });
}

async function drawVerification(
  sheet: Sheet,
  block: Extract<Block, { type: 'verification' }>,
  input: RenderInput,
): Promise<void> {
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
  for (const { text, size: own, weight } of block.lines) {
    const cells = await cellsOf(fill(text, sheet.values), own, weight === 'bold', sheet.fonts);
    for (const cut of breakLines(cells, room, 0)) {
      y -= own;
      for (const { cell, x } of placeLine(cut, false, { width: room, indent: 0, stretch: 0 })) {
        drawCell(sheet, cell, left + x, y, own, weight === 'bold' ? ink : soft);
      }
      y -= gap;
    }
  }
}
