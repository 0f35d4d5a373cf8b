import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { Socket } from 'node:net';
import { type Cancel, type Clock, type Result, failure, ms, ok } from '@hallhub/sync/base';
import {
  ANSWER_WITHIN,
  type DeviceLog,
  type HttpAnswer,
  type HttpDoor,
  type HttpExchange,
  type HttpInbox,
  type HttpListenSettings,
  WAITING_AT_MOST,
  type deviceCodes,
} from '../kit/index.ts';
import { type Knock, doorKey, fit, pathBehind, plainAddress, readKnock } from './http-doors.ts';

export interface HttpInboxesOptions {
  readonly clock: Clock;
  readonly log: DeviceLog;
  readonly limits?: Partial<HttpInboxLimits>;
}

export interface HttpInboxLimits {
  /** Bytes of a body; 2 MB by default: a plate's event with its two pictures. */
  readonly body: number;
  readonly connectionsPerAddress: number;
  readonly connections: number;
  /** Milliseconds for a request's headers, and for all of it. Node looks at them every second. */
  readonly headersWithin: number;
  readonly requestWithin: number;
}

const LIMITS: HttpInboxLimits = {
  body: 2 * 1_024 * 1_024,
  connectionsPerAddress: 16,
  connections: 1_024,
  headersWithin: 10_000,
  requestWithin: 30_000,
};
const HEADER_BYTES = 16_384;
/** What was answered is still sent when a port closes; who is still asking is cut off then. */
const LAST_ANSWERS = ms(500);
const REFUSALS_LOGGED_EVERY = ms(60_000);

/** Why a request reaches no driver, with its status: no such door, too long, too many wait, no answer of the driver in time. */
const REFUSALS = {
  'E-DEV-0104': 404,
  'E-DEV-0105': 413,
  'E-DEV-0205': 503,
  'E-DEV-0303': 503,
} as const satisfies Partial<Record<keyof typeof deviceCodes, number>>;
type Refusal = keyof typeof REFUSALS;

interface Door {
  readonly door: HttpDoor;
  readonly onExchange: (exchange: HttpExchange) => void;
  waiting: number;
}

interface Port {
  readonly doors: Map<string, Door>;
  readonly server: Server;
  readonly up: Promise<Result<void>>;
}

/** Gives inboxes by their settings; those of equal settings are one port. */
export function createHttpInboxes(options: HttpInboxesOptions): (settings: HttpListenSettings) => HttpInbox {
  const { clock, log } = options;
  const limits = { ...LIMITS, ...options.limits };
  const ports = new Map<string, Port>();
  /** A port is closed before it is opened again. */
  const closing = new Map<string, Promise<void>>();
  const lastLogged = new Map<Refusal, number>();

  /**
   * Somebody knocks at doors that are none of ours, or sends what is no report: answered with the code, and logged not more
   * than once a minute.
   */
  const refuse = (response: ServerResponse, code: Refusal, address: string): void => {
    const status = REFUSALS[code];
    response
      .writeHead(status, { 'content-type': 'text/plain', 'content-length': code.length, connection: 'close' })
      .end(code);
    const before = lastLogged.get(code);
    const now = clock.monotonic();
    if (before !== undefined && now - before < REFUSALS_LOGGED_EVERY) return;
    lastLogged.set(code, now);
    log.warn({ status, code, address }, 'a request to the port for devices was refused');
  };

  const hand = (entry: Door, knock: Knock, request: IncomingMessage, response: ServerResponse, body: Buffer): void => {
    if (entry.waiting >= WAITING_AT_MOST) {
      refuse(response, 'E-DEV-0205', knock.remoteAddress);
      return;
    }
    entry.waiting += 1;
    const cancel = clock.after(ms(ANSWER_WITHIN), () => {
      if (!response.headersSent) refuse(response, 'E-DEV-0303', knock.remoteAddress);
    });
    response.once('close', () => {
      entry.waiting -= 1;
      cancel();
    });
    entry.onExchange({
      report: {
        method: request.method ?? 'GET',
        path: pathBehind(entry.door, knock),
        query: knock.query,
        headers: Object.fromEntries(
          Object.entries(request.headers).flatMap(([name, value]) =>
            value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
          ),
        ),
        body,
        remoteAddress: knock.remoteAddress,
      },
      answer: (answer) => send(response, answer),
    });
  };

  const take = (doors: Port['doors'], request: IncomingMessage, response: ServerResponse): void => {
    const address = plainAddress(request.socket.remoteAddress ?? '');
    const knock = readKnock(request.url ?? '', address);
    const [best] = [...doors.values()]
      .map((entry) => ({ entry, says: knock ? fit(entry.door, knock) : 0 }))
      .sort((a, b) => b.says - a.says);
    if (!knock || !best || best.says === 0) {
      refuse(response, 'E-DEV-0104', address);
      return;
    }
    if (Number(request.headers['content-length'] ?? 0) > limits.body) {
      refuse(response, 'E-DEV-0105', address);
      return;
    }
    const pieces: Buffer[] = [];
    let length = 0;
    request.on('data', (piece: Buffer) => {
      length += piece.length;
      if (length <= limits.body) {
        pieces.push(piece);
        return;
      }
      pieces.length = 0;
      request.removeAllListeners('data').removeAllListeners('end').resume();
      // What still comes is not read to its end.
      response.once('finish', () => request.destroy());
      refuse(response, 'E-DEV-0105', address);
    });
    request.on('end', () => {
      hand(best.entry, knock, request, response, Buffer.concat(pieces));
    });
    // A device that goes away in the middle has said nothing.
    request.on('error', () => undefined);
  };

  const openPort = ({ host, port }: HttpListenSettings, name: string): Port => {
    const doors: Port['doors'] = new Map();
    const perAddress = new Map<string, number>();
    const server = createServer(
      {
        maxHeaderSize: HEADER_BYTES,
        headersTimeout: limits.headersWithin,
        requestTimeout: limits.requestWithin,
        connectionsCheckingInterval: 1_000,
        keepAliveTimeout: 75_000,
      },
      (request, response) => {
        take(doors, request, response);
      },
    );
    server.maxConnections = limits.connections;
    server.on('connection', (socket: Socket) => {
      const address = plainAddress(socket.remoteAddress ?? '');
      const count = (perAddress.get(address) ?? 0) + 1;
      if (count > limits.connectionsPerAddress) {
        socket.destroy();
        return;
      }
      perAddress.set(address, count);
      socket.on('close', () => {
        const left = (perAddress.get(address) ?? 1) - 1;
        if (left === 0) perAddress.delete(address);
        else perAddress.set(address, left);
      });
    });
    server.on('upgrade', (_request, socket) => socket.destroy());
    const up = new Promise<Result<void>>((resolve) => {
      server.on('error', (error: NodeJS.ErrnoException) => {
        // After it listened it is somebody's connection, which has ended with it.
        resolve(failure('E-DEV-0101', `${name}: ${error.code ?? error.message}`));
      });
      server.listen(port, host, () => {
        resolve(ok());
      });
    });
    return { doors, server, up };
  };
  const closePort = (name: string, { server }: Port): void => {
    ports.delete(name);
    const closed = new Promise<void>((resolve) => {
      const cancel = clock.after(LAST_ANSWERS, () => {
        server.closeAllConnections();
      });
      server.close(() => {
        cancel();
        resolve();
      });
      server.closeIdleConnections();
    });
    closing.set(name, closed);
    void closed.then(() => {
      if (closing.get(name) === closed) closing.delete(name);
    });
  };

  return (settings) => {
    const name = `http://${settings.host}:${settings.port}`;
    return {
      name,
      listen: async (door, onExchange): Promise<Result<Cancel>> => {
        await closing.get(name);
        let port = ports.get(name);
        if (!port) {
          port = openPort(settings, name);
          ports.set(name, port);
        }
        const { doors } = port;
        const key = doorKey(door);
        if (doors.has(key)) return failure('E-DEV-0306', `${name}: another device has the same door`);
        doors.set(key, { door, onExchange, waiting: 0 });
        const leave = (): void => {
          if (!doors.delete(key)) return;
          if (doors.size === 0 && ports.get(name) === port) closePort(name, port);
        };
        const up = await port.up;
        if (up.ok) return ok(leave);
        leave();
        return up;
      },
    };
  };
}

function send(response: ServerResponse, { status, contentType, body }: HttpAnswer): Promise<Result<void>> {
  if (response.headersSent || response.destroyed)
    return Promise.resolve(failure('E-DEV-0103', 'the device is gone, or was answered already'));
  return new Promise((resolve) => {
    response.once('close', () => {
      resolve(failure('E-DEV-0103', 'the device went away before it was answered'));
    });
    response.writeHead(status, {
      'content-length': body.length,
      ...(contentType !== undefined && { 'content-type': contentType }),
    });
    response.end(body, () => {
      resolve(ok());
    });
  });
}
