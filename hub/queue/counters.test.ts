import { minutes } from '@hallhub/sync/base';
import { describe, expect, it } from 'vitest';
import type { CounterOrder } from './orders.ts';
import { queueSummary } from './summary.ts';
import { codeOf, openQueue } from './testing/rig.ts';

describe('a counter', () => {
  it('calls whoever came first, serves and finishes, and says so in period rows', () => {
    const { queue, open, take, order, view, clock, hallConfig } = openQueue();
    const first = take();
    take();
    open('c1');
    expect(view()).toMatchObject({ state: 'free', by: 'Li', waiting: 2, next: { number: 'A001' } });
    expect(codeOf(order('c1', { do: 'next' }))).toBe('ok');
    expect(view()).toMatchObject({ state: 'calling', ticket: { number: 'A001', calls: 1 }, next: { number: 'A002' } });
    clock.advance(minutes(1));
    expect(codeOf(order('c1', { do: 'recall' }))).toBe('ok');
    expect(codeOf(order('c1', { do: 'begin' }))).toBe('ok');
    clock.advance(minutes(4));
    expect(codeOf(order('c1', { do: 'add-service', service: 'fees', quantity: 2 }))).toBe('ok');
    expect(codeOf(order('c1', { do: 'finish', outcome: 'served', note: 'stamp' }))).toBe('ok');
    expect(view()).toMatchObject({ state: 'free', served: 1 });
    const id = first.ok ? first.value.id : '';
    expect(queue.tickets.periods(id).map(({ state, service, by }) => [state, service, by])).toEqual([
      ['waiting', 'enrolment', undefined],
      ['called', 'enrolment', 'li'],
      ['serving', 'enrolment', 'li'],
      ['serving', 'fees', 'li'],
      ['finished', 'fees', 'li'],
    ]);
    expect(queue.views.board(hallConfig()).calls).toMatchObject([{ number: 'A001', times: 2 }]);
  });

  it('is worked by one session: another is refused or takes over, and the one before can do nothing any more', () => {
    const { queue, open, order, leases, take } = openQueue();
    take();
    open('c1');
    const old = leases.get('c1') ?? '';
    expect(codeOf(open('c1'))).toBe('E-QUEUE-0202');
    expect(codeOf(order('c1', { do: 'next' }, 'wang'))).toBe('E-QUEUE-0203');
    expect(codeOf(open('c1', { takeOver: true }))).toBe('ok');
    expect(codeOf(queue.counters.order('c1', old, { id: 'li' }, { do: 'next' }))).toBe('E-QUEUE-0203');
    expect(codeOf(order('c1', { do: 'next' }))).toBe('ok');
    expect(codeOf(order('c1', { do: 'close' }))).toBe('E-QUEUE-0205');
    expect(codeOf(order('c1', { do: 'no-show' }))).toBe('ok');
    expect(codeOf(order('c1', { do: 'close' }))).toBe('ok');
    expect(codeOf(order('c1', { do: 'next' }))).toBe('E-QUEUE-0203');
    expect(codeOf(queue.counters.orderByKeypad('c1', { do: 'next' }))).toBe('E-QUEUE-0210');
  });

  it('gives a claim to whoever stands there or waits, or takes it back, which is written down and counts at once', () => {
    const { queue, open, take, order, view, audit } = openQueue();
    const [first, second] = [take(), take()].map((one) => (one.ok ? one.value.id : ''));
    open('c1');
    expect(view().next?.id).toBe(first);
    expect(codeOf(order('c1', { do: 'class', ticket: second ?? '', class: 'disabled' }))).toBe('ok');
    expect(view().next).toMatchObject({ id: second, class: 'disabled', classLabel: { en: 'disabled' } });
    expect(codeOf(order('c1', { do: 'class', ticket: second ?? '', class: 'king' }))).toBe('E-QUEUE-0113');
    expect(codeOf(order('c1', { do: 'class', ticket: 'none', class: 'elder' }))).toBe('E-QUEUE-0208');
    order('c1', { do: 'next' });
    expect(codeOf(order('c1', { do: 'class', ticket: second ?? '', class: 'ordinary' }))).toBe('ok');
    expect(view().ticket).toMatchObject({ id: second, class: 'ordinary' });
    order('c1', { do: 'finish', outcome: 'served' });
    expect(codeOf(order('c1', { do: 'class', ticket: second ?? '', class: 'elder' }))).toBe('E-QUEUE-0207');
    expect(queue.tickets.periods(second ?? '').filter(({ state }) => state === 'waiting')).toHaveLength(1);
    const kept = audit.list({ limit: 50 }).filter(({ action }) => action === 'queue.class');
    expect(kept.map(({ detail }) => JSON.parse(detail) as unknown)).toEqual([
      { counter: 'c1', before: 'disabled', class: 'ordinary' },
      { counter: 'c1', before: 'ordinary', class: 'disabled' },
    ]);
  });

  it('that closes leaves nobody behind, unless whoever closes it comes back for them', () => {
    const stand = () => {
      const rig = openQueue();
      for (let n = 0; n < 3; n += 1) rig.take();
      rig.open('c1');
      rig.open('c2');
      rig.order('c1', { do: 'next' });
      rig.order('c1', { do: 'hold' });
      rig.order('c2', { do: 'next' });
      rig.order('c2', { do: 'transfer', counter: 'c1', place: 'sorted' });
      rig.order('c2', { do: 'next' });
      rig.order('c2', { do: 'park', to: { counter: 'c1' } });
      expect(rig.view()).toMatchObject({
        held: [{ number: 'A001' }],
        sent: [{ number: 'A002' }],
        parked: [{ number: 'A003' }],
      });
      return { ...rig, stranded: () => queueSummary(rig.queue)().attention.map(({ text, count }) => [text.zh, count]) };
    };
    const pooled = stand();
    expect(codeOf(pooled.order('c1', { do: 'close' }))).toBe('ok');
    expect(pooled.view('c2')).toMatchObject({
      next: { number: 'A002' },
      pool: [{ number: 'A001' }, { number: 'A003' }],
    });
    expect(pooled.stranded()).toEqual([]);
    const kept = stand();
    expect(kept.stranded()).toEqual([]);
    expect(codeOf(kept.order('c1', { do: 'close', left: 'keep' }))).toBe('ok');
    expect(kept.view('c2')).toMatchObject({ pool: [] });
    expect(kept.stranded()).toEqual([['有号留在已关闭的窗口', 3]]);
  });

  it('does not outlive its day', () => {
    const rig = openQueue();
    rig.open('c1');
    rig.clock.advance(minutes(14 * 60 - 1));
    rig.queue.core.sweep();
    expect(rig.view().state).toBe('free');
    rig.clock.advance(minutes(1));
    rig.queue.core.sweep();
    expect(rig.view().state).toBe('closed');
    expect(codeOf(rig.order('c1', { do: 'next' }))).toBe('E-QUEUE-0203');
  });

  it('carries an order out once, however often it is sent under its key, also after it closed', () => {
    const { queue, take, open, leases, view } = openQueue();
    take();
    take();
    const li = { id: 'li', name: 'Li' };
    const opened = [1, 2].map(() => queue.counters.open('c1', li, { takeOver: false, key: 'open-one' }));
    expect(opened[0]).toEqual(opened[1]);
    expect(codeOf(queue.counters.open('c1', li, { takeOver: false, key: 'open-two' }))).toBe('E-QUEUE-0202');
    const [first] = opened;
    leases.set('c1', first?.ok === true ? first.value.lease : '');
    const order = (what: CounterOrder, key: string) =>
      codeOf(queue.counters.order('c1', leases.get('c1') ?? '', { id: 'li' }, what, key));
    expect([order({ do: 'next' }, 'key-one'), order({ do: 'next' }, 'key-one')]).toEqual(['ok', 'ok']);
    expect(view()).toMatchObject({ ticket: { number: 'A001' }, waiting: 1 });
    expect([order({ do: 'recall' }, 'key-two'), order({ do: 'recall' }, 'key-two')]).toEqual(['ok', 'ok']);
    expect(view().ticket).toMatchObject({ calls: 2 });
    // Another order under the same key is another order; one that was refused may be tried again.
    expect(order({ do: 'next' }, 'key-two')).toBe('E-QUEUE-0205');
    expect(order({ do: 'finish', outcome: 'served' }, 'key-two')).toBe('ok');
    expect(order({ do: 'next' }, 'key-two')).toBe('ok');
    order({ do: 'no-show' }, 'key-three');
    expect([order({ do: 'close' }, 'key-four'), order({ do: 'close' }, 'key-four')]).toEqual(['ok', 'ok']);
    expect(view()).toMatchObject({ state: 'closed', served: 1, missed: [{ number: 'A002' }] });
    expect(open('c1').ok).toBe(true);
    expect(codeOf(queue.counters.open('c1', li, { takeOver: false, key: 'open-one' }))).toBe('E-QUEUE-0202');
  });

  it('is seen as it stands: the longest wait, who waits beyond the limit, what a visit takes', () => {
    const { queue, open, take, order, clock, hallConfig } = openQueue();
    take('fees');
    clock.advance(minutes(15));
    take('fees');
    take('enrolment');
    open('c1');
    const figures = () => queueSummary(queue)().figures.map(({ value }) => value);
    clock.advance(minutes(6));
    const services = () =>
      queue.views
        .live(hallConfig())
        .services.map(({ id, waiting, longest, beyond }) => [id, waiting, longest / 60_000, beyond]);
    expect(services()).toEqual([
      ['enrolment', 1, 6, 0],
      ['fees', 2, 21, 1],
    ]);
    expect(figures()).toEqual([3, 21, 1, 1, 0]);
    order('c1', { do: 'next' });
    order('c1', { do: 'begin' });
    clock.advance(minutes(4));
    order('c1', { do: 'finish', outcome: 'served' });
    expect(services()[1]).toEqual(['fees', 1, 10, 0]);
    expect(queue.views.live(hallConfig()).counters).toMatchObject([
      { id: 'c1', state: 'free', servings: 1, lasts: minutes(4) },
      { id: 'c2', state: 'closed', servings: 0, lasts: 0 },
    ]);
  });

  it('does what is refused by name', () => {
    const { open, take, order, queue } = openQueue();
    expect(codeOf(queue.counters.open('c9', { id: 'li', name: 'Li' }, { takeOver: false }))).toBe('E-QUEUE-0201');
    expect(codeOf(open('c2', { services: ['fees'] }))).toBe('E-QUEUE-0102');
    open('c1');
    expect(codeOf(order('c1', { do: 'next' }))).toBe('E-QUEUE-0204');
    for (const what of ['recall', 'begin', 'no-show'] as const)
      expect(codeOf(order('c1', { do: what }))).toBe('E-QUEUE-0206');
    expect(codeOf(order('c1', { do: 'resume', ticket: 'x' }))).toBe('E-QUEUE-0208');
    take();
    order('c1', { do: 'break' });
    expect(codeOf(order('c1', { do: 'next' }))).toBe('E-QUEUE-0210');
    order('c1', { do: 'back' });
    order('c1', { do: 'next' });
    expect(codeOf(order('c1', { do: 'next' }))).toBe('E-QUEUE-0205');
    expect(codeOf(order('c1', { do: 'park', to: { counter: 'c9' } }))).toBe('E-QUEUE-0201');
    expect(codeOf(order('c1', { do: 'transfer', service: 'records', place: 'end' }))).toBe('E-QUEUE-0102');
    expect(codeOf(order('c1', { do: 'transfer', counter: 'c9', place: 'end' }))).toBe('E-QUEUE-0201');
    expect(codeOf(order('c1', { do: 'add-service', service: 'none', quantity: 1 }))).toBe('E-QUEUE-0102');
  });

  it('calls less where somebody does less, and only those who may be called there', () => {
    const { open, take, order, view } = openQueue();
    take('enrolment');
    take('fees');
    open('c1', { services: ['fees'] });
    expect(view()).toMatchObject({ waiting: 1, next: { number: 'B001' } });
    order('c1', { do: 'next' });
    order('c1', { do: 'transfer', counter: 'c2', place: 'front' });
    expect(codeOf(order('c1', { do: 'next' }))).toBe('E-QUEUE-0204');
    open('c2');
    expect(view('c2').next).toMatchObject({ number: 'B001' });
  });

  it('holds, parks and takes back; what another has parked is not its own', () => {
    const { open, take, order, view } = openQueue();
    const taken = [take(), take(), take()].map((one) => (one.ok ? one.value.id : ''));
    open('c1');
    open('c2');
    order('c1', { do: 'next' });
    order('c1', { do: 'hold', note: 'fills in a form' });
    order('c1', { do: 'next' });
    order('c1', { do: 'park', to: 'pool' });
    order('c1', { do: 'next' });
    order('c1', { do: 'park', to: { counter: 'c2' } });
    expect(view('c1')).toMatchObject({
      held: [{ number: 'A001', note: 'fills in a form' }],
      pool: [{ number: 'A002' }],
    });
    expect(view('c2')).toMatchObject({ held: [], parked: [{ number: 'A003' }], pool: [{ number: 'A002' }] });
    expect(codeOf(order('c2', { do: 'resume', ticket: taken[0] ?? '' }))).toBe('E-QUEUE-0207');
    expect(codeOf(order('c2', { do: 'resume', ticket: taken[1] ?? '' }))).toBe('ok');
    expect(codeOf(order('c1', { do: 'resume', ticket: taken[0] ?? '' }))).toBe('ok');
  });

  it('calls out of order with a reason that is kept, a missed one only while few others were called', () => {
    const { open, take, order, view, audit } = openQueue();
    const ids = Array.from({ length: 14 }, () => take()).map((one) => (one.ok ? one.value.id : ''));
    open('c1');
    order('c1', { do: 'next' });
    order('c1', { do: 'no-show' });
    expect(view().missed).toMatchObject([{ number: 'A001', state: 'no-show' }]);
    expect(codeOf(order('c1', { do: 'call', ticket: ids[5] ?? '', reason: 'train' }))).toBe('ok');
    expect(audit.list({ limit: 1 })[0]).toMatchObject({
      action: 'queue.out-of-order',
      subject: `ticket:${ids[5] ?? ''}`,
    });
    order('c1', { do: 'finish', outcome: 'served' });
    expect(codeOf(order('c1', { do: 'call', ticket: ids[0] ?? '', reason: 'was outside' }))).toBe('ok');
    order('c1', { do: 'no-show' });
    for (let served = 0; served < 11; served += 1) {
      order('c1', { do: 'next' });
      order('c1', { do: 'finish', outcome: 'served' });
    }
    expect(codeOf(order('c1', { do: 'call', ticket: ids[0] ?? '', reason: 'late' }))).toBe('E-QUEUE-0209');
    expect(view().missed).toEqual([]);
  });
});
