import type { Code } from '@hallhub/sync/base';
import type { PrinterStatus } from '@hallhub/device-drivers/capabilities';

/** As which format a paper goes to a printer. */
export type DocumentFormat = 'application/pdf' | 'image/pwg-raster';

/** How pages are made into images: a type of PWG 5102.4, and dots per inch. */
export interface RasterWish {
  readonly type: 'srgb_8' | 'sgray_8';
  readonly dpi: number;
}

export interface PrinterFinding {
  readonly code: Code;
  /** A grave one keeps certificates off the printer; another one costs something, and staff are told. */
  readonly grave: boolean;
  readonly detail?: string;
}

/** What a printer can do for certificates, by its own word. */
export interface PrinterVerdict {
  readonly fit: boolean;
  readonly findings: readonly PrinterFinding[];
  readonly duplex: boolean;
  /** The most copies that one job may ask for. */
  readonly copiesMax: number;
  /** Absent where it takes nothing that can be made here. */
  readonly format?: DocumentFormat;
  /** With `image/pwg-raster`. */
  readonly raster?: RasterWish;
}

const A4 = /(?:^|_)a4(?:_|$|-)/;
/** Create-Job, Send-Document, Cancel-Job, Get-Job-Attributes, Get-Jobs (RFC 8011, 5.4.15): without one of them no step can be told from the next. */
const NEEDED_OPERATIONS = [0x0005, 0x0006, 0x0008, 0x0009, 0x000a];

/** Whether certificates may be printed there, and how. `rasterDpi`: pages can be made into images, of so many dots if the printer takes them. */
export function examinePrinter(
  status: PrinterStatus,
  { rasterDpi, countsImpressions }: { readonly rasterDpi?: number; readonly countsImpressions: boolean },
): PrinterVerdict {
  const { formats, sides, operations, mediaSupported = status.mediaReady, copiesMax } = status;
  const findings: PrinterFinding[] = [];
  const find = (code: Code, grave: boolean, detail?: string): void => {
    findings.push({ code, grave, ...(detail !== undefined && { detail: detail.slice(0, 200) }) });
  };

  const lacking = operations ? NEEDED_OPERATIONS.filter((one) => !operations.includes(one)) : [];
  if (lacking.length > 0) find('E-CERT-0604', true, lacking.map((one) => `0x${one.toString(16)}`).join(' '));
  if (mediaSupported.length === 0) find('E-CERT-0605', false);
  else if (!mediaSupported.some((media) => A4.test(media))) find('E-CERT-0601', true, mediaSupported.join(' '));

  const takesPdf = formats.includes('application/pdf');
  const takesRaster = formats.includes('image/pwg-raster');
  const raster = takesPdf || !takesRaster || rasterDpi === undefined ? undefined : rasterFor(status, rasterDpi);
  if (!takesPdf && !takesRaster) find('E-CERT-0602', true, formats.join(' '));
  else if (!takesPdf && rasterDpi === undefined) find('E-CERT-0603', true);
  else if (!takesPdf && !raster) {
    find('E-CERT-0602', true, `${status.raster?.types.join(' ') ?? ''} ${status.raster?.dpi.join(' ') ?? ''} dpi`);
  }

  // What a page image means turned over differs from printer to printer (pwg-raster-document-sheet-back).
  const duplex = takesPdf && sides.includes('two-sided-long-edge');
  if (!duplex) find('E-CERT-0606', false);
  if (copiesMax === undefined) find('E-CERT-0607', false);
  if (!countsImpressions) find('E-CERT-0608', false);
  if (status.printerUuid === '') find('E-CERT-0609', false);
  const format: DocumentFormat | undefined = takesPdf ? 'application/pdf' : raster && 'image/pwg-raster';
  return {
    fit: !findings.some(({ grave }) => grave),
    findings,
    duplex,
    // One that does not say is asked for one: a copy that it left out would look like doubt.
    copiesMax: copiesMax ?? 1,
    ...(format && { format }),
    ...(raster && { raster }),
  };
}

/** Colour where the printer has it: the seal is red. A printer that does not say takes grey, as all of them do. */
function rasterFor({ raster }: PrinterStatus, rasterDpi: number): RasterWish | undefined {
  if (!raster) return { type: 'sgray_8', dpi: rasterDpi };
  const type = (['srgb_8', 'sgray_8'] as const).find((one) => raster.types.includes(one));
  const dpi = raster.dpi.length === 0 ? rasterDpi : [rasterDpi, 300, 600].find((one) => raster.dpi.includes(one));
  return type && dpi !== undefined ? { type, dpi } : undefined;
}
