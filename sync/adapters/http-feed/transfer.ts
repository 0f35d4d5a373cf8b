import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Clock, DurationMs, Result } from '../../base/index.ts';
import { failure, ok } from '../../base/index.ts';

export interface TransferRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** For the whole exchange. */
  readonly timeout: DurationMs;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

export interface TransferResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** One HTTP exchange with a bounded answer. Whatever goes wrong on the wire is a failure, never a throw. */
export interface Transfer {
  send(request: TransferRequest): Promise<Result<TransferResponse>>;
  close(): void;
}

export interface TransferOptions {
  readonly clock: Clock;
  /** PEM of the only authorities trusted; without it the system's. */
  readonly ca?: string;
}

export function createTransfer({ clock, ca }: TransferOptions): Transfer {
  const plain = new HttpAgent({ keepAlive: true, maxSockets: 8 });
  const secure = new HttpsAgent({ keepAlive: true, maxSockets: 8, ...(ca === undefined ? {} : { ca }) });

  return {
    send: (request) =>
      new Promise((resolve) => {
        const secured = request.url.protocol === 'https:';
        const options: RequestOptions = {
          method: request.method,
          headers: request.body
            ? { ...request.headers, 'content-length': String(request.body.byteLength) }
            : request.headers,
          agent: secured ? secure : plain,
        };
        const finish = (result: Result<TransferResponse>): void => {
          cancelTimeout();
          request.signal.removeEventListener('abort', abort);
          resolve(result);
          if (!result.ok) outgoing.destroy();
        };
        const broke = (error: NodeJS.ErrnoException): void => finish(failure('E-SYNC-0101', error.code ?? error.name));
        const abort = (): void => finish(failure('E-SYNC-0101', 'stopped'));

        const outgoing = (secured ? httpsRequest : httpRequest)(request.url, options, (incoming) => {
          const chunks: Buffer[] = [];
          let size = 0;
          incoming.on('data', (chunk: Buffer) => {
            size += chunk.length;
            if (size > request.maxBytes) finish(failure('E-SYNC-0105', `more than ${request.maxBytes} bytes`));
            else chunks.push(chunk);
          });
          incoming.on('error', broke);
          incoming.on('aborted', () => finish(failure('E-SYNC-0101', 'the connection was cut in the answer')));
          incoming.on('end', () => {
            finish(ok({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) }));
          });
        });
        const cancelTimeout = clock.after(request.timeout, () =>
          finish(failure('E-SYNC-0102', `${request.timeout} ms`)),
        );
        outgoing.on('error', broke);
        if (request.signal.aborted) {
          abort();
          return;
        }
        request.signal.addEventListener('abort', abort, { once: true });
        outgoing.end(request.body);
      }),
    close: () => {
      plain.destroy();
      secure.destroy();
    },
  };
}

/** `Retry-After` in seconds or as a date (RFC 9110, 10.2.3), at most a day. */
export function retryAfter(header: string | undefined, clock: Clock): DurationMs | undefined {
  if (header === undefined) return undefined;
  const asked = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - clock.now();
  if (Number.isNaN(asked)) return undefined;
  return Math.min(Math.max(0, asked), 86_400_000) as DurationMs;
}
