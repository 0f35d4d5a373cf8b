import type { MineView } from '@hallhub/hub/queue/contract';
import { ownTicket, services, ticketMachine } from '@hallhub/hub/queue/testing/views';
import { epochMs } from '@hallhub/sync/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Entry, ListPage, TicketEvent, TicketPage } from './flow.ts';
import { START, entriesOf, ownFor, serviceOf, turn } from './flow.ts';

const SERVICES = services();
const at = (value: string): ReturnType<typeof epochMs> => epochMs(Date.parse(value));
const mine: MineView = {
  tickets: [ownTicket({ service: 'cards', number: 'B004' })],
  appointments: (['early', 'open', 'late', 'over'] as const).map((checkIn) => ({
    id: checkIn,
    service: 'enrolment',
    label: { zh: '在读证明盖章', en: 'Enrolment certificates' },
    from: at('2026-09-01T01:30:00Z'),
    to: at('2026-09-01T01:45:00Z'),
    checkIn,
  })),
  requests: [{ id: 'r1', label: { zh: '成绩单更正', en: 'Correction of a transcript' }, service: 'fees' }],
};
const seen = (page: ListPage, more: { mine?: MineView; canIdentify?: boolean } = {}): readonly Entry[] =>
  entriesOf(page, {
    services: SERVICES,
    canIdentify: false,
    clock: (time) => new Date(time).toISOString().slice(11, 16),
    ...more,
  });
const ids = (entries: readonly Entry[]): readonly string[] => entries.map(({ id }) => id);
const start: ListPage = { at: 'start', page: 0 };

describe('the lists', () => {
  it('begin with what most come for, and lead to the whole tree', () => {
    expect(ids(seen(start, { canIdentify: true }))).toEqual(['enrolment', 'cards', 'all', 'identify']);
    expect(ids(seen({ at: 'tree', page: 0 }))).toEqual(['records', 'cards', 'fees', 'leaving']);
    expect(ids(seen({ at: 'tree', parent: 'records', page: 0 }))).toEqual(['enrolment', 'transcript']);
  });

  it('begin with the tree where nothing is quick', () => {
    const list = entriesOf(start, {
      services: SERVICES.map((one) => ({ ...one, quick: false })),
      canIdentify: false,
      clock: String,
    });
    expect(ids(list)).toEqual(['records', 'cards', 'fees', 'leaving']);
  });

  it('give no number for what is closed, and say why', () => {
    const closed = seen({ at: 'tree', page: 0 }).filter(({ refusal }) => refusal);
    expect(closed.map(({ id, refusal, leads }) => [id, refusal?.code, leads])).toEqual([
      ['fees', 'E-QUEUE-0103', undefined],
      ['leaving', 'E-QUEUE-0105', undefined],
    ]);
  });

  it('show whoever is known what they have here first, each with what can be done about it', () => {
    const list = seen(start, { mine });
    expect(ids(list).slice(0, 6)).toEqual([
      'ticket Zk3vQ8w1xY5mT9aB',
      'appointment early',
      'appointment open',
      'appointment late',
      'appointment over',
      'request r1',
    ]);
    expect(list.filter(({ leads }) => leads).map(({ id }) => id)).toEqual([
      'ticket Zk3vQ8w1xY5mT9aB',
      'appointment open',
      'appointment late',
      'enrolment',
      'cards',
      'all',
    ]);
    expect(list[2]?.hint?.en).toBe('01:30–01:45. Check in and take a number');
    // Whoever has booked comes to their turn also when the tickets of the day are gone.
    const [booked] = mine.appointments.filter(({ checkIn }) => checkIn === 'open');
    if (!booked) throw new Error('no appointment');
    const full = seen(start, { mine: { ...mine, tickets: [], appointments: [{ ...booked, service: 'leaving' }] } });
    expect(full[0]?.leads).toEqual({ type: 'wish', wish: { service: 'leaving', appointment: 'open' } });
    // A request whose counter is closed now says so.
    expect(list[5]?.refusal?.code).toBe('E-QUEUE-0103');
  });
});

const walk = (...events: readonly TicketEvent[]): TicketPage =>
  events.reduce<TicketPage>((page, event) => turn(page, event, SERVICES), START);
const taken = { ticket: { ...ownTicket(), id: 't1' }, paper: 'printed' } as const;

describe('the way', () => {
  it('goes through the tree and back the same way', () => {
    const deep = walk({ type: 'open' }, { type: 'open', parent: 'records' });
    expect(deep).toEqual({ at: 'tree', parent: 'records', page: 0 });
    const wish = turn(deep, { type: 'wish', wish: { service: 'transcript' } }, SERVICES);
    expect(turn(wish, { type: 'back' }, SERVICES)).toEqual(deep);
    const top = turn(deep, { type: 'back' }, SERVICES);
    expect(top).toEqual({ at: 'tree', page: 0 });
    expect(turn(top, { type: 'back' }, SERVICES)).toEqual(START);
  });

  it('ends with a number, from which only another one leads on', () => {
    const end = walk({ type: 'wish', wish: { service: 'cards' } }, { type: 'taken', taken });
    expect(end).toEqual({ at: 'taken', taken });
    expect(turn(end, { type: 'back' }, SERVICES)).toEqual(end);
    expect(turn(end, { type: 'again' }, SERVICES)).toEqual(START);
  });

  it('shows the ticket that somebody has in place of a second one', () => {
    expect(ownFor('cards', mine)?.number).toBe('B004');
    expect(ownFor('enrolment', mine)).toBeUndefined();
    const own = walk({ type: 'wish', wish: { service: 'cards' } }, { type: 'own', ticket: ownTicket() });
    expect(own.at).toBe('own');
    expect(turn(own, { type: 'back' }, SERVICES)).toEqual(START);
  });

  it('knows the service of a wish as it is now', () => {
    expect(serviceOf({ service: 'cards' }, ticketMachine())?.people).toBe(1);
    expect(serviceOf({ service: 'gone' }, ticketMachine())).toBeUndefined();
  });

  const events = fc.array(
    fc.oneof(
      fc.nat(9).map((page): TicketEvent => ({ type: 'turn', page })),
      fc.constantFrom<TicketEvent>(
        { type: 'open' },
        { type: 'open', parent: 'records' },
        { type: 'wish', wish: { service: 'cards' } },
        { type: 'own', ticket: ownTicket() },
        { type: 'taken', taken },
        { type: 'back' },
        { type: 'again' },
      ),
    ),
  );
  it('shows no number that was not taken, and always leads back to the start', () => {
    fc.assert(
      fc.property(events, (history) => {
        const page = walk(...history);
        if (page.at === 'taken') expect(history.some(({ type }) => type === 'wish')).toBe(true);
        let back = page.at === 'taken' ? turn(page, { type: 'again' }, SERVICES) : page;
        for (let times = 0; times < 4; times += 1) back = turn(back, { type: 'back' }, SERVICES);
        expect(back.at).toBe('start');
      }),
    );
  });
});
