import type { IncomingMessage } from 'node:http';
import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { Cancel, Clock, DurationMs, EpochMs, MonoMs, Result } from '@hallhub/sync/base';
import { failure, ms, ok, seconds } from '@hallhub/sync/base';
import { z } from 'zod';
import type { PrintJobView } from '../../certificates/ports.ts';
import type { KioskView, LinkState } from '../../kiosks/contract.ts';
import type { EdgeKiosk } from '../../kiosks/edge/index.ts';
import { watchPrinters } from '../../kiosks/printers.ts';
import { eventReader } from './event-stream.ts';
import { goneView } from './gone-view.ts';
import type { HubClient, HubQuestion } from './hub-client.ts';
import { bodyOf } from './hub-client.ts';

/** One kiosk's line to its hub: knows within five seconds that the hub is gone, and finds it again by itself. */
export interface KioskLink {
  readonly kiosk: EdgeKiosk;
  readonly hub: LinkState;
  start(): void;
  stop(): void;
  /** The hub's view, or what is known here while it is away. */
  view(): Promise<KioskView>;
  /** A job as the hub last told of it. */
  job(attemptId: string): PrintJobView | undefined;
  /** Staff had opened its service when the hub was last heard, and the time of that has not run out. */
  isServed(): boolean;
  /** Asks the hub in the kiosk's name, `path` below the kiosk's own. Errors: `E-KIOSK-0301`, at once while it is away. */
  ask(question: Omit<HubQuestion, 'token'>): Promise<Result<IncomingMessage>>;
  /** What pages are told on the topic of this kiosk. */
  onTold(listener: (data: KioskView | { readonly job: PrintJobView }) => void): Cancel;
}

/** With {@link PATIENCE} a hub that says nothing any more is missed within five seconds; a page waits four for its view. */
const PULSE: DurationMs = seconds(2);
const PATIENCE: DurationMs = seconds(3);
/** The hub's stream says every 15 s that it is there. */
const SILENT_STREAM_MS = 40_000;
const FIRST_RETRY: DurationMs = ms(250);
const LAST_RETRY: DurationMs = seconds(5);
/** No service of a kiosk lasts longer. */
const LONGEST_SERVICE = 600_000;
const MOST_JOBS = 20;
const MOST_BYTES = 262_144;

const viewSchema = z.custom<KioskView>(
  (data) => z.looseObject({ id: z.string(), hub: z.literal('up'), modes: z.array(z.string()) }).safeParse(data).success,
);
const jobSchema = z.object({
  job: z.custom<PrintJobView>(
    (data) => z.looseObject({ attemptId: z.string(), state: z.string() }).safeParse(data).success,
  ),
});

export function createKioskLink(deps: {
  readonly kiosk: EdgeKiosk;
  readonly hub: HubClient;
  readonly host: () => Pick<AgentHost, 'health' | 'capability' | 'onHealth'> | undefined;
  /** The hub's time, best guess. */
  readonly hubNow: () => EpochMs;
  readonly clock: Clock;
  readonly log: (level: 'info' | 'warn', message: string, fields: Readonly<Record<string, unknown>>) => void;
}): KioskLink {
  const { kiosk, clock } = deps;
  const base = `/api/kiosks/${kiosk.id}`;
  const listeners = new Set<(data: KioskView | { readonly job: PrintJobView }) => void>();
  const jobs = new Map<string, PrintJobView>();
  let state: LinkState = 'gone';
  let last: KioskView | undefined;
  let serviceUntil: MonoMs | undefined;
  let stream: AbortController | undefined;
  let retry: DurationMs = FIRST_RETRY;
  let cancelNext: Cancel = () => undefined;
  let stopHealth: Cancel | undefined;
  let running = false;
  /** Counts what the hub told by itself: an answer that was asked for before is older. */
  let told = 0;

  const tell = (data: KioskView | { readonly job: PrintJobView }): void => {
    for (const listener of listeners) listener(data);
  };
  const isServed = (): boolean =>
    last?.service?.state === 'open' && serviceUntil !== undefined && clock.monotonic() < serviceUntil;
  const gone = (): KioskView =>
    goneView(kiosk, last, {
      health: (deviceId) => deps.host()?.health(deviceId),
      printer: kiosk.printer === undefined ? undefined : printers.last(kiosk.printer),
      serviceLasts: isServed(),
    });
  const tellGone = (): void => {
    if (running && state === 'gone') tell(gone());
  };
  const printers = watchPrinters({
    printers: kiosk.printer === undefined ? [] : [kiosk.printer],
    status: (printerId) => deps.host()?.capability(printerId, 'pagePrinter')?.status(),
    clock,
    onAnswer: tellGone,
    onFault: (printerId, error) => {
      deps.log('warn', 'a printer could not be asked', { printerId, error });
    },
  });

  const took = (view: KioskView): void => {
    last = view;
    const left = view.service ? Math.min(LONGEST_SERVICE, view.service.until - deps.hubNow()) : 0;
    serviceUntil = left > 0 ? ((clock.monotonic() + left) as MonoMs) : undefined;
    if (state === 'up') return;
    state = 'up';
    retry = FIRST_RETRY;
    stopHealth?.();
    printers.stop();
    deps.log('info', 'the hub of a kiosk is there', { kiosk: kiosk.id });
  };
  /** The line is cut or silent. It is tried again, later each time, up to every five seconds. */
  const lost = (why: string): void => {
    if (!running) return;
    stream?.abort();
    stream = undefined;
    cancelNext();
    cancelNext = clock.after(retry, connect);
    retry = ms(Math.min(LAST_RETRY, retry * 2));
    if (state === 'gone') return;
    state = 'gone';
    deps.log('warn', 'the hub of a kiosk is gone', { kiosk: kiosk.id, why });
    watchDevices();
    tellGone();
  };
  function watchDevices(): void {
    stopHealth?.();
    stopHealth = deps.host()?.onHealth(tellGone);
    printers.start();
  }

  const ask: KioskLink['ask'] = (question) =>
    deps.hub.ask({ ...question, path: `${base}${question.path}`, token: kiosk.token });
  const askView = async (): Promise<Result<KioskView>> => {
    const answer = await ask({ method: 'GET', path: '', patience: PATIENCE });
    if (!answer.ok) return answer;
    const body = await bodyOf(answer.value, MOST_BYTES);
    if (!body.ok) return body;
    if (answer.value.statusCode !== 200) return failure('E-KIOSK-0301', `status ${answer.value.statusCode}`);
    const view = viewSchema.safeParse(parsed(body.value.toString('utf8')));
    return view.success ? ok(view.data) : failure('E-KIOSK-0301', 'that is no view');
  };
  const refresh = async (): Promise<void> => {
    const before = told;
    const asked = stream;
    const view = await askView();
    if (!running || stream !== asked) return;
    if (!view.ok) {
      lost(view.error.detail ?? view.error.code);
      return;
    }
    const wasGone = state === 'gone';
    if (told === before) took(view.value);
    if (wasGone && last) tell(last);
  };
  const pulse = (): void => {
    cancelNext = clock.after(PULSE, () => {
      const asked = stream;
      void refresh().then(() => {
        if (running && stream === asked && stream) pulse();
      });
    });
  };
  const take = (event: string, data: string): void => {
    if (event === 'reset') void refresh();
    if (event !== `kiosk/${kiosk.id}`) return;
    const content = parsed(data);
    const view = viewSchema.safeParse(content);
    if (view.success) {
      told += 1;
      took(view.data);
      tell(view.data);
    }
    const job = jobSchema.safeParse(content);
    if (!job.success) return;
    jobs.delete(job.data.job.attemptId);
    jobs.set(job.data.job.attemptId, job.data.job);
    for (const oldest of [...jobs.keys()].slice(0, -MOST_JOBS)) jobs.delete(oldest);
    tell(job.data);
  };
  const connect = (): void => {
    const own = new AbortController();
    stream = own;
    void ask({ method: 'GET', path: '/events', patience: PATIENCE, signal: own.signal }).then((answer) => {
      if (stream !== own) {
        if (answer.ok) answer.value.destroy();
        return;
      }
      if (!answer.ok) {
        lost(answer.error.detail ?? answer.error.code);
        return;
      }
      const { value } = answer;
      if (value.statusCode !== 200) {
        value.destroy();
        lost(`status ${value.statusCode}`);
        return;
      }
      const read = eventReader();
      const ended = (): void => {
        if (stream === own) lost('the stream ended');
      };
      value.setTimeout(SILENT_STREAM_MS, () => value.destroy());
      value.setEncoding('utf8');
      value.on('data', (piece: string) => {
        try {
          for (const { event, data } of read(piece)) if (stream === own) take(event, data);
        } catch {
          value.destroy();
        }
      });
      value.once('close', ended);
      pulse();
    });
  };

  return {
    kiosk,
    get hub() {
      return state;
    },
    start: () => {
      running = true;
      watchDevices();
      connect();
    },
    stop: () => {
      running = false;
      cancelNext();
      stream?.abort();
      stream = undefined;
      stopHealth?.();
      printers.stop();
    },
    view: async () => {
      if (state === 'up') await refresh();
      return state === 'up' && last ? last : gone();
    },
    job: (attemptId) => jobs.get(attemptId),
    isServed,
    ask: (question) => (state === 'up' ? ask(question) : Promise.resolve(failure('E-KIOSK-0301'))),
    onTold: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
