import { PDFDocument, type PDFPage, degrees } from '@cantoo/pdf-lib';
import { type Result, failure, ok } from '@hallhub/sync/base';
import type { FontBox } from './fonts.ts';
import { mm, soft } from './sheet.ts';

const SIZE = 7;
/** Baseline above the paper's edge: below the frame (11 mm) and the foot (15 mm) of every template, above what printers cannot reach (4 mm). */
const BASELINE_MM = 6.5;

/**
 * A copy for one print run, its number small at the foot of each page. A signature in it holds no more: this goes to a
 * printer and nowhere else. Error: `E-CERT-0207` a PDF that cannot be read again.
 */
export async function overprint(
  pdf: Uint8Array,
  run: number,
  fonts: FontBox,
): Promise<Result<{ readonly pdf: Uint8Array; readonly pages: number }>> {
  let document: PDFDocument;
  try {
    document = await PDFDocument.load(pdf, { updateMetadata: false });
  } catch (error) {
    return failure('E-CERT-0207', error instanceof Error ? error.name : 'unreadable');
  }
  const text = `第 ${run} 次打印　Print No. ${run}`;
  const font = await fonts.open(document).faceOf(text, { bold: false });
  for (const page of document.getPages()) {
    const { x, y, turned } = foot(page, font.widthOfTextAtSize(text, SIZE));
    page.drawText(text, { x, y, size: SIZE, font, color: soft, rotate: degrees(turned) });
  }
  return ok({ pdf: await document.save({ useObjectStreams: false }), pages: document.getPageCount() });
}

/** Where a centred line of this width begins at the foot of the page as it is looked at, however the page is turned. */
function foot(page: PDFPage, width: number): { readonly x: number; readonly y: number; readonly turned: number } {
  const box = page.getCropBox();
  const up = BASELINE_MM * mm;
  const turned = ((page.getRotation().angle % 360) + 360) % 360;
  const along = ((turned % 180 === 0 ? box.width : box.height) - width) / 2;
  switch (turned) {
    case 90:
      return { x: box.x + box.width - up, y: box.y + along, turned };
    case 180:
      return { x: box.x + box.width - along, y: box.y + box.height - up, turned };
    case 270:
      return { x: box.x + up, y: box.y + box.height - along, turned };
    default:
      return { x: box.x + along, y: box.y + up, turned: 0 };
  }
}
