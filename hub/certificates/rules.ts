import {
  type Code,
  type DurationMs,
  type EpochMs,
  type Result,
  failure,
  minutes,
  ms,
  ok,
  plus,
  seconds,
} from '@hallhub/sync/base';
import { type DocumentFormat, type RasterWish, examinePrinter } from './suitability.ts';
import { type JobStatus, type PrinterStatus, printerProblem } from '@hallhub/device-drivers/capabilities';

/*
 * At most once, automatically: whatever breaks, the machine never submits a document again once its first byte may have
 * left. Nothing can make paper exactly-once, so what cannot be known ends `uncertain` and waits for a person.
 *
 *   queued → reserved → created → sending → sent → printed | not-printed | uncertain
 *
 * `searching` and `withdrawing` clear an empty job away before a safe new try; `winding-down` cancels a job whose document
 * may have arrived and finds out what became of it. Each state is committed before the effect that step() asks for.
 */

export type AttemptState =
  | 'queued'
  /** Create-Job may have been asked. */
  | 'reserved'
  | 'searching'
  | 'withdrawing'
  /** The printer holds an empty job. No byte of the document has left. */
  | 'created'
  /** Bytes may have left. */
  | 'sending'
  /** The upload finished and was answered. */
  | 'sent'
  | 'winding-down'
  | 'printed'
  | 'not-printed'
  | 'uncertain';

/** One try to put `copies` of a document on one printer. Holds no personal data. */
export interface PrintAttempt {
  /** UUID; also the job's name on the printer. */
  readonly attemptId: string;
  readonly certificateId: string;
  readonly printerId: string;
  readonly documentSha256: string;
  readonly pages: number;
  readonly copies: number;
  readonly duplex: boolean;
  /** Whether the printer's impression counter counts paper. Without it a clean abort is uncertain. */
  readonly countsImpressions: boolean;
  /** So many dots per inch have page images that are made for a printer without PDF; absent: none are made. */
  readonly rasterDpi?: number;
  /** Which print run of its certificate this is, counted from 1; on the paper where the overprint is on. */
  readonly run?: number;
  /** As what it goes to the printer, decided when that was last asked; absent: PDF. */
  readonly format?: DocumentFormat;
  readonly raster?: RasterWish;
  /** Of the very bytes that were sent: an overprint and a page image differ from the document. */
  readonly sentSha256?: string;
  readonly state: AttemptState;
  readonly requestedAt: EpochMs;
  readonly changedAt: EpochMs;
  /** From this instant no first byte of the document leaves any more: nobody waits for the paper then. */
  readonly startBy: EpochMs;
  readonly printerUuid?: string;
  /** The highest up-time seen; a lower one means that the printer restarted and job ids mean nothing. */
  readonly upTimeSeconds?: number;
  readonly jobId?: number;
  readonly jobUri?: string;
  readonly jobUuid?: string;
  /** The most sides that the printer has counted. */
  readonly impressions: number;
  readonly uploaded: boolean;
  /** Something was seen that may have been a sheet on its way. */
  readonly sheetSuspected: boolean;
  /** Not to be tried again; `code` says why. */
  readonly abandoned: boolean;
  readonly cancelAsked: boolean;
  /** Ended, and may have left a job on the printer, which no other job comes before: it is cancelled and seen to end first. */
  readonly orphan: boolean;
  /** `sent` and `winding-down` last until then at most. */
  readonly patienceUntil?: EpochMs;
  /** When the printer first called the job ended without enough evidence; its counters get a moment to settle. */
  readonly endedAt?: EpochMs;
  /** What it waits for, or why it ended as it did. */
  readonly code?: Code;
}

export type PrintEffect =
  | { readonly type: 'ask-printer' | 'find-jobs' | 'ask-job'; readonly after: DurationMs }
  | { readonly type: 'cancel-job'; readonly jobId: number; readonly after: DurationMs }
  | { readonly type: 'create-job' | 'load-document' | 'send-document'; readonly after: DurationMs };

export type PrintInput =
  | { readonly type: 'printer'; readonly result: Result<PrinterStatus> }
  | { readonly type: 'found'; readonly result: Result<readonly JobStatus[]> }
  | { readonly type: 'created'; readonly result: Result<JobStatus> }
  | { readonly type: 'document'; readonly result: Result<{ readonly sha256: string }> }
  | { readonly type: 'sent'; readonly result: Result<unknown> }
  | { readonly type: 'job'; readonly result: Result<JobStatus>; readonly printer?: PrinterStatus }
  | { readonly type: 'canceled'; readonly result: Result<void> };

/** Commit `attempt`, then carry out `effect` and hand its input back; without an effect the attempt has ended. */
export interface PrintStep {
  readonly attempt: PrintAttempt;
  readonly effect?: PrintEffect;
}

export const printTimes = {
  /** How long a person waits in front of the printer. */
  startWithin: minutes(2),
  pollEvery: ms(700),
  retryEvery: seconds(2),
  /** How often a job that an ended attempt may have left is looked for while nobody waits for the printer. */
  leftoverEvery: seconds(10),
  /** Paper may be refilled this long; later a certificate would come out for a stranger. */
  patience: minutes(10),
  settle: seconds(3),
  /** How long a job that staff want gone may take to end. */
  withdrawPatience: minutes(1),
} as const;

const now0 = ms(0);

export function isEnded(state: AttemptState): boolean {
  return state === 'printed' || state === 'not-printed' || state === 'uncertain';
}

export function newAttempt(
  wish: Pick<
    PrintAttempt,
    | 'attemptId'
    | 'certificateId'
    | 'printerId'
    | 'documentSha256'
    | 'pages'
    | 'copies'
    | 'duplex'
    | 'countsImpressions'
    | 'rasterDpi'
    | 'run'
  >,
  now: EpochMs,
): PrintAttempt {
  return {
    ...wish,
    state: 'queued',
    requestedAt: now,
    changedAt: now,
    startBy: plus(now, printTimes.startWithin),
    impressions: 0,
    uploaded: false,
    sheetSuspected: false,
    abandoned: false,
    cancelAsked: false,
    orphan: false,
  };
}

/** Where a process goes on that finds this attempt in its store. The document has left only from `sending` on. */
export function resume(attempt: PrintAttempt, now: EpochMs): PrintStep {
  switch (attempt.state) {
    case 'queued':
      return { attempt, effect: { type: 'ask-printer', after: now0 } };
    case 'reserved':
    case 'searching':
    case 'withdrawing':
    case 'created':
      return search(attempt, now, now0);
    case 'sending':
      return windDown(attempt, now);
    case 'sent':
      return { attempt, effect: { type: 'ask-job', after: now0 } };
    case 'winding-down':
      // The cancel may not have been asked after all; asking twice does no harm.
      return { attempt: { ...attempt, cancelAsked: false }, effect: { type: 'ask-job', after: now0 } };
    case 'printed':
    case 'not-printed':
    case 'uncertain':
      return { attempt };
  }
}

/** The verdict on an unfinished attempt whose printer is no longer there to be asked. */
export function strand(attempt: PrintAttempt, now: EpochMs): PrintAttempt {
  const sent = attempt.state === 'sending' || attempt.state === 'sent' || attempt.state === 'winding-down';
  const left = { ...attempt, orphan: attempt.state !== 'queued' };
  return end(left, sent ? 'uncertain' : 'not-printed', sent ? 'E-CERT-0406' : 'E-CERT-0403', now).attempt;
}

/** Whether not a byte of the document has left yet. */
export function nothingSent(state: AttemptState): boolean {
  return ['queued', 'reserved', 'searching', 'withdrawing', 'created'].includes(state);
}

/**
 * Staff want it gone. While nothing was sent it ends without a sheet; a job that the printer has is cancelled there, and what
 * became of it is found out as always. Undefined where that is under way already.
 */
export function withdraw(attempt: PrintAttempt, now: EpochMs): PrintStep | undefined {
  if (attempt.abandoned && attempt.code === 'E-CERT-0410') return undefined;
  const given = { ...attempt, abandoned: true, code: 'E-CERT-0410' } as const;
  switch (attempt.state) {
    case 'queued':
      return giveUp(given, now);
    case 'reserved':
    case 'searching':
    case 'withdrawing':
    case 'created':
      return search(given, now, now0);
    case 'sent':
      return windDown(given, now, printTimes.withdrawPatience);
    case 'sending':
    case 'winding-down':
    case 'printed':
    case 'not-printed':
    case 'uncertain':
      return undefined;
  }
}

/** Nobody waits for it any more, and its turn has not come. Undefined where it has, or somebody still does. */
export function expire(attempt: PrintAttempt, now: EpochMs): PrintAttempt | undefined {
  return attempt.state === 'queued' && now >= attempt.startBy ? giveUp(attempt, now).attempt : undefined;
}

/** The next state for what an effect brought. An input that does not belong to the state changes nothing. */
export function step(attempt: PrintAttempt, input: PrintInput, now: EpochMs): PrintStep {
  switch (input.type) {
    case 'printer':
      return attempt.state === 'queued' ? onPrinter(attempt, input.result, now) : { attempt };
    case 'created':
      return attempt.state === 'reserved' ? onCreated(attempt, input.result, now) : { attempt };
    case 'found':
      return attempt.state === 'searching' ? onFound(attempt, input.result, now) : { attempt };
    case 'document':
      return attempt.state === 'created' ? onDocument(attempt, input.result, now) : { attempt };
    case 'sent':
      return attempt.state === 'sending' ? onSent(attempt, input.result, now) : { attempt };
    case 'canceled':
      return onCanceled(attempt, input.result, now);
    case 'job':
      return attempt.state === 'sent' || attempt.state === 'winding-down' ? onJob(attempt, input, now) : { attempt };
  }
}

function moved(attempt: PrintAttempt, state: AttemptState, now: EpochMs): PrintAttempt {
  return { ...attempt, state, changedAt: now };
}

function without(
  attempt: PrintAttempt,
  ...keys: readonly ('code' | 'endedAt' | 'jobId' | 'jobUri' | 'jobUuid' | 'raster')[]
): PrintAttempt {
  const copy: { -readonly [P in keyof PrintAttempt]: PrintAttempt[P] } = { ...attempt };
  for (const key of keys) Reflect.deleteProperty(copy, key);
  return copy;
}

function end(attempt: PrintAttempt, state: 'not-printed' | 'uncertain', code: Code, now: EpochMs): PrintStep {
  return { attempt: { ...moved(attempt, state, now), code } };
}

/** Nobody saw its job end: it may still be on the printer and put out paper later. */
function endUnseen(attempt: PrintAttempt, now: EpochMs): PrintStep {
  return end({ ...attempt, orphan: true }, 'uncertain', 'E-CERT-0406', now);
}

const lapsed = (attempt: PrintAttempt, now: EpochMs): boolean => attempt.abandoned || now >= attempt.startBy;

/** No sheet, for certain: nothing of the document has left. */
function giveUp(attempt: PrintAttempt, now: EpochMs): PrintStep {
  return end(attempt, 'not-printed', attempt.code ?? 'E-CERT-0404', now);
}

function queueAgain(attempt: PrintAttempt, now: EpochMs, after: DurationMs, code?: Code): PrintStep {
  const idle = without({ ...moved(attempt, 'queued', now) }, 'jobId', 'jobUri', 'jobUuid');
  const waiting = code === undefined ? idle : { ...idle, code };
  if (lapsed(waiting, now)) return giveUp(waiting, now);
  return { attempt: waiting, effect: { type: 'ask-printer', after } };
}

function search(attempt: PrintAttempt, now: EpochMs, after: DurationMs): PrintStep {
  return { attempt: moved(attempt, 'searching', now), effect: { type: 'find-jobs', after } };
}

function windDown(attempt: PrintAttempt, now: EpochMs, patience: DurationMs = printTimes.patience): PrintStep {
  return {
    attempt: {
      ...moved(attempt, 'winding-down', now),
      cancelAsked: false,
      patienceUntil: plus(now, patience),
    },
    effect: { type: 'ask-job', after: now0 },
  };
}

function onPrinter(attempt: PrintAttempt, result: Result<PrinterStatus>, now: EpochMs): PrintStep {
  if (!result.ok) return queueAgain(attempt, now, printTimes.retryEvery, result.error.code);
  // It may be another printer than the one that was there when the job was taken on.
  const verdict = examinePrinter(result.value, attempt);
  const grave = verdict.findings.find((finding) => finding.grave);
  if (grave || verdict.format === undefined) return end(attempt, 'not-printed', grave?.code ?? 'E-CERT-0602', now);
  const problem = printerProblem(result.value);
  if (problem) return queueAgain(attempt, now, printTimes.retryEvery, problem.code);
  if (lapsed(attempt, now)) return giveUp(attempt, now);
  const { printerUuid, upTimeSeconds } = result.value;
  const reserved = without(moved(attempt, 'reserved', now), 'code', 'raster');
  return {
    attempt: {
      ...reserved,
      printerUuid,
      upTimeSeconds,
      format: verdict.format,
      ...(verdict.raster && { raster: verdict.raster }),
      duplex: attempt.duplex && verdict.duplex,
    },
    effect: { type: 'create-job', after: now0 },
  };
}

function onCreated(attempt: PrintAttempt, result: Result<JobStatus>, now: EpochMs): PrintStep {
  if (!result.ok) {
    if (result.error.code === 'E-PRN-0102') return queueAgain(attempt, now, printTimes.retryEvery, 'E-PRN-0102');
    if (result.error.code === 'E-PRN-0104') return end(attempt, 'not-printed', 'E-PRN-0104', now);
    // The answer is lost; the job may be there.
    return search({ ...attempt, code: result.error.code }, now, printTimes.retryEvery);
  }
  const { jobId, jobUri, jobUuid } = result.value;
  return {
    attempt: { ...moved(attempt, 'created', now), jobId, jobUri, jobUuid },
    effect: { type: 'load-document', after: now0 },
  };
}

function onFound(attempt: PrintAttempt, result: Result<readonly JobStatus[]>, now: EpochMs): PrintStep {
  if (!result.ok) {
    if (lapsed(attempt, now)) return giveUp({ ...attempt, orphan: true }, now);
    return search({ ...attempt, code: result.error.code }, now, printTimes.retryEvery);
  }
  const left = result.value.find((job) => job.name === attempt.attemptId && !jobEnded(job));
  if (!left) return queueAgain(attempt, now, now0);
  const { jobId, jobUri, jobUuid } = left;
  return {
    attempt: { ...moved(attempt, 'withdrawing', now), jobId, jobUri, jobUuid },
    effect: { type: 'cancel-job', jobId, after: now0 },
  };
}

function onCanceled(attempt: PrintAttempt, result: Result<void>, now: EpochMs): PrintStep {
  if (attempt.state === 'winding-down') {
    // Canceled does not mean unprinted, and a refused cancel not printed: only the job's end tells.
    const again = !result.ok && result.error.code !== 'E-PRN-0103' && result.error.code !== 'E-PRN-0104';
    return { attempt: { ...attempt, cancelAsked: !again }, effect: { type: 'ask-job', after: printTimes.pollEvery } };
  }
  if (attempt.state !== 'withdrawing') return { attempt };
  if (result.ok || result.error.code === 'E-PRN-0103') return queueAgain(attempt, now, now0);
  if (lapsed(attempt, now)) return giveUp({ ...attempt, orphan: true }, now);
  return search({ ...attempt, code: result.error.code }, now, printTimes.retryEvery);
}

function onDocument(attempt: PrintAttempt, result: Result<{ readonly sha256: string }>, now: EpochMs): PrintStep {
  if (!result.ok) return search({ ...attempt, abandoned: true, code: result.error.code }, now, now0);
  if (lapsed(attempt, now)) return search({ ...attempt, abandoned: true, code: 'E-CERT-0404' }, now, now0);
  return {
    attempt: { ...moved(attempt, 'sending', now), sentSha256: result.value.sha256 },
    effect: { type: 'send-document', after: now0 },
  };
}

function onSent(attempt: PrintAttempt, result: Result<unknown>, now: EpochMs): PrintStep {
  // An agent that never had the whole document sent none of it. The empty job goes, and another try is safe.
  if (!result.ok && result.error.code === 'E-AGENT-0106') {
    return search({ ...attempt, code: 'E-AGENT-0106' }, now, printTimes.retryEvery);
  }
  if (!result.ok) return windDown({ ...attempt, code: result.error.code }, now);
  return {
    attempt: {
      ...without(moved(attempt, 'sent', now), 'code'),
      uploaded: true,
      patienceUntil: plus(now, printTimes.patience),
    },
    effect: { type: 'ask-job', after: printTimes.pollEvery },
  };
}

const jobEnded = (job: JobStatus): boolean =>
  job.state === 'canceled' || job.state === 'aborted' || job.state === 'completed';

function onJob(attempt: PrintAttempt, input: Extract<PrintInput, { type: 'job' }>, now: EpochMs): PrintStep {
  const impatient = attempt.patienceUntil !== undefined && now >= attempt.patienceUntil;
  if (!input.result.ok) {
    const { code } = input.result.error;
    if (code === 'E-PRN-0103' || impatient) return endUnseen(attempt, now);
    return { attempt: { ...attempt, code }, effect: { type: 'ask-job', after: printTimes.retryEvery } };
  }
  const job = input.result.value;
  if (!isOurs(attempt, job)) return endUnseen(attempt, now);
  const known = learn(attempt, job, input.printer);
  if (jobEnded(job)) return onJobEnded(known, job, now);
  if (!impatient && (known.state === 'sent' || known.cancelAsked)) {
    return { attempt: known, effect: { type: 'ask-job', after: printTimes.pollEvery } };
  }
  if (known.state === 'sent') return windDown(known, now);
  if (impatient) return endUnseen(known, now);
  return { attempt: { ...known, cancelAsked: true }, effect: { type: 'cancel-job', jobId: job.jobId, after: now0 } };
}

/** Of the jobs of a printer those that an ended attempt left there. A printer that restarted gives them other ids. */
export function leftoversOf(
  { attemptId, jobUuid }: Pick<PrintAttempt, 'attemptId' | 'jobUuid'>,
  jobs: readonly JobStatus[],
): readonly JobStatus[] {
  const isTheirs = (job: JobStatus): boolean =>
    job.name === attemptId || (job.jobUuid !== '' && job.jobUuid === jobUuid);
  return jobs.filter((job) => isTheirs(job) && !jobEnded(job));
}

/** A restarted printer gives old ids to new jobs. */
function isOurs(attempt: PrintAttempt, job: JobStatus): boolean {
  if (job.name !== '' && job.name !== attempt.attemptId) return false;
  const { jobUuid, upTimeSeconds } = attempt;
  if (jobUuid !== undefined && jobUuid !== '' && job.jobUuid !== '' && job.jobUuid !== jobUuid) return false;
  return (
    upTimeSeconds === undefined || job.printerUpTimeSeconds === undefined || job.printerUpTimeSeconds >= upTimeSeconds
  );
}

function learn(attempt: PrintAttempt, job: JobStatus, printer: PrinterStatus | undefined): PrintAttempt {
  const problem = printer && printerProblem(printer);
  const moving =
    (job.state === 'processing' || job.state === 'stopped') && !job.reasons.includes('job-data-insufficient');
  const base = problem ? { ...attempt, code: problem.code } : without(attempt, 'code');
  return {
    ...base,
    impressions: Math.max(attempt.impressions, job.impressionsCompleted ?? 0),
    sheetSuspected:
      attempt.sheetSuspected ||
      (job.sheetsCompleted ?? 0) > 0 ||
      problem?.code === 'E-PRN-0202' ||
      // Of a document that arrived in part nobody knows what the printer makes.
      (!attempt.uploaded && moving),
    ...(job.printerUpTimeSeconds === undefined ? {} : { upTimeSeconds: job.printerUpTimeSeconds }),
  };
}

function onJobEnded(attempt: PrintAttempt, job: JobStatus, now: EpochMs): PrintStep {
  const { countsImpressions, impressions, pages, copies, uploaded } = attempt;
  if (job.state === 'completed' && uploaded && (!countsImpressions || impressions >= pages * copies)) {
    return { attempt: without(moved(attempt, 'printed', now), 'code', 'endedAt') };
  }
  const endedAt = attempt.endedAt ?? now;
  if (now < plus(endedAt, printTimes.settle)) {
    return { attempt: { ...attempt, endedAt }, effect: { type: 'ask-job', after: printTimes.settle } };
  }
  const untouched = countsImpressions && job.impressionsCompleted === 0 && impressions === 0 && !attempt.sheetSuspected;
  if (job.state !== 'completed' && untouched) return end(attempt, 'not-printed', 'E-CERT-0405', now);
  return end(attempt, 'uncertain', 'E-CERT-0406', now);
}

/** How many copies this attempt takes off the quota. Doubt counts as paper until a person has looked. */
export function copiesCounted(
  attempt: Pick<PrintAttempt, 'state' | 'copies'>,
  resolution?: { readonly copiesFound: number },
): number {
  if (attempt.state === 'not-printed') return 0;
  if (attempt.state === 'uncertain' && resolution) return resolution.copiesFound;
  return attempt.copies;
}

export interface PrintWish {
  readonly state: 'pending' | 'issued' | 'refused' | 'revoked';
  readonly validFrom: EpochMs;
  readonly validUntil: EpochMs;
  readonly copiesAllowed: number;
  readonly copiesUsed: number;
  readonly copies: number;
}

/** Whether these copies may be printed now, apart from what the printer says. */
export function mayPrint(wish: PrintWish, now: EpochMs): Result<void> {
  if (wish.state === 'revoked') return failure('E-CERT-0102');
  if (wish.state !== 'issued') return failure('E-CERT-0101', wish.state);
  if (now < wish.validFrom) return failure('E-CERT-0103');
  if (now >= wish.validUntil) return failure('E-CERT-0104');
  if (!Number.isInteger(wish.copies) || wish.copies < 1) return failure('E-CERT-0402');
  if (wish.copiesUsed + wish.copies > wish.copiesAllowed) return failure('E-CERT-0401');
  return ok();
}
