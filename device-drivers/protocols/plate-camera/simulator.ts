import { createHash } from 'node:crypto';
import { type Cancel, type Clock, ms } from '@hallhub/sync/base';
import type { DeviceReply, DeviceRequest, DeviceWeb } from '../../transports/index.ts';

export interface HttpCameraSimulatorOptions {
  readonly web: DeviceWeb;
  readonly clock: Clock;
  readonly user: string;
  readonly password: string;
  /** The path of its stream of events, without query. */
  readonly stream: string;
  readonly contentType: string;
  /** One part, with its boundary and headers. */
  readonly part: (event: { readonly plate: string | undefined; readonly at: number; readonly id: number }) => Buffer;
  /** Where it reports by itself; absent: only in the stream. */
  readonly reportsTo?: string;
  /** Answers to what is no stream; `opened` where it opens the barrier. */
  readonly answer: (
    request: DeviceRequest,
    refuses: boolean,
  ) => { readonly reply: DeviceReply; readonly opened?: true } | undefined;
}

/** A camera that is an HTTP server and asks for Digest authentication with a nonce that it changes. */
export interface HttpCameraSimulator {
  start(): void;
  stop(): void;
  see(plate: string): void;
  readonly opened: number;
  setFaults(faults: { readonly silent?: boolean; readonly refuses?: boolean }): void;
}

const HEARTBEAT = ms(5_000);
const NONCE_USES = 20;
const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

export function createHttpCameraSimulator(options: HttpCameraSimulatorOptions): HttpCameraSimulator {
  const { web, clock } = options;
  const streams = new Set<(bytes: Uint8Array) => void>();
  let [opened, lastId, nonces, uses] = [0, 0, 1, 0];
  let faults: { silent?: boolean; refuses?: boolean } = {};
  let timer: Cancel = () => undefined;

  const isAuthentic = ({ method, target, headers }: DeviceRequest): boolean => {
    const given = headers['authorization'] ?? '';
    const field = (name: string): string => new RegExp(`${name}="?([^",]+)"?`).exec(given)?.[1] ?? '';
    uses += 1;
    if (uses > NONCE_USES) {
      nonces += 1;
      uses = 0;
    }
    const expected = md5(
      [
        md5(`${options.user}:camera:${options.password}`),
        `nonce${nonces}`,
        field('nc'),
        field('cnonce'),
        'auth',
        md5(`${method}:${target}`),
      ].join(':'),
    );
    return given.startsWith('Digest ') && field('uri') === target && field('response') === expected;
  };
  const handler = (request: DeviceRequest): DeviceReply | undefined => {
    if (!isAuthentic(request)) {
      if (faults.silent) return undefined;
      const challenge = `Digest realm="camera", nonce="nonce${nonces}", qop="auth", algorithm=MD5`;
      return { status: 401, headers: { 'www-authenticate': challenge } };
    }
    if (request.target.split('?')[0] === options.stream.split('?')[0] && request.method === 'GET') {
      if (faults.silent) return undefined;
      return {
        status: 200,
        headers: { 'content-type': options.contentType },
        stream: (write, onClosed) => {
          streams.add(write);
          onClosed(() => streams.delete(write));
        },
      };
    }
    const answered = options.answer(request, faults.refuses === true);
    if (answered?.opened) opened += 1;
    return faults.silent ? undefined : answered?.reply;
  };
  const say = (plate: string | undefined): void => {
    if (faults.silent) return;
    if (plate !== undefined) lastId += 1;
    const part = options.part({ plate, at: clock.now(), id: lastId });
    for (const write of streams) {
      // In two pieces, as a network may cut it.
      write(part.subarray(0, 40));
      write(part.subarray(40));
    }
    if (options.reportsTo !== undefined)
      void web.push({
        method: 'POST',
        target: options.reportsTo,
        headers: { 'content-type': options.contentType },
        body: part,
      });
  };
  const beat = (): void => {
    say(undefined);
    timer = clock.after(HEARTBEAT, beat);
  };
  return {
    start: () => {
      web.serve(handler);
      beat();
    },
    stop: () => {
      timer();
      web.serve(undefined);
      streams.clear();
    },
    see: say,
    get opened() {
      return opened;
    },
    setFaults: (next) => {
      faults = next;
    },
  };
}
