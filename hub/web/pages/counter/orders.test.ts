import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CounterView } from '../../../queue/contract.ts';
import { counterView, hallView, staffTicket } from '../../../queue/testing/views.ts';
import { meaning } from './keys.ts';
import type { Known, Order, OrderName, Question } from './orders.ts';
import { ORDERS, ORDER_NAMES, available, narrowed, start, usual } from './orders.ts';

const known = (view: CounterView, more: Partial<Known> = {}): Known => ({
  view,
  hall: hallView(),
  waiting: [],
  say: ({ zh }) => zh,
  ...more,
});
const called = counterView({ state: 'calling', ticket: staffTicket('A012', { state: 'called' }) });
const serving = counterView({ state: 'serving', ticket: staffTicket('A012', { state: 'serving' }) });

const question = (step: Order | Question): Question => {
  if (step.is !== 'question') throw new Error('nothing is asked');
  return step;
};
/** Answers question after question by the ids of the choices. */
function answer(name: OrderName, what: Known, ids: readonly string[], note?: string): Order {
  let step = start(name, what);
  for (const id of ids) {
    const choice = question(step).choices.find((one) => one.id === id);
    if (!choice) throw new Error(`there is no choice ${id}`);
    step = choice.choose(note);
  }
  if (step.is !== 'order') throw new Error('there is another question');
  return step;
}

describe('closing', () => {
  it('asks what becomes of those who wait for this counter alone', () => {
    const left = counterView({ state: 'free', held: [staffTicket('A001')], sent: [staffTicket('A002')] });
    const what = known(left);
    expect(question(start('close', what)).title.zh).toContain('A001、A002');
    expect(answer('close', what, ['pool'])).toMatchObject({ path: 'close', body: { left: 'pool' } });
    expect(answer('close', what, ['keep'])).toMatchObject({ path: 'close', body: { left: 'keep' } });
  });

  it('is seen before somebody is sent to a counter where nobody works', () => {
    const hints = question(start('park', known(called))).choices.map(({ id, hint }) => [id, hint?.zh]);
    expect(hints).toContainEqual(['w4', '未开放，无人办理']);
  });
});

describe('a claim to be served sooner', () => {
  it('is given to whoever is here or waits, by any class but the one they have', () => {
    const what = known(called, { waiting: [staffTicket('B003')] });
    const kinds = hallView().classes.map(({ id }) => id);
    expect(kinds.length).toBeGreaterThan(0);
    const asked = question(start('class', what));
    expect(asked.choices.map(({ label }) => label.zh)).toEqual(['A012', 'B003']);
    const [first = ''] = kinds;
    const { id } = staffTicket('B003');
    expect(answer('class', what, [id, first])).toMatchObject({ path: 'class', body: { ticket: id, class: first } });
    const offered = question(asked.choices[0]?.choose() ?? asked).choices.map((one) => one.id);
    expect(offered).toEqual(kinds);
  });
});

describe('what can be ordered', () => {
  it.each([
    ['nothing at a closed counter', counterView({ state: 'closed' }), []],
    ['to come back from a break, or close', counterView({ state: 'break' }), ['back', 'close']],
    ['the next one where somebody waits', counterView({ state: 'free', next: staffTicket('A013') }), ['next']],
    ['to begin with whoever was called', called, ['begin', 'recall', 'no-show']],
    ['one more service with whoever is served', serving, ['service', 'finish']],
  ] as const)('%s', (_, view, names) => {
    const may = available(view);
    expect(names.filter((name) => !may.has(name))).toEqual([]);
    if (names.length === 0) expect(may.size).toBe(0);
  });

  it('is never the next one while somebody is at the counter', () => {
    for (const view of [called, serving]) expect(available(view).has('next')).toBe(false);
  });

  it('is never one of two orders with the same key', () => {
    for (const view of [called, serving, counterView({ state: 'free' }), counterView({ state: 'break' })]) {
      const codes = [...available(view)].map((name) => ORDERS[name].code);
      expect(new Set(codes).size).toBe(codes.length);
    }
  });

  it('has the step that usually follows among it', () => {
    for (const view of [called, serving, counterView({ state: 'break' })])
      expect(available(view).has(usual(view) ?? 'next')).toBe(true);
  });
});

describe('questions lead to the order that the hub knows', () => {
  it.each([
    ['finish', serving, ['incomplete'], 'finish', { outcome: 'incomplete', note: '缺照片' }],
    ['park', serving, ['pool'], 'park', { to: 'pool', note: '缺照片' }],
    ['park', serving, ['w2'], 'park', { to: { counter: 'w2' }, note: '缺照片' }],
    ['transfer', called, ['service cards', 'front'], 'transfer', { service: 'cards', place: 'front' }],
    ['transfer', called, ['counter w2', 'end'], 'transfer', { counter: 'w2', place: 'end' }],
    ['service', serving, ['cards', '3'], 'service', { service: 'cards', quantity: 3 }],
    ['break', counterView({ state: 'free' }), ['1'], 'break', { reason: '用餐' }],
    ['close', counterView({ state: 'free' }), ['close'], 'close', {}],
  ] as const)('%s', (name, view, ids, path, body) => {
    expect(answer(name, known(view), ids, '缺照片 ')).toEqual({ is: 'order', path, body });
  });

  it('asks why before a number is called out of order, and says it in the order', () => {
    const waiting = [staffTicket('A020'), staffTicket('B003')];
    const what = known(counterView({ state: 'free' }), { waiting });
    expect(answer('call', what, [waiting[1]?.id ?? '', '2'], '赶飞机')).toEqual({
      is: 'order',
      path: 'call',
      body: { ticket: waiting[1]?.id, reason: '事情紧急：赶飞机' },
    });
    const asked = question(start('call', what));
    expect(narrowed(asked, ' b0').map(({ label }) => label.zh)).toEqual(['B003']);
    expect(narrowed(asked, '')).toHaveLength(2);
  });

  it('offers what is on hold, parked here and in the pool', () => {
    const view = counterView({
      state: 'free',
      held: [staffTicket('A001', { state: 'held' })],
      parked: [staffTicket('A002', { state: 'parked' })],
      pool: [staffTicket('A003', { state: 'parked' })],
    });
    const offered = question(start('resume', known(view)));
    expect(offered.choices.map(({ label }) => label.zh)).toEqual(['A001', 'A002', 'A003']);
    expect(available(view).has('resume')).toBe(true);
  });

  it('has nobody transferred to the service or the counter that they are at', () => {
    const ids = question(start('transfer', known(called))).choices.map(({ id }) => id);
    expect(ids).not.toContain(`service ${called.ticket?.service ?? ''}`);
    expect(ids).not.toContain(`counter ${called.id}`);
  });
});

describe('keys', () => {
  const everything = new Set(ORDER_NAMES);
  const press = { code: 'KeyN', repeat: false, chord: false, inField: false };
  const keys = fc.record({
    code: fc.oneof(
      fc.constantFrom(...ORDER_NAMES.map((name) => ORDERS[name].code), 'Enter', 'Space', 'Escape', 'Digit1', 'Numpad9'),
      fc.string(),
    ),
    repeat: fc.boolean(),
    chord: fc.boolean(),
    inField: fc.boolean(),
  });
  const choices = fc.option(fc.nat(12), { nil: undefined });

  it('do nothing but leave while something is written', () => {
    fc.assert(
      fc.property(keys, choices, (key, shown) => {
        const { does } = meaning({ ...key, inField: true }, { available: everything, choices: shown });
        expect(['nothing', 'leave']).toContain(does);
      }),
    );
  });

  it('order nothing when they are held down, or with Control', () => {
    fc.assert(
      fc.property(keys, choices, fc.boolean(), (key, shown, held) => {
        const { does } = meaning(
          { ...key, repeat: held || key.repeat, chord: !held || key.chord },
          { available: everything, choices: shown },
        );
        expect(['nothing', 'leave', 'block']).toContain(does);
      }),
    );
  });

  it('do not press the button that has the focus again and again', () => {
    for (const code of ['Enter', 'NumpadEnter', 'Space'])
      expect(meaning({ ...press, code, repeat: true }, { available: everything, choices: undefined })).toEqual({
        does: 'block',
      });
  });

  it('order what they stand for, as far as it can be ordered', () => {
    expect(meaning(press, { available: new Set(['next']), choices: undefined })).toEqual({
      does: 'order',
      name: 'next',
    });
    expect(meaning(press, { available: new Set(), choices: undefined })).toEqual({ does: 'nothing' });
  });

  it('choose by digits what is there, and order nothing else meanwhile', () => {
    const desk = { available: everything, choices: 2 };
    expect(meaning({ ...press, code: 'Digit2' }, desk)).toEqual({ does: 'choose', index: 1 });
    expect(meaning({ ...press, code: 'Numpad3' }, desk)).toEqual({ does: 'nothing' });
    expect(meaning(press, desk)).toEqual({ does: 'nothing' });
  });
});
