import {
  type Cancel,
  type DurationMs,
  type Failure,
  type Result,
  err,
  failure,
  ms,
  ok,
  seconds,
} from '@hallhub/sync/base';
import type { Barrier, CapabilityMap } from '../../capabilities/index.ts';
import {
  type Driver,
  type DriverEnvironment,
  type HttpCall,
  type HttpClient,
  type HttpDoor,
  type HttpExchange,
  type HttpInbox,
  type HttpReply,
  type Receipt,
  type Traffic,
  createCommandLedger,
  createEmitter,
  createHealth,
  reconnectDelay,
} from '../../kit/index.ts';
import { createCameraClient } from './camera-client.ts';
import { type Part, boundaryOf, createMultipartReader } from './multipart.ts';
import { type PlateRead, createPlateFeed } from './plate-feed.ts';

/** What a message of a camera holds for us. */
export type CameraMessage =
  | { readonly kind: 'plate'; readonly read: PlateRead }
  /** It lives, and says nothing that we want. */
  | { readonly kind: 'other'; readonly meaning: string };

export interface HttpCameraOptions {
  readonly deviceId: string;
  readonly environment: DriverEnvironment;
  readonly http: HttpClient;
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** Where its events come from: a stream that we hold open, or reports to a door of ours. */
  readonly events:
    | { readonly from: 'stream'; readonly path: string; readonly quietAtMost: DurationMs }
    | { readonly from: 'reports'; readonly inbox: HttpInbox; readonly door: HttpDoor };
  /** A body, or a part of one. Undefined for a picture. Errors: `E-DEV-0204`. */
  readonly read: (part: Part) => Result<CameraMessage | undefined>;
  /** A question that changes nothing, by which it is known to be there. */
  readonly probe: { readonly path: string; readonly every: DurationMs };
  readonly open: (order: { readonly direction: 'in' | 'out' }) => {
    readonly path: string;
    readonly call: Pick<HttpCall, 'method' | 'body' | 'headers'>;
    readonly meaning: string;
  };
  /** What a 200 says of the order. Errors: `E-DEV-0203` with the camera's own words, `E-DEV-0204`. */
  readonly accepted: (reply: HttpReply) => Result<void>;
  readonly answersWithin: DurationMs;
}

const RETRY = { first: seconds(1), longest: seconds(30) };

/** A camera that is an HTTP server: it is asked under Digest authentication, and tells its events by a stream or by reports. */
export function createHttpCamera(options: HttpCameraOptions): Driver {
  const { deviceId, environment, events } = options;
  const { clock, log, random } = environment;
  const onListenerError = (error: unknown): void => {
    log.error({ deviceId, error }, 'a listener of a camera failed');
  };
  const health = createHealth({ clock, onListenerError });
  const traffic = createEmitter<Traffic>(onListenerError);
  const feed = createPlateFeed({ deviceId, clock, log, onListenerError });
  const ledger = createCommandLedger({ clock });
  const client = createCameraClient({ ...options, random });
  const timers = new Map<'stream' | 'probe', Cancel>();
  const calls = new Set<Cancel>();
  let running = false;
  let streaming = false;
  let attempt = 0;
  let refusals = 0;
  let turn: Promise<unknown> = Promise.resolve();
  let leave: Cancel = () => undefined;

  // Events are cars, and answers to questions hold what nobody needs in a log: meanings only.
  const tell = (direction: Traffic['direction'], meaning: string): void => {
    traffic.emit({ at: clock.now(), direction, bytes: new Uint8Array(), meaning });
  };
  const judge = (): void => {
    if (events.from === 'reports' || streaming) health.set('ready');
  };
  const later = (what: 'stream' | 'probe', delay: DurationMs, action: () => void): void => {
    timers.get(what)?.();
    timers.set(
      what,
      clock.after(delay, () => {
        timers.delete(what);
        if (running) action();
      }),
    );
  };
  const ask = async (...asked: Parameters<typeof client.ask>): Promise<Result<HttpReply>> => {
    const { reply, cancel } = client.ask(...asked);
    calls.add(cancel);
    const answer = await reply;
    calls.delete(cancel);
    if (!answer.ok) return answer;
    const { status } = answer.value;
    if (status === 401) return failure('E-DEV-0203', 'it refuses its user name or password');
    return status >= 200 && status < 300 ? answer : failure('E-DEV-0203', `it answered ${status}`);
  };
  /** What is no message is told once in a while and not for each: a camera that is broken says it ten times a second. */
  const notUnderstood = ({ code, detail }: Failure): void => {
    tell('discarded', detail ?? code);
    refusals += 1;
    if (refusals === 1 || refusals % 1_000 === 0)
      log.warn({ deviceId, code, detail, refusals }, 'a camera is not understood');
  };
  const take = (part: Part): boolean => {
    const message = options.read(part);
    if (!message.ok) {
      notUnderstood(message.error);
      return false;
    }
    if (!message.value) return true;
    if (message.value.kind === 'other') tell('in', message.value.meaning);
    else {
      tell('in', message.value.read.replayed ? 'a plate of the past' : 'a plate');
      feed.take(message.value.read);
    }
    return true;
  };

  const stream = ({ path, quietAtMost }: Extract<typeof events, { from: 'stream' }>): void => {
    let reader: ReturnType<typeof createMultipartReader> | undefined;
    const { reply, cancel } = client.ask(path, {
      method: 'GET',
      within: quietAtMost,
      stream: {
        onHead: ({ headers }) => {
          const boundary = boundaryOf(headers['content-type']);
          reader = boundary === undefined ? undefined : createMultipartReader(boundary);
          streaming = reader !== undefined;
          attempt = 0;
          if (reader) judge();
        },
        onPiece: (bytes) => {
          const parts = reader?.push(bytes);
          if (!parts?.ok) {
            notUnderstood(parts?.error ?? { code: 'E-DEV-0204', detail: 'events that are no multipart' });
            cancel();
            return;
          }
          for (const part of parts.value) take(part);
        },
      },
    });
    calls.add(cancel);
    void reply.then((ended) => {
      calls.delete(cancel);
      streaming = false;
      if (!running) return;
      health.set(
        'down',
        ended.ok ? { code: 'E-DEV-0103', detail: `its events ended (${ended.value.status})` } : ended.error,
      );
      later('stream', reconnectDelay(RETRY, attempt, (random(1)[0] ?? 0) / 256), () => {
        stream(events as Extract<typeof events, { from: 'stream' }>);
      });
      attempt += 1;
    });
  };
  const onExchange = (exchange: HttpExchange): void => {
    const { report } = exchange;
    const boundary = boundaryOf(report.headers['content-type']);
    let understood: boolean;
    if (boundary === undefined) understood = take({ headers: report.headers, body: report.body });
    else {
      // The last part ends at a boundary, which some leave out.
      const parts = createMultipartReader(boundary).push(
        Buffer.concat([report.body, Buffer.from(`\r\n--${boundary}--`)]),
      );
      if (!parts.ok) notUnderstood(parts.error);
      understood = parts.ok && parts.value.map(take).every(Boolean);
    }
    void exchange.answer({ status: understood ? 200 : 400, body: new Uint8Array() });
  };
  const probe = async (): Promise<void> => {
    const answer = await ask(options.probe.path, { method: 'GET', within: options.answersWithin });
    if (!running) return;
    if (answer.ok) judge();
    else health.set('down', answer.error);
    later('probe', options.probe.every, () => void probe());
  };

  const barrier: Barrier = {
    open: (command) =>
      ledger.run(command, (veto) => {
        const mine = turn.then(async (): Promise<Receipt> => {
          const { state, reason } = health.current;
          const late = veto();
          if (late) return err(late);
          if (state !== 'ready') return err(reason ?? { code: 'E-DEV-0102', detail: 'it has not answered yet' });
          const { path, call, meaning } = options.open(command.args);
          tell('out', meaning);
          // A connection that still waits when the order has expired is dropped: it must not arrive then.
          const within = ms(Math.max(1, Math.min(options.answersWithin, command.expiresAt - clock.now())));
          const reply = await ask(path, { ...call, within }, () => {
            const refused = veto();
            return refused ? err(refused) : ok();
          });
          if (!reply.ok) return reply;
          const accepted = options.accepted(reply.value);
          if (!accepted.ok) return accepted;
          return ok({ commandId: command.id, confirmation: 'acknowledged' as const, at: clock.now() });
        });
        turn = mine;
        return mine;
      }),
  };
  const capabilities: Partial<CapabilityMap> = { plateReader: { onPlate: feed.onPlate }, barrier };

  return {
    deviceId,
    capabilities,
    get health() {
      return health.current;
    },
    start: () => {
      if (running) return;
      running = true;
      void probe();
      if (events.from === 'stream') {
        stream(events);
        return;
      }
      void events.inbox.listen(events.door, onExchange).then((listening) => {
        if (!listening.ok) health.set('down', listening.error);
        else if (running) leave = listening.value;
        else listening.value();
      });
    },
    stop: async () => {
      running = false;
      leave();
      leave = () => undefined;
      for (const cancel of timers.values()) cancel();
      timers.clear();
      for (const cancel of [...calls]) cancel();
      await turn;
      health.set('starting');
    },
    onHealth: health.on,
    onTraffic: traffic.on,
  };
}
