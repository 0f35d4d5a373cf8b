import { z } from 'zod';
import type { EpochMs, Result } from '../../base/index.ts';
import { epochMs, err, ok } from '../../base/index.ts';
import type { CloudEvent, EventAnswer } from '../../contract/index.ts';
import { eventAnswerSchema } from '../../contract/index.ts';
import type { LinkFailure } from '../../link/index.ts';
import type { OutcomeSink, SinkAnswers } from '../../outbox/index.ts';
import type { Asker, MethodHandler } from './ask.ts';
import { MESSAGE_LIMIT } from './messages.ts';

const answersSchema = z.object({
  answers: z.array(eventAnswerSchema),
  highestContiguous: z.int().min(0),
  sinkTime: z.number().transform((value): EpochMs => epochMs(value)),
});

/** Room for the envelope around the events of a batch. */
const BATCH_LIMIT = MESSAGE_LIMIT - 4 * 1024;

/** Wall clock and monotonic clock of one run of the sender's process, in milliseconds. */
export type SenderClock = z.infer<typeof senderClock>;
const senderClock = z.object({ at: z.number(), mono: z.number(), run: z.string().min(1).max(64) });

/**
 * Where an agent's outbox sends its events: over a pipe, acknowledged when the hub has committed them. `store` is the id of
 * the database that numbers them: an agent whose disk was replaced begins at 1 again and is not taken for the old one.
 */
export function askedSink(
  asker: Asker,
  from: {
    /** Both may change when the sender finds that its database was put back to an older state. */
    readonly identity: () => { readonly epoch: number; readonly store: string };
    /** What the sender's clocks show when it asks, so that the hub can tell when each event was. */
    readonly clock?: () => SenderClock;
  },
): OutcomeSink {
  const sender = () => ({ ...from.identity(), ...(from.clock && { clock: from.clock() }) });
  const asked = async (answer: Promise<Result<unknown, LinkFailure>>): Promise<Result<SinkAnswers, LinkFailure>> => {
    const result = await answer;
    if (!result.ok) return result;
    const parsed = answersSchema.safeParse(result.value);
    return parsed.success ? ok(parsed.data as SinkAnswers) : err<LinkFailure>({ code: 'E-SYNC-0104', class: 'retry' });
  };
  return {
    send: ({ events, signal }) => asked(asker.ask('events', { ...sender(), events: fitting(events) }, { signal })),
    position: ({ after, signal }) => asked(asker.ask('position', { ...sender(), after }, { signal })),
    // Files go over HTTP where a domain has any; events of agents carry none.
    putAttachment: () => Promise.resolve(err({ code: 'E-SYNC-0110', class: 'reject', detail: 'no files over a pipe' })),
  };
}

/** As many of the first events as fit; the others count as not sent, and come with the next batch. */
function fitting(events: readonly CloudEvent[]): readonly CloudEvent[] {
  let size = 0;
  const count = events.findIndex((event) => (size += Buffer.byteLength(JSON.stringify(event)) + 1) > BATCH_LIMIT);
  return count === -1 ? events : events.slice(0, Math.max(1, count));
}

/** Takes events in, each id once; see `sqliteReceiver` of `sync/sqlite`. */
export interface EventReceiver {
  take(
    sender: { readonly name: string; readonly epoch: number },
    events: readonly unknown[],
  ): { readonly answers: readonly EventAnswer[]; readonly highestContiguous: number };
  position(
    sender: { readonly name: string; readonly epoch: number },
    after: number,
  ): { readonly answers: readonly EventAnswer[]; readonly highestContiguous: number };
}

const sender = { epoch: z.int().min(1), store: z.string().min(1).max(64), clock: senderClock.optional() };
const eventsParams = z.object({ ...sender, events: z.array(z.unknown()).max(1_000) });
const positionParams = z.object({ ...sender, after: z.int().min(0) });

/** What the hub does with events and questions about them. The sender's name is the one that the broker vouches for. */
export function eventMethods(deps: {
  readonly receiver: EventReceiver;
  readonly now: () => EpochMs;
  /** What an asker's clocks showed when it sent what is dealt with next. */
  readonly heard?: (from: string, clock: SenderClock) => void;
}): Readonly<Record<'events' | 'position', MethodHandler>> {
  const notUnderstood = err<LinkFailure>({ code: 'E-SYNC-0110', class: 'reject' });
  return {
    events: (raw, { from }) => {
      const params = eventsParams.safeParse(raw);
      if (!params.success) return notUnderstood;
      const { epoch, store, clock, events } = params.data;
      if (clock) deps.heard?.(from, clock);
      return ok({ ...deps.receiver.take({ name: senderName(from, store), epoch }, events), sinkTime: deps.now() });
    },
    position: (raw, { from }) => {
      const params = positionParams.safeParse(raw);
      if (!params.success) return notUnderstood;
      const { epoch, store, after } = params.data;
      return ok({ ...deps.receiver.position({ name: senderName(from, store), epoch }, after), sinkTime: deps.now() });
    },
  };
}

const senderName = (from: string, store: string): string => `${from}/${store}`;

/** Whose event it is: the sender as the receiver knows it without its store. */
export const askerIn = (sender: string): string => sender.slice(0, sender.indexOf('/'));
