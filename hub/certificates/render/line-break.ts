import { codePoints } from '../code-points.ts';

/** One code point, or a run that belongs together, with its width in the paragraph's own unit. */
export interface Cell {
  readonly text: string;
  readonly width: number;
  /** White before it, between Chinese and Western script; falls away at the start of a line. */
  readonly gap: number;
  /** Cells of one group (not 0) stay on one line where they fit on one. */
  readonly group: number;
}

export interface Placed<C extends Cell> {
  readonly cell: C;
  /** From the left edge of the column. */
  readonly x: number;
}

/** 避头: what must not begin a line. */
const notFirst = new Set('，。、；：？！）》〉」』】〕｝’”…—～·％‰℃,.;:?!)]}%');
/** 避尾: what must not end one. */
const notLast = new Set('（《〈「『【〔｛‘“([{');
/** Marks whose right half is white: at the end of a line it may stick out. */
const halfBlank = new Set('，。、；：！？）》〉」』】〕｝');

const first = (text: string): string => codePoints(text)[0] ?? '';
const last = (text: string): string => codePoints(text).at(-1) ?? '';
const isWestern = (text: string): boolean =>
  /^[\p{Script=Latin}\p{Nd}\p{P}\p{Sc}+=/@&-]$/u.test(text) && text < '\u2e80';
const isSpace = (cell: Cell): boolean => cell.text === ' ';

/** Whether a line may end between the two. */
export function mayBreak(before: Cell, after: Cell): boolean {
  if (before.group !== 0 && before.group === after.group) return false;
  if (isSpace(before)) return true;
  if (isSpace(after)) return false;
  const end = last(before.text);
  const start = first(after.text);
  if (notLast.has(end) || notFirst.has(start)) return false;
  // Numbers and Western words stay whole: an ID number on two lines is read wrongly.
  return !(isWestern(end) && isWestern(start));
}

function widthOf(cells: readonly Cell[]): number {
  return cells.reduce((sum, cell, index) => sum + cell.width + (index === 0 ? 0 : cell.gap), 0);
}

/** The width that counts against the column: without spaces and half a closing mark at the end. */
function fittingWidth(cells: readonly Cell[]): number {
  let end = cells.length;
  while (end > 0 && cells[end - 1]?.text === ' ') end--;
  const closing = cells[end - 1];
  return widthOf(cells.slice(0, end)) - (closing && halfBlank.has(closing.text) ? closing.width / 2 : 0);
}

/**
 * Cuts a paragraph into lines. No line begins or ends with a mark that must not stand there, no word or number is torn;
 * only what is wider than a whole line by itself is cut inside. No cell is lost, added or moved.
 */
export function breakLines<C extends Cell>(
  cells: readonly C[],
  width: number,
  indent: number,
): readonly (readonly C[])[] {
  const lines: C[][] = [];
  let line: C[] = [];
  const room = (): number => width - (lines.length === 0 ? indent : 0);
  const wrap = (): void => {
    lines.push(line);
    line = [];
  };
  for (const atom of atoms(cells)) {
    if (line.length > 0 && fittingWidth([...line, ...atom]) > room()) wrap();
    if (fittingWidth(atom) <= room()) {
      line.push(...atom);
      continue;
    }
    for (const cell of atom) {
      if (line.length > 0 && fittingWidth([...line, cell]) > room()) wrap();
      line.push(cell);
    }
  }
  if (line.length > 0) lines.push(line);
  return lines;
}

function atoms<C extends Cell>(cells: readonly C[]): readonly (readonly C[])[] {
  const all: C[][] = [];
  let before: C | undefined;
  for (const cell of cells) {
    if (before && !mayBreak(before, cell)) all.at(-1)?.push(cell);
    else all.push([cell]);
    before = cell;
  }
  return all;
}

export interface Justify {
  readonly width: number;
  readonly indent: number;
  /** The most white that may be added between two cells; a line that needs more stays ragged. */
  readonly stretch: number;
}

/** Places one line's cells; all but the last line of a paragraph are spread to the full width. */
export function placeLine<C extends Cell>(
  line: readonly C[],
  spread: boolean,
  { width, indent, stretch }: Justify,
): readonly Placed<C>[] {
  const seams = line.map((cell, index) => {
    const before = line[index - 1];
    return before !== undefined && !isSpace(cell) && mayBreak(before, cell);
  });
  const open = seams.filter(Boolean).length;
  const missing = width - indent - fittingWidth(line);
  const extra = spread && open > 0 && missing > 0 && missing / open <= stretch ? missing / open : 0;
  let x = indent;
  return line.map((cell, index) => {
    x += (index === 0 ? 0 : cell.gap) + (seams[index] === true ? extra : 0);
    const placed = { cell, x };
    x += cell.width;
    return placed;
  });
}

/** Whether Chinese meets Western script here, so that a little white belongs between them. */
export function scriptsMeet(before: string, after: string): boolean {
  const western = /[\p{Script=Latin}\p{Nd}]/u;
  const han = /\p{Script=Han}/u;
  return (
    (western.test(last(before)) && han.test(first(after))) || (han.test(last(before)) && western.test(first(after)))
  );
}
