import { type Cancel, type DurationMs, type Failure, type Result, err, failure, ms, ok } from '@hallhub/sync/base';
import {
  type DriverEnvironment,
  type Line,
  type Traffic,
  type Transport,
  type Veto,
  createEmitter,
  createLine,
  interrupted,
  neverSent,
  rethrow,
} from '../../kit/index.ts';
import { type PacketName, type UhppoteReply, type UhppoteRequest, decodeReply, encodeRequest } from './packets.ts';

/** The reply to a function: several functions have replies of one shape. */
export type ReplyTo<N extends PacketName> = UhppoteReply extends infer R
  ? R extends { readonly name: infer M }
    ? N extends M
      ? R & { readonly name: N }
      : never
    : never
  : never;

export interface AskOptions {
  readonly timeout: DurationMs;
  /** Asked in the very moment before the packet leaves. */
  readonly veto?: Veto;
  /** Goes before what waits. */
  readonly urgent?: boolean;
}

/** The line to one or more controllers, by datagrams. */
export interface Link {
  /**
   * Asks a controller once; nothing is repeated. Errors: `E-DEV-0102` line not open, `E-DEV-0206` it broke meanwhile,
   * `E-DEV-0202` no answer, `E-DEV-0205` too many wait, or what the veto says.
   */
  ask<R extends UhppoteRequest>(request: R, options: AskOptions): Promise<Result<ReplyTo<R['name']>>>;
  /** Every status of a controller: answers, and what it sends by itself when something happens. */
  onStatus(listener: (status: ReplyTo<'status'>) => void): Cancel;
  /** Held open while anybody has joined. */
  join(member: { onUp(): void; onDown(reason: Failure): void }): () => Promise<void>;
  readonly onTraffic: (listener: (event: { readonly serial: number; readonly traffic: Traffic }) => void) => Cancel;
  readonly line: Pick<Line, 'cycle'>;
}

interface Job {
  readonly request: UhppoteRequest;
  readonly options: AskOptions;
  settle(result: Result<UhppoteReply>): void;
}

/** One question at a time for a controller. */
interface Channel {
  queue: Job[];
  current?: Job;
  cancelTimer?: Cancel;
  /**
   * Until when a reply of a function may still be one to a question that was given up. Replies carry no number, so no new
   * question of that function leaves before.
   */
  readonly muted: Map<PacketName, number>;
}

const QUEUE_LIMIT = 64;
/** Words for the operator's eyes; card numbers are somebody's. */
const SECRET_BYTES: ReadonlySet<PacketName> = new Set([
  'put-card',
  'delete-card',
  'get-card',
  'get-card-at',
  'get-event',
  'status',
]);

export function createLink({
  transport,
  ...environment
}: Pick<DriverEnvironment, 'clock' | 'random' | 'reconnect'> & { readonly transport: Transport }): Link {
  const { clock } = environment;
  const statuses = createEmitter<ReplyTo<'status'>>(rethrow);
  const traffic = createEmitter<{ serial: number; traffic: Traffic }>(rethrow);
  const channels = new Map<number, Channel>();
  let members: readonly { onUp(): void; onDown(reason: Failure): void }[] = [];
  let isUp = false;

  const tell = (
    direction: Traffic['direction'],
    { serial, name }: { readonly serial: number; readonly name: PacketName },
    bytes: Uint8Array,
    meaning: string = name,
  ): void => {
    const shown = SECRET_BYTES.has(name) ? bytes.slice(0, 8) : bytes;
    traffic.emit({ serial, traffic: { at: clock.now(), direction, bytes: shown, meaning } });
  };
  const channelOf = (serial: number): Channel => {
    const channel = channels.get(serial) ?? { queue: [], muted: new Map<PacketName, number>() };
    channels.set(serial, channel);
    return channel;
  };
  const pump = (channel: Channel): void => {
    while (isUp && !channel.current && channel.queue.length > 0) {
      const now = clock.monotonic();
      const index = channel.queue.findIndex(({ request }) => (channel.muted.get(request.name) ?? 0) <= now);
      if (index === -1) {
        const next = Math.min(...channel.queue.map(({ request }) => channel.muted.get(request.name) ?? 0));
        channel.cancelTimer ??= clock.after(ms(next - now), () => {
          delete channel.cancelTimer;
          pump(channel);
        });
        return;
      }
      const [job] = channel.queue.splice(index, 1);
      if (!job) return;
      const refusal = job.options.veto?.();
      if (refusal) job.settle(err(refusal));
      else send(channel, job);
    }
  };
  const finish = (channel: Channel, job: Job, result: Result<UhppoteReply>): void => {
    if (channel.current !== job) return;
    channel.cancelTimer?.();
    delete channel.cancelTimer;
    delete channel.current;
    job.settle(result);
    pump(channel);
  };
  const send = (channel: Channel, job: Job): void => {
    channel.cancelTimer?.();
    channel.current = job;
    const { request, options } = job;
    const bytes = encodeRequest(request);
    channel.cancelTimer = clock.after(options.timeout, () => {
      channel.muted.set(request.name, clock.monotonic() + options.timeout);
      finish(channel, job, failure('E-DEV-0202', request.name));
    });
    tell('out', request, bytes);
    void line.write(bytes, options.veto?.order).then((written) => {
      if (!written.ok) finish(channel, job, err(written.error));
    });
  };
  const receive = (datagram: Uint8Array): void => {
    const reply = decodeReply(datagram);
    if (!reply) {
      // Not known whose it is: it may be a torn packet with somebody's card.
      for (const serial of channels.keys())
        traffic.emit({
          serial,
          traffic: {
            at: clock.now(),
            direction: 'discarded',
            bytes: new Uint8Array(),
            meaning: `no packet, ${datagram.length} bytes withheld`,
          },
        });
      return;
    }
    const channel = channels.get(reply.serial);
    if (!channel) return;
    const job = channel.current;
    const isAnswer =
      job !== undefined && answers(job.request, reply) && (channel.muted.get(reply.name) ?? 0) <= clock.monotonic();
    if (isAnswer || reply.name === 'status') tell('in', reply, datagram);
    else tell('discarded', reply, datagram, `${reply.name}: nobody asked for this`);
    if (reply.name === 'status') statuses.emit(reply);
    if (isAnswer) finish(channel, job, ok(reply));
  };

  const line = createLine({
    transport,
    ...environment,
    onUp: () => {
      isUp = true;
      for (const member of members) member.onUp();
    },
    onDown: (reason) => {
      drop(reason);
      for (const member of members) member.onDown(reason);
    },
    onData: receive,
  });
  const drop = (reason: Failure): void => {
    isUp = false;
    for (const channel of channels.values()) {
      channel.cancelTimer?.();
      delete channel.cancelTimer;
      const { current, queue } = channel;
      channel.queue = [];
      delete channel.current;
      current?.settle(err(interrupted(reason)));
      for (const job of queue) job.settle(err(neverSent(reason)));
    }
  };

  return {
    ask: (request, options) =>
      new Promise((resolve) => {
        const channel = channelOf(request.serial);
        if (!isUp) {
          resolve(failure('E-DEV-0102', transport.name));
          return;
        }
        if (channel.queue.length >= QUEUE_LIMIT) {
          resolve(failure('E-DEV-0205', request.name));
          return;
        }
        // `answers` lets only a reply of the request's own name through.
        const job: Job = { request, options, settle: resolve as Job['settle'] };
        if (options.urgent === true) channel.queue.unshift(job);
        else channel.queue.push(job);
        pump(channel);
      }),
    onStatus: statuses.on,
    join: (member) => {
      members = [...members, member];
      if (isUp) member.onUp();
      else line.start();
      return async () => {
        members = members.filter((other) => other !== member);
        if (members.length > 0) return;
        drop({ code: 'E-DEV-0102', detail: 'stopped' });
        await line.stop();
      };
    },
    onTraffic: traffic.on,
    line,
  };
}

/** Matched by function and serial number, and by what the reply repeats of the question. */
function answers(request: UhppoteRequest, reply: UhppoteReply): boolean {
  if (reply.name !== request.name) return false;
  if (request.name === 'get-card' && reply.name === 'get-card') return reply.card === 0 || reply.card === request.card;
  if (request.name !== 'get-event' || reply.name !== 'get-event') return true;
  const isEnd = request.index === 0 || request.index === 0xffff_ffff;
  return isEnd || reply.event.index === 0 || reply.event.index === request.index;
}
