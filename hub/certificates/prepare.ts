import { type Result, failure, ok } from '@hallhub/sync/base';
import type { PreparedDocument } from './edge.ts';
import { sha256 } from './issuing.ts';
import type { Rasteriser } from './raster/index.ts';
import type { PdfMaker } from './render/index.ts';
import type { PrintAttempt } from './rules.ts';

/**
 * What a printer is given of a paper: the document itself, or a copy for this one print run that bears the overprint or
 * is made of page images. The document that was issued stays as it is. Errors: those of {@link PdfMaker} and {@link Rasteriser}.
 */
export async function prepareDocument(
  { pdf, raster }: { readonly pdf: Pick<PdfMaker, 'overprint'>; readonly raster?: Rasteriser },
  document: Uint8Array,
  attempt: Pick<PrintAttempt, 'format' | 'raster' | 'pages'>,
  run: number | undefined,
): Promise<Result<PreparedDocument>> {
  const marked = run === undefined ? ok({ pdf: document }) : await pdf.overprint(document, run);
  if (!marked.ok) return marked;
  if (attempt.format !== 'image/pwg-raster') return prepared(marked.value.pdf);
  // The operator may have taken the program out of the configuration since.
  if (!raster || !attempt.raster) return failure('E-CERT-0603');
  const images = await raster.rasterise(marked.value.pdf, { ...attempt.raster, pages: attempt.pages });
  return images.ok ? prepared(images.value) : images;
}

const prepared = (bytes: Uint8Array): Result<PreparedDocument> => ok({ bytes, sha256: sha256(bytes) });
