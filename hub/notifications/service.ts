import type { Cancel, Clock, DurationMs, EpochMs, RandomBytes } from '@hallhub/sync/base';
import { hours, minutes, ms, plus, seconds, uuidv7 } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { afterCommit, transact } from '@hallhub/sync/sqlite';
import type { Vault } from '../vault/index.ts';
import type { Channel } from './channels/channel.ts';
import type { Waiting } from './digest.ts';
import { digest } from './digest.ts';
import type { Bucket } from './rate.ts';
import { fullBucket, take } from './rate.ts';

/** Something that somebody should know. */
export interface Notice {
  /** Which configured channel. */
  readonly channel: string;
  /** Whom, where the channel goes to one person; an account or an address. */
  readonly to?: string;
  /** Nothing personal: groups read it. */
  readonly text: string;
  /** With names, for a channel that goes to one person. */
  readonly personal?: string;
  /** A second notice of this name is not sent. */
  readonly dedupe?: string;
}

export interface Notifications {
  /** Puts a notice into the outbox; joins the caller's transaction. A channel that is not configured keeps nothing. */
  notify(notice: Notice): void;
  start(): void;
  stop(): void;
  counts(): { readonly waiting: number; readonly failed: number };
  /** Forgets what was sent or given up before `before`. */
  purge(before: EpochMs): number;
}

/** How long to wait after each failure, the last again and again until a notice is a day old. */
const BACKOFF: readonly DurationMs[] = [seconds(10), seconds(60), minutes(5), minutes(30)];
const GIVE_UP = hours(24);
/** What is refused so is not tried again. */
const FOR_GOOD = 'E-NOTE-0105';
const TITLE = 'hallhub';

interface Row {
  readonly id: string;
  readonly recipient: string;
  readonly at: EpochMs;
  readonly tries: number;
  readonly sealed: Uint8Array;
}

/**
 * The outbox of messages to people: written with what they are about, sent when the channel has room, several in one where
 * several wait for one recipient, tried again until it is told that the service has them.
 */
export function createNotifications(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly vault: Pick<Vault, 'seal' | 'open'>;
  readonly channels: ReadonlyMap<string, Channel>;
  /** Never given the text of a notice. */
  readonly log: (level: 'info' | 'warn', message: string, fields: Readonly<Record<string, unknown>>) => void;
}): Notifications {
  const { db, clock, vault, channels } = deps;
  const insert = db.prepare(
    `INSERT INTO notification (id, channel, recipient, dedupe, at, due, state, sealed) VALUES (?, ?, ?, ?, ?, ?, 'waiting', ?)
     ON CONFLICT DO NOTHING`,
  );
  const due = db.prepare<[string, number], Row>(
    `SELECT id, recipient, at, tries, sealed FROM notification WHERE channel = ? AND state = 'waiting' AND due <= ? ORDER BY seq LIMIT 200`,
  );
  const nextDue = db
    .prepare<[string], EpochMs>(
      `SELECT due FROM notification WHERE channel = ? AND state = 'waiting' ORDER BY due LIMIT 1`,
    )
    .pluck();
  const sent = db.prepare(`UPDATE notification SET state = 'sent', code = NULL, sealed = NULL WHERE id = ?`);
  const failed = db.prepare(`UPDATE notification SET state = 'failed', code = ?, sealed = NULL WHERE id = ?`);
  const later = db.prepare('UPDATE notification SET tries = tries + 1, due = ?, code = ? WHERE id = ?');
  const count = db.prepare<[], { state: string; count: number }>(
    `SELECT state, count(*) AS count FROM notification WHERE state <> 'sent' GROUP BY state`,
  );
  const purge = db.prepare(`DELETE FROM notification WHERE at < ? AND state <> 'waiting'`);

  const buckets = new Map<string, Bucket>();
  const timers = new Map<string, Cancel>();
  const sending = new Set<string>();
  let running = false;
  const isRunning = (): boolean => running;
  const context = (id: string): string => `notification/${id}`;

  const arm = (name: string, delay: DurationMs): void => {
    timers.get(name)?.();
    if (running)
      timers.set(
        name,
        clock.after(delay, () => void work(name)),
      );
  };
  const textOf = ({ id, sealed }: Row): string => {
    const opened = vault.open(sealed, context(id));
    return opened.ok ? Buffer.from(opened.value).toString('utf8') : '';
  };

  /** One send of a channel, and then the next as soon as it may be. */
  const work = async (name: string): Promise<void> => {
    const channel = channels.get(name);
    if (!channel || !isRunning() || sending.has(name)) return;
    const now = clock.now();
    const rows = due.all(name, now);
    const [first] = rows;
    if (!first) {
      const next = nextDue.get(name);
      if (next !== undefined) arm(name, ms(Math.max(100, next - now)));
      return;
    }
    const taken = take(channel.rate, buckets.get(name) ?? fullBucket(channel.rate, now), now);
    if (!taken.taken) {
      arm(name, taken.wait);
      return;
    }
    buckets.set(name, taken.bucket);
    const forOne = rows.filter(({ recipient }) => recipient === first.recipient);
    const texts = forOne.map((row): Waiting => ({ id: row.id, text: textOf(row) }));
    const { text, ids } = digest(texts as [Waiting, ...Waiting[]], channel.limit);
    sending.add(name);
    const answer = await channel.send({ id: first.id, to: first.recipient, title: TITLE, text });
    sending.delete(name);
    // Stopped meanwhile: what was sent is sent again at the next start, with the same id.
    if (!isRunning()) return;
    transact(db, () => {
      for (const id of ids) {
        const row = forOne.find((candidate) => candidate.id === id);
        if (answer.ok) sent.run(id);
        else if (answer.error.code === FOR_GOOD) failed.run(FOR_GOOD, id);
        else if (row && clock.now() - row.at > GIVE_UP) failed.run('E-NOTE-0104', id);
        else {
          const wait = BACKOFF[Math.min(row?.tries ?? 0, BACKOFF.length - 1)] ?? minutes(30);
          later.run(plus(clock.now(), wait), answer.error.code, id);
        }
      }
    });
    if (!answer.ok)
      deps.log(
        'warn',
        answer.error.code === FOR_GOOD ? 'messages were refused for good' : 'messages could not be sent and wait',
        {
          channel: name,
          code: answer.error.code,
          detail: answer.error.detail,
          messages: ids.length,
        },
      );
    arm(name, ms(0));
  };

  return {
    notify: ({ channel: name, to = '', text, personal, dedupe }) => {
      const channel = channels.get(name);
      if (!channel) return;
      const now = clock.now();
      const id = uuidv7(now, deps.random);
      const body = channel.group ? text : (personal ?? text);
      insert.run(id, name, to, dedupe ?? null, now, now, vault.seal(Buffer.from(body), context(id)));
      afterCommit(db, () => {
        arm(name, ms(0));
      });
    },
    start: () => {
      running = true;
      for (const name of channels.keys()) arm(name, ms(0));
    },
    stop: () => {
      running = false;
      for (const cancel of timers.values()) cancel();
      timers.clear();
    },
    counts: () => {
      const of = new Map(count.all().map(({ state, count: number }) => [state, number]));
      return { waiting: of.get('waiting') ?? 0, failed: of.get('failed') ?? 0 };
    },
    purge: (before) => purge.run(before).changes,
  };
}
