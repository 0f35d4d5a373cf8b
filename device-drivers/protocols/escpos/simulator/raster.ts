import { create } from 'qrcode';
import type { Cell, PaperItem } from './types.ts';

/** One byte to a dot: 0 white, 1 black. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly dots: Uint8Array;
}

/** The dots of a character in a cell of this size, row by row, one byte to a dot; undefined where the font lacks it. */
export type DrawGlyph = (character: string, width: number, height: number) => Uint8Array | undefined;

const CELL_WIDTH = 12;
const CELL_HEIGHT = 24;
const LINE_GAP = 6;

/** The roll as it hangs out of the printer. */
export function drawRoll(roll: readonly PaperItem[], width: number, drawGlyph: DrawGlyph): Picture {
  const strips = roll.map((item) => strip(item, width, drawGlyph));
  const height = strips.reduce((sum, { length }) => sum + length / width, 0);
  const dots = new Uint8Array(width * height);
  let at = 0;
  for (const part of strips) {
    dots.set(part, at);
    at += part.length;
  }
  return { width, height, dots };
}

const START: Readonly<Record<'left' | 'center' | 'right', (free: number) => number>> = {
  left: () => 0,
  center: (free) => Math.floor(free / 2),
  right: (free) => free,
};

function strip(item: PaperItem, width: number, drawGlyph: DrawGlyph): Uint8Array {
  switch (item.type) {
    case 'line':
      return line(item.cells, item.align, width, drawGlyph);
    case 'cut':
      return Uint8Array.from({ length: width }, (_, x) => (x % 12 < 6 ? 1 : 0));
    case 'raster': {
      const dots = new Uint8Array(width * item.rows);
      const left = START[item.align](Math.max(0, width - item.rowBytes * 8));
      for (let y = 0; y < item.rows; y += 1) {
        for (let x = 0; x < item.rowBytes * 8 && left + x < width; x += 1) {
          const byte = item.bits[y * item.rowBytes + (x >> 3)] ?? 0;
          if ((byte & (0x80 >> (x & 7))) !== 0) dots[y * width + left + x] = 1;
        }
      }
      return dots;
    }
    case 'qr': {
      const { modules } = create(item.data, { errorCorrectionLevel: 'M' });
      const side = modules.size * item.module;
      const dots = new Uint8Array(width * side);
      const left = START[item.align](Math.max(0, width - side));
      for (let y = 0; y < side; y += 1) {
        for (let x = 0; x < side && left + x < width; x += 1) {
          const dark = modules.get(Math.floor(y / item.module), Math.floor(x / item.module));
          if (dark) dots[y * width + left + x] = 1;
        }
      }
      return dots;
    }
  }
}

function line(
  cells: readonly Cell[],
  align: 'left' | 'center' | 'right',
  width: number,
  drawGlyph: DrawGlyph,
): Uint8Array {
  const tallest = Math.max(1, ...cells.map(({ height }) => height)) * CELL_HEIGHT;
  const dots = new Uint8Array(width * (tallest + LINE_GAP));
  const used = cells.reduce((sum, cell) => sum + cell.columns * cell.width * CELL_WIDTH, 0);
  let left = START[align](Math.max(0, width - used));
  for (const cell of cells) {
    const [w, h] = [cell.columns * CELL_WIDTH * cell.width, CELL_HEIGHT * cell.height];
    const glyph = drawGlyph(cell.character, w, h) ?? box(w, h);
    for (let y = 0; y < h; y += 1) {
      for (let x = 0; x < w && left + x < width; x += 1) {
        const dark = glyph[y * w + x] === 1 || (cell.bold && x > 0 && glyph[y * w + x - 1] === 1);
        // Characters of one line stand on one base line.
        if (dark) dots[(tallest - h + y) * width + left + x] = 1;
      }
    }
    left += w;
  }
  return dots;
}

/** For a character that the font lacks. */
function box(width: number, height: number): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    return x === 1 || y === 1 || x === width - 2 || y === height - 2 ? 1 : 0;
  });
}
