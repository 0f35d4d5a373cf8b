import iconv from 'iconv-lite';

/*
 * Columns as the paper has them. A printer in Chinese mode moves on by one half-width cell for every single-byte code and by
 * one full-width cell for every code of two or four bytes, whatever stands behind it: an é, a half-width katakana, a rare
 * hanzi of a higher plane, a combining mark. East Asian width (UAX #11) agrees for ASCII, hanzi and full-width forms; where
 * it says less (narrow letters beyond ASCII, marks of width zero), a line laid out by it would run over the paper's edge.
 */

/** The GB18030 bytes of a text. */
export const encodeText = (text: string): Buffer => iconv.encode(text, 'gb18030');

const ASCII_END = 0x80;

/** How many half-width columns the text takes on paper. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += (character.codePointAt(0) ?? 0) < ASCII_END ? 1 : 2;
  return columns;
}

const clusters = new Intl.Segmenter('zh', { granularity: 'grapheme' });

/**
 * Breaks a text into lines of at most `columns` columns. Breaks at a space where there is one in the last part of the line,
 * else between characters; a letter and its marks stay together unless they alone are too wide. Loses no character.
 */
export function wrap(text: string, columns: number): readonly string[] {
  if (columns < 2) throw new RangeError('a line needs two columns for a hanzi');
  const lines: string[] = [];
  let line = '';
  let used = 0;
  const flush = (): void => {
    lines.push(line);
    line = '';
    used = 0;
  };
  for (const piece of pieces(text, columns)) {
    const width = columnsOf(piece);
    if (used + width > columns) {
      const space = line.lastIndexOf(' ');
      if (piece !== ' ' && space > line.length / 2) {
        const rest = line.slice(space + 1);
        line = line.slice(0, space + 1);
        flush();
        line = rest;
        used = columnsOf(rest);
      } else flush();
    }
    line += piece;
    used += width;
  }
  if (line !== '' || lines.length === 0) flush();
  return lines;
}

/** Grapheme clusters; one that is wider than a whole line falls apart into its characters. */
function* pieces(text: string, columns: number): Generator<string> {
  for (const { segment } of clusters.segment(text)) {
    if (columnsOf(segment) <= columns) yield segment;
    else yield* segment;
  }
}

/** The text with spaces around it, so that it takes exactly `columns`; a text that is wider stays as it is. */
export function pad(text: string, columns: number, align: 'left' | 'center' | 'right'): string {
  const free = Math.max(0, columns - columnsOf(text));
  const before = align === 'left' ? 0 : align === 'right' ? free : Math.floor(free / 2);
  return ' '.repeat(before) + text + ' '.repeat(free - before);
}
