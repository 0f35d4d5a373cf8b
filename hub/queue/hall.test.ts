import { minutes, ms, plus, seconds } from '@hallhub/sync/base';
import { describe, expect, it, vi } from 'vitest';
import { personKeys } from './appointments.ts';
import { queueSummary } from './summary.ts';
import { HALL, codeOf, openQueue } from './testing/rig.ts';

const PERSON = { number: '2023010001' };

describe('taking a number', () => {
  it('is refused out of hours, when the cap is reached and to who has one; each with its reason', () => {
    const rig = openQueue();
    const person = personKeys(rig.vault, PERSON);
    expect(codeOf(rig.take('none'))).toBe('E-QUEUE-0102');
    expect(codeOf(rig.take('records'))).toBe('E-QUEUE-0102');
    expect(codeOf(rig.take('enrolment', { hall: 'none' }))).toBe('E-QUEUE-0101');
    expect(codeOf(rig.take('enrolment', { class: 'king' }))).toBe('E-QUEUE-0113');
    expect(codeOf(rig.take('enrolment', { person }))).toBe('ok');
    expect(codeOf(rig.take('enrolment', { person }))).toBe('E-QUEUE-0106');
    expect(codeOf(rig.take('fees', { person }))).toBe('ok');
    rig.clock.advance(minutes(8 * 60));
    expect(codeOf(rig.take())).toBe('E-QUEUE-0103');
    expect(codeOf(rig.take('enrolment', { source: 'staff', by: 'staff:li' }))).toBe('ok');
    expect(rig.queue.views.services(rig.hallConfig()).find(({ id }) => id === 'fees')).toMatchObject({
      people: 1,
      refusal: { code: 'E-QUEUE-0103' },
    });
  });

  it('gives a priority to who says so where the hall lets them, else by staff or by a button that was set up for it', () => {
    const rig = openQueue();
    for (const source of ['machine', 'phone'] as const) {
      expect(rig.take('enrolment', { class: 'elder', source })).toMatchObject({ value: { class: 'elder' } });
      expect(codeOf(rig.take('enrolment', { class: 'disabled', source }))).toBe('E-QUEUE-0116');
    }
    for (const source of ['staff', 'buttons'] as const)
      expect(rig.take('enrolment', { class: 'disabled', source })).toMatchObject({ value: { class: 'disabled' } });
    expect(rig.queue.views.classes(rig.hallConfig()).map(({ id }) => id)).toEqual(['elder']);
    rig.queue.start();
    rig.button.emit({ button: 1, pressed: true, at: 0 });
    expect(rig.queue.tickets.open('main').at(-1)).toMatchObject({ source: 'buttons', class: 'disabled' });
    rig.queue.stop();
  });

  it('that was given back is a number for somebody else, also where a day has only so many', () => {
    const services = HALL.services.map((one) => ({ ...one, ...(one.id === 'fees' && { dailyCap: 1 }) }));
    const rig = openQueue({ hall: { ...HALL, services } });
    const first = rig.take('fees');
    expect(codeOf(rig.take('fees'))).toBe('E-QUEUE-0105');
    if (first.ok) rig.queue.core.cancel(first.value);
    expect(codeOf(rig.take('fees'))).toBe('ok');
  });

  it('says who is ahead and what to expect, and can be taken back', () => {
    const rig = openQueue();
    rig.open('c2');
    rig.take();
    const second = rig.take();
    if (!second.ok) throw new Error(second.error.code);
    const own = rig.queue.views.own(second.value);
    expect(own).toMatchObject({ number: 'A002', state: 'waiting', ahead: 1 });
    expect(own.expected?.from).toBeGreaterThan(0);
    expect(rig.queue.core.cancel(second.value)).toMatchObject({ value: { state: 'cancelled' } });
    expect(codeOf(rig.queue.core.cancel({ ...second.value, state: 'cancelled' }))).toBe('E-QUEUE-0207');
  });
});

describe('a notice on the boards', () => {
  it('is shown until its time, or the end of its day, or until it is taken down', () => {
    const rig = openQueue();
    const shown = () => rig.queue.views.board(rig.hallConfig()).notice?.en;
    const text = { zh: '系统维护', en: 'Maintenance' };
    expect(shown()).toBeUndefined();
    rig.queue.core.setNotice('main', { ...text, until: plus(rig.clock.now(), minutes(60)) });
    rig.clock.advance(minutes(59));
    expect(shown()).toBe('Maintenance');
    rig.clock.advance(minutes(1));
    expect(shown()).toBeUndefined();
    rig.queue.core.setNotice('main', { ...text, until: null });
    expect(shown()).toBe('Maintenance');
    rig.queue.core.setNotice('main', undefined);
    expect(shown()).toBeUndefined();
    rig.queue.core.setNotice('main', { ...text, until: null });
    rig.clock.advance(minutes(14 * 60));
    expect(shown()).toBeUndefined();
  });
});

describe('the day’s end', () => {
  it('tells the hall what became of each: not done, or come in vain', () => {
    const rig = openQueue();
    for (const [id, number] of Object.entries({ a: '1', b: '2', c: '3' })) {
      rig.book(id, 0, 20, { person: { name: '刘一㛃', number } });
      rig.take('enrolment', { appointment: id });
    }
    rig.open('c1');
    rig.order('c1', { do: 'next' });
    rig.order('c1', { do: 'begin' });
    const left = rig.queue.tickets.open('main').find(({ requestId }) => requestId === 'c');
    if (left) rig.queue.core.cancel(left);
    rig.clock.advance(minutes(14 * 60));
    rig.queue.core.sweep();
    expect(rig.told.map(({ type, subject, data }) => [type.type, subject, data])).toEqual([
      ['hallhub.visit.unserved.v1', 'c', expect.objectContaining({ reason: 'left', number: 'A003' })],
      ['hallhub.visit.served.v1', 'a', expect.objectContaining({ outcome: 'incomplete', counter: 'c1' })],
      ['hallhub.visit.unserved.v1', 'b', expect.objectContaining({ reason: 'day-ended', waitedSeconds: 50_400 })],
    ]);
  });
});

describe('an appointment', () => {
  it('is checked in within its window, early ones wait for their time, late ones as others, and not twice', () => {
    const rig = openQueue();
    rig.book('soon', 20, 40);
    rig.book('tomorrow', 1_440, 1_460, { person: { name: '王五', number: '2' } });
    rig.book('late', -15, 5, { person: { name: '李四', number: '3' } });
    expect(codeOf(rig.take('enrolment', { appointment: 'none' }))).toBe('E-QUEUE-0107');
    expect(codeOf(rig.take('enrolment', { appointment: 'tomorrow' }))).toBe('E-QUEUE-0108');
    const soon = rig.take('enrolment', { appointment: 'soon' });
    expect(soon).toMatchObject({ value: { state: 'created', source: 'appointment' } });
    expect(codeOf(rig.take('enrolment', { appointment: 'soon' }))).toBe('E-QUEUE-0106');
    expect(rig.take('enrolment', { appointment: 'late' })).toMatchObject({ value: { state: 'waiting' } });
    rig.clock.advance(minutes(20));
    rig.queue.core.sweep();
    expect(rig.queue.tickets.open('main').map(({ state }) => state)).toEqual(['waiting', 'waiting']);
  });

  it('is told to the hall when it was kept, and when nobody came; its name stands nowhere in the file', () => {
    const rig = openQueue();
    rig.book('kept', 0, 20);
    rig.book('missed', 0, 20, { person: { name: '王五', number: '2' } });
    rig.take('enrolment', { appointment: 'kept' });
    rig.open('c1');
    rig.order('c1', { do: 'next' });
    expect(rig.view().ticket).toMatchObject({ person: '刘*㛃', source: 'appointment' });
    rig.order('c1', { do: 'begin' });
    rig.clock.advance(minutes(5));
    rig.order('c1', { do: 'finish', outcome: 'served' });
    rig.clock.advance(minutes(20));
    rig.queue.core.sweep();
    expect(rig.told.map(({ type, subject }) => [type.type, subject])).toEqual([
      ['hallhub.visit.served.v1', 'kept'],
      ['hallhub.visit.no-show.v1', 'missed'],
    ]);
    for (const { type, data } of rig.told) expect(type.schema.safeParse(data).success).toBe(true);
    expect(rig.told[0]?.data).toMatchObject({ servedSeconds: 300, counter: 'c1' });
    expect(rig.db.serialize().includes('刘一')).toBe(false);
    expect(rig.db.serialize().includes('2023010001')).toBe(false);
  });

  it('that was missed too often gives no ticket for a while', () => {
    const rig = openQueue();
    for (const id of ['a', 'b', 'c']) rig.book(id, 0, 10);
    rig.clock.advance(minutes(15));
    rig.queue.core.sweep();
    rig.book('d', 0, 10);
    expect(codeOf(rig.take('enrolment', { appointment: 'd' }))).toBe('E-QUEUE-0110');
  });

  it('that is revoked takes its ticket out of the line', () => {
    const rig = openQueue();
    rig.book('gone', 0, 20);
    rig.take('enrolment', { appointment: 'gone' });
    rig.queue.appointments.handler.revoke({
      ...{ op: 'revoke', kind: 'appointment', id: 'gone', revision: 2, data: {}, because: 'hall' },
      ...{ validFrom: rig.clock.now(), validUntil: rig.clock.now(), committedAt: rig.clock.now() },
    });
    expect(rig.queue.tickets.open('main')).toEqual([]);
    expect(codeOf(rig.take('enrolment', { appointment: 'gone' }))).toBe('E-QUEUE-0107');
  });

  it('leaves nothing of a person when its time is over', () => {
    const rig = openQueue();
    rig.take('enrolment', { person: personKeys(rig.vault, PERSON), personal: { name: '刘一㛃' } });
    rig.clock.advance(minutes(1_440));
    rig.queue.core.sweep();
    rig.clock.advance(minutes(1));
    expect(rig.queue.core.forget(rig.clock.now())).toBe(1);
    expect(rig.db.prepare('SELECT sealed, number_key, id_key FROM queue_ticket').get()).toEqual({
      ...{ sealed: null, number_key: null, id_key: null },
    });
  });
});

describe('devices', () => {
  it('show the number, say it in both languages twice, one after the other, and ask for a rating', async () => {
    const rig = openQueue();
    rig.queue.start();
    rig.take();
    rig.take();
    rig.open('c1');
    rig.open('c2');
    rig.order('c1', { do: 'next' });
    rig.order('c2', { do: 'next' });
    const settle = async () => {
      for (let n = 0; n < 4; n += 1) {
        rig.spoken();
        await rig.clock.advanceAsync(ms(1));
      }
    };
    await settle();
    expect(rig.shown.at(-1)).toEqual(['A001']);
    // The second call waits for the first: so many words take their time even where a speaker says it has ended.
    expect(rig.said.map(({ text, language, chime }) => [text, language, chime])).toEqual([
      ['请A零零幺号到1号窗口', 'zh', true],
      ['Number A zero zero one, please go to Counter 1', 'en', false],
      ['请A零零幺号到1号窗口', 'zh', false],
      ['Number A zero zero one, please go to Counter 1', 'en', false],
    ]);
    // Called again while it still waits to be said: said once.
    rig.order('c2', { do: 'recall' });
    await rig.clock.advanceAsync(seconds(30));
    await settle();
    await rig.clock.advanceAsync(seconds(60));
    expect(rig.said.filter(({ chime }) => chime).length).toBe(2);
    rig.order('c1', { do: 'begin' });
    rig.order('c1', { do: 'finish', outcome: 'served' });
    expect(rig.shown.at(-1)).toEqual([]);
    expect(rig.asked).toEqual(['c1']);
    rig.rating.emit({ score: 5, at: rig.clock.now() });
    rig.rating.emit({ score: 1, at: rig.clock.now() });
    expect(rig.queue.desk.ratings('main', '2026-11-23', '2026-11-23')).toMatchObject([{ score: 5, accountId: 'li' }]);
    rig.queue.stop();
    expect(rig.clock.pending).toBe(0);
  });

  it.each([
    ['refuses', { refusal: 'E-DEV-0203' as const }],
    ['is not there', { away: true }],
  ])('a loudspeaker that %s hands over to the boards until it is back, which is told once', async (_what, fault) => {
    const rig = openQueue();
    const call = async (): Promise<{ audio?: string } | undefined> => {
      rig.take();
      rig.order('c1', { do: 'next' });
      await vi.waitFor(() => {
        expect(rig.queue.views.board(rig.hallConfig()).announcement?.audio ?? rig.said.at(-1)).toBeDefined();
      }, 30_000);
      const { announcement } = rig.queue.views.board(rig.hallConfig());
      rig.order('c1', { do: 'finish', outcome: 'served' });
      await rig.clock.advanceAsync(minutes(1));
      return announcement;
    };
    rig.queue.start();
    rig.open('c1');
    Object.assign(rig.speaker, fault);
    for (let n = 0; n < 2; n += 1) {
      const id = (await call())?.audio?.split('/').at(-1) ?? '';
      expect(rig.queue.announcements.sound('main', id)?.length).toBeGreaterThan(1_000);
    }
    expect(rig.warned).toEqual(['the loudspeaker of a hall is silent: its boards say the calls']);
    expect(queueSummary(rig.queue)().attention.map(({ text }) => text.en)).toEqual([
      'Loudspeakers that are silent; boards say the calls',
    ]);
    delete rig.speaker.refusal;
    delete rig.speaker.away;
    expect((await call())?.audio).toBeUndefined();
    for (let n = 0; n < 4; n += 1) {
      rig.spoken();
      await rig.clock.advanceAsync(ms(1));
    }
    expect(queueSummary(rig.queue)().attention).toEqual([]);
    rig.queue.stop();
  });

  it('order what their keys mean: one key serves whoever stands there and calls the next', () => {
    const rig = openQueue();
    rig.queue.start();
    rig.take();
    rig.take();
    rig.keys.emit({ keys: 'next', at: rig.clock.now() });
    expect(rig.view().ticket).toBeUndefined();
    rig.open('c1');
    for (const number of ['A001', 'A002']) {
      rig.clock.advance(seconds(2));
      rig.keyButtons.emit({ button: 0, name: 'next', pressed: true, at: rig.clock.now() });
      // Hit twice in haste: whoever has just been called is not finished with.
      rig.keyButtons.emit({ button: 0, name: 'next', pressed: true, at: rig.clock.now() });
      expect(rig.view().ticket).toMatchObject({ number });
    }
    expect(rig.view().served).toBe(1);
    rig.queue.stop();
  });

  it('take the names of keys from the profile, and what the hall calls those without a name', () => {
    const rig = openQueue({ hall: { ...HALL, keypadKeys: { 6: 'no-show', '77': 'recall' } } });
    rig.queue.start();
    rig.take();
    rig.open('c1');
    const press = (key: { readonly button: number; readonly name?: string }) => {
      rig.clock.advance(seconds(2));
      rig.keyButtons.emit({ ...key, pressed: true, at: rig.clock.now() });
      return rig.view();
    };
    // One key for both: away, and back.
    expect([press({ button: 8, name: 'break' }).state, press({ button: 8, name: 'break' }).state]).toEqual([
      ...['break', 'free'],
    ]);
    expect(press({ button: 0, name: 'next' }).ticket).toMatchObject({ number: 'A001', calls: 1 });
    expect(press({ button: 9, name: 'unheard-of' }).ticket).toMatchObject({ calls: 1 });
    rig.keys.emit({ keys: '77', at: rig.clock.now() });
    expect(rig.view().ticket).toMatchObject({ calls: 2 });
    // The sixth button.
    expect(press({ button: 5 })).toMatchObject({ state: 'free', missed: [{ number: 'A001' }] });
    rig.queue.stop();
    expect(rig.clock.pending).toBe(0);
  });

  it('hold and go on with one key, send where the counter says, and say why a key did nothing', async () => {
    const rig = openQueue({
      hall: { ...HALL, counters: HALL.counters.map((one) => ({ ...one, keypadTransfer: { service: 'fees' } })) },
    });
    rig.queue.start();
    rig.take();
    rig.open('c1');
    const press = async (name: string) => {
      await rig.clock.advanceAsync(seconds(2));
      rig.keyButtons.emit({ button: 0, name, pressed: true, at: rig.clock.now() });
      return rig.view();
    };
    expect(await press('resume')).toMatchObject({ state: 'free' });
    expect(rig.onKeypad.at(-1)).toEqual(['没有挂起的号']);
    await rig.clock.advanceAsync(seconds(3));
    expect(rig.onKeypad.at(-1)).toEqual([]);
    await press('next');
    expect(await press('hold')).toMatchObject({ state: 'free', held: [{ number: 'A001' }] });
    expect(await press('hold')).toMatchObject({ state: 'calling', ticket: { number: 'A001' } });
    await press('hold');
    expect(await press('resume')).toMatchObject({ state: 'calling', ticket: { number: 'A001' } });
    expect(await press('transfer')).toMatchObject({ state: 'free', next: { number: 'A001', service: 'fees' } });
    rig.queue.stop();
    expect(rig.clock.pending).toBe(0);
    const bare = openQueue();
    bare.queue.start();
    await bare.clock.advanceAsync(seconds(1));
    bare.keyButtons.emit({ button: 0, name: 'transfer', pressed: true, at: bare.clock.now() });
    expect(bare.onKeypad.at(-1)).toEqual(['转移键没有设置']);
    bare.queue.stop();
  });

  it('rate whose visit has just ended, whoever has been called meanwhile; later whoever is there', () => {
    const rig = openQueue();
    rig.queue.start();
    const [first, second] = [rig.take(), rig.take()].map((taken) => (taken.ok ? taken.value.id : ''));
    rig.open('c1');
    for (let n = 0; n < 2; n += 1) {
      rig.clock.advance(seconds(2));
      rig.keyButtons.emit({ button: 0, name: 'next', pressed: true, at: rig.clock.now() });
    }
    rig.clock.advance(seconds(20));
    rig.rating.emit({ score: 4, at: rig.clock.now() });
    // Once more by the same hand: not on the account of the next.
    rig.rating.emit({ score: 1, at: rig.clock.now() });
    rig.clock.advance(seconds(20));
    rig.rating.emit({ score: 5, at: rig.clock.now() });
    expect(rig.queue.desk.ratings('main', '2026-11-23', '2026-11-23')).toMatchObject([
      { ticketId: first, score: 4 },
      { ticketId: second, score: 5 },
    ]);
    rig.queue.stop();
  });

  it('that never answer are told again what stands there, and those that answer are not', async () => {
    const rig = openQueue();
    rig.queue.start();
    rig.take();
    rig.open('c1');
    rig.order('c1', { do: 'next' });
    await rig.clock.advanceAsync(minutes(3));
    expect(rig.shown).toEqual([[], ['A001']]);
    rig.board.confirmation = 'unconfirmed';
    rig.order('c1', { do: 'recall' });
    await rig.clock.advanceAsync(minutes(2));
    expect(rig.shown.slice(2)).toEqual([['A001'], ['A001'], ['A001']]);
    rig.queue.stop();
    await rig.clock.advanceAsync(minutes(2));
    expect([rig.shown.length, rig.clock.pending]).toEqual([5, 0]);
  });

  it('a button gives a number and its paper; without paper the number is given all the same', async () => {
    const rig = openQueue();
    rig.queue.start();
    const press = (): void => {
      rig.button.emit({ button: 0, pressed: true, at: rig.clock.now() });
    };
    press();
    press();
    await rig.clock.advanceAsync(seconds(3));
    expect(rig.queue.tickets.open('main').map(({ number }) => number)).toEqual(['A001']);
    const [paper] = rig.papers;
    expect(paper?.blocks).toContainEqual({ type: 'text', text: 'A001', align: 'center', size: 4, bold: true });
    expect(paper?.blocks.find(({ type }) => type === 'qr')).toMatchObject({
      data: expect.stringMatching(/^https:\/\/hall\.example\.edu\/t\/[\w-]{22}$/) as string,
    });
    rig.printerState.refusal = 'E-TKT-0101';
    press();
    await rig.clock.advanceAsync(seconds(3));
    expect(rig.queue.tickets.open('main').length).toBe(2);
    const [, second] = rig.queue.tickets.open('main');
    if (!second) throw new Error('no second ticket');
    expect(await rig.queue.printing.print('printer', rig.queue.views.own(second), 'test')).toEqual({
      ...{ paper: 'screen', code: 'E-TKT-0101' },
    });
    expect(rig.queue.printing.paper('printer')).toBe('out');
    rig.queue.stop();
  });
});

describe('the door', () => {
  it('opens with the code that is shown and the one before, in this hall alone', () => {
    const { queue, clock } = openQueue();
    const { code } = queue.door.code('main');
    expect([queue.door.isOpen('main', code), queue.door.isOpen('other', code), queue.door.isOpen('main', 'x')]).toEqual(
      [...[true, false, false]],
    );
    clock.advance(minutes(5));
    expect(queue.door.isOpen('main', code)).toBe(true);
    clock.advance(minutes(5));
    expect(queue.door.isOpen('main', code)).toBe(false);
  });
});
