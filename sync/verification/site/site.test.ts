import { createHash } from 'node:crypto';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { epochMs, manualClock, seconds } from '../../base/index.ts';
import type { VerificationRecord } from '../../contract/index.ts';
import { codeSha256 } from '../code.ts';
import { DOCUMENT_BYTES_AT_MOST } from '../document.ts';
import { verifySite } from './routes.ts';

const code = '7K3MQ2XD9FHP04WT';
const pdf = Buffer.from('%PDF-1.7\n<script>\n%%EOF\n');
const sha256 = createHash('sha256').update(pdf).digest('hex');
const record: VerificationRecord = {
  sha256,
  codeSha256: codeSha256(code),
  version: 1,
  state: 'valid',
  title: { zh: '在读证明', en: 'Certificate of <b>Enrolment</b>' },
  issuer: { zh: '示例大学', en: 'Specimen University' },
  number: 'H12026-000001',
  holder: '林*夏',
  issuedOn: '2026-03-01',
  validUntil: '2026-08-31',
};
const slow = { burst: 4, every: seconds(60) };
let server: FastifyInstance;
const refused: unknown[] = [];

beforeEach(async () => {
  server = Fastify();
  const clock = manualClock(epochMs(Date.UTC(2026, 4, 1)));
  await server.register((scope, _options, done) => {
    verifySite(scope, {
      register: {
        byCode: (hash) => (hash === record.codeSha256 ? record : undefined),
        byFile: (hash) => (hash === sha256 ? record : undefined),
      },
      roots: () => [],
      clock,
      timeZone: 'Asia/Shanghai',
      issuer: record.issuer,
      limits: { address: { burst: 20, every: seconds(60) }, guesses: slow, total: { burst: 99, every: seconds(1) } },
      onRefused: (counts) => refused.push(counts),
    });
    done();
  });
});
afterEach(() => server.close());

const page = async (query: string, headers: Record<string, string> = {}) =>
  server.inject({ method: 'GET', url: `/verify${query}`, headers });
const send = async (body: Uint8Array, accept = 'application/json') =>
  server.inject({
    method: 'POST',
    url: '/verify/file',
    headers: { 'content-type': 'application/pdf', accept },
    payload: Buffer.from(body),
  });

describe('the page', () => {
  it('answers a code without any script, in the language that is asked for', async () => {
    const zh = await page('?code=7k3m-q2xd-9fhp-o4wt');
    expect(zh.statusCode).toBe(200);
    expect(zh.body).toContain('<html lang="zh-CN">');
    expect(zh.body).toContain('data-state="valid"');
    for (const part of ['在读证明', 'H12026-000001', '林*夏', '2026-03-01']) expect(zh.body).toContain(part);
    const en = await page(`?code=${code}`, { 'accept-language': 'en-GB,en;q=0.9' });
    expect(en.body).toContain('<html lang="en">');
    expect(en.body).toContain('Valid');
    expect((await page(`?code=${code}&lang=zh`, { 'accept-language': 'en' })).body).toContain('有效');
  });

  it('says of any other code that there is none, and looks up nothing that is no code', async () => {
    expect((await page('?code=0000000000000000')).body).toContain('data-state="unknown"');
    const wrong = await page('?code=hello');
    expect(wrong.statusCode).toBe(400);
    expect(wrong.body).toContain('data-code="E-VERIFY-0104"');
  });

  it('shows what was typed and what is registered as text, never as markup', async () => {
    const typed = await page(`?code=${encodeURIComponent('"><script>alert(1)</script>')}&lang=en`);
    expect(typed.body).not.toContain('<script>alert');
    const { body } = await page(`?code=${code}&lang=en`);
    expect(body).toContain('&lt;b&gt;Enrolment');
    expect(body).not.toContain('<b>Enrolment');
    expect((await page('?code=a&code=b&lang=x&lang=y')).statusCode).toBe(200);
  });

  it('is kept by nobody, and may load nothing of others', async () => {
    const { headers } = await page('');
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    for (const name of ['verify.js', 'verify.css']) {
      expect((await server.inject(`/verify/${name}`)).statusCode).toBe(200);
    }
  });

  it('stops who guesses, and not who scans what is there', async () => {
    for (let at = 0; at < 10; at++) expect((await page(`?code=${code}`)).statusCode).toBe(200);
    for (let at = 0; at < 4; at++) expect((await page(`?code=00000000000000${10 + at}`)).statusCode).toBe(200);
    const stopped = await page(`?code=${code}`);
    expect(stopped.statusCode).toBe(429);
    expect(stopped.body).toContain('E-VERIFY-0105');
    expect((await send(pdf)).statusCode).toBe(429);
  });
});

describe('a file', () => {
  it('is known by its checksum alone, or by itself', async () => {
    const headers = { accept: 'application/json' };
    const byHash = await server.inject({ url: `/verify/file/${sha256.toUpperCase()}`, headers });
    expect(byHash.json()).toMatchObject({ state: 'valid', paper: { number: 'H12026-000001' } });
    expect((await send(pdf)).json()).toEqual(byHash.json());
    expect((await send(pdf, 'text/html')).body).toContain('data-state="valid"');
    expect((await send(Buffer.concat([pdf, Buffer.from(' ')]))).json()).toEqual({ state: 'unknown' });
  });

  it.each([
    ['what is no PDF', Buffer.from('hello'), 400, 'E-VERIFY-0101'],
    ['nothing at all', Buffer.alloc(0), 400, 'E-VERIFY-0101'],
    ['more than is taken', Buffer.alloc(DOCUMENT_BYTES_AT_MOST + 1), 413, 'E-VERIFY-0102'],
  ])('%s is refused with a code', async (_what, body, status, expected) => {
    const answer = await send(body);
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toEqual({ code: expected });
  });
});
