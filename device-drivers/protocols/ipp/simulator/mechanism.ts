import { createHash } from 'node:crypto';
import { type Cancel, type Clock, type DurationMs, type EpochMs, ms } from '@hallhub/sync/base';

/** What can be wrong with the printer. Each stays until {@link Mechanism.clearFaults} unless it says otherwise. */
export type PrinterFault =
  /** The tray is empty: the job stops (state 6) and goes on when the fault is cleared. */
  | { readonly type: 'paper-out' }
  /** The next job jams after so many sides and is aborted; the jam stays. */
  | { readonly type: 'jam'; readonly afterPages: number }
  /** The next job is aborted before its first side. */
  | { readonly type: 'abort' }
  /** Create-Job is answered 0x0507. */
  | { readonly type: 'busy' }
  | { readonly type: 'slow'; readonly factor: number }
  /** Says `completed` and counts the sides, and no paper comes out. */
  | { readonly type: 'lies' }
  /** Says `completed` at once, counting nothing, and no paper comes out. */
  | { readonly type: 'swallows' }
  | { readonly type: 'unreachable' }
  /** The next document's line is cut there; what arrived is printed and called `completed`, as real printers do. */
  | { readonly type: 'upload-cut'; readonly afterBytes: number }
  /** The next such operation is carried out, and its answer never arrives. */
  | { readonly type: 'answer-lost'; readonly operation: number }
  | { readonly type: 'toner-low' };

export type FaultType = PrinterFault['type'];

/** One side of paper that lies in the output tray. */
export interface Sheet {
  readonly at: EpochMs;
  readonly jobId: number;
  readonly jobName: string;
  readonly copy: number;
  readonly page: number;
  readonly documentSha256: string;
}

/** Numbers of RFC 8011, 5.3.7. */
export type SimulatedJobState = 3 | 5 | 6 | 7 | 8 | 9;

export interface SimulatedJob {
  readonly id: number;
  readonly uuid: string;
  readonly name: string;
  readonly user: string;
  readonly copies: number;
  readonly state: SimulatedJobState;
  readonly reasons: readonly string[];
  readonly message: string;
  readonly impressions: number;
  readonly document?: { readonly sha256: string; readonly pages: number; readonly bytes: Uint8Array };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface MechanismOptions {
  readonly clock: Clock;
  readonly uuid: () => string;
  readonly perPage: DurationMs;
  readonly onChange: () => void;
}

/** Sides in a document, found the crude way of a printer that does not care. */
function countPages(document: Uint8Array): number {
  if (Buffer.from(document.subarray(0, 4)).toString('latin1') === 'RaS2') return countRasterPages(document);
  const found = Buffer.from(document)
    .toString('latin1')
    .match(/\/Type\s*\/Page(?![a-zA-Z])/g);
  return Math.max(1, found?.length ?? 0);
}

/** Page headers of a PWG raster begin with this (PWG 5102.4, 4.3). */
function countRasterPages(document: Uint8Array): number {
  return Math.max(1, Buffer.from(document).toString('latin1').split('PwgRaster\0').length - 1);
}

const jobsKept = 50;

/** The paper path, the job list and the faults: everything of the printer but its network. */
export class Mechanism {
  readonly tray: Sheet[] = [];
  readonly #options: MechanismOptions;
  readonly #faults = new Map<FaultType, PrinterFault>();
  #jobs: Mutable<SimulatedJob>[] = [];
  #lastId = 0;
  #startedAt: number;
  #jammed = false;
  #pending: Cancel = () => undefined;

  constructor(options: MechanismOptions) {
    this.#options = options;
    this.#startedAt = options.clock.monotonic();
  }

  get jobs(): readonly SimulatedJob[] {
    return this.#jobs;
  }

  get faults(): readonly PrinterFault[] {
    return [...this.#faults.values()];
  }

  /** Seconds since the start; a printer that has just started says 1. */
  get upTime(): number {
    return 1 + Math.floor((this.#options.clock.monotonic() - this.#startedAt) / 1_000);
  }

  /** Numbers of RFC 8011, 5.4.11. */
  get state(): 3 | 4 | 5 {
    if (this.#jammed || (this.#faults.has('paper-out') && this.#active())) return 5;
    return this.#active() ? 4 : 3;
  }

  get reasons(): readonly string[] {
    const grade = this.state === 3 ? 'report' : 'error';
    const reasons: string[] = [];
    if (this.#jammed) reasons.push(`media-jam-${grade}`);
    if (this.#faults.has('paper-out')) reasons.push(`media-empty-${grade}`, `media-needed-${grade}`);
    if (this.#faults.has('toner-low')) reasons.push('toner-low-warning');
    return reasons.length === 0 ? ['none'] : reasons;
  }

  has(fault: FaultType): boolean {
    return this.#faults.has(fault);
  }

  inject(fault: PrinterFault): void {
    this.#faults.set(fault.type, fault);
    this.#options.onChange();
  }

  clearFaults(): void {
    this.#faults.clear();
    this.#jammed = false;
    const stopped = this.#jobs.find((job) => job.state === 6);
    if (stopped) {
      stopped.state = 5;
      stopped.reasons = ['job-printing'];
      this.#feed(stopped);
    }
    this.#options.onChange();
  }

  /** A fault that happens once: gone when it was asked for. */
  take<T extends FaultType>(type: T): Extract<PrinterFault, { type: T }> | undefined {
    const fault = this.#faults.get(type);
    this.#faults.delete(type);
    return fault as Extract<PrinterFault, { type: T }> | undefined;
  }

  /** Power off and on: jobs are forgotten, ids begin again, paper half-way stays inside. */
  restart(): void {
    this.#pending();
    this.#jobs = [];
    this.#lastId = 0;
    this.#startedAt = this.#options.clock.monotonic();
    this.#options.onChange();
  }

  stop(): void {
    this.#pending();
  }

  /** Undefined while another job is on the way: this printer holds one. */
  create(name: string, user: string, copies: number): SimulatedJob | undefined {
    if (this.has('busy') || this.#active()) return undefined;
    const job: Mutable<SimulatedJob> = {
      id: ++this.#lastId,
      uuid: `urn:uuid:${this.#options.uuid()}`,
      name,
      user,
      copies,
      state: 3,
      reasons: ['job-data-insufficient'],
      message: '',
      impressions: 0,
    };
    this.#jobs = [...this.#jobs.slice(1 - jobsKept), job];
    this.#options.onChange();
    return job;
  }

  /** False when the job cannot take a document any more. */
  print(id: number, bytes: Uint8Array): boolean {
    const job = this.#jobs.find((other) => other.id === id);
    if (job?.state !== 3) return false;
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    job.document = { sha256, pages: countPages(bytes), bytes };
    job.state = 5;
    job.reasons = ['job-printing'];
    if (this.take('abort')) this.#end(job, 8, 'aborted-by-system', 'aborted before the first page');
    else if (this.take('swallows')) this.#end(job, 9, 'job-completed-successfully', '');
    else this.#feed(job);
    this.#options.onChange();
    return true;
  }

  /** 'gone' when it has ended already. A page on its way still comes out. */
  cancel(id: number): 'done' | 'gone' | 'unknown' {
    const job = this.#jobs.find((other) => other.id === id);
    if (!job) return 'unknown';
    if (job.state >= 7) return 'gone';
    if (job.state === 5) job.reasons = ['processing-to-stop-point'];
    else this.#end(job, 7, 'job-canceled-by-user', '');
    this.#options.onChange();
    return 'done';
  }

  #active(): Mutable<SimulatedJob> | undefined {
    return this.#jobs.find((job) => job.state < 7);
  }

  #end(job: Mutable<SimulatedJob>, state: 7 | 8 | 9, reason: string, message: string): void {
    job.state = state;
    job.reasons = [reason];
    job.message = message;
  }

  #feed(job: Mutable<SimulatedJob>): void {
    const slow = this.#faults.get('slow');
    const factor = slow?.type === 'slow' ? slow.factor : 1;
    this.#pending = this.#options.clock.after(ms(this.#options.perPage * factor), () => {
      this.#side(job);
      this.#options.onChange();
    });
  }

  #side(job: Mutable<SimulatedJob>): void {
    const { document } = job;
    if (!document || job.state !== 5) return;
    const jam = this.#faults.get('jam');
    if (jam?.type === 'jam' && job.impressions >= jam.afterPages) {
      this.#faults.delete('jam');
      this.#jammed = true;
      this.#end(job, 8, 'aborted-by-system', 'paper jam');
      return;
    }
    if (this.has('paper-out')) {
      if (job.reasons.includes('processing-to-stop-point')) {
        this.#end(job, 7, 'job-canceled-by-user', '');
        return;
      }
      job.state = 6;
      job.reasons = ['printer-stopped'];
      return;
    }
    const index = job.impressions;
    job.impressions = index + 1;
    if (!this.has('lies')) {
      this.tray.push({
        at: this.#options.clock.now(),
        jobId: job.id,
        jobName: job.name,
        copy: Math.floor(index / document.pages) + 1,
        page: (index % document.pages) + 1,
        documentSha256: document.sha256,
      });
    }
    if (job.reasons.includes('processing-to-stop-point')) this.#end(job, 7, 'job-canceled-by-user', '');
    else if (job.impressions === document.pages * job.copies) this.#end(job, 9, 'job-completed-successfully', '');
    else this.#feed(job);
  }
}
