import type { IncomingMessage } from 'node:http';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Clock, DurationMs, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import { KIOSK_COOKIE } from '../../kiosks/edge/cookie.ts';
import { authorityOf } from '../authority.ts';
import type { Identity } from '../identity.ts';

/** One question to the hub in the name of a kiosk. */
export interface HubQuestion {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** What the kiosk proves itself with; absent for what is public. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** How long the hub may be silent, before its answer begins and in the middle of it. */
  readonly patience: DurationMs;
  readonly signal?: AbortSignal;
}

export interface HubClient {
  /** The answer as it begins; its body is the caller's to read or to destroy. Errors: `E-KIOSK-0301`. */
  ask(question: HubQuestion): Promise<Result<IncomingMessage>>;
  close(): void;
}

/** Speaks to the hub that this agent is enrolled in and to no other, with the authority that its enrolment code named. */
export function createHubClient(identity: Pick<Identity, 'hubUrl' | 'hubCa' | 'mqtt'>, clock: Clock): HubClient {
  const base = new URL(identity.hubUrl);
  const ca = authorityOf(identity);
  const pool = { keepAlive: true, maxSockets: 32, maxFreeSockets: 4 };
  const agent =
    base.protocol === 'https:' ? new HttpsAgent({ ...pool, ...(ca !== undefined && { ca }) }) : new HttpAgent(pool);
  const request = base.protocol === 'https:' ? httpsRequest : httpRequest;
  return {
    ask: ({ method, path, token, headers, body, patience, signal }) =>
      new Promise((resolve) => {
        const gone = (detail: string): void => {
          resolve(failure('E-KIOSK-0301', detail));
        };
        const asked = request(new URL(path, base), {
          agent,
          method,
          timeout: patience,
          headers: {
            ...headers,
            'x-hallhub': 'agent',
            ...(token !== undefined && { cookie: `${KIOSK_COOKIE}=${token}` }),
            ...(body && { 'content-length': body.length }),
          },
          ...(signal && { signal }),
        });
        // A socket that connects for ever is not silent in the socket's own eyes.
        const endWait = clock.after(patience, () => asked.destroy(new Error('no answer')));
        asked.once('response', (response) => {
          endWait();
          response.on('error', () => undefined);
          resolve(ok(response));
        });
        asked.once('timeout', () => asked.destroy(new Error('no answer')));
        asked.on('error', (error: NodeJS.ErrnoException) => {
          endWait();
          gone(error.code ?? error.message);
        });
        asked.end(body);
      }),
    close: () => {
      agent.destroy();
    },
  };
}

/** The whole body of an answer. Errors: `E-KIOSK-0301` it broke off, or is longer than `most`. */
export async function bodyOf(answer: IncomingMessage, most: number): Promise<Result<Buffer>> {
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    for await (const piece of answer as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > most) return failure('E-KIOSK-0301', 'longer than is taken here');
      pieces.push(piece);
    }
  } catch {
    return failure('E-KIOSK-0301', 'the answer broke off');
  }
  return answer.complete ? ok(Buffer.concat(pieces)) : failure('E-KIOSK-0301', 'the answer broke off');
}
