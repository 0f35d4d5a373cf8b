import PDFKit from 'pdfkit';
import { fontFiles } from '../../hub/certificates/render/font-files.ts';
import { certificateWords } from './certificate-words.ts';
import { memoryOf, say } from './children.ts';

/*
 * The words of the sample certificate by pdfkit, with the same two font files, subsetted. Says when the first is done and how
 * large it is, then how long the others took.
 */

const words = certificateWords();
const { song } = fontFiles().families;
if (song?.bold === undefined) throw new Error('no main font');
const { regular, bold } = song;

async function draw(): Promise<number> {
  const document = new PDFKit({ size: 'A4', margin: 72 });
  const chunks: Uint8Array[] = [];
  document.on('data', (chunk: Uint8Array) => chunks.push(chunk));
  const ended = new Promise((resolve) => {
    document.on('end', resolve);
  });
  for (const { text, size, bold: isBold } of words) document.font(isBold ? bold : regular, size).text(text);
  document.end();
  await ended;
  return chunks.reduce((sum, { length }) => sum + length, 0);
}

say({ bytes: await draw() });
const warm: number[] = [];
for (let n = 0; n < Number(process.argv[2]); n += 1) {
  const begun = performance.now();
  await draw();
  warm.push(performance.now() - begun);
}
say({ warm, peakBytes: memoryOf('self').peak });
