import { type Result, failure, ok } from '@hallhub/sync/base';
import type { RasterWish } from '../suitability.ts';

/*
 * PWG Raster (PWG 5102.4-2012): a sync word, then for each page a header of 1796 octets and its compressed lines. Read here
 * to the last octet before it goes to a printer: what a program on the way left out must not come out as half a page.
 */

const SYNC = 'RaS2';
const HEADER_BYTES = 1796;
/** Offsets in a page header, big-endian unsigned integers of 4 octets (PWG 5102.4, table 2). */
const at = {
  resolutionX: 276,
  resolutionY: 280,
  width: 372,
  height: 376,
  bitsPerColor: 384,
  bitsPerPixel: 388,
  bytesPerLine: 392,
  colorOrder: 396,
  colorSpace: 400,
  numColors: 420,
  totalPageCount: 452,
  pageSizeName: 1732,
} as const;
const typeOf = {
  sgray_8: { colorSpace: 18, channels: 1 },
  srgb_8: { colorSpace: 19, channels: 3 },
} as const;
const A4_MM = [210, 297] as const;
/** How far a page may be from A4 before its edges are lost. */
const TOLERANCE_MM = 2;
const MM_PER_INCH = 25.4;

/**
 * Checks that these are so many whole A4 pages, upright, of this type, and returns them with those header fields filled in
 * that some programs leave empty: the mark, the number of colours, the page count and the paper's name. Error: `E-CERT-0613`.
 */
export function completePwg(raster: Uint8Array, wish: RasterWish & { readonly pages: number }): Result<Uint8Array> {
  const bytes = Buffer.from(raster);
  if (bytes.toString('latin1', 0, 4) !== SYNC) return failure('E-CERT-0613', 'no PWG raster');
  const { channels } = typeOf[wish.type];
  let from = 4;
  let pages = 0;
  while (from < bytes.length) {
    if (pages === wish.pages) return failure('E-CERT-0613', `more than ${wish.pages} pages`);
    pages += 1;
    if (from + HEADER_BYTES > bytes.length) return failure('E-CERT-0613', `page ${pages}: cut short`);
    const header = bytes.subarray(from, from + HEADER_BYTES);
    const wrong = wrongIn(header, wish);
    if (wrong !== undefined) return failure('E-CERT-0613', `page ${pages}: ${wrong}`);
    const end = endOfLines(bytes, from + HEADER_BYTES, header, channels);
    if (end === undefined) return failure('E-CERT-0613', `page ${pages}: broken lines`);
    fillIn(header, { pages: wish.pages, channels });
    from = end;
  }
  return pages === wish.pages ? ok(new Uint8Array(bytes)) : failure('E-CERT-0613', `${pages} of ${wish.pages} pages`);
}

function wrongIn(header: Buffer, { type, dpi }: RasterWish): string | undefined {
  const read = (field: keyof typeof at): number => header.readUInt32BE(at[field]);
  const { colorSpace, channels } = typeOf[type];
  if (read('resolutionX') !== dpi || read('resolutionY') !== dpi) {
    return `${read('resolutionX')} × ${read('resolutionY')} dpi`;
  }
  const size = [read('width'), read('height')] as const;
  const millimetres = size.map((pixels) => (pixels / dpi) * MM_PER_INCH);
  if (A4_MM.some((side, index) => Math.abs((millimetres[index] ?? 0) - side) > TOLERANCE_MM)) {
    return `${millimetres.map(Math.round).join(' × ')} mm`;
  }
  const asWished =
    read('colorSpace') === colorSpace &&
    read('bitsPerColor') === 8 &&
    read('bitsPerPixel') === 8 * channels &&
    read('colorOrder') === 0 &&
    read('bytesPerLine') === size[0] * channels;
  return asWished ? undefined : `colour space ${read('colorSpace')}, ${read('bitsPerPixel')} bits`;
}

/** Walks through the compressed lines (PWG 5102.4, 4.4); undefined where they do not come out even. */
function endOfLines(bytes: Buffer, start: number, header: Buffer, pixelBytes: number): number | undefined {
  const width = header.readUInt32BE(at.width);
  const height = header.readUInt32BE(at.height);
  let from = start;
  for (let lines = 0; lines < height;) {
    const repeats = bytes[from];
    if (repeats === undefined) return undefined;
    lines += repeats + 1;
    if (lines > height) return undefined;
    from += 1;
    let pixels = 0;
    while (pixels < width) {
      const code = bytes[from];
      if (code === undefined) return undefined;
      from += 1;
      if (code < 0x80) {
        pixels += code + 1;
        from += pixelBytes;
      } else if (code > 0x80) {
        pixels += 0x101 - code;
        from += (0x101 - code) * pixelBytes;
      } else return undefined;
    }
    if (pixels !== width || from > bytes.length) return undefined;
  }
  return from;
}

function fillIn(header: Buffer, { pages, channels }: { readonly pages: number; readonly channels: number }): void {
  header.write('PwgRaster\0', 0, 'latin1');
  header.writeUInt32BE(channels, at.numColors);
  header.writeUInt32BE(pages, at.totalPageCount);
  if (header[at.pageSizeName] === 0) header.write('iso_a4_210x297mm\0', at.pageSizeName, 'latin1');
}
