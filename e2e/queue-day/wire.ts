import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Answer } from '../testing/http-client.ts';

/** A page's own line to a hub: an address, connections and cookies of its own, since the hub counts requests by address. */
export interface Wire {
  /** @param order names a POST, so that one that is sent again counts once. @throws when there is no answer */
  ask(
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  /** As `ask`. @throws on any status from 400 on */
  good<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T>;
  /** Follows a stream as a page does: it is opened again whenever it ends. `heard` is told what came, and when. */
  follow(path: string, heard: (message: Heard) => void): void;
  cookies(): readonly string[];
  close(): void;
}

export interface Heard {
  readonly topic: string;
  /** JSON; of the queue's own stream a `TopicMessage`. */
  readonly text: string;
  /** As `performance.now()` has it. */
  readonly at: number;
}

/** The stream with these topics. */
export const streamOf = (...topics: readonly string[]): string =>
  `/api/queue/events?${new URLSearchParams(topics.map((topic): [string, string] => ['topic', topic])).toString()}`;

const PATIENCE = 20_000;
const REOPEN = 100;

/** @param url asked for every call, for a restarted hub may have another port. @param address the last part of 127.0.1.x */
export function createWire({
  url,
  address,
  cookies: known = [],
}: {
  readonly url: () => string;
  readonly address: number;
  readonly cookies?: readonly string[];
}): Wire {
  const localAddress = `127.0.1.${address}`;
  const agent = new Agent({ keepAlive: true, localAddress });
  const jar = new Map(known.map((cookie) => [cookie.split('=')[0] ?? '', cookie]));
  const streams = new Set<ClientRequest>();
  let closed = false;

  const send = (
    method: string,
    path: string,
    { body, headers = {}, through }: { body?: unknown; headers?: Readonly<Record<string, string>>; through?: Agent },
  ): ClientRequest => {
    const payload = body === undefined ? '' : JSON.stringify(body);
    const asked = request(new URL(path, url()), {
      method,
      ...(through ? { agent: through } : { localAddress, agent: false }),
      headers: {
        ...{ 'x-hallhub': '1', cookie: [...jar.values()].join('; ') },
        ...(body !== undefined && { 'content-type': 'application/json' }),
        'content-length': Buffer.byteLength(payload),
        ...headers,
      },
    });
    asked.end(payload);
    return asked;
  };
  const ask: Wire['ask'] = (method, path, body, headers) =>
    new Promise((resolve, reject) => {
      const asked = send(method, path, {
        through: agent,
        ...(body !== undefined && { body }),
        ...(headers && { headers }),
      });
      asked.setTimeout(PATIENCE, () => asked.destroy(new Error(`${method} ${path}: no answer`)));
      asked.once('error', reject);
      asked.once('response', (response: IncomingMessage) => {
        for (const cookie of response.headers['set-cookie'] ?? []) {
          const [pair = ''] = cookie.split(';');
          jar.set(pair.split('=')[0] ?? '', pair);
        }
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('aborted', () => {
          reject(new Error(`${method} ${path}: broken off`));
        });
        response.once('end', () => {
          const text = Buffer.concat(chunks).toString();
          const isJson = response.headers['content-type']?.includes('json') === true && text !== '';
          resolve({ status: response.statusCode ?? 0, body: isJson ? (JSON.parse(text) as unknown) : text });
        });
      });
    });
  const stream = (path: string, heard: (message: Heard) => void): Promise<void> =>
    new Promise((resolve) => {
      const asked = send('GET', path, {});
      streams.add(asked);
      const over = (): void => {
        streams.delete(asked);
        resolve();
      };
      asked.once('error', over);
      asked.once('response', (response: IncomingMessage) => {
        if (response.statusCode !== 200) {
          response.resume();
          over();
          return;
        }
        let rest = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          const at = performance.now();
          const messages = (rest + chunk).split('\n\n');
          rest = messages.pop() ?? '';
          for (const message of messages) {
            const [, topic] = /^event: (.*)$/m.exec(message) ?? [];
            const [, text] = /^data: (.*)$/m.exec(message) ?? [];
            if (topic !== undefined && text !== undefined) heard({ topic, text, at });
          }
        });
        response.once('error', over);
        response.once('close', over);
      });
    });
  return {
    ask,
    good: async <T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> => {
      const answer = await ask(method, path, body);
      if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer.body as T;
    },
    follow: (path, heard) => {
      const keep = async (): Promise<void> => {
        while (!closed) {
          await stream(path, heard);
          await pause(REOPEN);
        }
      };
      keep().catch((error: unknown) => {
        throw error;
      });
    },
    cookies: () => [...jar.values()],
    close: () => {
      closed = true;
      for (const one of streams) one.destroy();
      agent.destroy();
    },
  };
}
