import { inflateRawSync } from 'node:zlib';
import { systemRandom } from '@hallhub/sync/base';
import pino from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { createApi } from '../api/api.ts';
import { createServer } from '../api/server.ts';
import type { Account, Staff } from '../staff/index.ts';
import type { LeaseView, OwnTicketView, TakenView, TopicMessage, BoardView } from './contract.ts';
import { openQueue } from './testing/rig.ts';
import { queueWeb } from './web.ts';

const ACCOUNTS: Readonly<Record<string, Account>> = {
  li: { id: 'li', login: 'li', name: 'Li', grants: [{ role: 'counter', area: 'main' }], disabled: false },
  other: { id: 'other', login: 'o', name: 'O', grants: [{ role: 'counter', area: 'elsewhere' }], disabled: false },
};

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** The routes on a real port; `li` works in this hall, `other` in another. */
async function open() {
  const rig = openQueue();
  const server = await createServer({ log: pino({ level: 'silent' }), webRoot: '/nonexistent' });
  const who = (session: string): Account | undefined => ACCOUNTS[session];
  const staff = { whoIs: who, peek: who, list: () => Object.values(ACCOUNTS) } as unknown as Staff;
  const streams = queueWeb(createApi({ server, staff, isKiosk: (_id, token) => token === 'machine' }), {
    ...{
      queue: rig.queue,
      staff,
      vault: rig.vault,
      audit: rig.audit,
      clock: rig.clock,
      random: systemRandom,
      secure: false,
    },
    selfService: { kiosks: { person: () => ({ ok: false, error: { code: 'E-KIOSK-0101' } }) } as never },
    certificates: { list: () => [] },
    live: { publish: () => undefined, stream: () => undefined, close: () => undefined },
  });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  closing.push(() => {
    streams.close();
    return server.close();
  });
  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${url}/api${path}`, {
      method,
      headers: { 'x-hallhub': '1', ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      body: (text === '' ? undefined : JSON.parse(text)) as unknown,
      headers: answer.headers,
    };
  };
  const as = (account: string, more: Record<string, string> = {}) => ({
    cookie: `hallhub_session=${account}`,
    ...more,
  });
  return { ...rig, url, call, as };
}

describe('over HTTP', () => {
  it('a phone takes a number with the code of the door alone, one for each service, follows it and gives it back', async () => {
    const { call, queue } = await open();
    const door = queue.door.code('main').code;
    const path = '/queue/halls/main/tickets';
    expect(await call('POST', path, { service: 'fees', door: 'wrong-code-1' })).toMatchObject({
      ...{ status: 409, body: { code: 'E-QUEUE-0111' } },
    });
    const taken = await call('POST', path, { service: 'fees', door });
    expect(taken).toMatchObject({ status: 200, body: { number: 'B001', state: 'waiting', ahead: 0 } });
    const [cookie = ''] = taken.headers.getSetCookie();
    expect(await call('POST', path, { service: 'fees', door }, { cookie: cookie.split(';')[0] ?? '' })).toMatchObject({
      body: { code: 'E-QUEUE-0106' },
    });
    const { key } = taken.body as OwnTicketView;
    expect(await call('POST', `/queue/tickets/${key}/cancel`)).toMatchObject({ body: { state: 'cancelled' } });
    expect(await call('GET', '/queue/tickets/guessed')).toMatchObject({ status: 404 });
    const answers = await Promise.all(
      Array.from({ length: 45 }, () => call('POST', path, { service: 'fees', door: 'x' })),
    );
    expect(answers.some(({ status }) => status === 429)).toBe(true);
  });

  it('a counter is worked with a lease, by who works in this hall', async () => {
    const { call, as, take } = await open();
    take();
    expect(await call('POST', '/queue/counters/c1/open', { takeOver: false })).toMatchObject({ status: 401 });
    expect(await call('POST', '/queue/counters/c1/open', { takeOver: false }, as('other'))).toMatchObject({
      status: 403,
    });
    expect(await call('GET', '/queue/halls', undefined, as('other'))).toMatchObject({ body: [] });
    const opened = await call('POST', '/queue/counters/c1/open', { takeOver: false }, as('li'));
    const opening = opened.body as LeaseView;
    expect(opening.view).toMatchObject({ state: 'free', waiting: 1 });
    expect(await call('POST', '/queue/counters/c1/next', undefined, as('li'))).toMatchObject({
      body: { code: 'E-QUEUE-0203' },
    });
    const lease = as('li', { 'x-counter-lease': opening.lease });
    const orders: readonly (readonly [string, unknown, object])[] = [
      ['next', {}, { state: 'calling' }],
      ['begin', undefined, { state: 'serving' }],
      ['hold', undefined, { held: [{ number: 'A001' }] }],
      ['break', { reason: 'lunch' }, { state: 'break' }],
      ['back', {}, { state: 'free' }],
    ];
    for (const [order, body, view] of orders)
      expect(await call('POST', `/queue/counters/c1/${order}`, body, lease)).toMatchObject({ status: 200, body: view });
    expect(await call('POST', '/queue/counters/c1/call', { ticket: 'x' }, lease)).toMatchObject({ status: 400 });
  });

  it('a machine gives a number to whoever stands there, on paper', async () => {
    const { call, papers } = await open();
    const kiosk = { cookie: 'hallhub_kiosk=machine' };
    expect(await call('GET', '/kiosks/machine/queue')).toMatchObject({ status: 401 });
    const taken = await call('POST', '/kiosks/machine/queue/tickets', { service: 'enrolment' }, kiosk);
    expect(taken.body).toMatchObject({ paper: 'printed', ticket: { number: 'A001' } });
    const again = await call(
      'POST',
      `/kiosks/machine/queue/tickets/${(taken.body as TakenView).ticket.id}/print`,
      undefined,
      kiosk,
    );
    expect(again).toMatchObject({ body: { paper: 'printed' } });
    expect(papers.length).toBe(2);
    expect(await call('GET', '/kiosks/machine/queue/mine', undefined, kiosk)).toMatchObject({
      body: { code: 'E-KIOSK-0101' },
    });
  });

  it('an order that is sent again because its answer was lost gives no second number; another order does', async () => {
    const { call, as, queue, db } = await open();
    const named = (key: string, more: Record<string, string> = {}) => ({ 'idempotency-key': key, ...more });
    const ways: readonly (readonly [path: string, body: object, who: Record<string, string>])[] = [
      ['/kiosks/machine/queue/tickets', { service: 'enrolment' }, { cookie: 'hallhub_kiosk=machine' }],
      ['/queue/halls/main/tickets/behalf', { service: 'enrolment' }, as('li')],
      [
        '/queue/halls/main/tickets',
        { service: 'enrolment', door: queue.door.code('main').code },
        { cookie: `hallhub_queue=${'p'.repeat(22)}` },
      ],
    ];
    for (const [path, body, who] of ways) {
      const first = await call('POST', path, body, named('order-one', who));
      expect(first.status).toBe(200);
      const numberOf = ({ body: view }: { readonly body: unknown }) =>
        (view as Partial<TakenView>).ticket?.number ?? (view as OwnTicketView).number;
      const again = await call('POST', path, body, named('order-one', who));
      expect(numberOf(again)).toBe(numberOf(first));
      expect(await call('POST', path, body, named('short', who))).toMatchObject({ status: 400 });
    }
    const count = db.prepare<[], number>('SELECT count(*) FROM queue_ticket').pluck();
    expect(count.get()).toBe(ways.length);
    const [path, body, who] = ways[0] ?? expect.unreachable();
    await call('POST', path, body, named('order-two', who));
    expect(count.get()).toBe(ways.length + 1);
  });

  it('a board gets the whole view at once, then each change under the next number; strangers hear of no counter', async () => {
    const { url, take, clock, call } = await open();
    expect(await call('GET', '/queue/events?topic=queue/counter/c1')).toMatchObject({ status: 401 });
    expect(await call('GET', '/queue/events?topic=queue/nowhere/board')).toMatchObject({ status: 404 });
    const stop = new AbortController();
    const stream = await fetch(`${url}/api/queue/events?topic=queue/main/board`, { signal: stop.signal });
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const message = async (): Promise<TopicMessage<BoardView>> => {
      for (;;) {
        const found = /event: queue\/main\/board\ndata: (.*)\n\n/.exec(text);
        if (found) {
          text = text.slice(found.index + found[0].length);
          return JSON.parse(found[1] ?? '') as TopicMessage<BoardView>;
        }
        const part = await reader?.read();
        if (part?.value === undefined) throw new Error('the stream has ended');
        text += part.value;
      }
    };
    const first = await message();
    take('fees');
    clock.advance(20 as Parameters<typeof clock.advance>[0]);
    const second = await message();
    expect(second.sequence).toBe(first.sequence + 1);
    expect(second.view.waiting.find(({ service }) => service === 'fees')?.people).toBe(1);
    stop.abort();
  });

  it('statistics come as a view, a text file and a workbook that say the same', async () => {
    const { call, as, url, take, open: openCounter, order, clock } = await open();
    take('fees');
    openCounter('c1');
    clock.advance(120_000 as Parameters<typeof clock.advance>[0]);
    order('c1', { do: 'next' });
    order('c1', { do: 'begin' });
    clock.advance(300_000 as Parameters<typeof clock.advance>[0]);
    order('c1', { do: 'finish', outcome: 'served' });
    const query = 'hall=main&from=2026-11-23&to=2026-11-23';
    expect((await call('GET', `/queue/statistics?${query}`, undefined, as('li'))).body).toMatchObject({
      rows: [
        { key: 'fees', taken: 1, served: 1, waitMean: 120_000, serviceMean: 300_000, limit: 1_200_000, withinLimit: 1 },
      ],
    });
    expect((await call('GET', `/queue/statistics?${query}&by=hour`, undefined, as('li'))).body).toMatchObject({
      rows: [{ key: '1-10', label: { en: 'Mon 10:00' }, withinLimit: 1 }],
    });
    const file = async (kind: string) =>
      Buffer.from(
        await (await fetch(`${url}/api/queue/statistics.${kind}?${query}`, { headers: as('li') })).arrayBuffer(),
      );
    expect((await file('csv')).toString()).toContain('fees,1,1,0,0,0,0,0,2,2,2,5,20,1,,,,');
    const book = await file('xlsx');
    const at = book.indexOf('xl/worksheets/sheet1.xml');
    const size = book.readUInt32LE(at - 12);
    const sheet = inflateRawSync(book.subarray(at + 24, at + 24 + size)).toString();
    expect(sheet).toContain('<t xml:space="preserve">fees</t>');
    expect(sheet).toContain('<c r="I2"><v>2</v></c>');
  });
});
