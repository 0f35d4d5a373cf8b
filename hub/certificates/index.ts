export { certificateCodes } from './codes.ts';
export type {
  CertificateAudit,
  CertificateDeps,
  CertificateEvent,
  CertificateEventData,
  CertificateRequest,
  CertificateService,
  CertificateState,
  CertificateSummary,
  CertificateView,
  PrintIdentity,
  PrintJobView,
  PrinterView,
  Sealer,
  StudentKey,
  UncertainDecision,
} from './ports.ts';
export { type Certificates, createCertificates } from './compose.ts';
export { certificateService } from './service.ts';
export { certificateSchema } from './schema.ts';
export { printRunner } from './edge.ts';
export { type FontFiles, type PdfProcessOptions, fontFiles, pdfProcess } from './render/index.ts';
export { type TemplateSet, loadSample, loadTemplates } from './templates/index.ts';
export type { PrinterDirectory, PrinterHandle, PrintJournal, PrintRunner, PrintRunnerDeps } from './edge.ts';
export type { AttemptState, PrintAttempt } from './rules.ts';
export type { MadePdf, PdfMaker } from './render/index.ts';
export type { Issuer, RenderInput } from './templates/index.ts';

export { certificateHandler, pickUpKey } from './handler.ts';
export type { ItemCount } from './store.ts';
export { type Rasteriser, type RasteriserOptions, externalRasteriser } from './raster/index.ts';
export type { PrinterCheck } from './printers.ts';
export type { PrinterFinding, PrinterVerdict } from './suitability.ts';
export { printerDirectory } from './devices.ts';
export { type VerifySiteLink, joinVerifySite } from './verify-site.ts';
export { toOutcome } from './outcomes.ts';
export {
  type DocumentSigner,
  type SignatureLevel,
  type SignerSource,
  configuredSigner,
  createSigner,
  keptOpen,
} from './signing/index.ts';
