import { type Clock, type DurationMs, type Result, err, failure, ok, seconds } from '@hallhub/sync/base';
import type { Duplex } from 'node:stream';
import type { JobState, JobStatus, NewJob, PagePrinter, PrinterStatus } from '../../capabilities/index.ts';
import {
  boolean,
  booleanOf,
  groupOf,
  integer,
  integerOf,
  integersOf,
  rangeEndOf,
  resolutionsOf,
  text,
  textOf,
  textsOf,
} from './attributes.ts';
import { type IppAttribute, type IppGroup, type IppMessage, decodeIpp, encodeIpp, groupTag } from './codec.ts';
import { exchange } from './exchange.ts';

/** operation-id values (RFC 8011, 5.4.15). */
export const operation = {
  createJob: 0x0005,
  sendDocument: 0x0006,
  cancelJob: 0x0008,
  getJobAttributes: 0x0009,
  getJobs: 0x000a,
  getPrinterAttributes: 0x000b,
} as const;

const operationName = new Map<number, string>([
  [operation.createJob, 'Create-Job'],
  [operation.sendDocument, 'Send-Document'],
  [operation.cancelJob, 'Cancel-Job'],
  [operation.getJobAttributes, 'Get-Job-Attributes'],
  [operation.getJobs, 'Get-Jobs'],
  [operation.getPrinterAttributes, 'Get-Printer-Attributes'],
]);

export interface IppExchangeSeen {
  readonly direction: 'in' | 'out';
  /** Without the document: it holds personal data. */
  readonly bytes: Uint8Array;
  readonly meaning: string;
}

export interface IppClientOptions {
  readonly uri: string;
  readonly clock: Clock;
  readonly connect?: () => Duplex;
  readonly tls?: { readonly ca?: string; readonly servername?: string };
  /** requesting-user-name: whose jobs {@link PagePrinter.findJobs} looks through. Names the hub, never a person. */
  readonly user?: string;
  /** PWG 5101.1 name of the paper that every job asks for; `iso_a4_210x297mm` by default. */
  readonly media?: string;
  /** How long a printer may be silent; 15 s by default. */
  readonly quietAtMost?: DurationMs;
  readonly onExchange?: (seen: IppExchangeSeen) => void;
}

const jobAttributes = [
  'job-id',
  'job-uri',
  'job-uuid',
  'job-name',
  'job-state',
  'job-state-reasons',
  'job-state-message',
  'job-impressions-completed',
  'job-media-sheets-completed',
  'job-printer-up-time',
];

const printerAttributes = [
  'printer-uuid',
  'printer-state',
  'printer-state-reasons',
  'printer-state-message',
  'printer-is-accepting-jobs',
  'printer-up-time',
  'media-ready',
  'media-supported',
  'operations-supported',
  'pwg-raster-document-type-supported',
  'pwg-raster-document-resolution-supported',
  'document-format-supported',
  'sides-supported',
  'copies-supported',
  'marker-names',
  'marker-levels',
];

const jobStates: Readonly<Record<number, JobState>> = {
  3: 'pending',
  4: 'held',
  5: 'processing',
  6: 'stopped',
  7: 'canceled',
  8: 'aborted',
  9: 'completed',
};

const printerStates: Readonly<Record<number, PrinterStatus['state']>> = { 3: 'idle', 4: 'processing', 5: 'stopped' };

const requestIdAtMost = 0x7fffffff;

/** A printer spoken to over IPP/1.1 (RFC 8010, 8011), one exchange a connection. */
export function ippClient(options: IppClientOptions): PagePrinter {
  const { uri, clock, user = 'hallhub', media = 'iso_a4_210x297mm', onExchange = () => undefined } = options;
  const line = {
    uri,
    clock,
    quietAtMost: options.quietAtMost ?? seconds(15),
    ...(options.connect ? { connect: options.connect } : {}),
    ...(options.tls ? { tls: options.tls } : {}),
  };
  let lastRequestId = 0;

  const call = async (
    code: number,
    operationAttributes: readonly IppAttribute[],
    more: { readonly job?: readonly IppAttribute[]; readonly document?: Uint8Array } = {},
  ): Promise<Result<IppMessage>> => {
    lastRequestId = lastRequestId === requestIdAtMost ? 1 : lastRequestId + 1;
    const groups: IppGroup[] = [
      {
        tag: groupTag.operation,
        attributes: [
          text('charset', 'attributes-charset', 'utf-8'),
          text('naturalLanguage', 'attributes-natural-language', 'en'),
          text('uri', 'printer-uri', uri),
          ...operationAttributes,
        ],
      },
    ];
    if (more.job) groups.push({ tag: groupTag.job, attributes: more.job });
    const head = encodeIpp({ version: 0x0101, code, requestId: lastRequestId, groups });
    const name = operationName.get(code) ?? code.toString(16);
    const size = more.document ? `, and a document of ${more.document.length} octets` : '';
    onExchange({ direction: 'out', bytes: head, meaning: name + size });
    const seen = await exchange(line, head, more.document);
    if (seen.kind === 'failed') {
      onExchange({ direction: 'in', bytes: new Uint8Array(), meaning: `${name}: ${seen.detail}` });
      return failure(more.document && seen.connected ? 'E-PRN-0106' : 'E-PRN-0101', seen.detail);
    }
    onExchange({ direction: 'in', bytes: seen.body, meaning: `${name}: ${statusOf(seen.body)}` });
    if (seen.httpStatus !== 200) {
      return failure(seen.httpStatus >= 500 ? 'E-PRN-0105' : 'E-PRN-0104', `HTTP ${seen.httpStatus}`);
    }
    if (!seen.uploaded) return failure('E-PRN-0106', 'answered before the upload was finished');
    const decoded = decodeIpp(seen.body);
    if (!decoded.ok) return decoded;
    if (decoded.value.message.requestId !== requestIdOf(head)) {
      return failure('E-PRN-0105', 'an answer to another request');
    }
    return accepted(decoded.value.message);
  };

  const ours = text('name', 'requesting-user-name', user);
  const jobId = (id: number): IppAttribute => integer('job-id', id);
  const wanted = text('keyword', 'requested-attributes', ...jobAttributes);

  const job = async (id: number): Promise<Result<JobStatus>> => {
    const answer = await call(operation.getJobAttributes, [jobId(id), ours, wanted]);
    return answer.ok ? jobStatus(groupOf(answer.value, groupTag.job), '') : answer;
  };

  const jobsOf = async (which: 'completed' | 'not-completed'): Promise<Result<readonly JobStatus[]>> => {
    const answer = await call(operation.getJobs, [
      ours,
      text('keyword', 'which-jobs', which),
      boolean('my-jobs', true),
      wanted,
    ]);
    if (!answer.ok) return answer;
    const found = answer.value.groups.filter((group) => group.tag === groupTag.job);
    const statuses: JobStatus[] = [];
    for (const group of found) {
      const status = jobStatus(group, '');
      if (!status.ok) return status;
      statuses.push(status.value);
    }
    return ok(statuses);
  };

  return {
    status: async () => {
      const answer = await call(operation.getPrinterAttributes, [
        ours,
        text('keyword', 'requested-attributes', ...printerAttributes),
      ]);
      return answer.ok ? printerStatus(groupOf(answer.value, groupTag.printer)) : answer;
    },
    createJob: async (wish: NewJob) => {
      const answer = await call(operation.createJob, [ours, text('name', 'job-name', wish.name)], {
        job: [
          ...(wish.copies === 1 ? [] : [integer('copies', wish.copies)]),
          text('keyword', 'media', media),
          text('keyword', 'sides', wish.duplex ? 'two-sided-long-edge' : 'one-sided'),
        ],
      });
      if (!answer.ok) return answer;
      const created = jobStatus(groupOf(answer.value, groupTag.job), wish.name);
      if (!created.ok || created.value.jobUuid !== '') return created;
      // Create-Job need not answer with job-uuid, and without it the job cannot be told from another after a restart.
      const looked = await job(created.value.jobId);
      return looked.ok && looked.value.name === wish.name ? looked : created;
    },
    sendDocument: async (id, document, format) => {
      const answer = await call(
        operation.sendDocument,
        [jobId(id), ours, text('mimeMediaType', 'document-format', format), boolean('last-document', true)],
        { document },
      );
      return answer.ok ? jobStatus(groupOf(answer.value, groupTag.job), '') : answer;
    },
    job,
    findJobs: async (name) => {
      const running = await jobsOf('not-completed');
      if (!running.ok) return running;
      const ended = await jobsOf('completed');
      if (!ended.ok && ended.error.code !== 'E-PRN-0104') return ended;
      const all = [...running.value, ...(ended.ok ? ended.value : [])];
      return ok(all.filter((found) => found.name === name));
    },
    cancelJob: async (id) => {
      const answer = await call(operation.cancelJob, [jobId(id), ours]);
      return answer.ok ? ok() : answer;
    },
  };
}

function requestIdOf(head: Uint8Array): number {
  return new DataView(head.buffer, head.byteOffset).getInt32(4);
}

function statusOf(body: Uint8Array): string {
  return body.length < 4 ? 'no IPP' : `0x${new DataView(body.buffer, body.byteOffset).getUint16(2).toString(16)}`;
}

/** status-code (RFC 8011, appendix B) to a value or a refusal. */
function accepted(message: IppMessage): Result<IppMessage> {
  if (message.code <= 0x00ff) return ok(message);
  const code = `0x${message.code.toString(16).padStart(4, '0')}`;
  const said = textOf(groupOf(message, groupTag.operation), 'status-message');
  const detail = said === undefined ? code : `${code} ${said}`;
  switch (message.code) {
    case 0x0507:
      return err({ code: 'E-PRN-0102', detail });
    case 0x0406:
    case 0x0407:
      return err({ code: 'E-PRN-0103', detail });
    default:
      return err({ code: 'E-PRN-0104', detail });
  }
}

/** The suffix says how grave the printer thinks it is, and changes with its state: it is no part of the reason. */
function reasonsOf(group: IppGroup, name: string): readonly string[] {
  return textsOf(group, name)
    .map((reason) => reason.replace(/-(?:report|warning|error)$/, ''))
    .filter((reason) => reason !== 'none' && reason !== '');
}

function jobStatus(group: IppGroup | undefined, name: string): Result<JobStatus> {
  const id = integerOf(group, 'job-id');
  const state = jobStates[integerOf(group, 'job-state') ?? 0];
  if (!group || id === undefined || !state) return failure('E-PRN-0105', 'no job-id or job-state');
  const message = textOf(group, 'job-state-message');
  const impressionsCompleted = integerOf(group, 'job-impressions-completed');
  const sheetsCompleted = integerOf(group, 'job-media-sheets-completed');
  const printerUpTimeSeconds = integerOf(group, 'job-printer-up-time');
  return ok({
    jobId: id,
    jobUri: textOf(group, 'job-uri') ?? '',
    jobUuid: textOf(group, 'job-uuid') ?? '',
    name: textOf(group, 'job-name') ?? name,
    state,
    reasons: reasonsOf(group, 'job-state-reasons'),
    ...(message === undefined ? {} : { message }),
    ...(impressionsCompleted === undefined ? {} : { impressionsCompleted }),
    ...(sheetsCompleted === undefined ? {} : { sheetsCompleted }),
    ...(printerUpTimeSeconds === undefined ? {} : { printerUpTimeSeconds }),
  });
}

function printerStatus(group: IppGroup | undefined): Result<PrinterStatus> {
  const state = printerStates[integerOf(group, 'printer-state') ?? 0];
  if (!group || !state) return failure('E-PRN-0105', 'no printer-state');
  const names = textsOf(group, 'marker-names');
  const levels = integersOf(group, 'marker-levels');
  const copiesMax = rangeEndOf(group, 'copies-supported');
  const message = textOf(group, 'printer-state-message');
  const mediaSupported = textsOf(group, 'media-supported');
  const operations = integersOf(group, 'operations-supported');
  const types = textsOf(group, 'pwg-raster-document-type-supported');
  return ok({
    state,
    acceptingJobs: booleanOf(group, 'printer-is-accepting-jobs') ?? true,
    reasons: reasonsOf(group, 'printer-state-reasons'),
    printerUuid: textOf(group, 'printer-uuid') ?? '',
    upTimeSeconds: integerOf(group, 'printer-up-time') ?? 0,
    mediaReady: textsOf(group, 'media-ready'),
    formats: textsOf(group, 'document-format-supported'),
    sides: textsOf(group, 'sides-supported'),
    ...(mediaSupported.length === 0 ? {} : { mediaSupported }),
    ...(operations.length === 0 ? {} : { operations }),
    ...(types.length === 0
      ? {}
      : { raster: { types, dpi: resolutionsOf(group, 'pwg-raster-document-resolution-supported') } }),
    ...(copiesMax === undefined ? {} : { copiesMax }),
    ...(message === undefined || message === '' ? {} : { message }),
    markers: names.map((name, index) => ({ name, level: levels[index] ?? -1 })),
  });
}
