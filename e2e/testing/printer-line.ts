import type { IncomingMessage } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** operation-id values (RFC 8011, 5.4.15), as they stand in the third and fourth byte of a request. */
export const OPERATION = {
  createJob: 0x0005,
  sendDocument: 0x0006,
  cancelJob: 0x0008,
  getJobAttributes: 0x0009,
  getJobs: 0x000a,
  getPrinterAttributes: 0x000b,
} as const;
export type Operation = keyof typeof OPERATION;

/** `before`: the printer never hears of it; `after`: the printer has done it, and its answer is still held here. */
export type Moment = 'before' | 'after';

/** The network between a printer and whoever prints, where an exchange can be held while something else happens. */
export interface PrinterLine {
  readonly uri: string;
  /** Once, at the next such exchange. What `act` waits for, the exchange waits for. */
  at(moment: Moment, operation: Operation, act: () => Promise<unknown>): void;
  /** What was not reached is not waited for any more. */
  clear(): void;
  close(): Promise<void>;
}

interface Hold {
  readonly moment: Moment;
  readonly operation: number;
  readonly act: () => Promise<unknown>;
}

/** @param target the printer's own `ipp://` address. */
export function openPrinterLine(target: string): Promise<PrinterLine> {
  const { hostname, port, pathname } = new URL(target.replace('ipp:', 'http:'));
  const holds = new Set<Hold>();
  const reached = async (moment: Moment, operation: number): Promise<boolean> => {
    const hold = [...holds].find((one) => one.moment === moment && one.operation === operation);
    if (!hold) return false;
    holds.delete(hold);
    await hold.act();
    return true;
  };
  const forward = (asked: IncomingMessage, body: Buffer): Promise<{ status: number; type: string; body: Buffer }> =>
    new Promise((resolve, reject) => {
      const { host, 'content-type': type = '' } = asked.headers;
      const onward = request(
        {
          hostname,
          port,
          path: pathname,
          method: asked.method,
          headers: { host, 'content-type': type, 'content-length': body.length },
        },
        (answer) => {
          bytesOf(answer).then((bytes) => {
            resolve({
              status: answer.statusCode ?? 502,
              type: answer.headers['content-type'] ?? '',
              body: bytes,
            });
          }, reject);
        },
      );
      onward.once('error', reject);
      onward.end(body);
    });
  const server = createServer((asked, response) => {
    const serve = async (): Promise<void> => {
      const body = await bytesOf(asked);
      const operation = body.length < 4 ? 0 : body.readUInt16BE(2);
      if (await reached('before', operation)) {
        response.destroy();
        return;
      }
      const answer = await forward(asked, body);
      await reached('after', operation);
      response.writeHead(answer.status, { 'content-type': answer.type, 'content-length': answer.body.length });
      response.end(answer.body);
    };
    response.on('error', () => undefined);
    serve().catch(() => response.destroy());
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      resolve({
        uri: `ipp://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`,
        at: (moment, operation, act) => {
          holds.add({ moment, operation: OPERATION[operation], act });
        },
        clear: () => {
          holds.clear();
        },
        close: () =>
          new Promise((closed) => {
            server.close(() => {
              closed();
            });
            server.closeAllConnections();
          }),
      });
    });
  });
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of message as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}
