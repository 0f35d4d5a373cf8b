import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReceivedEvent } from '@hallhub/sync/reference-hall';
import type { EntryView } from '../hub/gates/views.ts';
import type { CertificateView, PrintJobView } from '../hub/certificates/ports.ts';
import type { KioskView } from '../hub/kiosks/index.ts';
import { inkOn, qrOn, run, textIn, withPdf } from '../hub/certificates/testing/tools.ts';
import { blankGlyphs } from '../hub/certificates/testing/blank-glyphs.ts';
import type { Campus } from './testing/campus.ts';
import { GATE, KIOSK, PRINTER, startCampus } from './testing/campus.ts';
import type { HttpClient } from './testing/http-client.ts';
import { httpClient } from './testing/http-client.ts';
import type { HubProcess } from './testing/hub-process.ts';
import type { Person } from './testing/people.ts';
import { approveCertificate, approveVisit, person, studentNumber } from './testing/people.ts';
import { logInAsFirst } from './testing/staff.ts';
import { until } from './testing/until.ts';

/*
 * The main job on real things: the hub as users start it, card readers in processes of their own behind ptys that carry
 * 115,200 baud, a relay board behind a third, ippeveprinter, and a hall behind HTTP.
 */

const API = { every: 100 } as const;
const ENTERED = 'hallhub.visitor-access.entered.v1';
const REFUSED = 'hallhub.visitor-access.refused.v1';
const PRINTED = 'hallhub.certificate.printed.v1';

let campus: Campus;
let hub: HubProcess;
let staff: HttpClient;
let kiosk: HttpClient;

beforeAll(async () => {
  campus = await startCampus();
  hub = await campus.startHub();
  staff = await logInAsFirst(() => hub);
  kiosk = httpClient(() => hub.url);
  await kiosk.ask('POST', `/api/kiosks/${KIOSK}/session`, { token: await hub.kioskToken(KIOSK) });
  const ready = async (): Promise<boolean> => {
    const gates = await staff.ask<{ devices: { state: string }[] }[]>('GET', '/api/gates');
    return gates.every(({ devices }) => devices.every(({ state }) => state === 'ready'));
  };
  await until('every device of the gate is ready', ready, API);
});
afterAll(() => campus.stop());

const events = (type: string, subject: string): readonly ReceivedEvent[] =>
  campus.hall.inbox.list({ limit: 1_000 }).filter((event) => event.type === type && event.subject === subject);
const entries = (): Promise<readonly EntryView[]> => staff.ask<EntryView[]>('GET', '/api/gates/entries');
/** The hub has heard of the request, as it stands in the hall. */
const reached = (id: string): Promise<unknown> =>
  until(
    `${id} reaches the hub`,
    async () => {
      const known = await staff.ask<{ id: string; revision: number }[]>('GET', '/api/requests');
      return known.find((one) => one.id === id)?.revision === campus.hall.requests.get(id)?.revision;
    },
    API,
  );
/** Lays the card on the gate's reader until the gate has decided, and takes it away again. */
async function swipe({ card }: Person): Promise<EntryView> {
  const before = (await entries())[0]?.seq ?? 0;
  await campus.gateReader.put(card);
  const entry = await until('the gate decides', async () => (await entries()).find(({ seq }) => seq > before), API);
  await campus.gateReader.lift();
  return entry;
}
const walkThrough = (): Promise<unknown> => until('somebody walks through', () => campus.turnstile.walk());
const outcome = (type: string, id: string, count = 1): Promise<readonly ReceivedEvent[]> =>
  until(`${type} of ${id} is in the hall`, () => {
    const got = events(type, id);
    return got.length >= count && got;
  });

describe('gate', () => {
  const visitor = person('张三', 1);
  let visit: string;

  test('an approved visitor swipes, the relay pulses, walks, and the hall knows', async () => {
    visit = approveVisit(campus.hall, visitor, GATE);
    await reached(visit);
    const entry = await swipe(visitor);
    expect(entry).toMatchObject({ gateId: GATE, requestId: visit });
    await walkThrough();
    expect(campus.turnstile.pulses).toEqual([expect.objectContaining({ channel: 0, on: true, pulse: 700 })]);
    const [entered] = await outcome(ENTERED, visit);
    expect(entered?.data).toMatchObject({ person: 0, gate: GATE, direction: 'in', passage: 'observed' });
    expect((await entries())[0]).toMatchObject({ id: entry.id, state: 'passed' });
  });

  test('a stranger is refused with the reason, and no relay moves', async () => {
    const pulses = campus.turnstile.pulses.length;
    const entry = await swipe(person('赵无名', 2));
    expect(entry).toMatchObject({ state: 'refused', code: 'E-GATE-0101' });
    expect(campus.turnstile.pulses).toHaveLength(pulses);
  });

  test('a revocation in the hall is enforced at the gate and reported', async () => {
    const pulses = campus.turnstile.pulses.length;
    campus.hall.requests.revoke(visit, '来访取消');
    await reached(visit);
    expect(await swipe(visitor)).toMatchObject({ state: 'refused', code: 'E-GATE-0105', requestId: visit });
    const [refused] = await outcome(REFUSED, visit);
    expect(refused?.data).toMatchObject({ code: 'E-GATE-0105', gate: GATE });
    expect(campus.turnstile.pulses).toHaveLength(pulses);
  });

  test('with the hall gone the gate goes on, and the outcome arrives when it is back', async () => {
    const other = person('王五', 3);
    const id = approveVisit(campus.hall, other, GATE);
    await reached(id);
    campus.hall.faults.set({ unreachable: true });
    await swipe(other);
    await walkThrough();
    await until('the passage is recorded', async () => (await entries())[0]?.state === 'passed', API);
    expect(events(ENTERED, id)).toEqual([]);
    campus.hall.faults.clear();
    expect(await outcome(ENTERED, id)).toHaveLength(1);
    // Of all who came, two were let through.
    expect(campus.turnstile.pulses).toHaveLength(2);
  });

  test('who it was is shown masked; a look at the name is in the audit log', async () => {
    const [entry] = await entries();
    expect(entry?.name).toBe('王*');
    expect(entry?.number).not.toContain('19900307');
    expect(await staff.ask('POST', `/api/gates/entries/${entry?.id ?? ''}/look`)).toEqual({
      name: '王五',
      number: person('王五', 3).number,
    });
    const [newest] = await staff.ask<{ action: string; subject: string }[]>('GET', '/api/audit');
    expect(newest).toMatchObject({ action: 'gate.look', subject: `entry:${entry?.id ?? ''}` });
    expect(await staff.ask('GET', '/api/audit/verify')).toMatchObject({ entries: expect.any(Number) as number });
    expect((await httpClient(() => hub.url).call('GET', '/api/gates')).status).toBe(401);
  });
});

describe('certificate', () => {
  const student = person('林知夏', 4);
  let request: string;
  let pdf: Uint8Array;

  test('an approved certificate is printed at the kiosk, once, and the hall knows', async () => {
    request = approveCertificate(campus.hall, student, 1);
    await reached(request);
    await campus.kioskReader.put(student.card);
    const there = async (): Promise<unknown> => (await kiosk.ask<KioskView>('GET', `/api/kiosks/${KIOSK}`)).person;
    expect(await until('the kiosk knows who stands there', there, API)).toMatchObject({ name: '林*夏' });
    await campus.kioskReader.lift();
    const issued = await until(
      'the certificate is made',
      async () => {
        const list = await kiosk.ask<CertificateView[]>('GET', `/api/kiosks/${KIOSK}/certificates`);
        return list.find(({ certificateId, state }) => certificateId === request && state === 'issued');
      },
      API,
    );
    expect(issued).toMatchObject({ copiesAllowed: 1, copiesUsed: 0, pages: 1 });
    const page = await fetch(`${hub.url}/api/kiosks/${KIOSK}/certificates/${request}/document`);
    expect(page.status).toBe(401);

    const wish = { certificateId: request, copies: 1 };
    const job = await kiosk.ask<PrintJobView>('POST', `/api/kiosks/${KIOSK}/print`, wish);
    const again = await kiosk.call('POST', `/api/kiosks/${KIOSK}/print`, wish);
    expect(again).toMatchObject({ status: 409, body: { code: 'E-CERT-0401' } });
    const ended = await until(
      'the print ends',
      async () => {
        const jobs = await staff.ask<PrintJobView[]>('GET', '/api/certificates/jobs');
        return jobs.find(
          ({ attemptId, state }) => attemptId === job.attemptId && /^(printed|not-printed|uncertain)$/.test(state),
        );
      },
      API,
    );
    expect(ended).toMatchObject({ state: 'printed', printerId: PRINTER });
    expect(campus.printer.tray()).toEqual([issued.documentSha256]);
    expect(await outcome(PRINTED, request)).toMatchObject([
      { data: { copies: 1, copiesLeft: 0, printer: PRINTER, sha256: issued.documentSha256 } },
    ]);
    pdf = campus.printer.sheet(issued.documentSha256 ?? '');
  });

  test('what lies in the tray reads back as what was approved', async () => {
    const text = textIn(pdf);
    expect(text).toContain(student.name);
    expect(text).toContain(student.number);
    expect(text).toContain(studentNumber(student));
    withPdf(pdf, (file) => run('qpdf', ['--check', file]));
    expect(qrOn(pdf)).toMatch(/^https:\/\/verify\.example\.edu\/\?code=[0-9A-Z-]{8,}$/);
    // Nothing else notices glyphs that lost their outlines.
    expect(inkOn(await blankGlyphs(pdf))).toBeLessThan(inkOn(pdf) * 0.8);
  });
});
