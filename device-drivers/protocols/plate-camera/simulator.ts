import { type Cancel, type Clock, ms } from '@hallhub/sync/base';
import type { DeviceReply, DeviceRequest, DeviceWeb } from '../../transports/index.ts';
import { createDigestGuard } from '../http-device/simulator.ts';

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

export function createHttpCameraSimulator(options: HttpCameraSimulatorOptions): HttpCameraSimulator {
  const { web, clock } = options;
  const streams = new Set<(bytes: Uint8Array) => void>();
  const guard = createDigestGuard(options);
  let [opened, lastId] = [0, 0];
  let faults: { silent?: boolean; refuses?: boolean } = {};
  let timer: Cancel = () => undefined;

  const handler = (request: DeviceRequest): DeviceReply | undefined => {
    const challenge = guard(request);
    if (challenge) return faults.silent ? undefined : challenge;
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
