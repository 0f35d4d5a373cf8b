import { type Cancel, type Clock, type DurationMs, type Result, failure, ms, ok } from '@hallhub/sync/base';
import type { HttpAnswer, HttpClient, HttpDoor, HttpExchange, HttpInbox, HttpReply, HttpReport } from '../kit/index.ts';
import { doorKey, fit, pathBehind, readKnock } from './http-doors.ts';

/** What the way between host and device does: answers get lost, a device sends its reports twice, everything is slow. */
export type WebFault = 'loses' | 'doubles' | 'delays';

export interface DeviceRequest {
  readonly method: string;
  /** With its query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface DeviceReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** An answer without end: writes to it, until the connection is closed. */
  readonly stream?: (write: (bytes: Uint8Array) => void, onClosed: (listener: () => void) => void) => void;
}

/** The device's side. */
export interface DeviceWeb {
  /** What it answers; undefined: nothing, ever. Absent: nobody is there. */
  serve(handler: ((request: DeviceRequest) => DeviceReply | undefined) | undefined): void;
  /** Reports; the answer, or undefined where there is none. */
  push(
    report: Pick<HttpReport, 'method' | 'headers' | 'body'> & { readonly target: string },
  ): Promise<HttpAnswer | undefined>;
}

/** HTTP between a host and one device, in memory and in a time that is moved by hand. */
export interface MemoryWeb {
  readonly http: HttpClient;
  readonly inbox: HttpInbox;
  readonly device: DeviceWeb;
  setUp(up: boolean): void;
  fault: WebFault | undefined;
  /** How many requests, answers and reports the fault has lost, doubled or held back. */
  readonly spoilt: number;
  /** Ends every timer. */
  close(): void;
}

const LATENCY = ms(1);
/** Longer than any driver waits. */
const DELAY = ms(12_000);

export function createMemoryWeb(options: {
  readonly clock: Clock;
  /** A number below a bound. */
  readonly random: (below: number) => number;
}): MemoryWeb {
  const { clock, random } = options;
  const timers = new Set<Cancel>();
  const connections = new Set<() => void>();
  const doors = new Map<string, { readonly door: HttpDoor; readonly onExchange: (exchange: HttpExchange) => void }>();
  let handler: ((request: DeviceRequest) => DeviceReply | undefined) | undefined;
  let up = true;

  const after = (delay: DurationMs, action: () => void): Cancel => {
    const cancelTimer = clock.after(delay, () => {
      timers.delete(cancel);
      action();
    });
    const cancel = (): void => {
      timers.delete(cancel);
      cancelTimer();
    };
    timers.add(cancel);
    return cancel;
  };
  let spoilt = 0;
  const way = (): DurationMs => {
    if (web.fault !== 'delays') return LATENCY;
    spoilt += 1;
    return DELAY;
  };
  const isLost = (): boolean => {
    const lost = web.fault === 'loses' && random(2) === 0;
    if (lost) spoilt += 1;
    return lost;
  };

  const http: HttpClient = ({ method, url, headers = {}, body = new Uint8Array(), within, stream }) => {
    let settle: (result: Result<HttpReply>) => void = () => undefined;
    const reply = new Promise<Result<HttpReply>>((resolve) => {
      settle = resolve;
    });
    let over = false;
    let closed: () => void = () => undefined;
    let cancelTimer: Cancel = () => undefined;
    const finish = (result: Result<HttpReply>): void => {
      if (over) return;
      over = true;
      cancelTimer();
      connections.delete(broke);
      closed();
      settle(result);
    };
    const broke = (): void => {
      finish(failure('E-DEV-0103', 'the connection broke'));
    };
    const alive = (): void => {
      cancelTimer();
      if (!over)
        cancelTimer = after(within, () => {
          finish(failure('E-DEV-0202', `nothing within ${within} ms`));
        });
    };
    const answer = (given: DeviceReply): void => {
      const head = { status: given.status, headers: given.headers ?? {} };
      if (!stream || !given.stream || given.status >= 300) {
        finish(ok({ ...head, body: given.body ?? new Uint8Array() }));
        return;
      }
      alive();
      stream.onHead(head);
      given.stream(
        (bytes) => {
          if (isLost()) return;
          after(way(), () => {
            if (over) return;
            alive();
            stream.onPiece(bytes);
          });
        },
        (listener) => {
          closed = listener;
        },
      );
    };
    if (!up || !handler) {
      after(LATENCY, () => {
        finish(failure('E-DEV-0102', 'nobody is there'));
      });
    } else {
      connections.add(broke);
      alive();
      after(way(), () => {
        if (over) return;
        const { pathname, search } = new URL(url);
        const given = handler?.({ method, target: `${pathname}${search}`, headers, body });
        if (!given || isLost()) return;
        after(way(), () => {
          if (!over) answer(given);
        });
      });
    }
    return {
      reply,
      cancel: () => {
        finish(failure('E-DEV-0103', 'given up'));
      },
    };
  };

  const deliver = (sent: Parameters<DeviceWeb['push']>[0]): Promise<HttpAnswer | undefined> =>
    new Promise((resolve) => {
      const knock = readKnock(sent.target, '127.0.0.1');
      const [best] = [...doors.values()]
        .map((entry) => ({ entry, says: knock ? fit(entry.door, knock) : 0 }))
        .sort((a, b) => b.says - a.says);
      if (!up || !knock || !best || best.says === 0 || isLost()) {
        resolve(undefined);
        return;
      }
      let over = false;
      const finish = (answer: HttpAnswer | undefined): void => {
        over = true;
        connections.delete(broke);
        resolve(answer);
      };
      const broke = (): void => {
        finish(undefined);
      };
      connections.add(broke);
      after(way(), () => {
        if (over) return;
        best.entry.onExchange({
          report: {
            method: sent.method,
            path: pathBehind(best.entry.door, knock),
            query: knock.query,
            headers: sent.headers,
            body: sent.body,
            remoteAddress: '127.0.0.1',
          },
          answer: (answer) => {
            if (over) return Promise.resolve(failure('E-DEV-0103', 'the device is gone, or was answered already'));
            finish(isLost() ? undefined : answer);
            return Promise.resolve(ok());
          },
        });
      });
    });

  const web: MemoryWeb = {
    http,
    inbox: {
      name: 'memory inbox',
      listen: (door, onExchange) => {
        const key = doorKey(door);
        if (doors.has(key)) return Promise.resolve(failure('E-DEV-0306', 'the same door'));
        doors.set(key, { door, onExchange });
        return Promise.resolve(ok(() => doors.delete(key)));
      },
    },
    device: {
      serve: (next) => {
        handler = next;
      },
      push: (sent) => {
        const answer = deliver(sent);
        if (web.fault === 'doubles') {
          spoilt += 1;
          void deliver(sent);
        }
        return answer;
      },
    },
    setUp: (next) => {
      up = next;
      if (!up) for (const broke of [...connections]) broke();
    },
    fault: undefined,
    get spoilt() {
      return spoilt;
    },
    close: () => {
      for (const cancel of [...timers]) cancel();
    },
  };
  return web;
}
