import type { Result } from '@hallhub/sync/base';
import type { RenderInput } from '../templates/index.ts';

export interface MadePdf {
  readonly pdf: Uint8Array;
  readonly pages: number;
}

/**
 * Makes PDFs in a process of its own.
 *
 * Errors: `E-CERT-0201`–`0204` (the content), `0207` (no PDF), `0208` (not fit for printing), `0301`, `0302` (the process; passing), `0303` (fonts).
 */
export interface PdfMaker {
  render(input: RenderInput): Promise<Result<MadePdf>>;
  /** Page count of a PDF that was made elsewhere, if it can be printed at all. */
  inspect(pdf: Uint8Array): Promise<Result<{ readonly pages: number }>>;
  /** A copy for print run `run` of the certificate, with its number small at the foot of each page; the PDF itself stays as it is. */
  overprint(pdf: Uint8Array, run: number): Promise<Result<{ readonly pdf: Uint8Array }>>;
  /** Resident memory of the process in bytes now and at most; undefined while none runs. */
  readonly memory: { readonly peakBytes: number } | undefined;
  stop(): Promise<void>;
}
