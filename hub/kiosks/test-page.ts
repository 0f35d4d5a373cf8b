import { PDFDocument, StandardFonts, grayscale } from '@cantoo/pdf-lib';
import type { EpochMs } from '@hallhub/sync/base';

const A4 = [595.28, 841.89] as const;
const MARGIN = 42.5;

/** A page that shows whether a printer prints straight, to the edges and in all greys; an A4 PDF. */
export async function testPage({ kiosk, at }: { readonly kiosk: string; readonly at: EpochMs }): Promise<Uint8Array> {
  const pdf = await PDFDocument.create();
  const page = pdf.addPage([...A4]);
  const font = await pdf.embedFont(StandardFonts.Helvetica);
  const [width, height] = A4;
  const black = grayscale(0);
  page.drawRectangle({
    x: MARGIN,
    y: MARGIN,
    width: width - 2 * MARGIN,
    height: height - 2 * MARGIN,
    borderColor: black,
    borderWidth: 1,
  });
  page.drawText('hallhub test page', { x: 2 * MARGIN, y: height - 3 * MARGIN, size: 28, font, color: black });
  page.drawText(`kiosk ${kiosk}   ${new Date(at).toISOString()}`, {
    x: 2 * MARGIN,
    y: height - 3.6 * MARGIN,
    size: 12,
    font,
    color: black,
  });
  const steps = 11;
  const side = (width - 4 * MARGIN) / steps;
  for (let step = 0; step < steps; step += 1) {
    const x = 2 * MARGIN + step * side;
    page.drawRectangle({ x, y: height / 2, width: side, height: side, color: grayscale(step / (steps - 1)) });
    // Lines of 0.25 to 3 points: worn drums lose the thin ones first.
    page.drawLine({
      start: { x, y: height / 2 - 20 },
      end: { x, y: height / 2 - 120 },
      thickness: 0.25 + step * 0.25,
      color: black,
    });
  }
  return pdf.save();
}
