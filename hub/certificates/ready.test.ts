import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PDFDocument, PDFName, StandardFonts } from '@cantoo/pdf-lib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock, unwrap } from '@hallhub/sync/base';
import { trustRoots } from '@hallhub/sync/verification';
import { type ReadyPolicy, checkReady } from './ready.ts';
import { drawCertificate } from './render/draw.ts';
import { fontFiles } from './render/font-files.ts';
import { loadFonts } from './render/fonts.ts';
import { inspectReady } from './render/inspect.ts';
import { createSigner } from './signing/index.ts';
import { pkcs12Key } from './signing/pkcs12.ts';
import { loadTemplates } from './templates/index.ts';
import { testAuthority } from './testing/authority.ts';
import { sampleInput } from './testing/sample.ts';
import { run } from './testing/tools.ts';

const clock = systemClock({ mode: 'test' });
let folder: string;
let plain: Uint8Array;
let signed: Uint8Array;
let own: ReturnType<typeof trustRoots>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hallhub-ready-'));
  const authority = testAuthority(folder);
  own = trustRoots(readFileSync(authority.rootPem, 'utf8'));
  const fonts = unwrap(loadFonts(fontFiles()));
  const template = loadTemplates().get('enrolment', 1)!;
  const draw = async (change: Parameters<typeof sampleInput>[0]) =>
    unwrap(await drawCertificate(template, sampleInput(change), fonts, new Date(0))).pdf;
  plain = await draw({});
  const blank = await draw({ signature: { bytes: 16_384, name: '示例大学', reason: '证明' } });
  const key = unwrap(await pkcs12Key(authority.file('seal.p12'), 'geheim'));
  signed = unwrap(await createSigner({ key, clock }).sign(blank)).pdf;
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const made = async (change: (document: PDFDocument) => void | Promise<void>, size: [number, number] = [595, 842]) => {
  const document = await PDFDocument.create();
  document.addPage(size).drawText('Certificate', { font: await document.embedFont(StandardFonts.Helvetica) });
  await change(document);
  return document.save({ useObjectStreams: false });
};
const nothing = (): void => undefined;

describe('a ready PDF', () => {
  it('that can be printed is: our own, signed or not, and a plain one', async () => {
    for (const pdf of [plain, signed, await made(nothing), await made(nothing, [842, 595])]) {
      expect(await inspectReady(pdf)).toEqual({ ok: true, value: { pages: 1 } });
    }
  });

  it.each<readonly [string, string, () => Promise<Uint8Array>]>([
    ['E-CERT-0208', 'page 1: 612 × 792 pt, not A4', () => made(nothing, [612, 792])],
    [
      'E-CERT-0208',
      'JavaScript',
      () =>
        made((document) => {
          document.addJavaScript('hello', 'app.alert(1)');
        }),
    ],
    ['E-CERT-0208', 'embedded file', () => made((document) => document.attach(Uint8Array.of(1), 'a.txt'))],
    [
      'E-CERT-0208',
      'font not embedded: SimSun',
      () =>
        made(({ context }) => {
          context.register(context.obj({ Type: 'Font', Subtype: 'TrueType', BaseFont: PDFName.of('SimSun') }));
        }),
    ],
    [
      'E-CERT-0208',
      'encrypted',
      async () => {
        const file = join(folder, 'open.pdf');
        writeFileSync(file, await made(nothing));
        run('qpdf', ['--encrypt', '', 'owner', '256', '--', file, join(folder, 'closed.pdf')]);
        return readFileSync(join(folder, 'closed.pdf'));
      },
    ],
  ])('is refused with %s: %s', async (code, detail, make) => {
    expect(await inspectReady(await make())).toEqual({ ok: false, error: { code, detail } });
  });

  it('is answered whatever is broken in it', async () => {
    const base = await made(nothing);
    await fc.assert(
      fc.asyncProperty(fc.nat(base.length - 1), fc.nat(255), async (at, byte) => {
        const torn = Uint8Array.from(base);
        torn[at] = byte;
        const seen = await inspectReady(torn);
        expect(seen.ok || /^E-CERT-020[78]$/.test(seen.error.code)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it.each<readonly [ReadyPolicy, 'none' | 'sound' | 'strange' | 'changed' | 'appended', string | undefined]>([
    ['required', 'sound', undefined],
    ['required', 'none', 'no signature'],
    ['required', 'strange', 'signer untrusted'],
    ['if-present', 'strange', undefined],
    ['if-present', 'none', undefined],
    ['if-present', 'changed', 'signature changed'],
    ['if-present', 'appended', 'changed after it was signed'],
    ['ignore', 'changed', undefined],
  ])('whose signature is asked for as %s, with %s: %s', (policy, what, detail) => {
    const changed = Uint8Array.from(signed);
    changed[1_000] = (changed[1_000] ?? 0) ^ 1;
    const files = { none: plain, sound: signed, strange: signed, changed, appended: Buffer.concat([signed, plain]) };
    const roots = what === 'strange' ? [] : own;
    const checked = checkReady(files[what], { policy, roots, at: clock.now() });
    expect(checked).toEqual(
      detail === undefined ? { ok: true } : { ok: false, error: { code: 'E-CERT-0209', detail } },
    );
  });
});
