import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Duplex } from 'node:stream';
import type { Cancel, Clock, DurationMs } from '@hallhub/sync/base';

export interface IppLineOptions {
  /** `ipp://host[:631]/path` or `ipps://…`; a port left out is 631. */
  readonly uri: string;
  readonly clock: Clock;
  /** The line for one exchange, instead of TCP or TLS to the URI's host: the in-memory printer of the demo. */
  readonly connect?: () => Duplex;
  /** For ipps. Printers come with certificates of their own making: give theirs as `ca`. */
  readonly tls?: { readonly ca?: string; readonly servername?: string };
  /** The longest time without a byte in either direction. */
  readonly quietAtMost: DurationMs;
}

/** How one HTTP exchange ended. `connected` false: not a byte of the request left this machine. */
export type Exchange =
  | { readonly kind: 'answered'; readonly httpStatus: number; readonly body: Uint8Array; readonly uploaded: boolean }
  | { readonly kind: 'failed'; readonly connected: boolean; readonly detail: string };

const answerBytesAtMost = 1 << 20;
const chunkBytes = 32 * 1024;

function dial(url: URL, options: IppLineOptions): Duplex {
  if (options.connect) return options.connect();
  const port = url.port === '' ? 631 : Number(url.port);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (url.protocol !== 'ipps:') return connectTcp({ host, port });
  return connectTls({
    host,
    port,
    servername: options.tls?.servername ?? host,
    ...(options.tls?.ca === undefined ? {} : { ca: options.tls.ca }),
  });
}

/** Posts `head` and then `document` over a line of its own, and reads the whole answer. Never rejects. */
export function exchange(options: IppLineOptions, head: Uint8Array, document?: Uint8Array): Promise<Exchange> {
  const url = new URL(options.uri);
  const size = head.length + (document?.length ?? 0);
  return new Promise((resolve) => {
    let connected = false;
    let uploaded = false;
    let over = false;
    let watchdog: Cancel = () => undefined;
    const line = dial(url, options);

    const finish = (result: Exchange): void => {
      if (over) return;
      over = true;
      watchdog();
      line.destroy();
      resolve(result);
    };
    const fail = (detail: string): void => {
      finish({ kind: 'failed', connected, detail });
    };
    const alive = (): void => {
      watchdog();
      if (over) return;
      watchdog = options.clock.after(options.quietAtMost, () => {
        fail(`nothing heard for ${options.quietAtMost} ms`);
      });
    };

    line.on('error', (error) => {
      fail(error.message);
    });
    if (options.connect) connected = true;
    else {
      line.once(url.protocol === 'ipps:' ? 'secureConnect' : 'connect', () => {
        connected = true;
        alive();
      });
    }

    const outgoing = request({
      createConnection: () => line,
      method: 'POST',
      path: url.pathname === '' ? '/' : url.pathname + url.search,
      headers: { Host: url.host, 'Content-Type': 'application/ipp', 'Content-Length': size, Connection: 'close' },
    });
    outgoing.on('error', (error) => {
      fail(error.message);
    });
    outgoing.on('finish', () => {
      uploaded = true;
      alive();
    });
    outgoing.on('close', () => {
      fail('the line closed before the answer');
    });
    outgoing.on('response', (answer) => {
      collect(answer, alive, (body) => {
        if (body instanceof Uint8Array) {
          finish({ kind: 'answered', httpStatus: answer.statusCode ?? 0, body, uploaded });
        } else fail(body.detail);
      });
    });
    alive();
    upload(outgoing, document === undefined ? [head] : [head, ...chunks(document)], alive);
  });
}

function* chunks(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}

/** Writes piece after piece, so that a slow printer shows as progress and a dead one as silence. */
function upload(out: NodeJS.WritableStream, pieces: readonly Uint8Array[], alive: () => void, from = 0): void {
  const piece = pieces[from];
  if (!piece) {
    out.end();
    return;
  }
  out.write(piece, (error) => {
    if (error) return;
    alive();
    upload(out, pieces, alive, from + 1);
  });
}

function collect(
  answer: IncomingMessage,
  alive: () => void,
  done: (body: Uint8Array | { readonly detail: string }) => void,
): void {
  const parts: Uint8Array[] = [];
  let size = 0;
  answer.on('data', (part: Uint8Array) => {
    size += part.length;
    alive();
    if (size > answerBytesAtMost) done({ detail: 'the answer is too long' });
    else parts.push(part);
  });
  answer.on('end', () => {
    done(Buffer.concat(parts));
  });
  answer.on('error', (error) => {
    done({ detail: error.message });
  });
}
