import { PDFArray, PDFDict, PDFDocument, PDFName, type PDFObject, PDFStream } from '@cantoo/pdf-lib';
import { type Result, failure, ok } from '@hallhub/sync/base';

/*
 * Whether a PDF that somebody else made may go to a printer unseen. Each refusal names what is wrong, for staff and hall.
 */

const PAGES_AT_MOST = 50;
const DEPTH_AT_MOST = 40;
/** A4 in points, and how far from it a sheet may be (2 mm) before its edges are lost. */
const A4 = [595.28, 841.89] as const;
const TOLERANCE = 5.7;
/** Every printer and viewer has these (ISO 32000-1, 9.6.2.2); any other font must come along. */
const STANDARD_FONT = /^(?:Helvetica|Courier|Times|Symbol|ZapfDingbats)\b/;

/** Its page count. Errors: `E-CERT-0207` unreadable, or too many pages or none; `0208` something that is not printed. */
export async function inspectReady(pdf: Uint8Array): Promise<Result<{ readonly pages: number }>> {
  let document: PDFDocument;
  try {
    document = await PDFDocument.load(pdf, { updateMetadata: false });
  } catch (error) {
    if (error instanceof Error && error.message.includes('encrypted')) return failure('E-CERT-0208', 'encrypted');
    return failure('E-CERT-0207', error instanceof Error ? error.name : 'unreadable');
  }
  try {
    const pages = document.getPages();
    if (pages.length < 1 || pages.length > PAGES_AT_MOST) return failure('E-CERT-0207', `${pages.length} pages`);
    for (const [index, page] of pages.entries()) {
      const { width, height } = page.getCropBox();
      if (!isA4(width, height)) {
        return failure('E-CERT-0208', `page ${index + 1}: ${Math.round(width)} × ${Math.round(height)} pt, not A4`);
      }
    }
    for (const [, object] of document.context.enumerateIndirectObjects()) {
      const unwanted = unwantedIn(object, document, 0);
      if (unwanted !== undefined) return failure('E-CERT-0208', unwanted);
    }
    return ok({ pages: pages.length });
  } catch (error) {
    // What the objects of a broken file are is found out one by one, and the library throws where one is not what it should be.
    return failure('E-CERT-0207', error instanceof Error ? error.name : 'unreadable');
  }
}

function isA4(width: number, height: number): boolean {
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  return Math.abs(short - A4[0]) <= TOLERANCE && Math.abs(long - A4[1]) <= TOLERANCE;
}

function unwantedIn(object: PDFObject, document: PDFDocument, depth: number): string | undefined {
  if (depth > DEPTH_AT_MOST) return 'nested too deeply';
  const dict = object instanceof PDFStream ? object.dict : object;
  if (dict instanceof PDFArray) return firstOf(dict.asArray(), document, depth);
  if (!(dict instanceof PDFDict)) return undefined;
  const has = (key: string): boolean => dict.has(PDFName.of(key));
  const named = (key: string): string | undefined => {
    const value = dict.lookup(PDFName.of(key));
    return value instanceof PDFName ? value.decodeText() : undefined;
  };
  if (has('JS') || has('JavaScript')) return 'JavaScript';
  if (named('S') === 'Launch') return 'starts a program';
  if (has('EF') || has('EmbeddedFiles') || named('Type') === 'EmbeddedFile') return 'embedded file';
  if (has('XFA')) return 'XFA form';
  return missingFont(dict, named) ?? firstOf(dict.values(), document, depth);
}

/** References are not followed: every object that they lead to is looked at by itself. */
function firstOf(objects: readonly PDFObject[], document: PDFDocument, depth: number): string | undefined {
  for (const one of objects) {
    const unwanted = unwantedIn(one, document, depth + 1);
    if (unwanted !== undefined) return unwanted;
  }
  return undefined;
}

function missingFont(font: PDFDict, named: (key: string) => string | undefined): string | undefined {
  const kind = named('Subtype') ?? '';
  if (named('Type') !== 'Font' || !/^(?:Type1|MMType1|TrueType|CIDFontType[02])$/.test(kind)) return undefined;
  const name = named('BaseFont') ?? '';
  if (kind !== 'CIDFontType0' && kind !== 'CIDFontType2' && STANDARD_FONT.test(name)) return undefined;
  const descriptor = font.lookup(PDFName.of('FontDescriptor'));
  const embedded =
    descriptor instanceof PDFDict &&
    ['FontFile', 'FontFile2', 'FontFile3'].some((key) => descriptor.has(PDFName.of(key)));
  return embedded ? undefined : `font not embedded: ${name.slice(0, 60)}`;
}
