import { type PDFDocument, type PDFFont, type PDFPage, type RGB, TextRenderingMode, rgb } from '@cantoo/pdf-lib';
import type { Run } from '../templates/fill.ts';
import type { Template } from '../templates/index.ts';
import type { Look, PageFonts } from './fonts.ts';
import { type Cell, scriptsMeet } from './line-break.ts';
import type { SignatureBox } from './signature-field.ts';

export const mm = 72 / 25.4;
export const paper = { width: 210 * mm, height: 297 * mm };
export const ink = rgb(0.1, 0.1, 0.12);
export const soft = rgb(0.36, 0.37, 0.4);
export const line = rgb(0.55, 0.45, 0.3);
export const tones = { ink, soft };

export interface GlyphCell extends Cell {
  readonly font: PDFFont;
  readonly embolden: boolean;
}

/** What blocks are drawn on: the page they have come to, and how far down it. */
export interface Sheet {
  readonly document: PDFDocument;
  readonly fonts: PageFonts;
  readonly values: ReadonlyMap<string, string>;
  readonly left: number;
  readonly width: number;
  /** Where flowing blocks begin on a page. */
  readonly top: number;
  /** What they must stay above; on one page it may be higher than on the others. */
  floor: number;
  readonly floorOf: (page: number) => number;
  readonly mayOverflow: boolean;
  /** What lies under everything else on a page. */
  readonly background: (page: PDFPage) => void;
  page: PDFPage;
  /** The height that flowing blocks have come down to. */
  y: number;
  /** How many rows of tables stand on this page. */
  rows: number;
  /** Whether something did not fit and may not go on on another page. */
  tooLong: boolean;
  /** Where the first seal lies. */
  seal?: SignatureBox;
}

export interface Shortened {
  readonly page: number;
  readonly floor: number;
}

export function openSheet(
  options: Pick<Sheet, 'document' | 'fonts' | 'values' | 'background'> & {
    readonly template: Template;
    /** A page, from 0, that is filled down to this height only, so that something is left for the page with the seal. */
    readonly shortened: Shortened | undefined;
  },
): Sheet {
  const { template, shortened, ...given } = options;
  const { top: marginTop, side, bottom } = template.marginMm;
  const floorOf = (page: number): number => (page === shortened?.page ? shortened.floor : bottom * mm);
  const top = paper.height - marginTop * mm;
  return {
    ...given,
    top,
    y: top,
    rows: 0,
    left: side * mm,
    width: paper.width - 2 * side * mm,
    floor: floorOf(0),
    floorOf,
    mayOverflow: template.overflow === 'pages',
    page: addPage(given),
    tooLong: false,
  };
}

/** Goes to the next page, where `height` does not fit any more on this one. Returns whether it did. */
export function makeRoom(sheet: Sheet, height: number): boolean {
  if (sheet.y - height >= sheet.floor) return false;
  if (!sheet.mayOverflow) {
    sheet.tooLong = true;
    return false;
  }
  sheet.page = addPage(sheet);
  sheet.floor = sheet.floorOf(sheet.document.getPageCount() - 1);
  sheet.y = sheet.top;
  sheet.rows = 0;
  return true;
}

function addPage({ document, background }: Pick<Sheet, 'document' | 'background'>): PDFPage {
  const page = document.addPage([paper.width, paper.height]);
  background(page);
  return page;
}

export function drawCell(page: PDFPage, cell: GlyphCell, x: number, y: number, size: number, color: RGB): void {
  if (cell.text === ' ') return;
  const outline = { renderMode: TextRenderingMode.FillAndOutline, strokeWidth: size * 0.035, strokeColor: color };
  page.drawText(cell.text, { x, y, size, font: cell.font, color, ...(cell.embolden ? outline : {}) });
}

/** An apostrophe inside a Western word: in a Chinese face the curly one is as wide as a character. */
const narrow = (text: string): string => text.replace(/(?<=\p{Script=Latin})’(?=\p{Script=Latin})/gu, "'");

/** Cells of filled-in text: one for each character, a combining mark with the character before it. */
export async function cellsOf(
  runs: readonly Run[],
  size: number,
  look: Look,
  fonts: PageFonts,
): Promise<readonly GlyphCell[]> {
  const cells: GlyphCell[] = [];
  for (const [index, run] of runs.entries()) {
    const texts = narrow(run.text).match(/\P{M}\p{M}*|\p{M}+/gu) ?? [];
    const faces = await fonts.facesOf(texts, { bold: look.bold || run.strong, font: run.font ?? look.font });
    for (const [place, { font, embolden }] of faces.entries()) {
      const text = texts[place] ?? '';
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

export const widthOf = (cells: readonly GlyphCell[]): number =>
  cells.reduce((sum, { width, gap }) => sum + width + gap, 0);

/** One line of cells from `x` on, as they are. */
export function drawRow(
  page: PDFPage,
  cells: readonly GlyphCell[],
  at: { readonly x: number; readonly y: number },
  size: number,
  color: RGB,
): void {
  let { x } = at;
  for (const cell of cells) {
    x += cell.gap;
    drawCell(page, cell, x, at.y, size, color);
    x += cell.width;
  }
}
