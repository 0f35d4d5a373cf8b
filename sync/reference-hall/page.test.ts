import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock, unwrap } from '../base/index.ts';
import { temporaryFolder, testToken } from '../testing/hub.ts';
import { startReferenceHall } from './index.ts';
import type { ReferenceHall } from './index.ts';
import { inWords } from './web/refusal.ts';
import { en, zh } from './web/texts.ts';

const folder = temporaryFolder();
let hall: ReferenceHall;
let round = 0;

const start = (host: string): Promise<ReferenceHall> =>
  startReferenceHall({
    dataDir: join(folder.path, `hall-${round}`),
    port: 0,
    host,
    clock: systemClock({ mode: 'test' }),
    hubs: [{ id: 'hub-1', token: testToken }],
    seed: true,
  });
beforeEach(async () => {
  round += 1;
  hall = await start('127.0.0.1');
});
afterEach(() => hall.close());
afterAll(() => folder.remove());

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Readonly<Record<string, unknown>>;
}
/** Like a browser, but with whatever headers: `fetch` sets some of them itself. */
const ask = (
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: unknown,
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: hall.port, method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers['content-type'] ?? '',
          body: JSON.parse(text) as Answer['body'],
        });
      });
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
const submitted = (): string => {
  const found = hall.requests.list(100).find(({ state }) => state === 'submitted');
  if (!found) throw new Error('the seed holds no submitted request');
  return found.id;
};
const ours = { 'x-hall-page': '1', 'content-type': 'application/json' };

describe('the API of the page', () => {
  it('does what the page asks', async () => {
    const id = submitted();
    expect(await ask('POST', `/api/requests/${id}/approve`, ours, {})).toMatchObject({
      status: 200,
      body: { ok: true },
    });
    expect(hall.requests.get(id)?.state).toBe('approved');
  });

  it.each([
    ['POST', 'approve'],
    ['POST', 'decline'],
  ] as const)('refuses a %s (%s) that another site could have sent', async (method, act) => {
    const id = submitted();
    for (const headers of [{}, { 'content-type': 'text/plain', origin: 'https://other.example' }]) {
      const answer = await ask(method, `/api/requests/${id}/${act}`, headers);
      expect(answer).toMatchObject({
        status: 403,
        type: expect.stringMatching('application/problem\\+json') as string,
        body: { status: 403, code: 'cross-site' },
      });
    }
    expect(hall.requests.get(id)?.state).toBe('submitted');
  });

  it('refuses every other change too: a revocation, an application, faults', async () => {
    const id = submitted();
    unwrap(hall.requests.approve(id));
    expect((await ask('POST', `/api/requests/${id}/revoke`, {})).status).toBe(403);
    expect((await ask('POST', '/api/requests', { 'content-type': 'application/json' }, {})).status).toBe(403);
    expect(
      (await ask('PUT', '/api/faults', { 'content-type': 'application/json' }, { unreachable: true })).status,
    ).toBe(403);
    expect(hall.requests.get(id)?.state).toBe('approved');
    expect(hall.faults.settings.unreachable).toBe(false);
  });

  it('grants no preflight', async () => {
    const asks = { origin: 'https://other.example', 'access-control-request-method': 'POST' };
    const response = await fetch(`${hall.url}api/requests`, { method: 'OPTIONS', headers: asks });
    expect(response.ok).toBe(false);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  it.each(['localhost', '127.0.0.1', '127.0.0.2', '[::1]', 'LOCALHOST'])('answers as %s', async (name) => {
    expect((await ask('GET', '/api/state', { host: `${name}:${hall.port}` })).status).toBe(200);
  });

  it.each(['rebound.example', '127.0.0.1.rebound.example', 'localhost.rebound.example', '10.0.0.5'])(
    'on loopback it does not answer as “%s”, not even what is only read',
    async (name) => {
      const host = `${name}:${hall.port}`;
      expect((await ask('GET', '/api/state', { host })).status).toBe(403);
      expect((await ask('POST', `/api/requests/${submitted()}/approve`, { ...ours, host }, {})).status).toBe(403);
    },
  );

  it('opened to a network it answers by any name, and asks for the header as ever', async () => {
    await hall.close();
    round += 1;
    hall = await start('0.0.0.0');
    expect((await ask('GET', '/api/state', { host: 'hall.example.edu.cn' })).status).toBe(200);
    const id = submitted();
    expect((await ask('POST', `/api/requests/${id}/approve`, { host: 'hall.example.edu.cn' })).status).toBe(403);
  });
});

describe('a refused application, in words', () => {
  const day = { validFrom: '2026-03-01T08:00:00+08:00', validUntil: '2026-03-01T20:00:00+08:00' };
  const visit = (number: string, gates = ['east-1']) => ({
    people: [{ name: '张三', document: { type: 'resident-id', number } }],
    gates,
    host: { name: '李老师' },
  });
  const paper = { student: { number: '', name: '' }, template: 'A b', content: { type: 'fields', fields: {} } };
  const good = '110101199003070011';

  it.each([
    [
      'a wrong check digit',
      { kind: 'visitor-access', ...day, data: visit('110101199003070012') },
      '证件号码',
      'Document number',
    ],
    [
      'several fields at once',
      { kind: 'visitor-access', ...day, data: { ...visit('1', []), companions: -1 } },
      '证件号码、随行人数、校门编号',
      'Document number, Companions without a document, Gate codes',
    ],
    ['no gate', { kind: 'visitor-access', ...day, data: visit(good, []) }, '校门编号', 'Gate codes'],
    [
      'a certificate with nothing in it',
      { kind: 'certificate', ...day, data: { ...paper, copiesAllowed: 0 } },
      '学号、姓名、模板、可打印份数',
      'Student number, Name, Template, Copies allowed',
    ],
    [
      'an end before its beginning',
      { kind: 'visitor-access', ...day, validUntil: day.validFrom, data: visit(good) },
      '结束',
      'Until',
    ],
    ['no time at all', { kind: 'visitor-access', data: visit(good) }, '开始、结束', 'From, Until'],
    ['an unknown kind', { kind: 'locker-loan', ...day, data: {} }, '办件类型', 'Kind of request'],
  ])('%s', async (_why, application, inChinese, inEnglish) => {
    const { body } = await ask('POST', '/api/requests', ours, application);
    expect(body).toMatchObject({ ok: false, code: 'E-HALL-0101' });
    const { text, detail } = body as { text: { zh: string; en: string }; detail: string };
    expect(inWords(text.zh, detail, zh)).toBe(`填写内容不符合要求，请检查：${inChinese}`);
    expect(inWords(text.en, detail, en)).toBe(`The application is not filled in correctly. Please check: ${inEnglish}`);
  });

  it('never shows a path that the form does not know', () => {
    expect(inWords('不行', 'later.field: custom', zh)).toBe('不行，请检查：其他内容');
    expect(inWords('不行', undefined, zh)).toBe('不行');
  });
});
