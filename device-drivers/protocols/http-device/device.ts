import { type Cancel, type DurationMs, type Failure, type Result, failure, ok, seconds } from '@hallhub/sync/base';
import {
  type DriverEnvironment,
  type HttpCall,
  type HttpClient,
  type HttpDoor,
  type HttpExchange,
  type HttpInbox,
  type HttpReply,
  type ListenerError,
  type Traffic,
  createEmitter,
  createHealth,
  reconnectDelay,
} from '../../kit/index.ts';
import { createDeviceClient } from './client.ts';
import { type Part, boundaryOf, createMultipartReader } from './multipart.ts';

export interface HttpDeviceOptions {
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
  /** The longest picture, in bytes, that `take` is given; by default none is, and it gets their parts empty. */
  readonly pictures?: number;
  /** Takes a body, or a part of one, and says what it means, for the log; undefined for a picture. Errors: `E-DEV-0204`. */
  readonly take: (part: Part) => Result<string | undefined>;
  /** A question that changes nothing, by which it is known to be there, and what its answer says of that. */
  readonly probe: {
    readonly path: string;
    readonly every: DurationMs;
    readonly read?: (reply: HttpReply) => Result<void>;
  };
  readonly answersWithin: DurationMs;
  readonly onListenerError: ListenerError;
}

const RETRY = { first: seconds(1), longest: seconds(30) };

/**
 * A device that is an HTTP server: it is asked under Digest authentication, and tells its events by a stream or by reports. It
 * is `ready` while it answers and its events come.
 */
export function createHttpDevice(options: HttpDeviceOptions) {
  const { deviceId, environment, events, onListenerError } = options;
  const { clock, log, random } = environment;
  const health = createHealth({ clock, onListenerError });
  const traffic = createEmitter<Traffic>(onListenerError);
  const client = createDeviceClient({ ...options, random });
  const timers = new Map<'stream' | 'probe', Cancel>();
  const calls = new Set<Cancel>();
  let running = false;
  let streaming = false;
  let answers = false;
  let attempt = 0;
  let refusals = 0;
  let leave: Cancel = () => undefined;

  // Events are people and cars, and answers to questions hold what nobody needs in a log: meanings only.
  const tell = (direction: Traffic['direction'], meaning: string): void => {
    traffic.emit({ at: clock.now(), direction, bytes: new Uint8Array(), meaning });
  };
  const judge = (): void => {
    if (answers && (events.from === 'reports' || streaming)) health.set('ready');
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
  /** Whatever it answers that is no success is `E-DEV-0203`; `refusal` reads what a refusal says. */
  const ask = async (
    path: string,
    call: Omit<HttpCall, 'url' | 'stream'>,
    mayLeave?: () => Result<void>,
    refusal?: (reply: HttpReply) => string | undefined,
  ): Promise<Result<HttpReply>> => {
    const { reply, cancel } = client.ask(path, call, mayLeave);
    calls.add(cancel);
    const answer = await reply;
    calls.delete(cancel);
    if (!answer.ok) return answer;
    const { status } = answer.value;
    if (status === 401) return failure('E-DEV-0203', 'it refuses its user name or password');
    if (status >= 200 && status < 300) return answer;
    return failure('E-DEV-0203', refusal?.(answer.value) ?? `it answered ${status}`);
  };
  /** What is no message is told once in a while and not for each: a device that is broken says it ten times a second. */
  const notUnderstood = ({ code, detail }: Failure): void => {
    tell('discarded', detail ?? code);
    refusals += 1;
    if (refusals === 1 || refusals % 1_000 === 0)
      log.warn({ deviceId, code, detail, refusals }, 'a device is not understood');
  };
  const take = (part: Part): boolean => {
    const meaning = options.take(part);
    if (!meaning.ok) {
      notUnderstood(meaning.error);
      return false;
    }
    if (meaning.value !== undefined) tell('in', meaning.value);
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
          reader = boundary === undefined ? undefined : createMultipartReader(boundary, options);
          streaming = reader !== undefined;
          attempt = 0;
          judge();
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
      const parts = createMultipartReader(boundary, options).push(
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
    const read = answer.ok ? (options.probe.read?.(answer.value) ?? ok()) : answer;
    answers = read.ok;
    if (read.ok) judge();
    else health.set('down', read.error);
    later('probe', options.probe.every, () => void probe());
  };

  return {
    health,
    traffic,
    tell,
    ask,
    start: (): void => {
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
    /** Whatever is under way fails at once; `settled` ends when that has been told. */
    stop: async (settled: Promise<unknown>): Promise<void> => {
      running = false;
      answers = false;
      leave();
      leave = () => undefined;
      for (const cancel of timers.values()) cancel();
      timers.clear();
      for (const cancel of [...calls]) cancel();
      await settled;
      health.set('starting');
    },
  };
}
