import { existsSync, readFileSync } from 'node:fs';
import { type Font, create } from '@cantoo/fontkit';
import type { DrawGlyph } from '../simulator/raster.ts';

const FONT = '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc';

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Draws with Noto Sans CJK (Debian package `fonts-noto-cjk`) as a printer's own font would look. */
export function notoGlyphs(): DrawGlyph {
  if (!existsSync(FONT)) throw new Error('this test needs a font: apt install fonts-noto-cjk');
  const file = create(readFileSync(FONT)) as unknown as { readonly fonts: readonly Font[] };
  const font = file.fonts[2] ?? file.fonts[0];
  if (!font) throw new Error('the font file is empty');
  return (character, width, height) => {
    const code = character.codePointAt(0) ?? 0;
    if (!font.hasGlyphForCodePoint(code)) return undefined;
    const glyph = font.glyphForCodePoint(code);
    if (!glyph) return undefined;
    const scale = (height * 0.92) / font.unitsPerEm;
    const left = Math.max(0, (width - glyph.advanceWidth * scale) / 2);
    const base = height * 0.84;
    const contours = outline(glyph.path.commands).map((points) =>
      points.map(({ x, y }) => ({ x: left + x * scale, y: base - y * scale })),
    );
    return Uint8Array.from({ length: width * height }, (_, at) =>
      isInside(contours, (at % width) + 0.5, Math.floor(at / width) + 0.5) ? 1 : 0,
    );
  };
}

const STEPS = 6;

/** The outline as polygons. */
function outline(commands: readonly { readonly command: string; readonly args: readonly number[] }[]): Point[][] {
  const contours: Point[][] = [];
  let current: Point[] = [];
  let at: Point = { x: 0, y: 0 };
  for (const { command, args } of commands) {
    const points: Point[] = [];
    for (let index = 0; index < args.length; index += 2) points.push({ x: args[index] ?? 0, y: args[index + 1] ?? 0 });
    const to = points.at(-1);
    if (command === 'moveTo') {
      current = [];
      contours.push(current);
    }
    if (!to) continue;
    const control = [at, ...points];
    const steps = points.length === 1 ? 1 : STEPS;
    for (let step = 1; step <= steps; step += 1) current.push(bezier(control, step / steps));
    at = to;
  }
  return contours;
}

/** De Casteljau. */
function bezier(points: readonly Point[], t: number): Point {
  const [only, ...others] = points;
  if (!only) return { x: 0, y: 0 };
  if (others.length === 0) return only;
  return bezier(
    others.map((next, index) => {
      const from = points[index] ?? next;
      return { x: from.x + (next.x - from.x) * t, y: from.y + (next.y - from.y) * t };
    }),
    t,
  );
}

/** By winding number. */
function isInside(contours: readonly (readonly Point[])[], x: number, y: number): boolean {
  let winding = 0;
  for (const points of contours) {
    for (const [index, b] of points.entries()) {
      const a = points[(index + points.length - 1) % points.length] ?? b;
      if (a.y <= y === b.y <= y) continue;
      if (a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x) > x) winding += b.y > a.y ? 1 : -1;
    }
  }
  return winding !== 0;
}
