import type { PrinterStatus } from '@hallhub/device-drivers/capabilities';
import type { Cancel, Clock, EpochMs, RandomBytes, Result } from '@hallhub/sync/base';
import type { VerificationRecord } from '@hallhub/sync/contract';
import type { Db } from '@hallhub/sync/sqlite';
import type { TrustRoots, VerificationRegister } from '@hallhub/sync/verification';
import type { PrinterDirectory } from './edge.ts';
import type { PdfMaker } from './render/index.ts';
import type { PrinterCheck } from './printers.ts';
import type { Rasteriser } from './raster/index.ts';
import type { ReadyPolicy } from './ready.ts';
import type { AttemptState } from './rules.ts';
import type { ItemCount } from './store.ts';
import type { DocumentFormat, PrinterVerdict } from './suitability.ts';
import type { SignatureLevel, SignerSource } from './signing/index.ts';
import type { Fields, Issuer, TemplateSet } from './templates/index.ts';

/** Encrypts what must be readable again. The context is bound to the sealed bytes; another context must not open them. */
export interface Sealer {
  seal(plain: Uint8Array, context: string): Uint8Array;
  open(sealed: Uint8Array, context: string): Uint8Array;
}

/** What the hall is told. Written in the transaction that made it true. */
export interface CertificateEvent {
  readonly type:
    | 'certificate.issued'
    | 'certificate.refused'
    | 'certificate.printed'
    /** A sheet may or may not have come out; `not-printed` or `printed` of the same attempt follows when staff have looked. */
    | 'certificate.uncertain'
    /** Only after `uncertain`: staff found no sheet, the copies are free again. */
    | 'certificate.not-printed'
    /** What anybody who holds the paper may be told of it has changed; bears `record`. */
    | 'certificate.verification';
  /** The request's id. */
  readonly subject: string;
  readonly data: CertificateEventData;
}

/** No personal data: the hall knows the request. */
export interface CertificateEventData {
  readonly revision: number;
  readonly certificateNumber?: string;
  /** SHA-256 of the PDF, hex. */
  readonly documentSha256?: string;
  /** The print attempt; what makes a second delivery recognisable. */
  readonly attemptId?: string;
  readonly copies?: number;
  readonly printerId?: string;
  readonly code?: string;
  readonly detail?: string;
  /** A masked name at most. */
  readonly record?: VerificationRecord;
}

/** A look at or decision about somebody's certificate, for the audit chain; written in the same transaction. */
export interface CertificateAudit {
  readonly actor: string;
  readonly action:
    | 'certificate.resolve-uncertain'
    | 'certificate.cancel-print'
    | 'certificate.print-for'
    | 'certificate.view'
    | 'certificate.make-again'
    | 'certificate.copy-spoiled';
  readonly subject: string;
  readonly reason: string;
  readonly detail: Readonly<Record<string, string | number>>;
}

export interface CertificateDeps {
  /** Migrated with {@link certificateSchema}. */
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly sealer: Sealer;
  /** Keyed hash (HMAC-SHA-256, hex) for finding a person without storing who it is. */
  readonly keyedHash: (purpose: 'student-number', text: string) => string;
  readonly pdf: PdfMaker;
  /** The shipped ones by default; must be those that {@link pdf} was given. */
  readonly templates?: TemplateSet;
  readonly issuer: Issuer;
  /** Signs what is made here; absent: the papers bear a seal and no signature. */
  readonly signer?: SignerSource;
  /** What is asked of PDFs that the hall made itself; absent: no signature of theirs may be broken. */
  readonly ready?: { readonly policyOf: (template: string) => ReadyPolicy; readonly roots: TrustRoots };
  /** Makes page images for printers that take no PDF; absent: such printers are not fit. */
  readonly raster?: Rasteriser;
  /** Whether each print run's number stands on its sheets; `ready`: the PDF was made by the hall. Absent: no. */
  readonly overprint?: (paper: { readonly template: string; readonly ready: boolean }) => boolean;
  /** Where a paper can be checked: the verification code is appended as `?code=`. */
  readonly verifyUrl: string;
  /** IANA name; decides the date on the paper. */
  readonly timeZone: string;
  /** Begins each certificate number; unique to this hub. */
  readonly numberPrefix: string;
  /** Gets a ready PDF. `E-CERT-0205` where it cannot be had now; the caller checks its hash. */
  readonly fetchDocument: (
    document: { readonly url: string; readonly sha256: string },
    limits: { readonly maxBytes: number },
  ) => Promise<Result<Uint8Array>>;
  readonly publish: (event: CertificateEvent) => void;
  readonly audit: (entry: CertificateAudit) => void;
  readonly printers: PrinterDirectory;
  /** Never given personal data. */
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** An approved request of kind `certificate`, as the hall sent it. */
export interface CertificateRequest {
  readonly requestId: string;
  readonly revision: number;
  readonly studentNumber: string;
  readonly studentName: string;
  /** Keyed hash of the resident-ID number, made by the hub the way the card reader's side makes it. */
  readonly studentIdKey?: string;
  /** Keyed hash of the pick-up code. */
  readonly pickUpKey?: string;
  readonly template: string;
  readonly fields: Fields;
  readonly copiesAllowed: number;
  readonly validFrom: EpochMs;
  readonly validUntil: EpochMs;
  /** A PDF that the hall made itself: then `template` only names it, and `fields` are not drawn. */
  readonly document?: {
    readonly url: string;
    readonly sha256: string;
    readonly title?: { readonly zh: string; readonly en: string };
  };
}

/** By what somebody's certificates are found; by more than one where more is known of the person. */
export interface StudentKey {
  /** Keyed hash of the resident-ID number. */
  readonly idKey?: string;
  /** 学号. */
  readonly number?: string;
  /** These certificates and no others: their pick-up code was shown. */
  readonly certificateIds?: readonly string[];
}

export type PrintIdentity =
  | { readonly kind: 'student'; readonly student: StudentKey }
  | { readonly kind: 'staff'; readonly staffId: string; readonly reason: string };

export type CertificateState = 'pending' | 'issued' | 'refused' | 'revoked';

export interface CertificateView {
  /** Equals the request's id: one request is one certificate, whatever its revisions. */
  readonly certificateId: string;
  readonly revision: number;
  readonly template: string;
  readonly templateVersion?: number;
  readonly title: { readonly zh: string; readonly en: string };
  /** Personal data: for the person's own screen; mask it elsewhere. */
  readonly studentName: string;
  readonly state: CertificateState;
  readonly certificateNumber?: string;
  readonly pages?: number;
  readonly documentSha256?: string;
  /** How the document is signed; absent: not by this hub. */
  readonly signature?: SignatureLevel;
  readonly copiesAllowed: number;
  /** Printed, uncertain and under way. */
  readonly copiesUsed: number;
  readonly validFrom: EpochMs;
  readonly validUntil: EpochMs;
  /** It cannot be printed now for its dates; absent: they allow it. */
  readonly untimely?: 'not-yet' | 'over';
  /** Why it is `refused`, or why it is still `pending`. */
  readonly code?: `E-${string}-${number}`;
  readonly detail?: string;
}

export interface PrintJobView {
  readonly attemptId: string;
  readonly certificateId: string;
  readonly printerId: string;
  readonly copies: number;
  readonly pages: number;
  readonly state: AttemptState;
  /** Which print run of its certificate it is, from 1; absent in jobs of older programs. */
  readonly run?: number;
  /** As what it went to the printer, and the hash of those bytes; once they were made ready. */
  readonly format?: DocumentFormat;
  readonly sentSha256?: string;
  /** How many jobs of its printer come before it; absent when it has ended. */
  readonly before?: number;
  /** It has ended for the hub, and its printer may still have it. */
  readonly leftover?: true;
  /** Staff want it gone, and it has not ended yet. */
  readonly withdrawn?: true;
  /** Sides that the printer has counted, of `pages` times `copies`. */
  readonly impressions: number;
  /** What the printer waits for, or why the job ended as it did. */
  readonly code?: `E-${string}-${number}`;
  readonly requestedAt: EpochMs;
  readonly changedAt: EpochMs;
  readonly resolution?: { readonly copiesFound: number; readonly staffId: string; readonly at: EpochMs };
  /** So many of its copies were spoiled and given back. */
  readonly spoiled?: number;
}

/** What staff saw: of an uncertain attempt's copies, so many lay in the tray or were taken. */
export interface UncertainDecision {
  readonly copiesFound: number;
}

/** A printer as staff see it. */
export interface PrinterView {
  readonly printerId: string;
  readonly name: string;
  /** Absent until it was reached for the first time. */
  readonly check?: PrinterCheck;
}

export interface CertificateSummary {
  readonly pending: number;
  /** Of the pending: those that wait for an operator, who must mend a font, a key, a certificate or a PIN. */
  readonly stuck: number;
  readonly issued: number;
  readonly refused: number;
  readonly revoked: number;
  readonly printing: number;
  /** Attempts that wait for a person. */
  readonly uncertain: number;
  readonly printedSheetsToday: number;
}

/** A record of the register, with the request that it belongs to. */
export interface Paper {
  readonly certificateId: string;
  readonly revision: number;
  readonly record: VerificationRecord;
}

export interface CertificateService {
  /** Inside the caller's transaction. A revision that is not newer does nothing. The issuing follows by itself after {@link start}. */
  upsert(request: CertificateRequest): 'applied' | 'stale';
  /** Inside the caller's transaction. What has not reached the printer yet will not. */
  revoke(requestId: string, revision?: number): void;
  /** Erases whose certificates those were that ended before `before`, a part at a time; how many. */
  forget(before: EpochMs): number;
  /** Makes (or fetches) the PDF now. A permanent refusal is stored and published; a passing one may be tried again. */
  issue(requestId: string): Promise<Result<CertificateView>>;
  /** Certificates of one person that are issued or on the way, newest first. */
  list(student: StudentKey): readonly CertificateView[];
  /** One person's certificates whose pick-up code has this keyed hash, the newest first; it is good as long as they may be printed. */
  byPickUp(pickUpKey: string): readonly CertificateView[];
  /** Whose certificate it is, in full. */
  holder(certificateId: string): { readonly name: string; readonly number: string } | undefined;
  /** For staff: every certificate, newest first. */
  listAll(limit?: number): readonly CertificateView[];
  get(certificateId: string): CertificateView | undefined;
  /** The PDF itself, for preview and download. Staff looks are audited. */
  document(certificateId: string, identity: PrintIdentity): Result<Uint8Array>;
  /**
   * Asks the printer whether it can, takes the copies off the quota and puts the job in the printer's line; resolves when
   * that is committed, long before paper. Follow it by {@link job} and {@link onChange}. Refuses with the first grave finding
   * of a printer that is not fit (`E-CERT-0601` to `0604`).
   *
   * @param orderedAs the caller's name for this one order: the same again is answered with the same job, whatever the printer
   *   says meanwhile, and refused with `E-CERT-0412` where it stands for another job
   */
  print(
    certificateId: string,
    printerId: string,
    copies: number,
    identity: PrintIdentity,
    orderedAs?: string,
  ): Promise<Result<PrintJobView>>;
  /** Newest first. */
  jobs(filter?: { readonly unfinished?: boolean; readonly uncertain?: boolean }): readonly PrintJobView[];
  job(attemptId: string): PrintJobView | undefined;
  /**
   * The only way out of `uncertain`; audited and published. Copies are given back only once the printer has the job no more.
   * Errors: `E-CERT-0402`, `0407`, `0408`, `0409`, `0414`.
   */
  resolveUncertain(
    attemptId: string,
    decision: UncertainDecision,
    staffId: string,
    reason: string,
  ): Result<PrintJobView>;
  /**
   * Staff want a job gone; audited. While nothing was sent it ends without paper. Of what the printer has already, what became
   * of it is found out as always. Errors: `E-CERT-0407`, `0409`, `0411` it has ended.
   */
  cancel(attemptId: string, staffId: string, reason: string): Result<PrintJobView>;
  /**
   * Staff have mended why a certificate was refused; it is made anew, and the hall told what comes of it. Those refused for a
   * template or a character are tried at every start as well. Errors: `E-CERT-0101`, `0107`, `0409`.
   */
  makeAgain(certificateId: string, staffId: string, reason: string): Result<void>;
  /**
   * So many copies of a run came out and are worth nothing: smeared, torn, eaten. They may be printed again; the hall sees it
   * in what is left after the next print. Errors: `E-CERT-0402` more than came out, `0407`, `0409`.
   */
  giveBackSpoiled(attemptId: string, copies: number, staffId: string, reason: string): Result<PrintJobView>;
  printers(): readonly PrinterView[];
  /**
   * Whether certificates may go to a printer that has just said this of itself; kept for {@link printers} where it is another
   * verdict than before. Undefined: no such printer.
   */
  judge(printerId: string, status: PrinterStatus): PrinterVerdict | undefined;
  summary(): CertificateSummary;
  /** Sheets that a printer has put out, or may have, of jobs that were asked for since then. */
  sheetsSince(printerId: string, since: EpochMs): number;
  /** What people are shown as the name of a template; its own name where it is not known. */
  titleOf(template: string): { readonly zh: string; readonly en: string };
  /** What a printer has put out today, by template. */
  itemsToday(printerId: string): readonly ItemCount[];
  /** The papers that were issued here, as the verify page asks for them. */
  readonly register: VerificationRegister;
  /** Every record of that register, oldest first. */
  papers(): readonly Paper[];
  /** Something about this certificate changed (after the commit). */
  onChange(listener: (change: { readonly certificateId: string; readonly attemptId?: string }) => void): Cancel;
  /** Takes up unfinished prints and issues what is pending. */
  start(): void;
  /** Waits for the network effect under way, then stops; nothing is lost. */
  stop(): Promise<void>;
}
