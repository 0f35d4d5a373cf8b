import { type PDFFont, type PDFPage, degrees, rgb } from '@cantoo/pdf-lib';
import type { Template } from '../templates/index.ts';
import type { PageFonts } from './fonts.ts';
import { line, mm, paper } from './sheet.ts';

/** What lies under everything on each page: the frame, and the mark of a specimen. */
export async function backgroundOf(
  { frame, watermark }: Pick<Template, 'frame' | 'watermark'>,
  fonts: PageFonts,
): Promise<(page: PDFPage) => void> {
  const fontOf = (text: string): Promise<PDFFont> => fonts.faceOf(text, { bold: true });
  const marks = watermark && [
    { text: watermark.text, font: await fontOf(watermark.text), size: 120, down: 0 },
    { text: watermark.textEn, font: await fontOf(watermark.textEn), size: 46, down: 62 },
  ];
  return (page) => {
    if (frame) drawFrame(page);
    for (const mark of marks ?? []) drawMark(page, mark);
  };
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

function drawMark(
  page: PDFPage,
  mark: { readonly text: string; readonly font: PDFFont; readonly size: number; readonly down: number },
): void {
  const { text, font, size, down } = mark;
  const half = font.widthOfTextAtSize(text, size) / 2;
  const [sin, cos] = [Math.sin(Math.PI / 5), Math.cos(Math.PI / 5)];
  page.drawText(text, {
    x: paper.width / 2 - half * cos + down * sin,
    y: paper.height / 2 - half * sin - down * cos,
    size,
    font,
    rotate: degrees(36),
    color: rgb(0.5, 0.5, 0.52),
    opacity: 0.13,
  });
}
