import { existsSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import Fastify from 'fastify';
import type { CounterView } from '../../hub/queue/contract.ts';
import { queueCodes } from '../../hub/queue/codes.ts';
import {
  boardView,
  counterView,
  hallView,
  liveView,
  ownTicket,
  services,
  waitingTickets,
} from '../../hub/queue/testing/views.ts';
import type { Grant } from '../../hub/staff/rules.ts';

/*
 * The hub as the pages of a queue see it (hub/queue/contract.ts), saying what a test tells it to say: for states that a real one
 * is not easily brought into. It decides nothing.
 */

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html',
  js: 'text/javascript',
  css: 'text/css',
  svg: 'image/svg+xml',
};
const API = '/api/queue';

export interface Posted {
  readonly path: string;
  readonly body: unknown;
  readonly lease: string | undefined;
  readonly once: string | undefined;
}

export interface QueueServer {
  readonly url: string;
  readonly posts: readonly Posted[];
  /** What a GET below `/api/queue` answers; a function is asked with the query. */
  readonly views: Map<string, unknown>;
  /** What a POST below `/api/queue` answers; else the counter's view. */
  readonly answers: Map<string, unknown>;
  /** The next POST to a path is answered with this code. */
  readonly refusals: Map<string, string>;
  /** Changes a view and tells those who follow it. */
  tell(topic: string, path: string, view: unknown): void;
  tellCounter(change: Partial<CounterView>): void;
  /** Breaks off every connection, and answers nothing until it is told to. */
  dark(on: boolean): void;
  stop(): Promise<void>;
}

export const COUNTER = 'w1';

export async function queueServer(options: {
  /** Folder of the built pages. */
  readonly webRoot: string;
  readonly grants?: readonly Grant[];
}): Promise<QueueServer> {
  const { webRoot, grants = [{ role: 'counter', area: 'main' }] } = options;
  const server = Fastify({ forceCloseConnections: true });
  const followers = new Map<ServerResponse, readonly string[]>();
  const posts: Posted[] = [];
  const sequences = new Map<string, number>();
  const refusals = new Map<string, string>();
  const answers = new Map<string, unknown>();
  const views = new Map<string, unknown>([
    ['/halls', [hallView()]],
    ['/halls/main/board', boardView()],
    ['/halls/main/services', services()],
    ['/halls/main/live', liveView()],
    ['/halls/main/notice', {}],
    ['/halls/main/waiting', { hall: 'main', tickets: waitingTickets(30) }],
    [`/counters/${COUNTER}`, counterView({ next: waitingTickets(1)[0] ?? fail('nobody waits') })],
    [`/tickets/${ownTicket().key}`, ownTicket()],
  ]);
  let isDark = false;

  const pathOf = (topic: string): string => {
    const [, first = '', second = ''] = topic.split('/');
    if (first === 'counter') return `/counters/${second}`;
    return first === 'ticket' ? `/tickets/${second}` : `/halls/${first}/${second}`;
  };
  const write = (raw: ServerResponse, topic: string): void => {
    const message = { sequence: sequences.get(topic) ?? 0, view: views.get(pathOf(topic)) };
    if (message.view !== undefined) raw.write(`event: ${topic}\ndata: ${JSON.stringify(message)}\n\n`);
  };
  const tell = (topic: string, path: string, view: unknown): void => {
    views.set(path, view);
    sequences.set(topic, (sequences.get(topic) ?? 0) + 1);
    for (const [raw, topics] of followers) if (topics.includes(topic)) write(raw, topic);
  };

  server.addHook('onRequest', (request, _reply, done) => {
    if (isDark) request.raw.socket.destroy();
    else done();
  });
  server.get('/api/catalogue', () => ({
    ...queueCodes,
    'E-WEB-0101': { zh: '无法连接到中心', en: 'The hub cannot be reached' },
  }));
  server.get('/api/instance', () => ({ demo: false, timeZone: 'Asia/Shanghai' }));
  server.get('/api/session', () => ({ id: 'zhou', login: 'zhoumin', name: '周敏', grants }));
  server.get(`${API}/events`, (request, reply) => {
    const asked = (request.query as { topic: string | string[] }).topic;
    const topics = typeof asked === 'string' ? [asked] : asked;
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    reply.raw.write('retry: 200\n\n');
    for (const topic of topics) write(reply.raw, topic);
    followers.set(reply.raw, topics);
    reply.raw.on('close', () => followers.delete(reply.raw));
  });
  server.get(`${API}/*`, (request, reply) => {
    const [path = '', asked = ''] = request.url.slice(API.length).split('?');
    const view = views.get(path);
    if (typeof view === 'function') return (view as (query: URLSearchParams) => unknown)(new URLSearchParams(asked));
    return view ?? reply.code(404).send({ status: 404, code: 'E-QUEUE-0208' });
  });
  server.post(`${API}/*`, (request, reply) => {
    const path = request.url.slice(API.length);
    const header = (name: string): string | undefined => request.headers[name]?.toString();
    posts.push({ path, body: request.body, lease: header('x-counter-lease'), once: header('idempotency-key') });
    const refusal = refusals.get(path);
    if (refusal !== undefined) {
      refusals.delete(path);
      return reply.code(409).send({ status: 409, code: refusal });
    }
    if (path === `/counters/${COUNTER}/open`) return { lease: 'lease-1', view: views.get(`/counters/${COUNTER}`) };
    return answers.get(path) ?? views.get(`/counters/${COUNTER}`);
  });
  server.get('/*', (request, reply) => {
    const path = (request.params as { '*': string })['*'];
    const file = join(webRoot, normalize(`/${path}`));
    const found = path.includes('.') && existsSync(file) ? file : join(webRoot, 'index.html');
    return reply.type(TYPES[found.split('.').at(-1) ?? ''] ?? 'application/octet-stream').send(readFileSync(found));
  });

  await server.listen({ port: 0, host: '127.0.0.1' });
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    posts,
    views,
    answers,
    refusals,
    tell,
    tellCounter: (change) => {
      const before = views.get(`/counters/${COUNTER}`) as CounterView;
      tell(`queue/counter/${COUNTER}`, `/counters/${COUNTER}`, { ...before, ...change });
    },
    dark: (on) => {
      isDark = on;
      if (on) for (const raw of followers.keys()) raw.destroy();
    },
    stop: () => server.close(),
  };
}

function fail(why: string): never {
  throw new Error(why);
}
