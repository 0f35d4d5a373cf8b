import type { Server } from 'node:http';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { DeviceLog } from '@hallhub/device-drivers/kit';
import type { Downloads } from './downloads.ts';
import { MOST_DOWNLOADS } from './limits.ts';

/** A server without TLS that knows the paths of images under roll-out, and nothing else. */
export interface PlainListener {
  /** Rejects when the port is in use. */
  start(): Promise<{ readonly port: number }>;
  stop(): Promise<void>;
}

const PATH = /^\/firmware\/([A-Za-z0-9_-]{32})\/[A-Za-z0-9._-]{1,128}$/;
/** A device that takes nothing for so long has lost the line, in milliseconds. */
const STALLED = 60_000;
const HEADERS_WITHIN = 10_000;
const MOST_CONNECTIONS = 64;

/**
 * For devices that know no TLS (Tasmota, Shelly of generation 1). Whoever is on their network can read an image on its way,
 * and who can change what travels there can change it too: it belongs into a network of the devices' own.
 */
export function createPlainListener(options: {
  readonly host: string;
  readonly port: number;
  readonly downloads: Pick<Downloads, 'answer'>;
  readonly log: Pick<DeviceLog, 'warn'>;
}): PlainListener {
  const { downloads, log } = options;
  let under = 0;
  const server: Server = createServer(
    { headersTimeout: HEADERS_WITHIN, requestTimeout: HEADERS_WITHIN, maxHeaderSize: 4_096, keepAliveTimeout: 1_000 },
    (request, response) => {
      // Nobody has anything to send here.
      request.resume();
      const nothing = (status: number, headers: Record<string, string> = {}): void => {
        response.writeHead(status, { 'content-length': 0, connection: 'close', ...headers }).end();
      };
      const token = PATH.exec(request.url ?? '')?.[1];
      if (under >= MOST_DOWNLOADS) {
        nothing(503, { 'retry-after': '30' });
        return;
      }
      const ifRange = request.headers['if-range'];
      const answer =
        token === undefined
          ? undefined
          : downloads.answer({
              method: request.method ?? '',
              token,
              way: 'plain',
              range: request.headers.range,
              ifRange: typeof ifRange === 'string' ? ifRange : undefined,
            });
      if (!answer) {
        nothing(404);
        return;
      }
      response.writeHead(answer.status, answer.headers);
      if (!answer.body) {
        response.end();
        return;
      }
      under += 1;
      response.setTimeout(STALLED, () => response.destroy());
      pipeline(Readable.from(answer.body), response)
        // The device went away, or the image did: it comes again, and its roll-out says how it ended.
        .catch((error: unknown) => {
          log.warn({ error }, 'a download of an image broke off');
        })
        .finally(() => {
          under -= 1;
        });
    },
  );
  server.maxConnections = MOST_CONNECTIONS;

  return {
    start: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(options.port, options.host, () => {
          server.off('error', reject);
          const address = server.address();
          resolve({ port: typeof address === 'object' && address !== null ? address.port : options.port });
        });
      }),
    stop: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
