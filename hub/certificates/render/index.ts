export type { MadePdf, PdfMaker } from './pdf-maker.ts';
export { type PdfProcessOptions, pdfProcess } from './process.ts';
export { type FontFiles, fontFiles } from './font-files.ts';
