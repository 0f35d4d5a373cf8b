import type { EpochMs, Result } from '../base/index.ts';
import { iso, ms, ok, plus, seconds, uuidv7 } from '../base/index.ts';
import { whereWrong } from '../contract/index.ts';
import type { CloudEvent, EventAnswer } from '../contract/index.ts';
import { backoff, createPause, describeFault, linkMonitor } from '../link/index.ts';
import type { LinkFailure } from '../link/index.ts';
import type { Outbox, OutboxOptions, OutboxStatus, OutboxTuning } from './outbox.ts';
import type { SinkAnswers } from './sink.ts';
import type { OutboxEvent } from './store.ts';

const defaults: OutboxTuning = { batchSize: 100, backoffFirst: ms(500), backoffMax: seconds(60) };

/** What a receiver calls an event whose number came with another event before. */
const SEQUENCE_REUSED = 'sequence-reused';

/**
 * See {@link Outbox}. Adopts the epoch in the store at once.
 *
 * @throws {RangeError} when the store has already used a higher epoch.
 */
export function createOutbox(options: OutboxOptions): Outbox {
  const { sink, store, clock, random, hub } = options;
  const tuning = { ...defaults, ...options.tuning };
  const stop = new AbortController();
  const { signal } = stop;
  const pause = createPause(clock);
  const listeners = new Set<(status: OutboxStatus) => void>();
  /** What was sent before may have arrived although no answer came: ask before sending more. */
  let uncertain = true;
  /** The other end answered in this step; with nothing to send there is nothing to know about the link. */
  let contacted = false;
  let running: Promise<void> | undefined;
  store.adopt(options.epoch);

  const status = (): OutboxStatus => ({ link: link.state, ...store.counts() });
  const changed = (): void => {
    if (listeners.size === 0) return;
    const now = status();
    for (const listener of listeners) listener(now);
  };
  const link = linkMonitor(clock, changed);

  const settle = (answer: EventAnswer): void => {
    const { id } = answer;
    const why = { code: answer.code ?? 'rejected', reason: answer.reason ?? '', at: clock.now() };
    const waited = answer.status === 'rejected' ? store.bury(id, why) : store.acknowledge(id);
    if (waited) options.answered?.({ id, answer });
  };

  const askPosition = async (): Promise<Result<void, LinkFailure>> => {
    const lowest = store.lowest();
    // With nothing to send it is asked when there is: before the first event leaves, not after.
    if (lowest === null) return ok();
    const position = await sink.position({ after: lowest - 1, signal });
    if (!position.ok) return position;
    contacted = true;
    const { answers, highestContiguous } = position.value;
    if (options.renew && store.isOvertaken(highestContiguous)) {
      // Under the new name nothing was ever sent; what it thinks of that is asked with the next step.
      options.renew();
      changed();
      return ok();
    }
    store.transaction(() => {
      // A dead letter that was put back and not sent since must not be buried by what was said of it before.
      const sent = new Set(store.sentThrough(Number.MAX_SAFE_INTEGER));
      for (const answer of answers) if (answer.status === 'rejected' && sent.has(answer.id)) settle(answer);
      for (const id of store.sentThrough(highestContiguous)) settle({ id, status: 'accepted' });
    });
    changed();
    uncertain = false;
    return ok();
  };

  /** Uploads the files of a batch; an event whose file is refused for good is rejected, the rest goes on. */
  const upload = async (batch: readonly OutboxEvent[]): Promise<Result<readonly OutboxEvent[], LinkFailure>> => {
    const ready: OutboxEvent[] = [];
    for (const event of batch) {
      let refused: LinkFailure | undefined;
      for (const sha256 of event.attachments) {
        const file = store.attachment(sha256);
        const put = file && (await sink.putAttachment({ ...file, signal }));
        if (!put || put.ok) continue;
        if (put.error.class !== 'reject') return put;
        refused = put.error;
      }
      if (refused) rejectHere(event, 'attachment-refused', refused);
      else ready.push(event);
    }
    return ok(ready);
  };

  const rejectHere = (event: OutboxEvent, code: string, failure: LinkFailure): void => {
    const reason = failure.detail ?? failure.code;
    store.transaction(() => settle({ id: event.id, status: 'rejected', code, reason }));
    changed();
  };

  const deliver = async (batch: readonly OutboxEvent[]): Promise<Result<void, LinkFailure>> => {
    store.sending(batch.map(({ id }) => id));
    uncertain = true;
    const sent = await sink.send({ events: batch.map((event) => toCloudEvent(hub, event)), signal });
    if (sent.ok) {
      contacted = true;
      take(batch, sent.value);
      return ok();
    }
    if (sent.error.class !== 'reject') return sent;
    uncertain = false;
    const [only] = batch;
    if (only && batch.length === 1) {
      rejectHere(only, 'refused-alone', sent.error);
      return ok();
    }
    // One event may have spoiled the batch: find it, so that it holds up nobody else.
    const middle = Math.ceil(batch.length / 2);
    const first = await deliver(batch.slice(0, middle));
    return first.ok ? deliver(batch.slice(middle)) : first;
  };

  const take = (batch: readonly OutboxEvent[], { answers, highestContiguous }: SinkAnswers): void => {
    const mine = new Set(batch.map(({ id }) => id));
    const isReused = answers.some(({ code }) => code === SEQUENCE_REUSED);
    if (options.renew && (isReused || store.isOvertaken(highestContiguous))) {
      // What is called a duplicate may be one of a number only; it is sent again under the new name.
      const taken = answers.filter(({ id, status }) => mine.has(id) && status === 'accepted');
      store.transaction(() => {
        for (const answer of taken) settle(answer);
      });
      options.renew();
      uncertain = true;
      changed();
      return;
    }
    const answered = new Set(answers.map(({ id }) => id));
    const unanswered = batch.filter(({ id }) => !answered.has(id));
    store.transaction(() => {
      for (const answer of answers) if (mine.has(answer.id)) settle(answer);
      for (const event of unanswered) store.postpone(event.id, retryAt(event));
    });
    uncertain = unanswered.some(({ sequence }) => sequence <= highestContiguous);
    changed();
  };

  const pacing = { first: tuning.backoffFirst, max: tuning.backoffMax };
  const retryAt = (event: OutboxEvent): EpochMs => plus(clock.now(), backoff(pacing, event.attempts + 1, random));

  /** Sends what is due. Ok(true): there may be more. */
  const step = async (): Promise<Result<boolean, LinkFailure>> => {
    if (uncertain) {
      const position = await askPosition();
      if (!position.ok) return position;
    }
    const now = clock.now();
    const next = store.nextDue(now);
    // A wall clock that was set back must not hold anybody up.
    if (next !== null && next > now + tuning.backoffMax) store.hasten();
    const batch = store.due(now, tuning.batchSize);
    if (batch.length === 0) return ok(false);
    const ready = await upload(batch);
    if (!ready.ok) return ready;
    if (ready.value.length === 0) return ok(true);
    const delivered = await deliver(ready.value);
    return delivered.ok ? ok(true) : delivered;
  };

  const guardedStep = async (): Promise<Result<boolean, LinkFailure>> => {
    try {
      return await step();
    } catch (error) {
      options.fault?.(error);
      return { ok: false, error: { ...describeFault('E-SYNC-0401', error), class: 'retry' } };
    }
  };

  const untilDue = () => {
    const now = clock.now();
    const next = store.nextDue(now);
    return next === null ? undefined : ms(next - now);
  };

  const run = async (): Promise<void> => {
    while (!isAborted(signal)) {
      const result = await guardedStep();
      if (isAborted(signal)) break;
      if (result.ok) {
        if (contacted) link.succeeded();
        contacted = false;
        if (!result.value) await pause.wait(untilDue(), signal);
        continue;
      }
      link.failed(result.error);
      if (result.error.class === 'fenced') return;
      // A refusal of the question itself (not of an event) is retried slowly like a wrong token: somebody must act.
      const slow = result.error.class === 'authentication' || result.error.class === 'reject';
      const first = slow ? ms(pacing.first * 8) : pacing.first;
      await pause.wait(backoff({ ...pacing, first }, link.attempts, random, result.error.retryAfter), signal);
    }
    link.stopped();
  };

  let wakePending = false;
  /** After the caller's transaction: its code is synchronous, so a microtask comes behind the commit or rollback. */
  const wakeAfterCommit = (): void => {
    if (wakePending) return;
    wakePending = true;
    queueMicrotask(() => {
      wakePending = false;
      if (link.state.state !== 'offline') pause.wake();
      changed();
    });
  };

  return {
    append: ({ type, subject, data, time, files = [] }) => {
      const checked = type.schema.safeParse(data);
      if (!checked.success) throw new TypeError(`data of ${type.type} is wrong: ${whereWrong(checked.error)}`);
      const now = clock.now();
      const id = uuidv7(now, random);
      const attachments = files.map(({ sha256 }) => sha256);
      store.append(
        { id, type: type.type, subject, time: time ?? now, data: JSON.stringify(checked.data), attachments },
        files,
      );
      wakeAfterCommit();
      return id;
    },
    start: () => {
      running ??= run();
    },
    stop: async () => {
      stop.abort();
      await running;
    },
    wake: () => pause.wake(),
    status,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    deadLetters: (limit = 100) => store.deadLetters(limit),
    retry: (id) => {
      const revived = store.revive(id);
      if (revived) wakeAfterCommit();
      return revived;
    },
    discard: (id) => {
      const gone = store.discard(id);
      changed();
      return gone;
    },
  };
}

function toCloudEvent(hub: string, event: OutboxEvent): CloudEvent {
  return {
    specversion: '1.0',
    id: event.id,
    source: `/hubs/${hub}`,
    type: event.type,
    subject: event.subject,
    time: iso(event.time),
    datacontenttype: 'application/json',
    hubsequence: event.sequence,
    data: JSON.parse(event.data) as unknown,
  };
}

const isAborted = (signal: AbortSignal): boolean => signal.aborted;
