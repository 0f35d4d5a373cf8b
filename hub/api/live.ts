import type { Cancel, Clock } from '@hallhub/sync/base';
import { seconds } from '@hallhub/sync/base';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** A change that open pages are told of. */
export interface LiveEvent {
  readonly topic: string;
  /** The area it belongs to, where only those who work there may hear of it. */
  readonly area?: string;
  readonly data: unknown;
}

/** Whether a stream's reader may be told. */
export type Hears = (event: LiveEvent) => boolean;

export interface Live {
  publish(topic: string, data: unknown, area?: string): void;
  /**
   * Turns the request into a Server-Sent Events stream: what was missed since `Last-Event-ID` when that is still known, else
   * one `reset` event (the page then reads its snapshot again), then everything that `hears` lets through, as it happens.
   */
  stream(request: FastifyRequest, reply: FastifyReply, hears: Hears): void;
  /** Ends every stream. */
  close(): void;
}

const REMEMBERED = 500;
/** Often enough that proxies keep the stream open and a page notices that the hub is gone. */
const HEARTBEAT = seconds(15);

interface Numbered extends LiveEvent {
  readonly id: number;
}

/** `epoch` names this run of the process, so that an id of an earlier run is not mistaken for one of this. */
export function createLive({ epoch, clock }: { readonly epoch: string; readonly clock: Clock }): Live {
  const remembered: Numbered[] = [];
  const streams = new Map<FastifyReply['raw'], Hears>();
  let last = 0;
  const text = ({ id, topic, data }: Numbered): string =>
    `id: ${epoch}.${id}\nevent: ${topic}\ndata: ${JSON.stringify(data)}\n\n`;
  let stopHeartbeat: Cancel = () => undefined;
  const beat = (): void => {
    for (const raw of streams.keys()) raw.write(': still here\n\n');
    stopHeartbeat = clock.after(HEARTBEAT, beat);
  };
  beat();

  return {
    publish: (topic, data, area) => {
      const event = { id: ++last, topic, data, ...(area !== undefined && { area }) };
      remembered.push(event);
      if (remembered.length > REMEMBERED) remembered.shift();
      for (const [raw, hears] of streams) {
        if (!hears(event)) continue;
        // A page that does not read is cut off rather than buffered for; it comes back and reads its snapshot.
        if (raw.writableLength > 1_000_000) raw.destroy();
        else raw.write(text(event));
      }
    },
    stream: (request, reply, hears) => {
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      raw.write('retry: 2000\n\n');
      const seen = new RegExp(`^${epoch}\\.(\\d+)$`).exec(String(request.headers['last-event-id'] ?? ''))?.[1];
      const from = seen === undefined ? undefined : Number(seen);
      if (from !== undefined && from >= last - remembered.length) {
        for (const event of remembered) if (event.id > from && hears(event)) raw.write(text(event));
      } else {
        raw.write(`id: ${epoch}.${last}\nevent: reset\ndata: {}\n\n`);
      }
      streams.set(raw, hears);
      raw.on('error', () => undefined);
      raw.once('close', () => {
        streams.delete(raw);
      });
    },
    close: () => {
      stopHeartbeat();
      for (const raw of streams.keys()) raw.end();
      streams.clear();
    },
  };
}
