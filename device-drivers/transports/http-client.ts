import { type IncomingMessage, request as plain } from 'node:http';
import { request as secure } from 'node:https';
import { type Cancel, type Clock, type Result, failure, ok } from '@hallhub/sync/base';
import type { HttpClient, HttpReply } from '../kit/index.ts';

const LONGEST_ANSWER = 1_048_576;

/** One connection a call, closed behind it: cameras keep few, and an order that was given up must not lie in one. */
export const httpClient =
  ({ clock }: { readonly clock: Clock }): HttpClient =>
  ({ method, url, headers = {}, body, within, stream }) => {
    let settle: (result: Result<HttpReply>) => void = () => undefined;
    const reply = new Promise<Result<HttpReply>>((resolve) => {
      settle = resolve;
    });
    const outgoing = (url.startsWith('https:') ? secure : plain)(url, {
      method,
      agent: false,
      headers: { ...headers, connection: 'close', 'content-length': body?.length ?? 0 },
    });
    let connected = false;
    let over = false;
    let cancelTimer: Cancel = () => undefined;
    const finish = (result: Result<HttpReply>): void => {
      if (over) return;
      over = true;
      cancelTimer();
      outgoing.destroy();
      settle(result);
    };
    const alive = (): void => {
      cancelTimer();
      if (over) return;
      cancelTimer = clock.after(within, () => {
        finish(failure('E-DEV-0202', `nothing within ${within} ms`));
      });
    };
    outgoing.on('socket', (socket) => {
      socket.once('connect', () => (connected = true));
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      const code = error.code?.startsWith('HPE_') === true ? 'E-DEV-0204' : connected ? 'E-DEV-0103' : 'E-DEV-0102';
      finish(failure(code, error.code ?? error.message));
    });
    outgoing.on('response', (answer) => {
      const head = { status: answer.statusCode ?? 0, headers: headersOf(answer) };
      const streams = stream !== undefined && head.status >= 200 && head.status < 300;
      if (streams) {
        alive();
        stream.onHead(head);
      }
      const pieces: Buffer[] = [];
      let length = 0;
      answer.on('data', (piece: Buffer) => {
        if (over) return;
        if (streams) {
          alive();
          stream.onPiece(piece);
          return;
        }
        length += piece.length;
        if (length > LONGEST_ANSWER) finish(failure('E-DEV-0204', 'an answer that is too long'));
        else pieces.push(piece);
      });
      answer.on('error', () => {
        finish(failure('E-DEV-0103', 'the answer broke off'));
      });
      answer.on('end', () => {
        finish(ok({ ...head, body: Buffer.concat(pieces) }));
      });
    });
    alive();
    outgoing.end(body);
    return {
      reply,
      cancel: () => {
        finish(failure(connected ? 'E-DEV-0103' : 'E-DEV-0102', 'given up'));
      },
    };
  };

const headersOf = ({ headers }: IncomingMessage): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
