import { describe, expect, it } from 'vitest';
import { hours, iso, manualClock, ms, plus } from '../base/index.ts';
import { migrate, openDatabase, receiverSchema, sqliteReceiver } from './index.ts';

function open() {
  const clock = manualClock();
  const db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [receiverSchema] });
  const handled: string[] = [];
  const receiver = sqliteReceiver({
    db,
    clock,
    fault: () => undefined,
    handle: (_sender, { id, data }) => {
      if (data === 'throws') throw new Error('a handler that throws');
      if (data === 'refused') return { code: 'E-TEST-0001' };
      handled.push(id);
      return undefined;
    },
  });
  const event = (id: string, sequence: number, data: unknown = null) => ({
    specversion: '1.0',
    id,
    source: '/hubs/agent',
    type: 'test.v1',
    subject: 's',
    time: iso(clock.now()),
    hubsequence: sequence,
    data,
  });
  const agent = { name: 'agent/disk', epoch: 1 };
  const rows = (table: string): unknown => db.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
  return { clock, receiver, handled, event, agent, rows };
}

describe('a receiver', () => {
  it('handles each event once, and says how far it has come without a gap', () => {
    const { receiver, handled, event, agent } = open();
    expect(receiver.take(agent, [event('a', 1), event('c', 3)])).toMatchObject({ highestContiguous: 1 });
    const second = receiver.take(agent, [event('a', 1), event('b', 2), event('c', 3)]);
    expect(second.answers.map(({ status }) => status)).toEqual(['duplicate', 'accepted', 'duplicate']);
    expect(second.highestContiguous).toBe(3);
    expect(handled).toEqual(['a', 'c', 'b']);
  });

  it('does not take what is new for what it had, when the sender’s disk was put back to yesterday', () => {
    const { receiver, handled, event, agent } = open();
    receiver.take(agent, [event('a', 1), event('b', 2)]);
    const [answer] = receiver.take(agent, [event('new', 2)]).answers;
    expect(answer).toMatchObject({ id: 'new', status: 'rejected', code: 'sequence-reused' });
    expect(handled).toEqual(['a', 'b']);
  });

  it('rejects what its handler refuses or fails at, and goes on with the others', () => {
    const { receiver, handled, event, agent } = open();
    const taken = receiver.take(agent, [event('a', 1, 'throws'), event('b', 2, 'refused'), event('c', 3)]);
    expect(taken.answers.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'accepted']);
    expect(taken.highestContiguous).toBe(3);
    expect(handled).toEqual(['c']);
    expect(receiver.position(agent, 0).answers.map(({ id }) => id)).toEqual(['a', 'b']);
  });

  it('refuses an epoch that another has followed, and begins a new one at 1', () => {
    const { receiver, handled, event, agent } = open();
    receiver.take(agent, [event('a', 1)]);
    receiver.take({ ...agent, epoch: 2 }, [event('b', 1)]);
    const [answer] = receiver.take(agent, [event('c', 2)]).answers;
    expect(answer).toMatchObject({ status: 'rejected', code: 'epoch-fenced' });
    expect(handled).toEqual(['a', 'b']);
  });

  it('still knows what it has dealt with after it has forgotten the events', () => {
    const { clock, receiver, handled, event, agent } = open();
    receiver.take(agent, [event('a', 1), event('b', 2)]);
    clock.advance(hours(1));
    expect(receiver.purge(clock.now())).toBe(2);
    expect(receiver.take(agent, [event('b', 2)]).answers).toMatchObject([{ status: 'duplicate' }]);
    expect(receiver.take(agent, [event('c', 3)])).toMatchObject({ highestContiguous: 3 });
    expect(handled).toEqual(['a', 'b', 'c']);
  });

  it('knows an event again that another store of the same machine sends, and takes it from another machine', () => {
    const { receiver, handled, event, agent } = open();
    receiver.take(agent, [event('a', 1)]);
    const restored = { name: 'agent/other-disk', epoch: 2 };
    expect(receiver.take(restored, [event('a', 1), event('b', 2)]).answers).toMatchObject([
      { status: 'duplicate' },
      { status: 'accepted' },
    ]);
    expect(receiver.take({ name: 'agent-2/disk', epoch: 1 }, [event('a', 1)]).answers).toMatchObject([
      { status: 'accepted' },
    ]);
    expect(handled).toEqual(['a', 'b', 'a']);
  });

  it('has no gap where an event was none, nor where the sender wants to hear nothing any more', () => {
    const { receiver, event, agent } = open();
    const none = { id: 'none', hubsequence: 1 };
    expect(receiver.take(agent, [none, event('b', 2), event('f', 6)])).toMatchObject({
      answers: [{ status: 'rejected', code: 'invalid-event' }, { status: 'accepted' }, { status: 'accepted' }],
      highestContiguous: 2,
    });
    expect(receiver.position(agent, 2)).toMatchObject({ highestContiguous: 2 });
    expect(receiver.position(agent, 5)).toMatchObject({ highestContiguous: 6 });
  });

  it('forgets in time what it refused, and the stores of a machine that were used longest ago', () => {
    const { clock, receiver, event, agent, rows } = open();
    receiver.take(agent, [event('a', 1, 'refused'), event('b', 2)]);
    expect(receiver.purge(plus(clock.now(), ms(1)))).toBe(2);
    expect(rows('received_event')).toBe(0);
    for (let store = 0; store < 40; store += 1) {
      clock.advance(hours(1));
      receiver.take({ name: `agent/disk-${store}`, epoch: 1 }, [event(`e${store}`, 1)]);
      receiver.take({ name: 'agent-2/disk', epoch: 1 }, []);
    }
    expect(rows('received_position')).toBe(17);
    expect(rows('received_event')).toBe(16);
  });
});
