import type { Cancel, Clock, DurationMs, MonoMs } from '@hallhub/sync/base';
import { ms, seconds } from '@hallhub/sync/base';
import type { FastifyReply } from 'fastify';

/**
 * Views that open pages follow. A topic's number grows while somebody follows it; whoever comes gets the whole view at once, and
 * everybody the whole view again after each change. Nothing is computed for a topic that nobody follows.
 */
export interface Topics {
  stream(reply: FastifyReply, topics: readonly FollowedTopic[]): void;
  /** Something changed in a hall: told soon, changes of the same moment together. */
  changed(): void;
  close(): void;
}

export interface FollowedTopic {
  readonly topic: string;
  /** The same for everybody who may follow it; undefined: there is nothing to show. */
  readonly view: () => unknown;
  /** Asked again for every message: a stream must not outlive a session. */
  readonly may: () => boolean;
  /** A view that is long is told at most so often. */
  readonly every?: DurationMs;
}

interface Follower extends FollowedTopic {
  readonly raw: FastifyReply['raw'];
  last: string;
}

/** Changes that come so close together are told as one. */
const TOGETHER = ms(20);
const HEARTBEAT = seconds(10);
/** A page that does not read is cut off rather than buffered for; it comes back and gets the whole view. */
const MOST_BUFFERED = 1_000_000;

export function createTopics({ clock }: { readonly clock: Clock }): Topics {
  const followers = new Set<Follower>();
  const sequences = new Map<string, number>();
  /** When a topic that is not told at once was told last. */
  const toldAt = new Map<string, MonoMs>();
  let pending: Cancel | undefined;
  /** For topics whose time has not come. */
  let later: Cancel | undefined;
  let heartbeat: Cancel | undefined;

  const tell = (follower: Follower, text: string, sequence: number): void => {
    const { raw, topic } = follower;
    if (raw.writableLength > MOST_BUFFERED) raw.destroy();
    else raw.write(`event: ${topic}\ndata: {"sequence":${sequence},"view":${text}}\n\n`);
    follower.last = text;
  };
  const round = (): void => {
    pending?.();
    later?.();
    pending = undefined;
    later = undefined;
    const begun = clock.monotonic();
    const views = new Map<string, string | undefined>();
    const moved = new Set<string>();
    let soon: DurationMs | undefined;
    for (const follower of followers) {
      const { topic, every = ms(0) } = follower;
      const told = toldAt.get(topic);
      const left = ms(told === undefined ? 0 : every - (begun - told));
      if (left > 0 && !moved.has(topic)) {
        soon = soon === undefined || left < soon ? left : soon;
        continue;
      }
      if (!follower.may()) continue;
      if (!views.has(topic)) views.set(topic, textOf(follower.view()));
      const text = views.get(topic);
      if (text === undefined || text === follower.last) continue;
      if (!moved.has(topic)) sequences.set(topic, (sequences.get(topic) ?? 0) + 1);
      moved.add(topic);
      if (every > 0) toldAt.set(topic, begun);
      tell(follower, text, sequences.get(topic) ?? 0);
    }
    if (soon !== undefined) later = clock.after(soon, round);
  };
  const beat = (): void => {
    heartbeat = clock.after(HEARTBEAT, beat);
    for (const raw of new Set([...followers].map((follower) => follower.raw))) raw.write(': still here\n\n');
    // Expected waits grow shorter by themselves.
    round();
  };
  return {
    stream: (reply, topics) => {
      heartbeat ??= clock.after(HEARTBEAT, beat);
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      raw.write('retry: 2000\n\n');
      // Those who follow already get what is new under its own number first.
      round();
      const mine = topics.map((followed): Follower => ({ ...followed, raw, last: '' }));
      for (const follower of mine.filter(({ may }) => may())) {
        const text = textOf(follower.view());
        if (text !== undefined) tell(follower, text, sequences.get(follower.topic) ?? 0);
        followers.add(follower);
      }
      raw.on('error', () => undefined);
      raw.once('close', () => {
        for (const follower of mine) followers.delete(follower);
      });
    },
    changed: () => {
      if (followers.size > 0) pending ??= clock.after(TOGETHER, round);
    },
    close: () => {
      pending?.();
      later?.();
      heartbeat?.();
      pending = undefined;
      later = undefined;
      heartbeat = undefined;
      for (const { raw } of followers) raw.end();
      followers.clear();
    },
  };
}

const textOf = (view: unknown): string | undefined => (view === undefined ? undefined : JSON.stringify(view));
