import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import {
  type Cancel,
  type Clock,
  type DurationMs,
  type RandomBytes,
  ms,
  systemRandom,
  uuidv7,
} from '@hallhub/sync/base';
import { Mechanism, type PrinterFault, type Sheet, type SimulatedJob } from './mechanism.ts';
import {
  type RawAnswer,
  type RawRequest,
  type Written,
  integerIn,
  readRequest,
  textIn,
  textsIn,
  write,
  writeAnswer,
} from './wire.ts';

export type { FaultType, PrinterFault, Sheet, SimulatedJob } from './mechanism.ts';

export interface SimulatedPrinterOptions {
  readonly clock: Clock;
  readonly name?: string;
  readonly random?: RandomBytes;
  /** How long a side takes; 1.5 s by default. */
  readonly perPage?: DurationMs;
  /** What it can do, as its attributes tell. */
  readonly abilities?: Partial<Abilities>;
}

export interface Abilities {
  readonly formats: readonly string[];
  readonly media: readonly string[];
  readonly sides: readonly string[];
  readonly operations: readonly number[];
  readonly rasterTypes: readonly string[];
  readonly rasterDpi: readonly number[];
}

/** An IPP printer that speaks real IPP over real HTTP, prints on a tray that can be counted, and breaks on demand. */
export interface SimulatedPrinter {
  /** The printer's end of a new in-memory line, for the client's `connect`. */
  readonly connect: () => Duplex;
  /** Listens on the loopback interface; port 0 takes a free one. */
  listen(port?: number): Promise<{ readonly uri: string; readonly close: () => Promise<void> }>;
  /** Every side that came out, oldest first. */
  readonly tray: readonly Sheet[];
  readonly jobs: readonly SimulatedJob[];
  readonly faults: readonly PrinterFault[];
  readonly state: 'idle' | 'processing' | 'stopped';
  readonly reasons: readonly string[];
  inject(fault: PrinterFault): void;
  /** Paper refilled, jam cleared, line plugged in. */
  clearFaults(): void;
  restart(): void;
  onChange(listener: () => void): Cancel;
  close(): void;
}

const stateNames = { 3: 'idle', 4: 'processing', 5: 'stopped' } as const;
const usual: Abilities = {
  formats: ['application/pdf', 'image/pwg-raster'],
  media: ['iso_a4_210x297mm'],
  sides: ['one-sided', 'two-sided-long-edge'],
  operations: [0x0002, 0x0004, 0x0005, 0x0006, 0x0008, 0x0009, 0x000a, 0x000b],
  rasterTypes: ['sgray_8', 'srgb_8'],
  rasterDpi: [300, 600],
};
const requestBytesAtMost = 64 << 20;

export function simulatedPrinter(options: SimulatedPrinterOptions): SimulatedPrinter {
  const { clock, name = 'hallhub simulated printer', random = systemRandom, perPage = ms(1_500) } = options;
  const listeners = new Set<() => void>();
  const uuid = (): string => uuidv7(clock.now(), random);
  const printerUuid = `urn:uuid:${uuid()}`;
  const mechanism = new Mechanism({
    clock,
    uuid,
    perPage,
    onChange: () => {
      for (const listener of listeners) listener();
    },
  });
  const identity = { name, printerUuid, abilities: { ...usual, ...options.abilities } };
  const server = createServer((request, response) => {
    serve(mechanism, identity, request, response);
  });
  server.on('connection', (socket: Duplex) => {
    socket.on('error', () => undefined);
    if (mechanism.has('unreachable')) socket.destroy();
  });

  return {
    connect: () => {
      const [ours, theirs] = duplexPair();
      server.emit('connection', theirs);
      return ours;
    },
    listen: (port = 0) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, '127.0.0.1', () => {
          const { port: bound } = server.address() as AddressInfo;
          const close = (): Promise<void> =>
            new Promise((closed) => {
              server.close(() => {
                closed();
              });
              server.closeAllConnections();
            });
          resolve({ uri: `ipp://127.0.0.1:${bound}/ipp/print`, close });
        });
      }),
    tray: mechanism.tray,
    get jobs() {
      return mechanism.jobs;
    },
    get faults() {
      return mechanism.faults;
    },
    get state() {
      return stateNames[mechanism.state];
    },
    get reasons() {
      return mechanism.reasons;
    },
    inject: (fault) => {
      mechanism.inject(fault);
    },
    clearFaults: () => {
      mechanism.clearFaults();
    },
    restart: () => {
      mechanism.restart();
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    close: () => {
      mechanism.stop();
      server.closeAllConnections();
    },
  };
}

interface Identity {
  readonly name: string;
  readonly printerUuid: string;
  readonly abilities: Abilities;
}

function serve(mechanism: Mechanism, identity: Identity, request: IncomingMessage, response: ServerResponse): void {
  const parts: Buffer[] = [];
  let size = 0;
  const cut = (): boolean => {
    const fault = mechanism.faults.find((other) => other.type === 'upload-cut');
    if (fault?.type !== 'upload-cut' || size <= fault.afterBytes) return false;
    const partial = readRequest(Buffer.concat(parts));
    if (partial?.operation !== 0x0006) return false;
    mechanism.take('upload-cut');
    mechanism.print(integerIn(partial, 'job-id') ?? 0, partial.document);
    request.socket.destroy();
    return true;
  };
  request.on('data', (part: Buffer) => {
    if (request.destroyed) return;
    parts.push(part);
    size += part.length;
    if (size > requestBytesAtMost || cut()) request.socket.destroy();
  });
  request.on('error', () => undefined);
  request.on('end', () => {
    const message = readRequest(Buffer.concat(parts));
    if (request.method !== 'POST' || request.headers['content-type'] !== 'application/ipp' || !message) {
      response.writeHead(400).end();
      return;
    }
    const answer = act(
      mechanism,
      identity,
      message,
      `ipp://${request.headers.host ?? 'localhost'}${request.url ?? '/'}`,
    );
    const lost = mechanism.faults.find((fault) => fault.type === 'answer-lost');
    if (lost?.type === 'answer-lost' && lost.operation === message.operation) {
      mechanism.take('answer-lost');
      request.socket.destroy();
      return;
    }
    const body = writeAnswer(message, answer);
    response.writeHead(200, { 'Content-Type': 'application/ipp', 'Content-Length': body.length }).end(body);
  });
}

function act(mechanism: Mechanism, identity: Identity, request: RawRequest, uri: string): RawAnswer {
  if (request.version >> 8 > 2 || request.version >> 8 === 0) return { status: 0x0503 };
  const jobOf = (): SimulatedJob | undefined => {
    const id = integerIn(request, 'job-id') ?? Number(textIn(request, 'job-uri')?.match(/\d+$/)?.[0]);
    return mechanism.jobs.find((job) => job.id === id);
  };
  const about = (job: SimulatedJob): RawAnswer => ({
    status: 0x0000,
    groups: [{ tag: 0x02, attributes: wanted(request, jobAttributes(job, uri, mechanism.upTime)) }],
  });
  switch (request.operation) {
    case 0x000b:
      return {
        status: 0,
        groups: [{ tag: 0x04, attributes: wanted(request, printerAttributes(mechanism, identity, uri)) }],
      };
    case 0x0004:
      return { status: 0 };
    case 0x0002:
    case 0x0005: {
      const copies = integerIn(request, 'copies') ?? 1;
      if (copies < 1 || copies > 99) return { status: 0x040b, message: 'copies' };
      const user = textIn(request, 'requesting-user-name') ?? 'anonymous';
      const job = mechanism.create(textIn(request, 'job-name') ?? 'Untitled', user, copies);
      if (!job) return { status: 0x0507, message: 'one job at a time' };
      if (request.operation === 0x0002) mechanism.print(job.id, request.document);
      return shortAnswer(job, uri);
    }
    case 0x0006: {
      const job = jobOf();
      if (!job) return { status: 0x0406 };
      if (!mechanism.print(job.id, Uint8Array.from(request.document))) {
        return { status: 0x0509, message: 'one document a job' };
      }
      return shortAnswer(job, uri);
    }
    case 0x0008: {
      const outcome = mechanism.cancel(jobOf()?.id ?? -1);
      if (outcome === 'unknown') return { status: 0x0406 };
      return outcome === 'gone' ? { status: 0x0404, message: 'the job has ended' } : { status: 0x0000 };
    }
    case 0x0009: {
      const job = jobOf();
      return job ? about(job) : { status: 0x0406 };
    }
    case 0x000a: {
      const ended = textIn(request, 'which-jobs') === 'completed';
      const user = textIn(request, 'requesting-user-name');
      const mine = request.attributes.get('my-jobs')?.[0]?.bytes[0] === 1;
      const limit = integerIn(request, 'limit') ?? mechanism.jobs.length;
      const jobs = mechanism.jobs
        .filter((job) => job.state >= 7 === ended && (!mine || job.user === user))
        .slice(0, limit);
      // Without requested-attributes only job-uri and job-id (RFC 8011, 4.2.6.1).
      const basic = ['job-uri', 'job-id'];
      return {
        status: 0,
        groups: jobs.map((job) => ({
          tag: 0x02,
          attributes: wanted(request, jobAttributes(job, uri, mechanism.upTime), basic),
        })),
      };
    }
    default:
      return { status: 0x0501, message: 'operation not supported' };
  }
}

/** What Create-Job and Send-Document answer: no job-uuid, like many printers. */
function shortAnswer(job: SimulatedJob, uri: string): RawAnswer {
  const short = ['job-id', 'job-uri', 'job-state', 'job-state-reasons', 'job-state-message'];
  const attributes = jobAttributes(job, uri, 0).filter((attribute) => short.includes(attribute.name));
  return { status: 0x0000, groups: [{ tag: 0x02, attributes }] };
}

function wanted(request: RawRequest, attributes: readonly Written[], unasked?: readonly string[]): readonly Written[] {
  const asked = textsIn(request, 'requested-attributes');
  const names = asked.length === 0 ? unasked : asked;
  const groups = ['all', 'job-template', 'job-description', 'printer-description'];
  if (!names || names.some((name) => groups.includes(name))) return attributes;
  return attributes.filter((attribute) => names.includes(attribute.name));
}

function jobAttributes(job: SimulatedJob, uri: string, upTime: number): readonly Written[] {
  return [
    write.integer('job-id', job.id),
    write.uri('job-uri', `${uri}/${job.id}`),
    write.uri('job-uuid', job.uuid),
    write.uri('job-printer-uri', uri),
    write.name('job-name', job.name),
    write.name('job-originating-user-name', job.user),
    write.enumeration('job-state', job.state),
    write.keyword('job-state-reasons', ...job.reasons),
    write.text('job-state-message', job.message),
    write.integer('job-impressions-completed', job.impressions),
    write.integer('job-printer-up-time', upTime),
    write.integer('time-at-creation', 1),
    write.noValue('time-at-processing'),
    write.noValue('time-at-completed'),
  ];
}

function printerAttributes(
  mechanism: Mechanism,
  { name, printerUuid, abilities }: Identity,
  uri: string,
): readonly Written[] {
  const empty = mechanism.has('paper-out');
  return [
    write.uri('printer-uri-supported', uri),
    write.keyword('uri-authentication-supported', 'requesting-user-name'),
    write.keyword('uri-security-supported', 'none'),
    write.name('printer-name', name),
    write.text('printer-info', name),
    write.text('printer-make-and-model', name),
    write.uri('printer-uuid', printerUuid),
    write.enumeration('printer-state', mechanism.state),
    write.keyword('printer-state-reasons', ...mechanism.reasons),
    write.text('printer-state-message', ''),
    write.boolean('printer-is-accepting-jobs', true),
    write.integer('printer-up-time', mechanism.upTime),
    write.integer('queued-job-count', mechanism.jobs.filter((job) => job.state < 7).length),
    write.keyword('ipp-versions-supported', '1.1', '2.0'),
    write.enumeration('operations-supported', ...abilities.operations),
    write.charset('charset-configured', 'utf-8'),
    write.charset('charset-supported', 'utf-8'),
    write.language('natural-language-configured', 'en'),
    write.language('generated-natural-language-supported', 'en'),
    write.mime('document-format-default', abilities.formats[0] ?? ''),
    write.mime('document-format-supported', ...abilities.formats),
    write.keyword('pwg-raster-document-type-supported', ...abilities.rasterTypes),
    write.resolution('pwg-raster-document-resolution-supported', ...abilities.rasterDpi),
    write.keyword('pdl-override-supported', 'attempted'),
    write.keyword('compression-supported', 'none'),
    write.boolean('multiple-document-jobs-supported', false),
    write.keyword('media-default', abilities.media[0] ?? ''),
    write.keyword('media-supported', ...abilities.media),
    empty ? write.noValue('media-ready') : write.keyword('media-ready', ...abilities.media),
    write.keyword('sides-default', 'one-sided'),
    write.keyword('sides-supported', ...abilities.sides),
    write.range('copies-supported', 1, 99),
    write.integer('copies-default', 1),
    write.name('marker-names', 'Black Toner'),
    write.integer('marker-levels', mechanism.has('toner-low') ? 6 : 80),
  ];
}
