import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { err, hours, iso, manualClock, ms, ok, seconds, systemRandom } from '../base/index.ts';
import type { Result } from '../base/index.ts';
import { visitorEntered } from '../contract/index.ts';
import type { LinkFailure } from '../link/index.ts';
import { createInbox } from '../reference-hall/inbox.ts';
import { createPapers } from '../reference-hall/papers.ts';
import { createRequests } from '../reference-hall/requests.ts';
import { hallSchema } from '../reference-hall/schema.ts';
import { aesGcmSealer, migrate, openDatabase, outboxSchema, sqliteOutboxStore, transact } from '../sqlite/index.ts';
import { crashPoint, propertyRuns } from '../testing/crash.ts';
import { createOutbox } from './index.ts';
import type { Outbox, OutcomeSink, SinkAnswers } from './index.ts';

/** What happens to one exchange: the question is lost, the answer is lost, or only a part of the batch is dealt with. */
type Mischief = 'none' | 'question-lost' | 'answer-lost' | 'part' | 'part-and-lost';

type Command =
  | { readonly do: 'append'; readonly subject: string; readonly rollback: boolean; readonly spoilt: boolean }
  | { readonly do: 'mischief'; readonly list: readonly Mischief[] }
  | { readonly do: 'crash'; readonly commits: number; readonly when: 'before' | 'after' }
  | { readonly do: 'restart'; readonly raise: boolean }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'jump'; readonly hours: number };

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      // `nobody` is a request that the hall does not hold, so its events are rejected.
      subject: fc.constantFrom('a', 'b', 'nobody'),
      rollback: fc.integer({ min: 0, max: 5 }).map((value) => value === 0),
      spoilt: fc.integer({ min: 0, max: 7 }).map((value) => value === 0),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('mischief' as const),
      list: fc.array(fc.constantFrom<Mischief>('none', 'question-lost', 'answer-lost', 'part', 'part-and-lost'), {
        maxLength: 5,
      }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('crash' as const),
      commits: fc.integer({ min: 1, max: 4 }),
      when: fc.constantFrom('before' as const, 'after' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), raise: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 0, max: 90 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('jump' as const), hours: fc.integer({ min: -48, max: 48 }) }) },
);

describe('outbox over arbitrary interleavings', () => {
  it('loses no event, counts none twice, and keeps the order of each subject', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 30 }), async (commands) => {
        const clock = manualClock();
        const hallDb = openDatabase({ file: ':memory:' });
        migrate({ db: hallDb, components: [hallSchema] });
        const requests = createRequests({ db: hallDb, clock, committed: () => undefined });
        const papers = createPapers({ db: hallDb, requests });
        for (const id of ['a', 'b']) {
          requests.receive({
            id,
            kind: 'visitor-access',
            validFrom: iso(clock.now()),
            validUntil: '2099-01-01T00:00:00Z',
            data: {},
          });
        }
        const inbox = createInbox({ db: hallDb, clock, requests, papers, received: () => undefined });
        const faults: unknown[] = [];
        const acceptedTimes = new Map<string, number>();
        let script: Mischief[] = [];
        let epoch = 1;

        const lost: Result<never, LinkFailure> = err({ code: 'E-SYNC-0101', class: 'retry' });
        const sinkOf = (sender: { hub: string; epoch: number }): OutcomeSink => ({
          send: ({ events }): Promise<Result<SinkAnswers, LinkFailure>> => {
            const mischief = script.shift() ?? 'none';
            if (mischief === 'question-lost') return Promise.resolve(lost);
            // A hall that cannot even read a batch with a spoilt event refuses all of it.
            if (events.some(({ data }) => (data as { gate: string }).gate === 'spoilt')) {
              return Promise.resolve(err({ code: 'E-SYNC-0110', class: 'reject' }));
            }
            const part = mischief.startsWith('part') ? events.slice(0, Math.floor(events.length / 2)) : events;
            const taken = inbox.take(sender, part);
            for (const { id, status } of taken.answers) {
              if (status === 'accepted') acceptedTimes.set(id, (acceptedTimes.get(id) ?? 0) + 1);
            }
            if (mischief.endsWith('lost')) return Promise.resolve(lost);
            return Promise.resolve(ok({ ...taken, sinkTime: clock.now() }));
          },
          position: ({ after }) => {
            if (script.shift() === 'question-lost') return Promise.resolve(lost);
            return Promise.resolve(ok({ ...inbox.position(sender, after), sinkTime: clock.now() }));
          },
          putAttachment: () => Promise.resolve(ok()),
        });

        const db = openDatabase({ file: ':memory:' });
        migrate({ db, components: [outboxSchema] });
        const crash = crashPoint();
        const store = crash.wrap(sqliteOutboxStore({ db, name: 'hall', sealer: aesGcmSealer(new Uint8Array(32)) }));
        const begin = (): Outbox => {
          const sink = sinkOf({ hub: 'hub-1', epoch });
          const tuning = { batchSize: 4 };
          const fault = (error: unknown): void => {
            if (!crash.dead) faults.push(error);
          };
          const outbox = createOutbox({ sink, store, hub: 'hub-1', epoch, clock, random: systemRandom, tuning, fault });
          outbox.start();
          return outbox;
        };
        const restart = async (raise: boolean): Promise<void> => {
          await outbox.stop();
          crash.reborn();
          if (raise) epoch += 1;
          outbox = begin();
        };
        let outbox = begin();
        const appended: { id: string; subject: string; spoilt: boolean }[] = [];
        const append = ({ subject, rollback, spoilt }: Extract<Command, { do: 'append' }>): void => {
          const data = {
            revision: 1,
            at: iso(clock.now()),
            person: 0,
            gate: spoilt ? 'spoilt' : 'g',
            passage: 'observed' as const,
          };
          try {
            transact(db, () => {
              const id = outbox.append({ type: visitorEntered, subject, data });
              if (rollback) throw new Error('the caller rolls back');
              appended.push({ id, subject, spoilt });
            });
          } catch (error) {
            if (!rollback) throw error;
          }
        };

        try {
          for (const item of commands) {
            if (item.do === 'append') append(item);
            else if (item.do === 'mischief') script.push(...item.list);
            else if (item.do === 'crash') crash.plan(item.commits, item.when);
            else if (item.do === 'restart') await restart(item.raise);
            else if (item.do === 'jump') clock.stepWall(hours(item.hours));
            await clock.advanceAsync(item.do === 'wait' ? seconds(item.seconds) : ms(10));
            if (crash.dead) await restart(false);
          }
          script = [];
          await restart(false);
          for (let round = 0; round < 30 && outbox.status().pending > 0; round++) await clock.advanceAsync(seconds(60));

          expect(faults).toEqual([]);
          expect(outbox.status().pending).toBe(0);
          const good = appended.filter(({ subject, spoilt }) => subject !== 'nobody' && !spoilt);
          const bad = appended.filter(({ subject, spoilt }) => subject === 'nobody' || spoilt);
          const arrived = inbox.list({ limit: 1_000, status: 'accepted' }).toReversed();
          for (const subject of ['a', 'b']) {
            expect(arrived.filter((event) => event.subject === subject).map(({ id }) => id)).toEqual(
              good.filter((event) => event.subject === subject).map(({ id }) => id),
            );
          }
          expect(arrived.length).toBe(good.length);
          expect([...acceptedTimes.values()].every((times) => times === 1)).toBe(true);
          expect(
            outbox
              .deadLetters(1_000)
              .map(({ id }) => id)
              .toSorted(),
          ).toEqual(bad.map(({ id }) => id).toSorted());
        } finally {
          await outbox.stop();
          db.close();
          hallDb.close();
        }
      }),
      { numRuns: propertyRuns(150) },
    );
  });
});
