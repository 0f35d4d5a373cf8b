import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { epochMs, failure, ms, ok, systemClock, unwrap } from '@hallhub/sync/base';
import { transact } from '@hallhub/sync/sqlite';
import { type SimulatedPrinter, ippClient, simulatedPrinter } from '@hallhub/device-drivers/protocols/ipp';
import { sha256 } from './issuing.ts';
import type { CertificateDeps } from './ports.ts';
import { asStudent, request, student, testService, tinyPdf } from './testing/kit.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A service with one simulated printer on an in-memory line; its clock runs fast, so that nobody waits for paper. */
function hall(
  change: Partial<CertificateDeps> = {},
): ReturnType<typeof testService> & { readonly printer: SimulatedPrinter } {
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-cert-'));
  const clock = systemClock({ mode: 'test', speed: 50 });
  const printer = simulatedPrinter({ clock, perPage: ms(500) });
  const client = ippClient({ uri: 'ipp://memory/', clock: systemClock({ mode: 'test' }), connect: printer.connect });
  const made = testService({
    file: join(folder, 'hub.db'),
    clock,
    printers: [{ printerId: 'printer-1', name: 'test', printer: client, countsImpressions: true }],
    change,
  });
  closing.push(async () => {
    await made.close();
    printer.close();
    rmSync(folder, { recursive: true });
  });
  return { ...made, printer };
}
const print = (hub: ReturnType<typeof hall>, copies = 1): ReturnType<typeof hub.service.print> =>
  hub.service.print('request-1', 'printer-1', copies, asStudent);
async function ended(hub: ReturnType<typeof hall>, attemptId: string): Promise<string> {
  await expect
    .poll(() => hub.service.job(attemptId)?.state, { timeout: 20_000, interval: 5 })
    .toMatch(/^(printed|not-printed|uncertain)$/);
  return hub.service.job(attemptId)?.state ?? '';
}
const types = (hub: ReturnType<typeof hall>): string[] => hub.events().map(({ type }) => type);

describe('from request to paper', () => {
  test('an approved request is issued by itself, printed once, counted, and told to the hall', async () => {
    const hub = hall();
    hub.service.start();
    transact(hub.db, () => hub.service.upsert(request()));
    await expect.poll(() => hub.service.get('request-1')?.state).toBe('issued');
    const { attemptId } = unwrap(await print(hub));
    expect(await ended(hub, attemptId)).toBe('printed');
    expect(hub.printer.tray).toMatchObject([{ jobName: attemptId, documentSha256: sha256(tinyPdf(1)) }]);
    expect(hub.service.list(student)).toMatchObject([
      { certificateId: 'request-1', copiesUsed: 1, copiesAllowed: 2, studentName: '林知夏' },
    ]);
    expect(hub.events()).toMatchObject([
      { type: 'certificate.issued', subject: 'request-1', data: { revision: 1, documentSha256: sha256(tinyPdf(1)) } },
      { type: 'certificate.printed', subject: 'request-1', data: { attemptId, copies: 1, printerId: 'printer-1' } },
    ]);
    expect(hub.service.summary()).toEqual({
      pending: 0,
      stuck: 0,
      issued: 1,
      refused: 0,
      revoked: 0,
      printing: 0,
      uncertain: 0,
      printedSheetsToday: 1,
    });
    unwrap(await print(hub));
    expect(await print(hub)).toMatchObject({ ok: false, error: { code: 'E-CERT-0401' } });
  });

  test('nothing of a person lies plain in the database', () => {
    const hub = hall();
    hub.service.upsert(request({ fields: { gender: '女', idNumber: '11010120050309002X' } }));
    const rows = JSON.stringify(hub.db.prepare('SELECT * FROM certificate').all(), (_, value: unknown) =>
      value instanceof Uint8Array ||
      (typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer')
        ? Buffer.from(value as Uint8Array).toString('latin1')
        : value,
    );
    expect(rows).toContain('request-1');
    for (const secret of ['林知夏', '20230417086', '11010120050309002X', '夏']) {
      expect(rows).not.toContain(secret);
      expect(rows).not.toContain(Buffer.from(secret).toString('latin1'));
    }
  });

  test('two jobs stand in line for one printer; each is its own attempt', async () => {
    const hub = hall();
    hub.service.upsert(request());
    const [first, second] = [unwrap(await print(hub)), unwrap(await print(hub))];
    expect(await ended(hub, first.attemptId)).toBe('printed');
    expect(await ended(hub, second.attemptId)).toBe('printed');
    expect(hub.printer.tray.map(({ jobName }) => jobName)).toEqual([first.attemptId, second.attemptId]);
  });

  test('only the person it belongs to prints it; staff may, and it is audited', async () => {
    const hub = hall();
    hub.service.upsert(request({ studentIdKey: 'key-of-the-id-card' }));
    const as = (key: string): ReturnType<typeof hub.service.print> =>
      hub.service.print('request-1', 'printer-1', 1, { kind: 'student', student: { idKey: key } });
    expect(await as('somebody else')).toMatchObject({ error: { code: 'E-CERT-0105' } });
    expect((await as('key-of-the-id-card')).ok).toBe(true);
    expect(hub.service.list({ idKey: 'key-of-the-id-card' })).toHaveLength(1);
    const staff = { kind: 'staff', staffId: 'wang', reason: 'card lost' } as const;
    expect((await hub.service.print('request-1', 'printer-1', 1, staff)).ok).toBe(true);
    expect(unwrap(hub.service.document('request-1', staff))).toEqual(tinyPdf(1));
    expect(hub.audits.map(({ actor, action }) => [actor, action])).toEqual([
      ['wang', 'certificate.print-for'],
      ['wang', 'certificate.view'],
    ]);
  });
});

describe('when the printer fails', () => {
  test('out of paper is told before anything is taken off the quota', async () => {
    const hub = hall();
    hub.service.upsert(request());
    hub.printer.inject({ type: 'paper-out' });
    expect(await print(hub)).toMatchObject({ error: { code: 'E-PRN-0201' } });
    hub.printer.inject({ type: 'unreachable' });
    expect(await print(hub)).toMatchObject({ error: { code: 'E-PRN-0101' } });
    expect(hub.service.jobs()).toEqual([]);
  });

  test('a clean abort frees the copies; the hall is not troubled', async () => {
    const hub = hall();
    hub.service.upsert(request({ copiesAllowed: 1 }));
    hub.printer.inject({ type: 'abort' });
    expect(await ended(hub, unwrap(await print(hub)).attemptId)).toBe('not-printed');
    expect(types(hub)).toEqual(['certificate.issued']);
    expect(await ended(hub, unwrap(await print(hub)).attemptId)).toBe('printed');
    expect(hub.printer.tray).toHaveLength(1);
  });

  test('a jam is uncertain, holds the quota, and only an audited person resolves it', async () => {
    const hub = hall();
    hub.service.upsert(request());
    hub.printer.inject({ type: 'jam', afterPages: 1 });
    const { attemptId } = unwrap(await print(hub, 2));
    expect(await ended(hub, attemptId)).toBe('uncertain');
    expect(hub.service.job(attemptId)).toMatchObject({ code: 'E-CERT-0406', impressions: 1 });
    hub.printer.clearFaults();
    expect(await print(hub)).toMatchObject({ error: { code: 'E-CERT-0401' } });
    expect(hub.service.jobs({ uncertain: true })).toHaveLength(1);
    const resolve = (
      copiesFound: number,
      reason = 'looked into the tray',
    ): ReturnType<typeof hub.service.resolveUncertain> =>
      hub.service.resolveUncertain(attemptId, { copiesFound }, 'wang', reason);
    expect(resolve(3)).toMatchObject({ error: { code: 'E-CERT-0402' } });
    expect(resolve(1, ' ')).toMatchObject({ error: { code: 'E-CERT-0409' } });
    expect(resolve(1).ok).toBe(true);
    expect(resolve(1)).toMatchObject({ error: { code: 'E-CERT-0408' } });
    expect(hub.audits).toMatchObject([
      { actor: 'wang', action: 'certificate.resolve-uncertain', detail: { copiesFound: 1 } },
    ]);
    expect(hub.events().slice(1)).toMatchObject([
      { type: 'certificate.uncertain', data: { attemptId, copies: 2 } },
      { type: 'certificate.printed', data: { attemptId, copies: 1 } },
    ]);
    expect((await print(hub)).ok).toBe(true);
  });

  test.each([{ type: 'swallows' } as const, { type: 'upload-cut', afterBytes: 50_000 } as const])(
    '“completed” is not believed of a printer that $type',
    async (fault) => {
      const hub = hall();
      hub.service.upsert(request());
      const { service, printer } = hub;
      unwrap(await service.issue('request-1'));
      printer.inject(fault);
      expect(await ended(hub, unwrap(await print(hub)).attemptId)).toBe('uncertain');
      expect(types(hub)).toEqual(['certificate.issued', 'certificate.uncertain']);
    },
  );

  test('a lost answer to Create-Job leaves no empty job behind, and one sheet', async () => {
    const hub = hall();
    hub.service.upsert(request());
    hub.printer.inject({ type: 'answer-lost', operation: 0x0005 });
    expect(await ended(hub, unwrap(await print(hub)).attemptId)).toBe('printed');
    expect(hub.printer.jobs.map(({ state }) => state)).toEqual([7, 9]);
    expect(hub.printer.tray).toHaveLength(1);
  });

  test('paper that runs out in mid-job shows, and the job goes on when it is refilled', async () => {
    const hub = hall();
    hub.service.upsert(request());
    hub.printer.inject({ type: 'slow', factor: 20 });
    const { attemptId } = unwrap(await print(hub, 2));
    await expect.poll(() => hub.service.job(attemptId)?.state, { interval: 5 }).toBe('sent');
    hub.printer.inject({ type: 'paper-out' });
    await expect.poll(() => hub.service.job(attemptId)?.code, { interval: 5 }).toBe('E-PRN-0201');
    hub.printer.clearFaults();
    expect(await ended(hub, attemptId)).toBe('printed');
    expect(hub.printer.tray).toHaveLength(2);
  });

  test('a printer that restarts in mid-job leaves doubt', async () => {
    const hub = hall();
    hub.service.upsert(request());
    hub.printer.inject({ type: 'slow', factor: 100 });
    const { attemptId } = unwrap(await print(hub));
    await expect.poll(() => hub.service.job(attemptId)?.state, { interval: 5 }).toBe('sent');
    hub.printer.restart();
    expect(await ended(hub, attemptId)).toBe('uncertain');
  });
});

describe('when the hall changes its mind', () => {
  test('revoked: neither listed nor printed, and its pages are erased', async () => {
    const hub = hall();
    hub.service.upsert(request());
    unwrap(await hub.service.issue('request-1'));
    transact(hub.db, () => {
      hub.service.revoke('request-1');
    });
    expect(hub.service.list(student)).toEqual([]);
    expect(await print(hub)).toMatchObject({ error: { code: 'E-CERT-0102' } });
    expect(hub.db.prepare('SELECT COUNT(*) AS n FROM certificate_document').get()).toEqual({ n: 0 });
  });

  test('revoked while it waits for the printer: no byte leaves', async () => {
    const hub = hall();
    hub.service.upsert(request());
    unwrap(await hub.service.issue('request-1'));
    hub.printer.inject({ type: 'busy' });
    const { attemptId } = unwrap(await print(hub));
    await expect.poll(() => hub.service.job(attemptId)?.code, { interval: 5 }).toBe('E-PRN-0102');
    hub.service.revoke('request-1');
    hub.printer.clearFaults();
    expect(await ended(hub, attemptId)).toBe('not-printed');
    expect(hub.service.job(attemptId)?.code).toBe('E-CERT-0102');
    expect(hub.printer.tray).toEqual([]);
  });

  test('told again at the revision it had when it was taken for absent: opened again and issued anew', async () => {
    const hub = hall();
    hub.service.upsert(request());
    const first = unwrap(await hub.service.issue('request-1')).certificateNumber;
    const { attemptId } = unwrap(await print(hub));
    expect(await ended(hub, attemptId)).toBe('printed');
    hub.service.revoke('request-1', 1);
    expect(hub.service.get('request-1')?.state).toBe('revoked');
    expect(hub.service.upsert(request())).toBe('applied');
    expect(hub.service.get('request-1')?.state).toBe('pending');
    const again = unwrap(await hub.service.issue('request-1'));
    expect(again).toMatchObject({ state: 'issued', revision: 1, copiesUsed: 1 });
    expect(again.certificateNumber).not.toBe(first);
    expect((await print(hub)).ok).toBe(true);
    // Living, the same revision is no news; nor is an older one of what is revoked.
    expect(hub.service.upsert(request())).toBe('stale');
    hub.service.revoke('request-1', 2);
    expect(hub.service.upsert(request())).toBe('stale');
  });

  test('opened again while its paper is being drawn: the paper has the number that the record has', async () => {
    const drawn: string[] = [];
    let meanwhile: (() => void) | undefined;
    const hub = hall({
      pdf: {
        render: ({ certificateNumber }) => {
          drawn.push(certificateNumber);
          meanwhile?.();
          return Promise.resolve(ok({ pdf: tinyPdf(1), pages: 1 }));
        },
        inspect: () => Promise.resolve(ok({ pages: 1 })),
        overprint: (pdf) => Promise.resolve(ok({ pdf })),
        memory: undefined,
        stop: () => Promise.resolve(),
      },
    });
    hub.service.upsert(request());
    meanwhile = () => {
      meanwhile = undefined;
      hub.service.revoke('request-1', 1);
      hub.service.upsert(request());
    };
    const issued = unwrap(await hub.service.issue('request-1'));
    expect(drawn).toHaveLength(2);
    expect(issued.certificateNumber).toBe(drawn[1]);
  });

  test('an older revision does nothing; a newer one with other content is issued anew, more copies alone are not', async () => {
    const hub = hall();
    hub.service.upsert(request({ revision: 2 }));
    const first = unwrap(await hub.service.issue('request-1')).certificateNumber;
    expect(hub.service.upsert(request({ revision: 1, studentName: '旧' }))).toBe('stale');
    hub.service.upsert(request({ revision: 3, copiesAllowed: 5 }));
    expect(hub.service.get('request-1')).toMatchObject({ state: 'issued', copiesAllowed: 5, certificateNumber: first });
    hub.service.upsert(request({ revision: 4, fields: { gender: '男' } }));
    expect(hub.service.get('request-1')?.state).toBe('pending');
    expect(unwrap(await hub.service.issue('request-1')).certificateNumber).not.toBe(first);
  });

  test('not yet and no longer valid are told apart', async () => {
    const hub = hall();
    hub.service.upsert(request({ validFrom: epochMs(8_000_000_000_000) }));
    expect(await print(hub)).toMatchObject({ error: { code: 'E-CERT-0103' } });
    hub.service.upsert(request({ revision: 2, validUntil: epochMs(1) }));
    expect(await print(hub)).toMatchObject({ error: { code: 'E-CERT-0104' } });
  });
});

describe('issuing', () => {
  const ready = tinyPdf(1);
  const document = { url: 'https://hall.example.edu.cn/d/1.pdf', sha256: sha256(ready) };

  test('a ready PDF is printed as it is, once its hash is right', async () => {
    const hub = hall({ fetchDocument: () => Promise.resolve(ok(ready)) });
    hub.service.upsert(request({ template: 'transcript', document }));
    expect(unwrap(await hub.service.issue('request-1')).documentSha256).toBe(document.sha256);
  });

  test('a ready PDF with another hash is refused for good, and the hall told', async () => {
    const hub = hall({ fetchDocument: () => Promise.resolve(ok(tinyPdf(2))) });
    hub.service.upsert(request({ document }));
    expect(await hub.service.issue('request-1')).toMatchObject({ error: { code: 'E-CERT-0206' } });
    expect(hub.events()).toMatchObject([{ type: 'certificate.refused', data: { code: 'E-CERT-0206', revision: 1 } }]);
    expect(await hub.service.issue('request-1')).toMatchObject({ error: { code: 'E-CERT-0206' } });
    expect(hub.events()).toHaveLength(1);
  });

  test('what fails for a passing reason is tried again, without troubling the hall', async () => {
    let calls = 0;
    const hub = hall({ fetchDocument: () => Promise.resolve(++calls < 3 ? failure('E-CERT-0205') : ok(ready)) });
    hub.service.start();
    hub.service.upsert(request({ document }));
    await expect.poll(() => hub.service.get('request-1')?.state, { timeout: 20_000 }).toBe('issued');
    expect(calls).toBe(3);
    expect(types(hub)).toEqual(['certificate.issued']);
  });

  test('what an operator must mend keeps papers waiting, is counted for staff, and refuses none', async () => {
    let mended = false;
    const hub = hall({
      signer: {
        certificates: [],
        open: () =>
          Promise.resolve(
            ok({
              name: '示例大学',
              notAfter: epochMs(9e12),
              certificates: [],
              sign: (pdf) => Promise.resolve(mended ? ok({ pdf, level: 'B-B' }) : failure('E-CERT-0503', 'too long')),
              close: () => Promise.resolve(),
            }),
          ),
        close: () => Promise.resolve(),
      },
    });
    hub.service.upsert(request());
    expect(await hub.service.issue('request-1')).toMatchObject({ ok: false, error: { code: 'E-CERT-0503' } });
    expect(hub.service.get('request-1')).toMatchObject({ state: 'pending', code: 'E-CERT-0503' });
    expect(hub.service.summary()).toMatchObject({ pending: 1, stuck: 1, refused: 0 });
    expect(hub.events()).toEqual([]);
    mended = true;
    expect(await hub.service.issue('request-1')).toMatchObject({ ok: true });
    expect(hub.service.summary()).toMatchObject({ pending: 0, stuck: 0, issued: 1 });
  });

  test('a ready PDF whose signature is not what is asked for is refused with the reason, to staff and hall', async () => {
    const hub = hall({
      fetchDocument: () => Promise.resolve(ok(ready)),
      ready: { policyOf: (template) => (template === 'enrolment' ? 'required' : 'ignore'), roots: [] },
    });
    hub.service.upsert(request({ document }));
    await hub.service.issue('request-1');
    expect(hub.service.get('request-1')).toMatchObject({
      state: 'refused',
      code: 'E-CERT-0209',
      detail: 'no signature',
    });
    expect(hub.events()).toMatchObject([
      { type: 'certificate.refused', data: { code: 'E-CERT-0209', detail: 'no signature' } },
    ]);
  });

  test('an unknown template and an uncoverable character are refused by name', async () => {
    const hub = hall({
      pdf: {
        render: () => Promise.resolve(failure('E-CERT-0203', '𠮷 U+20BB7')),
        inspect: () => Promise.resolve(ok({ pages: 1 })),
        overprint: (pdf) => Promise.resolve(ok({ pdf })),
        memory: undefined,
        stop: () => Promise.resolve(),
      },
    });
    hub.service.upsert(request());
    hub.service.upsert(request({ requestId: 'request-2', template: 'nonsense' }));
    await hub.service.issue('request-1');
    await hub.service.issue('request-2');
    expect(hub.events().map(({ subject, data }) => [subject, data.code, data.detail])).toEqual([
      ['request-1', 'E-CERT-0203', '𠮷 U+20BB7'],
      ['request-2', 'E-CERT-0201', 'nonsense'],
    ]);
  });
});
