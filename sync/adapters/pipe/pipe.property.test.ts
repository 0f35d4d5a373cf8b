import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { EpochMs, ManualClock } from '../../base/index.ts';
import { hours, manualClock, minutes, ms, ok, plus, seconds, systemRandom } from '../../base/index.ts';
import { defineKind, defineKinds } from '../../contract/index.ts';
import { createFeed } from '../../feed/index.ts';
import type { Feed } from '../../feed/index.ts';
import { createOutbox } from '../../outbox/index.ts';
import { createReplica } from '../../replica/index.ts';
import {
  aesGcmSealer,
  feedSchema,
  migrate,
  openDatabase,
  outboxSchema,
  receiverSchema,
  replicaSchema,
  sqliteFeedStore,
  sqliteOutboxStore,
  sqliteReceiver,
  sqliteReplicaStore,
} from '../../sqlite/index.ts';
import { propertyRuns } from '../../testing/crash.ts';
import { askedFeed, askedSink, createAnswerer, createAsker, eventMethods, feedMethods } from './index.ts';

const happened = {
  type: 'test.happened.v1',
  direction: 'outcome',
  schema: z.object({ n: z.number() }),
} as const;
const kinds = defineKinds([
  defineKind({ kind: 'thing', major: 1, schemaVersion: '1.0', schema: z.object({ n: z.number() }) }),
]);
const sealer = aesGcmSealer(new Uint8Array(32).fill(7));
const FAR = 4_102_444_800_000 as EpochMs;

type Step =
  | { readonly do: 'put' | 'withdraw'; readonly id: string; readonly n: number }
  | { readonly do: 'event'; readonly n: number }
  | { readonly do: 'weather'; readonly loss: number; readonly doubles: number; readonly late: number }
  | { readonly do: 'restart'; readonly which: 'hub' | 'agent' }
  | { readonly do: 'wait'; readonly seconds: number };

const id = fc.constantFrom('a', 'b', 'c', 'd');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('put' as const), id, n: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('withdraw' as const), id, n: fc.constant(0) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('event' as const), n: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('weather' as const),
      loss: fc.constantFrom(0, 20, 60, 100),
      doubles: fc.constantFrom(0, 50),
      late: fc.constantFrom(0, 50),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('restart' as const), which: fc.constantFrom('hub', 'agent') }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 0, max: 60 }) }) },
);

/** A pipe that loses, doubles and delays whole messages. */
function createWeather(clock: ManualClock) {
  let state = { loss: 0, doubles: 0, late: 0 };
  let seed = 1;
  const percent = (): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % 100;
  };
  return {
    set: (next: typeof state) => {
      state = next;
    },
    carry: (deliver: () => void): void => {
      if (percent() < state.loss) return;
      const delay = percent() < state.late ? 500 + percent() * 100 : 1;
      clock.after(ms(delay), deliver);
      if (percent() < state.doubles) clock.after(ms(delay + percent() * 50), deliver);
    },
  };
}

function createHub(clock: ManualClock, send: (payload: Uint8Array) => void) {
  const db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [feedSchema, receiverSchema] });
  const counted = new Map<string, number>();
  const faults: unknown[] = [];
  const begin = () => {
    const store = sqliteFeedStore({
      db,
      clock,
      sealer,
      digest: (text) => Buffer.from(text),
      incarnation: () => 'incarnation',
    });
    const feeds = new Map<string, Feed>();
    const feedFor = (agent: string): Feed => {
      const feed = feeds.get(agent) ?? createFeed({ log: store.log(agent), clock });
      feeds.set(agent, feed);
      return feed;
    };
    const receiver = sqliteReceiver({
      db,
      clock,
      fault: (error) => faults.push(error),
      handle: (_sender, event) => {
        const { n } = event.data as { n: number };
        if (n % 10 === 9) return { code: 'E-TEST-0001', detail: 'nine' };
        counted.set(event.id, (counted.get(event.id) ?? 0) + 1);
        return undefined;
      },
    });
    const now = () => clock.now();
    const answerer = createAnswerer({
      methods: { ...feedMethods({ feedFor, now }), ...eventMethods({ receiver, now }) },
      send: (_to, payload) => {
        send(payload);
      },
      fault: (error) => faults.push(error),
    });
    return { store, feedFor, answerer };
  };
  return { begin, counted, faults };
}

function createAgent(clock: ManualClock, send: (payload: Uint8Array) => void, store = 'disk-1') {
  const db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [replicaSchema, outboxSchema] });
  const held = new Map<string, number>();
  const begin = () => {
    const asker = createAsker({
      clock,
      random: systemRandom,
      send: (payload) => {
        send(payload);
        return true;
      },
    });
    const replica = createReplica({
      source: askedFeed(asker),
      store: sqliteReplicaStore({ db, source: 'hub', sealer }),
      kinds,
      project: (change) => {
        if (change.op === 'revoke') held.delete(change.id);
        else held.set(change.id, change.data.n);
        return ok();
      },
      clock,
      random: systemRandom,
      tuning: { wait: seconds(5), pageSize: 2, digestEvery: ms(0) },
    });
    const outbox = createOutbox({
      sink: askedSink(asker, { identity: () => ({ epoch: 1, store }) }),
      store: sqliteOutboxStore({ db, name: 'hub', sealer }),
      hub: 'agent-1',
      epoch: 1,
      clock,
      random: systemRandom,
      tuning: { batchSize: 3 },
    });
    replica.start();
    outbox.start();
    return { asker, replica, outbox };
  };
  return { begin, held };
}

describe('replica and outbox over a pipe that loses, doubles and overtakes', () => {
  it('end with the same records at both ends and every event counted once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
        const clock = manualClock();
        const weather = createWeather(clock);
        const hubSide = createHub(clock, (payload) => {
          weather.carry(() => {
            agent.asker.receive(payload);
          });
        });
        const agentSide = createAgent(clock, (payload) => {
          weather.carry(() => {
            hub.answerer.receive('agent-1', payload);
          });
        });
        let hub = hubSide.begin();
        let agent = agentSide.begin();
        const wanted = new Map<string, number>();
        const events: { id: string; n: number }[] = [];
        for (const next of steps) {
          switch (next.do) {
            case 'put':
              wanted.set(next.id, next.n);
              hub.store.put('agent-1', {
                id: next.id,
                kind: 'thing',
                schemaVersion: '1.0',
                validFrom: clock.now(),
                validUntil: FAR,
                data: { n: next.n },
              });
              hub.feedFor('agent-1').notify();
              break;
            case 'withdraw':
              wanted.delete(next.id);
              hub.store.withdraw('agent-1', next.id);
              hub.feedFor('agent-1').notify();
              break;
            case 'event':
              events.push({
                n: next.n,
                id: agent.outbox.append({ type: happened, subject: 's', data: { n: next.n } }),
              });
              break;
            case 'weather':
              weather.set(next);
              break;
            case 'restart':
              if (next.which === 'hub') {
                hub.answerer.close();
                hub = hubSide.begin();
              } else {
                await Promise.all([agent.replica.stop(), agent.outbox.stop()]);
                agent = agentSide.begin();
              }
              break;
            case 'wait':
              await clock.advanceAsync(seconds(next.seconds));
          }
        }
        weather.set({ loss: 0, doubles: 0, late: 0 });
        await clock.advanceAsync(minutes(20));
        expect(agentSide.held).toEqual(wanted);
        const accepted = events.filter(({ n }) => n % 10 !== 9);
        expect(hubSide.counted).toEqual(new Map(accepted.map((event) => [event.id, 1])));
        expect(agent.outbox.status()).toMatchObject({ pending: 0, deadLetters: events.length - accepted.length });
        expect(hubSide.faults).toEqual([]);
        await Promise.all([agent.replica.stop(), agent.outbox.stop()]);
        hub.answerer.close();
      }),
      { numRuns: propertyRuns(60) },
    );
  });

  it('counts the events of a machine whose disk was replaced, which begin at 1 again', async () => {
    const clock = manualClock();
    const hubSide = createHub(clock, (payload) => {
      agent.asker.receive(payload);
    });
    const hub = hubSide.begin();
    const on = (disk: string) =>
      createAgent(
        clock,
        (payload) => {
          hub.answerer.receive('agent-1', payload);
        },
        disk,
      ).begin();
    let agent = on('disk-1');
    for (const disk of ['disk-1', 'disk-2']) {
      if (disk === 'disk-2') {
        await Promise.all([agent.replica.stop(), agent.outbox.stop()]);
        agent = on(disk);
      }
      for (let n = 0; n < 5; n += 1) agent.outbox.append({ type: happened, subject: 's', data: { n } });
      await clock.advanceAsync(minutes(1));
    }
    expect(hubSide.counted.size).toBe(10);
    await Promise.all([agent.replica.stop(), agent.outbox.stop()]);
  });

  it('carries records that fill more than one message, and refuses what is no question', async () => {
    const clock = manualClock();
    const hubSide = createHub(clock, (payload) => {
      expect(payload.length).toBeLessThanOrEqual(240 * 1024);
      agent.asker.receive(payload);
    });
    const hub = hubSide.begin();
    const agentSide = createAgent(clock, (payload) => {
      hub.answerer.receive('agent-1', payload);
    });
    for (let n = 0; n < 20; n += 1) {
      hub.store.put('agent-1', {
        id: `big-${n}`,
        kind: 'thing',
        schemaVersion: '1.0',
        validFrom: clock.now(),
        validUntil: plus(clock.now(), hours(1)),
        data: { n, filling: 'x'.repeat(100_000) },
      });
    }
    const agent = agentSide.begin();
    await clock.advanceAsync(minutes(2));
    expect(agentSide.held.size).toBe(20);
    for (const odd of ['', 'null', '{"id":1}', '{"id":"x","method":"drop","params":{},"within":1}']) {
      hub.answerer.receive('agent-1', Buffer.from(odd));
      agent.asker.receive(Buffer.from(odd));
    }
    expect(hubSide.faults).toEqual([]);
    await Promise.all([agent.replica.stop(), agent.outbox.stop()]);
  });
});
