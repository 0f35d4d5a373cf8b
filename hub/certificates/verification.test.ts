import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { epochMs, ok, systemClock, unwrap } from '@hallhub/sync/base';
import {
  type TrustRoots,
  type VerificationAnswer,
  answerCode,
  answerFile,
  answerHash,
  canonicalCode,
  examine,
  findSignatures,
  ownTrust,
  trustRoots,
} from '@hallhub/sync/verification';
import { drawCertificate } from './render/draw.ts';
import { fontFiles } from './render/font-files.ts';
import { loadFonts } from './render/fonts.ts';
import { pkcs12Key } from './signing/pkcs12.ts';
import { createSigner, keptOpen } from './signing/index.ts';
import { httpTimestamps } from './signing/timestamp.ts';
import { loadTemplates } from './templates/index.ts';
import { type TestAuthority, testAuthority } from './testing/authority.ts';
import { type TestService, request, testService } from './testing/kit.ts';
import { sampleInput } from './testing/sample.ts';
import { run } from './testing/tools.ts';

const clock = systemClock({ mode: 'test' });
let folder: string;
let authority: TestAuthority;
let roots: TrustRoots;
let strangers: TrustRoots;
/** With room for a signature. */
let blank: Uint8Array;
let signed: Uint8Array;

const signWith = async (from: TestAuthority, tsa?: string): Promise<Uint8Array> => {
  const key = unwrap(await pkcs12Key(from.file('seal.p12'), 'geheim'));
  const signer = createSigner({ key, clock, ...(tsa !== undefined && { authority: httpTimestamps(tsa) }) });
  return unwrap(await signer.sign(blank)).pdf;
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hallhub-verify-'));
  authority = testAuthority(join(folder, 'own'));
  roots = trustRoots(readFileSync(authority.rootPem, 'utf8'));
  strangers = trustRoots(readFileSync(testAuthority(join(folder, 'other'), 'rsa').rootPem, 'utf8'));
  const fonts = unwrap(loadFonts(fontFiles()));
  const input = sampleInput({ signature: { bytes: 16_384, name: '示例大学', reason: '学籍证明专用章' } });
  blank = unwrap(await drawCertificate(loadTemplates().get('enrolment', 1)!, input, fonts, new Date(clock.now()))).pdf;
  signed = await signWith(authority);
}, 60_000);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const examined = (pdf: Uint8Array, trust = roots) => unwrap(examine(pdf, { roots: trust, at: clock.now() }));
const appended = (pdf: Uint8Array, text: string): Uint8Array => Buffer.concat([pdf, Buffer.from(text)]);

describe('a file by its own bytes', () => {
  test('is sound when it is as it was signed, by somebody whose authority is trusted', () => {
    const found = examined(signed);
    expect(found).toMatchObject({
      sound: true,
      signatures: [{ integrity: 'intact', appended: 'nothing', trust: 'trusted', signer: '示例大学教务处电子签章' }],
    });
    expect(found.sha256).toBe(
      run('sha256sum', [saved(signed)])
        .toString()
        .slice(0, 64),
    );
    expect(found.signatures[0]?.revisionSha256).toBe(found.sha256);
  });

  test('of RSA and with a time stamp, too; the stamp dates it beyond the certificate’s own time', async () => {
    const rsa = testAuthority(join(folder, 'rsa'), 'rsa');
    const tsa = await rsa.timestamps();
    const pdf = await signWith(rsa, tsa.url);
    await tsa.close();
    const trust = trustRoots(readFileSync(rsa.rootPem, 'utf8'));
    const later = epochMs(clock.now() + 5 * 365 * 86_400_000);
    const found = unwrap(examine(pdf, { roots: trust, at: later }));
    expect(found).toMatchObject({ sound: true, signatures: [{ trust: 'trusted' }] });
    expect(Math.abs((found.signatures[0]?.stampedAt ?? 0) - clock.now())).toBeLessThan(120_000);
    const unstamped = unwrap(examine(signed, { roots, at: later }));
    expect(unstamped).toMatchObject({ sound: false, signatures: [{ integrity: 'intact', trust: 'expired' }] });
  });

  test('is not trusted under another root, nor under none', () => {
    for (const trust of [strangers, []]) {
      expect(examined(signed, trust)).toMatchObject({
        sound: false,
        signatures: [{ integrity: 'intact', trust: 'untrusted' }],
      });
    }
  });

  test('of our own signer is trusted by what the signer itself holds, and nobody else below the same authority', async () => {
    const key = unwrap(await pkcs12Key(authority.file('seal.p12'), 'geheim'));
    const { certificates } = createSigner({ key, clock });
    expect(examined(signed, ownTrust(certificates))).toMatchObject({ sound: true, signatures: [{ trust: 'trusted' }] });
    // A token brings no chain.
    expect(examined(signed, ownTrust(certificates.slice(0, 1)))).toMatchObject({ sound: true });
    // Another name under the root that both share.
    const [, root = new Uint8Array()] = certificates;
    expect(examined(signed, ownTrust([root]))).toMatchObject({ sound: false, signatures: [{ trust: 'untrusted' }] });
    const rsa = testAuthority(join(folder, 'others'), 'rsa');
    const other = unwrap(await pkcs12Key(rsa.file('seal.p12'), 'geheim'));
    // The same name under an authority of somebody else's.
    expect(examined(signed, ownTrust(createSigner({ key: other, clock }).certificates))).toMatchObject({
      signatures: [{ trust: 'untrusted' }],
    });
  });

  test('with something appended is not sound; long-term data are named', () => {
    const more = appended(signed, '\n99 0 obj\n<< /Type /Page >>\nendobj\n%%EOF\n');
    expect(examined(more)).toMatchObject({
      sound: false,
      signatures: [{ integrity: 'intact', appended: 'changes', revisionSha256: examined(signed).sha256 }],
    });
    const longTerm = appended(signed, '\n99 0 obj\n<< /Type /Catalog /DSS 98 0 R >>\nendobj\n%%EOF\n');
    expect(examined(longTerm)).toMatchObject({ sound: false, signatures: [{ appended: 'validation-data' }] });
  });

  // Inside the CMS stand bytes that no signature is over, such as a root that came along: there the file stays what it was.
  test('with one byte other anywhere outside the signature is never sound, and another reader agrees where it can read it', () => {
    const [found] = unwrap(findSignatures(signed));
    if (!found || 'broken' in found) throw new Error('no signature');
    const [, hole, behind] = found.byteRange;
    const padding = hole + 1 + found.cms.length * 2;
    const bytes = fc.oneof(
      fc.nat(hole),
      fc.integer({ min: padding, max: behind - 1 }),
      fc.integer({ min: behind, max: signed.length - 1 }),
    );
    fc.assert(
      fc.property(bytes, fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const other = Uint8Array.from(signed);
        other[at] = (other[at] ?? 0) ^ flip;
        const result = examine(other, { roots, at: clock.now() });
        if (result.ok) expect(result.value.sound, `byte ${at} ^ ${flip}`).toBe(false);
      }),
      { numRuns: 1_500 },
    );
    const inPage = Uint8Array.from(signed);
    const at = Buffer.from(signed).indexOf('stream\n') + 40;
    inPage[at] = (inPage[at] ?? 0) ^ 1;
    expect(examined(inPage).signatures).toMatchObject([{ integrity: 'changed' }]);
    expect(run('pdfsig', ['-nocert', saved(inPage)]).toString()).toContain('Digest Mismatch');
  });

  const saved = (pdf: Uint8Array): string => {
    const file = join(folder, 'page.pdf');
    writeFileSync(file, pdf);
    return file;
  };
});

describe('the register', () => {
  let hub: TestService;
  const deps = () => ({ register: hub.service.register, today: () => '2026-03-01' });
  const file = (pdf: Uint8Array): VerificationAnswer => unwrap(answerFile(pdf, { ...deps(), roots, now: clock.now() }));
  const code = (typed: string): VerificationAnswer => unwrap(answerCode(typed, deps()));
  /** Issues it and reads its code from what was given to be drawn. */
  const codes: string[] = [];
  const issued = async (): Promise<Uint8Array> => {
    unwrap(await hub.service.issue('request-1'));
    return unwrap(hub.service.document('request-1', { kind: 'staff', staffId: 'test', reason: 'test' }));
  };
  const open = (): TestService =>
    testService({
      file: join(folder, `${crypto.randomUUID()}.sqlite`),
      clock,
      printers: [],
      change: {
        pdf: {
          render: ({ verificationCode }) => {
            codes.push(verificationCode);
            const pdf = appended(blank, `%${verificationCode}\n`);
            return Promise.resolve(ok({ pdf, pages: 1 }));
          },
          inspect: () => Promise.resolve(ok({ pages: 1 })),
          overprint: (pdf) => Promise.resolve(ok({ pdf })),
          memory: undefined,
          stop: () => Promise.resolve(),
        },
        signer: keptOpen(async () =>
          ok(createSigner({ key: unwrap(await pkcs12Key(authority.file('seal.p12'), 'geheim')), clock })),
        ),
      },
    });

  test('knows a paper by code and by file, in the words that the paper shows, and no more of a person', async () => {
    hub = open();
    hub.service.upsert(request());
    const pdf = await issued();
    const answer = code(codes.at(-1) ?? '');
    expect(answer).toEqual({
      state: 'valid',
      paper: {
        title: { zh: '在读证明', en: expect.any(String) as unknown },
        issuer: { zh: '示例大学', en: 'Example University' },
        number: expect.stringMatching(/^HH\d{4}-000001$/) as unknown,
        holder: '林*夏',
        issuedOn: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) as unknown,
        validUntil: '2255-03-15',
      },
    });
    expect(file(pdf)).toEqual(answer);
    expect(answerHash(examined(pdf).sha256, deps())).toEqual(answer);
    const told = JSON.stringify([answer, hub.records()]);
    for (const own of ['林知夏', '20230417086', '女', canonicalCode(codes.at(-1) ?? '') ?? 'no code']) {
      expect(told).not.toContain(own);
    }
    const plain = hub.db.prepare('SELECT * FROM certificate_record').all() as { sealed: Uint8Array }[];
    expect(Buffer.from(plain[0]?.sealed ?? []).toString('utf8')).not.toContain('林');
    await hub.close();
  });

  test('tells altered from unknown: what was appended to, what was changed, what is nobody’s', async () => {
    hub = open();
    hub.service.upsert(request());
    const pdf = await issued();
    expect(file(appended(pdf, '\n% more\n'))).toEqual({ state: 'altered' });
    const changed = Uint8Array.from(pdf);
    changed[200] = (changed[200] ?? 0) ^ 1;
    expect(file(changed)).toEqual({ state: 'altered' });
    // Signed by the same key, and never issued.
    expect(file(signed)).toMatchObject({ state: 'unknown', signature: { verdict: 'sound' } });
    expect(file(blank)).toMatchObject({ state: 'altered' });
    expect(file(Buffer.from('%PDF-1.4\n%%EOF\n'))).toEqual({ state: 'unknown' });
    expect(code('0000-0000-0000-0000')).toEqual({ state: 'unknown' });
    fc.assert(
      fc.property(fc.nat(pdf.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const other = Uint8Array.from(pdf);
        other[at] = (other[at] ?? 0) ^ flip;
        const answer = answerFile(other, { ...deps(), roots, now: clock.now() });
        expect(answer.ok && answer.value.state === 'valid').toBe(false);
      }),
      { numRuns: 200 },
    );
    await hub.close();
  });

  test('follows what becomes of the request: replaced, revoked, and valid anew', async () => {
    hub = open();
    hub.service.upsert(request());
    const first = await issued();
    hub.service.upsert(request({ revision: 2, fields: { gender: '男' } }));
    expect(file(first)).toMatchObject({ state: 'replaced' });
    const second = await issued();
    const [old = '', current = ''] = codes.slice(-2);
    expect([code(old).state, code(current).state, file(second).state]).toEqual(['replaced', 'valid', 'valid']);
    // Another number of copies changes no paper.
    hub.service.upsert(request({ revision: 3, fields: { gender: '男' }, copiesAllowed: 9 }));
    expect(code(current).state).toBe('valid');
    hub.service.revoke('request-1', 4);
    expect([code(old).state, code(current).state, file(second).state]).toEqual(['replaced', 'revoked', 'revoked']);
    hub.service.upsert(request({ revision: 5 }));
    await issued();
    expect([code(current).state, code(codes.at(-1) ?? '').state]).toEqual(['replaced', 'valid']);
    // What the hall is told, taken by the highest version of each file, says the same as the register.
    const newest = new Map(hub.records().map((record) => [record.sha256, record]));
    for (const record of newest.values()) expect(hub.service.register.byFile(record.sha256)).toEqual(record);
    expect([...newest.values()].map(({ state }) => state)).toEqual(['replaced', 'replaced', 'valid']);
    await hub.close();
  });

  test('a paper past its day is expired', async () => {
    hub = open();
    hub.service.upsert(request({ validUntil: epochMs(clock.now() + 86_400_000) }));
    await issued();
    const later = { ...deps(), today: () => '9999-01-01' };
    expect(unwrap(answerCode(codes.at(-1) ?? '', later))).toMatchObject({ state: 'expired' });
    await hub.close();
  });
});
