import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { epochMs, failure, hours, manualClock, minutes, ok, seconds, systemRandom } from '@hallhub/sync/base';
import type { Result } from '@hallhub/sync/base';
import { migrate, openDatabase, transact } from '@hallhub/sync/sqlite';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createVault } from '../vault/index.ts';
import type { Channel, Outgoing } from './channels/channel.ts';
import { dingtalkRobot, dingtalkSign } from './channels/dingtalk.ts';
import { webhookChannel } from './channels/webhook.ts';
import { wecomApp, wecomRobot } from './channels/wecom.ts';
import { digest } from './digest.ts';
import { createNotifications, notificationsSchema } from './index.ts';
import { fullBucket, take } from './rate.ts';

function setUp(options: { group?: boolean; limit?: number; burst?: number } = {}) {
  const db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [notificationsSchema] });
  const clock = manualClock(epochMs(Date.UTC(2026, 10, 22, 2)));
  const out: Outgoing[] = [];
  const state = { answer: (): Result<void> => ok() };
  const channel: Channel = {
    rate: { burst: options.burst ?? 20, per: minutes(1) },
    limit: options.limit ?? 4_096,
    group: options.group ?? true,
    send: (message) => {
      out.push(message);
      return Promise.resolve(state.answer());
    },
  };
  const vault = createVault(randomBytes(32));
  const begin = () =>
    createNotifications({
      db,
      clock,
      random: systemRandom,
      vault,
      channels: new Map([['guards', channel]]),
      log: () => undefined,
    });
  const notifications = begin();
  notifications.start();
  return { db, clock, out, state, notifications, begin };
}

describe('the outbox of messages', () => {
  it('sends what was committed, once, and forgets its text', async () => {
    const { db, clock, out, notifications } = setUp();
    expect(() =>
      transact(db, () => {
        notifications.notify({ channel: 'guards', text: 'never' });
        throw new Error('rolled back');
      }),
    ).toThrow('rolled back');
    notifications.notify({ channel: 'guards', text: '南门：门被强行打开', dedupe: 'a1' });
    notifications.notify({ channel: 'guards', text: '南门：门被强行打开', dedupe: 'a1' });
    notifications.notify({ channel: 'nobody', text: 'no such channel' });
    expect(db.serialize().includes('南门')).toBe(false);
    await clock.advanceAsync(seconds(1));
    expect(out.map(({ text }) => text)).toEqual(['南门：门被强行打开']);
    expect(notifications.counts()).toEqual({ waiting: 0, failed: 0 });
    expect(db.prepare('SELECT count(*) FROM notification WHERE sealed IS NOT NULL').pluck().get()).toBe(0);
  });

  it('tells a group nothing personal, and a person what is meant for them', async () => {
    for (const [group, expected] of [
      [true, '一名学生未归'],
      [false, '张三未归'],
    ] as const) {
      const { clock, out, notifications } = setUp({ group });
      notifications.notify({ channel: 'guards', to: 'li', text: '一名学生未归', personal: '张三未归' });
      await clock.advanceAsync(seconds(1));
      expect(out).toMatchObject([{ text: expected, to: 'li' }]);
    }
  });

  it('puts what waits for one recipient into one message when it may not send more', async () => {
    const { clock, out, notifications } = setUp({ burst: 1 });
    for (let n = 0; n < 5; n += 1) notifications.notify({ channel: 'guards', text: `alarm ${n}` });
    notifications.notify({ channel: 'guards', to: 'other', text: 'other' });
    await clock.advanceAsync(minutes(3));
    expect(out.map(({ to, text }) => [to, text])).toEqual([
      ['', 'alarm 0\n\nalarm 1\n\nalarm 2\n\nalarm 3\n\nalarm 4'],
      ['other', 'other'],
    ]);
  });

  it('tries again after a refusal and over a restart with the same id, and gives up after a day', async () => {
    const { clock, out, state, notifications, begin } = setUp();
    state.answer = () => failure('E-NOTE-0101');
    notifications.notify({ channel: 'guards', text: 'x' });
    await clock.advanceAsync(seconds(75));
    expect(out).toHaveLength(3);
    notifications.stop();
    const again = begin();
    again.start();
    await clock.advanceAsync(minutes(10));
    expect(new Set(out.map(({ id }) => id)).size).toBe(1);
    await clock.advanceAsync(hours(25));
    expect(again.counts()).toEqual({ waiting: 0, failed: 1 });
    const sent = out.length;
    await clock.advanceAsync(hours(5));
    expect(out).toHaveLength(sent);
    expect(again.purge(epochMs(clock.now() + 1))).toBe(1);
  });
});

describe('rate and digest', () => {
  it('never lets more through in a period than the burst and what was refilled', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 200 }),
        (burst, gaps) => {
          const rate = { burst, per: minutes(1) };
          let now = 0;
          let bucket = fullBucket(rate, epochMs(0));
          let taken = 0;
          for (const gap of gaps) {
            now += gap;
            const answer = take(rate, bucket, epochMs(now));
            if (answer.taken) {
              taken += 1;
              bucket = answer.bucket;
            } else {
              expect(take(rate, bucket, epochMs(now + answer.wait)).taken).toBe(true);
              if (answer.wait > 2) expect(take(rate, bucket, epochMs(now + answer.wait - 2)).taken).toBe(false);
            }
          }
          expect(taken).toBeLessThanOrEqual(burst + (now * burst) / rate.per + 1e-6);
        },
      ),
    );
  });

  it('fits the limit in bytes, keeps the order, takes at least one, and cuts no character', () => {
    const waiting = fc.array(fc.record({ id: fc.uuid(), text: fc.string({ unit: 'binary', maxLength: 60 }) }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(waiting, fc.integer({ min: 10, max: 200 }), (all, limit) => {
        const { text, ids } = digest(all as [(typeof all)[number], ...typeof all], limit);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limit);
        expect(ids.length).toBeGreaterThan(0);
        expect(ids).toEqual(all.slice(0, ids.length).map(({ id }) => id));
        expect(text.isWellFormed() || !all.every((one) => one.text.isWellFormed())).toBe(true);
      }),
    );
  });
});

interface Heard {
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
const servers: (() => void)[] = [];
afterEach(() => {
  for (const close of servers.splice(0)) close();
});

/** A service on the loopback that answers in turn, and keeps what it heard. */
async function service(...answers: readonly { status?: number; body: unknown }[]) {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      heard.push({ url: request.url ?? '', headers: request.headers, body });
      const answer = answers[Math.min(heard.length, answers.length) - 1] ?? { body: {} };
      response
        .writeHead(answer.status ?? 200)
        .end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(() => server.close());
  return { heard, baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
const MESSAGE: Outgoing = { id: 'm1', to: 'zhang', title: 'hallhub', text: '南门：尾随通过' };
const clock = manualClock(epochMs(1_700_000_000_000));

describe('channels, over real HTTP', () => {
  it.each<[string, { status?: number; body: unknown }, string]>([
    ['taken', { body: { errcode: 0, errmsg: 'ok' } }, 'ok'],
    ['HTTP 200 with an error', { body: { errcode: 93_000, errmsg: 'invalid webhook url' } }, 'E-NOTE-0102'],
    ['too often', { body: { errcode: 45_009 } }, 'E-NOTE-0103'],
    ['HTTP 429', { status: 429, body: {} }, 'E-NOTE-0103'],
    ['HTTP 500', { status: 500, body: {} }, 'E-NOTE-0101'],
    ['HTTP 404', { status: 404, body: {} }, 'E-NOTE-0102'],
    ['no JSON', { body: '<html>' }, 'E-NOTE-0102'],
    ['JSON without a word', { body: {} }, 'E-NOTE-0102'],
  ])('WeCom robot: %s', async (_, answer, expected) => {
    const { heard, baseUrl } = await service(answer);
    const sent = await wecomRobot({ key: 'k&1', baseUrl, send: fetch }).send(MESSAGE);
    expect(sent.ok ? 'ok' : sent.error.code).toBe(expected);
    expect(heard[0]?.url).toBe('/cgi-bin/webhook/send?key=k%261');
    expect(JSON.parse(heard[0]?.body ?? '')).toEqual({ msgtype: 'markdown', markdown: { content: MESSAGE.text } });
  });

  it('nobody there', async () => {
    const sent = await wecomRobot({ key: 'k', baseUrl: 'http://127.0.0.1:9', send: fetch }).send(MESSAGE);
    expect(sent).toMatchObject({ ok: false, error: { code: 'E-NOTE-0101' } });
  });

  it('WeCom application: one token for many messages, and another when it is refused', async () => {
    const token = { body: { errcode: 0, access_token: 't1', expires_in: 7_200 } };
    const { heard, baseUrl } = await service(
      token,
      { body: { errcode: 0 } },
      { body: { errcode: 42_001 } },
      { body: { errcode: 0, access_token: 't2', expires_in: 7_200 } },
      { body: { errcode: 0 } },
    );
    const app = wecomApp({ corpId: 'c', agentId: 7, secret: 's', baseUrl, send: fetch, clock });
    expect((await app.send(MESSAGE)).ok).toBe(true);
    expect((await app.send(MESSAGE)).ok).toBe(true);
    expect(heard.map(({ url }) => url)).toEqual([
      '/cgi-bin/gettoken?corpid=c&corpsecret=s',
      '/cgi-bin/message/send?access_token=t1',
      '/cgi-bin/message/send?access_token=t1',
      '/cgi-bin/gettoken?corpid=c&corpsecret=s',
      '/cgi-bin/message/send?access_token=t2',
    ]);
    expect(JSON.parse(heard[1]?.body ?? '')).toMatchObject({ touser: 'zhang', agentid: 7, enable_duplicate_check: 1 });
  });

  it('DingTalk robot: signed with the time', async () => {
    const { heard, baseUrl } = await service({ body: { errcode: 0 } });
    expect((await dingtalkRobot({ token: 'tok', secret: 'SEC', baseUrl, send: fetch, clock }).send(MESSAGE)).ok).toBe(
      true,
    );
    const query = new URL(heard[0]?.url ?? '', baseUrl).searchParams;
    expect(Object.fromEntries(query)).toEqual({
      access_token: 'tok',
      timestamp: '1700000000000',
      sign: dingtalkSign('SEC', 1_700_000_000_000),
    });
    // Computed with OpenSSL: printf '1700000000000\nSEC' | openssl dgst -sha256 -hmac SEC -binary | base64
    expect(query.get('sign')).toBe('r+2we0q01lkZqz38LA5IPNbHN81U1leRf3Au4PSQb6Q=');
  });

  it('any service: signed over id, time and body', async () => {
    const { heard, baseUrl } = await service({ status: 200, body: '' });
    const secret = `whsec_${Buffer.from('0123456789abcdef').toString('base64')}`;
    expect((await webhookChannel({ url: `${baseUrl}/hook`, secret, send: fetch, clock }).send(MESSAGE)).ok).toBe(true);
    expect(heard[0]?.headers).toMatchObject({ 'webhook-id': 'm1', 'webhook-timestamp': '1700000000' });
    expect(heard[0]?.headers['webhook-signature']).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/);
    expect(JSON.parse(heard[0]?.body ?? '')).toEqual(MESSAGE);
  });
});
