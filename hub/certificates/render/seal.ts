import { codePoints } from '../code-points.ts';
import { type PDFFont, type PDFPage, degrees, rgb } from '@cantoo/pdf-lib';

export interface SealText {
  readonly arc: string;
  readonly line: string;
  readonly arcFont: PDFFont;
  readonly lineFont: PDFFont;
}

const red = rgb(0.78, 0.1, 0.11);
const opacity = 0.88;
const radians = (angle: number): number => (angle * Math.PI) / 180;

/** A round seal drawn by us: ring, star, the issuer's name round the upper edge, its purpose below. */
export function drawSeal(
  page: PDFPage,
  at: { readonly x: number; readonly y: number; readonly diameter: number },
  text: SealText,
): void {
  const radius = at.diameter / 2;
  page.drawEllipse({
    x: at.x,
    y: at.y,
    xScale: radius - 1,
    yScale: radius - 1,
    borderColor: red,
    borderWidth: 2.4,
    borderOpacity: opacity,
  });
  page.drawSvgPath(star(radius * 0.3), { x: at.x, y: at.y + radius * 0.06, color: red, opacity });

  const size = radius * 0.27;
  const glyphs = codePoints(text.arc);
  // At most 250° of the ring; few characters stand no further apart than looks like one word.
  const between = Math.min(250 / Math.max(1, glyphs.length - 1), 33);
  const baseline = radius - size * 1.32;
  for (const [index, glyph] of glyphs.entries()) {
    const turn = (index - (glyphs.length - 1) / 2) * between;
    const half = text.arcFont.widthOfTextAtSize(glyph, size) / 2;
    const angle = radians(turn);
    page.drawText(glyph, {
      x: at.x + baseline * Math.sin(angle) - half * Math.cos(angle),
      y: at.y + baseline * Math.cos(angle) + half * Math.sin(angle),
      rotate: degrees(-turn),
      size,
      font: text.arcFont,
      color: red,
      opacity,
    });
  }
  const lineSize = Math.min(radius * 0.2, (radius * 1.25) / Math.max(1, codePoints(text.line).length));
  const width = text.lineFont.widthOfTextAtSize(text.line, lineSize);
  page.drawText(text.line, {
    x: at.x - width / 2,
    y: at.y - radius * 0.58,
    size: lineSize,
    font: text.lineFont,
    color: red,
    opacity,
  });
}

/** A five-pointed star round the origin; the y of an SVG path points down. */
function star(radius: number): string {
  const corners = Array.from({ length: 10 }, (_, index) => {
    const reach = index % 2 === 0 ? radius : radius * 0.382;
    const angle = radians(index * 36);
    return `${(reach * Math.sin(angle)).toFixed(3)} ${(-reach * Math.cos(angle)).toFixed(3)}`;
  });
  return `M ${corners.join(' L ')} Z`;
}
