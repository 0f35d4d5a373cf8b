import { deflateSync, inflateSync } from 'node:zlib';
import { PDFDict, PDFDocument, PDFName, PDFRawStream, PDFRef } from '@cantoo/pdf-lib';

/**
 * The fault that the ink test is for: every font of the PDF keeps its tables, its text and its character map, and loses
 * the outlines of its glyphs. Structure checkers and text extraction see nothing wrong.
 */
export async function blankGlyphs(pdf: Uint8Array): Promise<Uint8Array> {
  const document = await PDFDocument.load(pdf, { updateMetadata: false });
  let fonts = 0;
  for (const [, descriptor] of document.context.enumerateIndirectObjects()) {
    const ref = descriptor instanceof PDFDict ? descriptor.get(PDFName.of('FontFile2')) : undefined;
    if (!(ref instanceof PDFRef)) continue;
    const object = document.context.lookup(ref);
    if (!(object instanceof PDFRawStream)) continue;
    const font = Buffer.from(inflateSync(object.getContents()));
    const tables = font.readUInt16BE(4);
    for (let entry = 12; entry < 12 + tables * 16; entry += 16) {
      if (font.toString('latin1', entry, entry + 4) !== 'glyf') continue;
      const from = font.readUInt32BE(entry + 8);
      font.fill(0, from, from + font.readUInt32BE(entry + 12));
      fonts++;
    }
    document.context.assign(ref, PDFRawStream.of(object.dict, deflateSync(font)));
  }
  if (fonts === 0) throw new Error('no TrueType font found in the PDF');
  return document.save({ useObjectStreams: false });
}
