import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  type Cancel,
  type Clock,
  type DurationMs,
  type Result,
  err,
  failure,
  minutes,
  ok,
  seconds,
} from '@hallhub/sync/base';
import { shippedTemplates } from '../templates/index.ts';
import { type FontFiles, fontFiles } from './font-files.ts';
import type { PdfMaker } from './pdf-maker.ts';
import type { WorkerAnswer, WorkerRequest, WorkerSetup } from './protocol.ts';

export interface PdfProcessOptions {
  readonly clock: Clock;
  readonly fonts?: FontFiles;
  /** Folders of templates; those that ship with the product by default. */
  readonly templates?: readonly string[];
  /** A process without work for this long ends, and its fonts with it; 5 minutes by default. */
  readonly idleAfter?: DurationMs;
  /** How long one PDF may take, the start of the process included; 30 s by default. */
  readonly atMost?: DurationMs;
  /** The program; only tests give another. */
  readonly worker?: string;
}

type Order =
  | { readonly type: 'render'; readonly input: Extract<WorkerRequest, { type: 'render' }>['input'] }
  | { readonly type: 'inspect'; readonly pdf: Uint8Array }
  | { readonly type: 'overprint'; readonly pdf: Uint8Array; readonly run: number };
type Answered = Extract<WorkerAnswer, { ok: true }>;

const workerFile = fileURLToPath(new URL('./worker.ts', import.meta.url));

/** A {@link PdfMaker} whose process is started when it is needed and ended when it is not. */
export function pdfProcess(options: PdfProcessOptions): PdfMaker & { readonly pid: number | undefined } {
  const { clock, idleAfter = minutes(5), atMost = seconds(30), worker = workerFile } = options;
  const setup: WorkerSetup = {
    fonts: options.fonts ?? fontFiles(),
    templates: options.templates ?? [shippedTemplates],
  };
  let child: ChildProcess | undefined;
  let lastId = 0;
  let peakBytes = 0;
  let stopped = false;
  let line: Promise<unknown> = Promise.resolve();
  let cancelIdle: Cancel = () => undefined;

  const running = (): ChildProcess => {
    if (child) return child;
    const started = fork(worker, [JSON.stringify(setup)], {
      serialization: 'advanced',
      // Flags of the hub's own process (a debugger's port, a test runner's loader) are not this one's.
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    started.once('exit', () => {
      if (child === started) child = undefined;
    });
    started.on('error', () => undefined);
    child = started;
    return started;
  };

  const end = async (): Promise<void> => {
    const old = child;
    child = undefined;
    if (old?.exitCode !== null || old.signalCode !== null) return;
    const gone = new Promise((resolve) => old.once('exit', resolve));
    old.kill('SIGKILL');
    await gone;
  };

  const once = (order: Order): Promise<Result<Answered>> =>
    new Promise((resolve) => {
      const process = running();
      const id = ++lastId;
      const done = (result: Result<Answered>): void => {
        cancel();
        process.off('message', onMessage);
        process.off('exit', onExit);
        resolve(result);
      };
      const onMessage = (answer: WorkerAnswer): void => {
        if (answer.id !== id) return;
        peakBytes = Math.max(peakBytes, answer.rssBytes);
        done(answer.ok ? ok(answer) : err(answer.error));
      };
      const onExit = (): void => {
        done(failure('E-CERT-0301'));
      };
      const cancel = clock.after(atMost, () => {
        void end();
        done(failure('E-CERT-0302', `${atMost} ms`));
      });
      process.on('message', onMessage);
      process.once('exit', onExit);
      const request: WorkerRequest = order.type === 'render' ? { id, ...order, at: clock.now() } : { id, ...order };
      process.send(request);
    });

  /** One at a time, so that a time limit counts one PDF's own time. */
  const ask = (order: Order): Promise<Result<Answered>> => {
    const answered = line.then(async () => {
      if (stopped) return failure('E-CERT-0301', 'stopped');
      cancelIdle();
      const first = await once(order);
      // The process may have died of something else between two requests: making a PDF twice does no harm.
      const result = first.ok || first.error.code !== 'E-CERT-0301' ? first : await once(order);
      cancelIdle = clock.after(idleAfter, () => void end());
      return result;
    });
    line = answered;
    return answered;
  };

  return {
    render: async (input) => {
      const made = await ask({ type: 'render', input });
      if (!made.ok) return made;
      const { pdf, pages } = made.value;
      return pdf ? ok({ pdf: Uint8Array.from(pdf), pages }) : failure('E-CERT-0301', 'an answer without a PDF');
    },
    inspect: async (pdf) => {
      const made = await ask({ type: 'inspect', pdf });
      return made.ok ? ok({ pages: made.value.pages }) : made;
    },
    overprint: async (document, run) => {
      const made = await ask({ type: 'overprint', pdf: document, run });
      if (!made.ok) return made;
      const { pdf } = made.value;
      return pdf ? ok({ pdf: Uint8Array.from(pdf) }) : failure('E-CERT-0301', 'an answer without a PDF');
    },
    get memory() {
      return peakBytes === 0 ? undefined : { peakBytes };
    },
    get pid() {
      return child?.pid;
    },
    stop: async () => {
      stopped = true;
      cancelIdle();
      await end();
      await line;
      cancelIdle();
    },
  };
}
