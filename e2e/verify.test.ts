import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeSha256 } from '@hallhub/sync/verification';
import { qrOn } from '../hub/certificates/testing/tools.ts';
import type { CertificateView } from '../hub/certificates/ports.ts';
import type { KioskView } from '../hub/kiosks/index.ts';
import type { Campus } from './testing/campus.ts';
import { KIOSK, startCampus } from './testing/campus.ts';
import type { HttpClient } from './testing/http-client.ts';
import { httpClient } from './testing/http-client.ts';
import type { HubProcess } from './testing/hub-process.ts';
import { approveCertificate, person, studentNumber } from './testing/people.ts';
import { logInAsFirst } from './testing/staff.ts';
import { until } from './testing/until.ts';

/* A paper is issued by a hub, and anybody checks it: at the hub, and at the hall, which has only what the hub told it. */

const CERTIFICATES = "certificates: { verifyUrl: 'https://hall.example.edu.cn/verify' }";
const student = person('林知夏', 71);

let campus: Campus;
let hub: HubProcess;
let staff: HttpClient;

beforeAll(async () => {
  campus = await startCampus({ extra: { top: CERTIFICATES } });
  hub = await campus.startHub();
  staff = await logInAsFirst(() => hub);
});
afterAll(() => campus.stop());

interface Said {
  readonly state: string;
  readonly text: string;
}

const ask = async (path: string, init?: RequestInit): Promise<readonly Said[]> =>
  Promise.all(
    [hub.url, campus.hall.url].map(async (base) => {
      const text = await (await fetch(new URL(path, base), init)).text();
      return { state: /data-state="(\w+)"/.exec(text)?.[1] ?? 'none', text };
    }),
  );
const statesOf = async (path: string, init?: RequestInit): Promise<readonly string[]> =>
  (await ask(path, init)).map(({ state }) => state);
/** What the hall was told of papers, newest first. */
const records = (): readonly string[] =>
  campus.hall.inbox
    .list({ limit: 100 })
    .flatMap(({ data }) => (data as { record?: { state: string } }).record?.state ?? []);
const dropped = (pdf: Uint8Array): Promise<readonly string[]> =>
  statesOf('/verify/file', {
    method: 'POST',
    headers: { 'content-type': 'application/pdf' },
    body: Buffer.from(pdf),
  });
const agreed = (path: string, state: string): Promise<unknown> =>
  until(`hub and hall both say ${state}`, async () => (await statesOf(path)).every((one) => one === state));

describe('a paper that was issued', { timeout: 120_000 }, () => {
  let request: string;
  let pdf: Uint8Array;
  let code: string;

  test('is valid at hub and hall alike, by the code on it and by its file, and neither names who it is for', async () => {
    request = approveCertificate(campus.hall, student, 2);
    await until('the paper is made', async () => {
      const known = await staff.ask<CertificateView[]>('GET', '/api/certificates');
      return known.find(({ certificateId }) => certificateId === request)?.state === 'issued';
    });
    pdf = await ownPaper();
    const address = new URL(qrOn(pdf));
    expect(address.origin + address.pathname).toBe('https://hall.example.edu.cn/verify');
    code = address.searchParams.get('code') ?? '';
    // Asked before, the hall would know nothing, and count a guess.
    await until('the hall has the record', () => records().length > 0);
    expect(await statesOf(`/verify?code=${code}`)).toEqual(['valid', 'valid']);
    await agreed(`/verify/file/${createHash('sha256').update(pdf).digest('hex')}`, 'valid');
    expect(await dropped(pdf)).toEqual(['valid', 'valid']);
    for (const { text } of await ask(`/verify?code=${code}`)) {
      expect(text).toContain('林*夏');
      for (const own of [student.name, student.number, studentNumber(student)]) expect(text).not.toContain(own);
    }
    const told = JSON.stringify(campus.hall.inbox.list({ limit: 100 }));
    expect(told).toContain(codeSha256(code));
    for (const own of [code, student.name, student.number]) expect(told).not.toContain(own);
  });

  test('is not what it was with one byte more; nobody knows a code that was made up', async () => {
    expect(await dropped(Buffer.concat([pdf, Buffer.from('\n')]))).not.toContain('valid');
    expect(await statesOf('/verify?code=0000-1111-2222-3333')).toEqual(['unknown', 'unknown']);
  });

  test('is revoked at the hall at once and at the hub when it hears of it, and what was told is told after an outage', async () => {
    await hub.stop('SIGKILL');
    campus.hall.requests.revoke(request, '申请撤回');
    const offline = await (await fetch(new URL(`/verify?code=${code}`, campus.hall.url))).text();
    expect(offline).toContain('data-state="revoked"');
    hub = await campus.startHub();
    await agreed(`/verify?code=${code}`, 'revoked');
    await until('the hall has the record itself', () => records().includes('revoked'));
    expect(await dropped(pdf)).toEqual(['revoked', 'revoked']);
  });

  /** As its student sees it at the kiosk. */
  async function ownPaper(): Promise<Uint8Array> {
    const kiosk = httpClient(() => hub.url);
    await kiosk.ask('POST', `/api/kiosks/${KIOSK}/session`, { token: await hub.kioskToken(KIOSK) });
    await campus.kioskReader.put(student.card);
    await until(
      'the kiosk knows who stands there',
      async () => (await kiosk.ask<KioskView>('GET', `/api/kiosks/${KIOSK}`)).person,
    );
    await campus.kioskReader.lift();
    await kiosk.ask('POST', `/api/kiosks/${KIOSK}/print`, { certificateId: request, copies: 1 });
    return until('the paper lies in the tray', () => {
      const [sheet] = campus.printer.tray();
      return sheet !== undefined && campus.printer.sheet(sheet);
    });
  }
});
