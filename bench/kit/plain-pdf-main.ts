import { PDFDocument, StandardFonts } from '@cantoo/pdf-lib';
import { memoryOf, say } from './children.ts';

/** The least that is a PDF: one page, one ASCII line. Says when the first is done, then how long the others took. */
async function draw(): Promise<number> {
  const begun = performance.now();
  const document = await PDFDocument.create();
  const font = await document.embedFont(StandardFonts.TimesRoman);
  document.addPage([595, 842]).drawText('This is to certify.', { x: 72, y: 720, size: 12, font });
  await document.save({ useObjectStreams: false });
  return performance.now() - begun;
}

await draw();
say({ first: true });
const warm: number[] = [];
for (let n = 0; n < Number(process.argv[2]); n += 1) warm.push(await draw());
say({ warm, peakBytes: memoryOf('self').peak });
