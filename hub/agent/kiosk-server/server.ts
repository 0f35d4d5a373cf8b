import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { Cancel, Clock, EpochMs, RandomBytes } from '@hallhub/sync/base';
import { seconds } from '@hallhub/sync/base';
import { z } from 'zod';
import type { Cabinets } from '../../lockers/edge/index.ts';
import { KIOSK_COOKIE } from '../../kiosks/edge/cookie.ts';
import type { KnownKiosks } from '../../kiosks/edge/index.ts';
import { cookieOf, json, nothing, problem, readBody } from './answers.ts';
import { screenCatalogue } from './catalogue.ts';
import { lockerAnswers } from './locker.ts';
import { eventText } from './event-stream.ts';
import { screenFile } from './files.ts';
import type { HubClient } from './hub-client.ts';
import { bodyOf } from './hub-client.ts';
import type { KioskLink } from './link.ts';
import { createKioskLink } from './link.ts';
import type { Deed } from './paths.ts';
import { deedOf, jobOf, kioskPath } from './paths.ts';

/** Where the screens of this machine's kiosks are, and what a browser or a shell proves itself with there. */
export interface Screens {
  /** `http://127.0.0.1:…` */
  readonly url: string;
  /** Made anew at every start. */
  readonly token: string;
  readonly kiosks: readonly string[];
}

/** The server beside the screens of a kiosk: on loopback, for as long as a kiosk stands at this machine. */
export interface KioskServer {
  /** Undefined: nothing is served now. */
  readonly screens: Screens | undefined;
  onScreens(listener: () => void): Cancel;
  start(): void;
  /** Answers what is being answered, for two seconds at most. */
  stop(): Promise<void>;
}

export interface KioskServerOptions {
  readonly kiosks: Pick<KnownKiosks, 'list' | 'onChange'>;
  readonly hub: HubClient;
  readonly host: () => Pick<AgentHost, 'health' | 'capability' | 'onHealth'> | undefined;
  /** The cabinets at this machine; undefined until they are known. */
  readonly cabinets: () => Cabinets | undefined;
  readonly hubNow: () => EpochMs;
  readonly hubId: string;
  /** Folder of the built screens. */
  readonly folder: string;
  /** On 127.0.0.1; 0: one that the system chooses. */
  readonly port: number;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
  /** The newest lines of this agent's log. */
  readonly logLines: () => readonly string[];
  /** Staff want this program to start anew. */
  readonly restart: () => void;
}

const PATIENCE = seconds(20);
const PUBLIC_PATIENCE = seconds(3);
const HEARTBEAT = seconds(15);
const LISTEN_AGAIN = seconds(5);
const END_WITHIN = seconds(2);
const MOST_CONNECTIONS = 64;
const MOST_STREAMS = 16;
/** A page that reads nothing is cut off rather than kept for. */
const MOST_WAITING = 1_000_000;
const SAFE = new Set(['GET', 'HEAD']);
const HANDED_UP = ['accept', 'content-type', 'idempotency-key'] as const;
const HANDED_DOWN = ['content-type', 'content-length', 'content-disposition', 'retry-after'] as const;

export function createKioskServer(options: KioskServerOptions): KioskServer {
  const { clock, log } = options;
  const token = Buffer.from(options.random(32)).toString('base64url');
  const listeners = new Set<() => void>();
  const links = new Map<string, { readonly text: string; readonly link: KioskLink; readonly untell: Cancel }>();
  const streams = new Map<ServerResponse, string>();
  let server: Server | undefined;
  let port = 0;
  let running = false;
  let cancelListen: Cancel = () => undefined;
  let cancelBeat: Cancel = () => undefined;

  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  const send = (response: ServerResponse, text: string): void => {
    if (response.writableLength > MOST_WAITING) response.destroy();
    else response.write(text);
  };
  const beat = (): void => {
    for (const response of streams.keys()) send(response, ': still here\n\n');
    cancelBeat = clock.after(HEARTBEAT, beat);
  };

  /** Kiosks come and go with the hub's configuration; the server is there while there is one. */
  const follow = (): void => {
    const wanted = new Map(options.kiosks.list().map((kiosk) => [kiosk.id, kiosk]));
    for (const [id, { text, link, untell }] of links) {
      if (JSON.stringify(wanted.get(id)) === text) continue;
      untell();
      link.stop();
      links.delete(id);
      for (const [response, kiosk] of streams) if (kiosk === id) response.end();
    }
    for (const [id, kiosk] of wanted) {
      if (links.has(id)) continue;
      const link = createKioskLink({ ...options, kiosk });
      const untell = link.onTold((data) => {
        for (const [response, to] of streams) if (to === id) send(response, eventText(`kiosk/${id}`, data));
      });
      links.set(id, { text: JSON.stringify(kiosk), link, untell });
      link.start();
    }
    if (links.size > 0 && !server) listen();
    else if (links.size === 0 && server) void close();
    else if (port !== 0) changed();
  };
  function listen(): void {
    cancelListen();
    const fresh = createServer(
      { maxHeaderSize: 8_192, requestTimeout: 10_000, headersTimeout: 5_000, keepAliveTimeout: 5_000 },
      (request, response) => {
        answer(request, response).catch((error: unknown) => {
          log('error', 'a request of a kiosk’s page failed', { error });
          if (response.headersSent) response.destroy();
          else problem(response, 500, 'E-API-0103');
        });
      },
    );
    fresh.maxConnections = MOST_CONNECTIONS;
    server = fresh;
    fresh.once('error', (error: NodeJS.ErrnoException) => {
      log('error', 'the screens cannot be served at this port', { port: options.port, code: error.code });
      if (server !== fresh) return;
      server = undefined;
      cancelListen = clock.after(LISTEN_AGAIN, follow);
    });
    fresh.listen(options.port, '127.0.0.1', () => {
      port = (fresh.address() as AddressInfo).port;
      log('info', 'the screens of a kiosk are served', { port });
      changed();
    });
  }
  async function close(): Promise<void> {
    cancelListen();
    const closing = server;
    server = undefined;
    port = 0;
    for (const response of streams.keys()) response.end();
    if (!closing) return;
    await new Promise<void>((resolve) => {
      const cancelEnd = clock.after(END_WITHIN, () => {
        closing.closeAllConnections();
      });
      closing.close(() => {
        cancelEnd();
        resolve();
      });
      closing.closeIdleConnections();
    });
    changed();
  }

  /** Whose page it is: by a name of this machine alone, so that no name of elsewhere can be made to point here. */
  const isHere = ({ headers: { host } }: IncomingMessage): boolean =>
    host === `127.0.0.1:${port}` || host === `localhost:${port}`;
  const isOwnPage = ({ method = '', headers }: IncomingMessage): boolean => {
    const site = headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
    return SAFE.has(method) || headers['x-hallhub'] !== undefined;
  };
  const isToken = (given: string): boolean => {
    const [expected, bytes] = [Buffer.from(token), Buffer.from(given)];
    return bytes.length === expected.length && timingSafeEqual(bytes, expected);
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '' } = request;
    if (!isHere(request) || !isOwnPage(request)) {
      problem(response, 403, 'E-API-0104');
      return;
    }
    const { pathname, search } = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (pathname.startsWith('/kiosk/') && method === 'GET') {
      await screenFile(response, options.folder, pathname);
      return;
    }
    if (method === 'GET' && pathname === '/api/catalogue') {
      await catalogue(response);
      return;
    }
    const [first] = links.values();
    if (method === 'GET' && pathname === '/api/instance' && first) {
      const { label, timeZone } = first.link.kiosk;
      json(response, { demo: false, hub: options.hubId, label, timeZone });
      return;
    }
    const asked = kioskPath(pathname);
    const link = asked && links.get(asked.kiosk)?.link;
    const deed = asked && deedOf(method, asked.path);
    if (!asked || !link || !deed) {
      problem(response, 404, 'E-API-0102');
      return;
    }
    if (deed !== 'session' && !isToken(cookieOf(request, KIOSK_COOKIE))) {
      problem(response, 401, 'E-STAFF-0103');
      return;
    }
    await DEEDS[deed]({ link, request, response, path: asked.path, search });
  }

  interface Asked {
    readonly link: KioskLink;
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
    readonly path: string;
    readonly search: string;
  }
  const away = (response: ServerResponse): void => {
    problem(response, 503, 'E-KIOSK-0301');
  };
  const bodyIn = async ({ request, response }: Asked): Promise<Buffer | undefined> => {
    const body = await readBody(request);
    if (body.ok) return body.value;
    const isLong = body.error.code === 'E-API-0108';
    response.setHeader('connection', 'close');
    problem(response, isLong ? 413 : 400, body.error.code);
    return undefined;
  };
  /** Asks the hub and hands its answer on as it comes; false: the hub is away, and nothing was answered. */
  const handOn = async (asked: Asked): Promise<boolean> => {
    const { link, request, response, path, search } = asked;
    const { method = '' } = request;
    const body = SAFE.has(method) ? undefined : await bodyIn(asked);
    if (!body && !SAFE.has(method)) return true;
    const headers: Record<string, string> = {};
    for (const name of HANDED_UP) {
      const value = request.headers[name];
      if (typeof value === 'string') headers[name] = value;
    }
    const given = new AbortController();
    response.once('close', () => {
      // Only what is read: what was ordered is done, whoever waits for it.
      if (SAFE.has(method)) given.abort();
    });
    const got = await link.ask({
      method,
      path: `${path}${search}`,
      headers,
      patience: PATIENCE,
      ...(body && { body }),
      signal: given.signal,
    });
    if (!got.ok) return false;
    const told: Record<string, string> = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
    for (const name of HANDED_DOWN) {
      const value = got.value.headers[name];
      if (value !== undefined) told[name] = value;
    }
    response.writeHead(got.value.statusCode ?? 502, told);
    try {
      await pipeline(got.value, response);
    } catch {
      // Either end went in the middle; the page sees that its answer is not whole.
      response.destroy();
    }
    return true;
  };

  const DEEDS: Readonly<Record<Deed, (asked: Asked) => Promise<void> | void>> = {
    session: async (asked) => {
      const body = await bodyIn(asked);
      if (!body) return;
      const given = z.object({ token: z.string().max(200) }).safeParse(parsed(body));
      if (!given.success || !isToken(given.data.token)) {
        problem(asked.response, 401, 'E-STAFF-0103');
        return;
      }
      asked.response.setHeader('set-cookie', `${KIOSK_COOKIE}=${token}; Path=/api/kiosks; HttpOnly; SameSite=Strict`);
      nothing(asked.response);
    },
    view: async ({ link, response }) => {
      json(response, await link.view());
    },
    events: ({ link, response }) => {
      if (streams.size >= MOST_STREAMS) {
        problem(response, 429, 'E-API-0105');
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(`retry: 2000\n\n${eventText('reset', {})}`);
      streams.set(response, link.kiosk.id);
      response.on('error', () => undefined);
      response.once('close', () => streams.delete(response));
    },
    job: async (asked) => {
      const { link, response, path } = asked;
      if (await handOn(asked)) return;
      const job = link.job(jobOf(path));
      if (job) json(response, job);
      else away(response);
    },
    'hand-on': async (asked) => {
      if (!(await handOn(asked))) away(asked.response);
    },
    locker: async (asked) => {
      const { link, request, response, path, search } = asked;
      const isRead = SAFE.has(request.method ?? '');
      const body = isRead ? undefined : await bodyIn(asked);
      if (!isRead && !body) return;
      const left = new AbortController();
      response.once('close', () => {
        left.abort();
      });
      const answered = await lockers(link.kiosk, path.slice('/locker'.length), {
        ...{ isRead, session: new URLSearchParams(search).get('session') ?? '', signal: left.signal },
        body: body && parsed(body),
      });
      if (response.destroyed) return;
      if (!answered) nothing(response);
      else if (answered.ok) json(response, answered.value);
      else problem(response, statusOf(answered.error.code), answered.error.code);
    },
    log: async (asked) => {
      const { link, response } = asked;
      if (await handOn(asked)) return;
      if (!link.isServed()) {
        away(response);
        return;
      }
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
      response.end(options.logLines().join(''));
    },
    // The hub puts it on record and then asks this agent; one that is away cannot.
    restart: async (asked) => {
      const { link, response } = asked;
      if (await handOn(asked)) return;
      if (!link.isServed()) {
        away(response);
        return;
      }
      log('warn', 'staff have started this program anew at the screen of a kiosk', { kiosk: link.kiosk.id });
      response.once('finish', options.restart);
      nothing(response);
    },
  };

  /** Texts of codes: all of the hub's, or those that screens show while it is away. */
  async function catalogue(response: ServerResponse): Promise<void> {
    const isUp = [...links.values()].some(({ link }) => link.hub === 'up');
    const got = isUp
      ? await options.hub.ask({ method: 'GET', path: '/api/catalogue', patience: PUBLIC_PATIENCE })
      : undefined;
    const body = got?.ok === true && got.value.statusCode === 200 ? await bodyOf(got.value, 1_048_576) : undefined;
    const texts = body?.ok === true ? parsed(body.value) : undefined;
    if (got?.ok === true && !body) got.value.destroy();
    json(response, texts ?? screenCatalogue);
  }

  const lockers = lockerAnswers(options);
  let unfollow: Cancel = () => undefined;
  return {
    get screens() {
      return port === 0 ? undefined : { url: `http://127.0.0.1:${port}`, token, kiosks: [...links.keys()] };
    },
    onScreens: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    start: () => {
      running = true;
      unfollow = options.kiosks.onChange(() => {
        if (running) follow();
      });
      beat();
      follow();
    },
    stop: async () => {
      running = false;
      unfollow();
      cancelBeat();
      await close();
      for (const { link, untell } of links.values()) {
        untell();
        link.stop();
      }
      links.clear();
      options.hub.close();
    },
  };
}

const STATUS: Readonly<Record<string, number>> = {
  ...{ 'E-API-0101': 400, 'E-LOCK-0101': 404, 'E-LOCK-0102': 404, 'E-LOCK-0103': 429, 'E-KIOSK-0301': 503 },
};
/** What a cabinet refuses because of how it stands. */
const statusOf = (code: string): number => STATUS[code] ?? 409;

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
