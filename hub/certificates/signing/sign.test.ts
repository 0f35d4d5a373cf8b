import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { epochMs, manualClock, systemClock, unwrap } from '@hallhub/sync/base';
import { findSignatures } from '@hallhub/sync/verification';
import { drawCertificate } from '../render/draw.ts';
import { fontFiles } from '../render/font-files.ts';
import { type FontBox, loadFonts } from '../render/fonts.ts';
import { loadTemplates } from '../templates/index.ts';
import { type TestAuthority, testAuthority } from '../testing/authority.ts';
import { sampleInput } from '../testing/sample.ts';
import { run } from '../testing/tools.ts';
import type { SigningKey } from './cms.ts';
import { pkcs11Key } from './pkcs11.ts';
import { pkcs12Key } from './pkcs12.ts';
import { configuredSigner } from './source.ts';
import { createSigner } from './sign.ts';
import { httpTimestamps } from './timestamp.ts';

const clock = systemClock({ mode: 'test' });
const template = loadTemplates().get('enrolment', 1)!;
let folder: string;
let authority: TestAuthority;
let fonts: FontBox;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hallhub-sign-'));
  authority = testAuthority(join(folder, 'ec'));
  run('certutil', ['-N', '-d', `sql:${folder}`, '--empty-password']);
  run('certutil', ['-A', '-d', `sql:${folder}`, '-n', 'ec', '-t', 'CT,C,C', '-i', authority.rootPem]);
  fonts = unwrap(loadFonts(fontFiles()));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const withRoom = async (bytes = 16_384): Promise<Uint8Array> =>
  unwrap(
    await drawCertificate(
      template,
      sampleInput({ signature: { bytes, name: '示例大学教务处电子签章', reason: '学籍证明专用章' } }),
      fonts,
      new Date(clock.now()),
    ),
  ).pdf;
const saved = (pdf: Uint8Array, name = 'signed.pdf'): string => {
  const file = join(folder, name);
  writeFileSync(file, pdf);
  return file;
};
/** What poppler says of it. */
const pdfsig = (pdf: Uint8Array): string => run('pdfsig', ['-nssdir', `sql:${folder}`, saved(pdf)]).toString('utf8');
/** What OpenSSL says of it, with the attributes of the signature. */
function openssl(pdf: Uint8Array, rootPem: string): string {
  const [found] = unwrap(findSignatures(pdf));
  if (!found || 'broken' in found) throw new Error('no signature');
  const [, b, c, d] = found.byteRange;
  writeFileSync(join(folder, 'content'), Buffer.concat([pdf.subarray(0, b), pdf.subarray(c, c + d)]));
  writeFileSync(join(folder, 'sig.der'), found.cms);
  const cms = ['-inform', 'DER', '-in', join(folder, 'sig.der')];
  const content = ['-content', join(folder, 'content'), '-CAfile', rootPem];
  run('openssl', ['cms', '-verify', '-binary', ...cms, ...content, '-purpose', 'any', '-out', join(folder, 'out')]);
  return run('openssl', ['cms', '-cmsout', '-print', ...cms]).toString('utf8');
}

describe('a certificate that is signed', { timeout: 60_000 }, () => {
  test('with a key from a PKCS#12 file is valid to other programs, and names no signing time in the CMS', async () => {
    const key = unwrap(await pkcs12Key(authority.file('seal.p12'), 'geheim'));
    const signer = createSigner({ key, clock });
    expect(signer.name).toBe('示例大学教务处电子签章');
    const signed = unwrap(await signer.sign(await withRoom()));
    expect(signed.level).toBe('B-B');
    const said = pdfsig(signed.pdf);
    expect(said).toContain('Signature is Valid.');
    expect(said).toContain('Certificate is Trusted.');
    expect(said).toContain('Total document signed');
    expect(said).toContain('ETSI.CAdES.detached');
    expect(said).toContain('示例大学教务处电子签章');
    const attributes = openssl(signed.pdf, authority.rootPem);
    expect(attributes).toContain('id-smime-aa-signingCertificateV2');
    expect(attributes).not.toContain('signingTime');
    expect(run('qpdf', ['--check', saved(signed.pdf)]).toString()).toContain('No syntax or stream encoding errors');
  });

  test('with an RSA key and a time stamp is of level B-T', async () => {
    const rsa = testAuthority(join(folder, 'rsa'), 'rsa');
    run('certutil', ['-A', '-d', `sql:${folder}`, '-n', 'rsa', '-t', 'CT,C,C', '-i', rsa.rootPem]);
    const tsa = await rsa.timestamps();
    try {
      const key = unwrap(await pkcs12Key(rsa.file('seal.p12'), 'geheim'));
      const signer = createSigner({ key, clock, authority: httpTimestamps(tsa.url), stampRequired: true });
      const signed = unwrap(await signer.sign(await withRoom()));
      expect(signed.level).toBe('B-T');
      expect(tsa.asked()).toBe(1);
      expect(pdfsig(signed.pdf)).toContain('Signature is Valid.');
      expect(openssl(signed.pdf, rsa.rootPem)).toContain('id-smime-aa-timeStampToken');
    } finally {
      await tsa.close();
    }
    const key = unwrap(await pkcs12Key(rsa.file('seal.p12'), 'geheim'));
    const gone = httpTimestamps(tsa.url);
    const strict = createSigner({ key, clock, authority: gone, stampRequired: true });
    expect(await strict.sign(await withRoom())).toMatchObject({ ok: false, error: { code: 'E-CERT-0502' } });
    const lenient = createSigner({ key, clock, authority: gone });
    expect(unwrap(await lenient.sign(await withRoom())).level).toBe('B-B');
  });

  test('on a token is valid as well, and one that is away or wrongly named is told from it', async () => {
    const token = softToken(authority);
    const open = (change: Partial<typeof token> = {}) => pkcs11Key({ clock, key: { ...token, ...change } });
    const key = unwrap(await open());
    const signed = unwrap(await createSigner({ key, clock }).sign(await withRoom()));
    expect(pdfsig(signed.pdf)).toContain('Signature is Valid.');
    await key.close();
    // A process that has ended is started again.
    expect(await key.sign(Uint8Array.of(1))).toMatchObject({ ok: true });
    await key.close();
    expect(await open({ pin: '999999' })).toMatchObject({ ok: false, error: { code: 'E-CERT-0505' } });
    for (const change of [{ tokenLabel: 'nowhere' }, { keyLabel: 'nothing' }, { module: '/none.so' }])
      expect(await open(change)).toMatchObject({ ok: false, error: { code: 'E-CERT-0501' } });
  });

  test('shows every later change: a byte, a page appended', async () => {
    const key = unwrap(await pkcs12Key(authority.file('seal.p12'), 'geheim'));
    const { pdf } = unwrap(await createSigner({ key, clock }).sign(await withRoom()));
    const altered = Uint8Array.from(pdf);
    altered[1_000] = (altered[1_000] ?? 0) ^ 1;
    expect(pdfsig(altered)).toContain('Digest Mismatch');
    expect(() => openssl(altered, authority.rootPem)).toThrow();
    const appended = Buffer.concat([pdf, Buffer.from('\n%%EOF\n')]);
    expect(unwrap(findSignatures(appended))).toMatchObject([{ coversWholeFile: false }]);
    expect(unwrap(findSignatures(pdf))).toMatchObject([{ coversWholeFile: true }]);
  });

  test('is not made with what does not hold good', async () => {
    expect(await pkcs12Key(authority.file('seal.p12'), 'wrong')).toMatchObject({ error: { code: 'E-CERT-0501' } });
    expect(await pkcs12Key(join(folder, 'none.p12'), 'geheim')).toMatchObject({ error: { code: 'E-CERT-0501' } });
    const key = unwrap(await pkcs12Key(authority.file('seal.p12'), 'geheim'));
    const later = manualClock(epochMs(Date.UTC(2199, 0)));
    expect(await createSigner({ key, clock: later }).sign(await withRoom())).toMatchObject({
      error: { code: 'E-CERT-0504' },
    });
    const stranger = testAuthority(join(folder, 'other'));
    const other = unwrap(await pkcs12Key(stranger.file('seal.p12'), 'geheim'));
    const mixed: SigningKey = { ...key, sign: (data) => other.sign(data) };
    expect(await createSigner({ key: mixed, clock }).sign(await withRoom())).toMatchObject({
      error: { code: 'E-CERT-0501' },
    });
    const signer = createSigner({ key, clock });
    expect(await signer.sign(await withRoom(200))).toMatchObject({ error: { code: 'E-CERT-0503' } });
    const plain = unwrap(await drawCertificate(template, sampleInput(), fonts, new Date(0))).pdf;
    expect(await signer.sign(plain)).toMatchObject({ error: { code: 'E-CERT-0503' } });
  });

  test('a PIN that the token refuses is tried once, and again only when the PIN file says something else', async () => {
    const { module, tokenLabel, keyLabel, pin } = softToken(authority, 'careful');
    const pinFile = join(folder, 'seal.pin');
    const source = configuredSigner({ kind: 'pkcs11', module, tokenLabel, keyLabel, pinFile }, clock);
    writeFileSync(pinFile, '9999\n');
    expect(await source.open()).toMatchObject({ error: { code: 'E-CERT-0505', detail: 'C_Login: CKR 0xa0' } });
    expect(await source.open()).toEqual({
      ok: false,
      error: { code: 'E-CERT-0505', detail: 'refused before; not tried again' },
    });
    writeFileSync(pinFile, `${pin}\n`);
    expect(unwrap(await source.open()).name).toBe('示例大学教务处电子签章');
    await source.close();
  });
});

/** A token in files, with the authority's key on it. The environment names its configuration, and the token's process inherits it. */
function softToken({ file }: TestAuthority, label = 'campus') {
  writeFileSync(join(folder, 'softhsm2.conf'), `directories.tokendir = ${folder}\n`);
  process.env['SOFTHSM2_CONF'] = join(folder, 'softhsm2.conf');
  const module = '/usr/lib/softhsm/libsofthsm2.so';
  run('softhsm2-util', ['--init-token', '--free', '--label', label, '--so-pin', '1234', '--pin', '4321']);
  run('softhsm2-util', [
    ...['--import', file('seal.key'), '--token', label, '--label', 'seal', '--id', '01', '--pin', '4321'],
  ]);
  run('pkcs11-tool', [
    ...['--module', module, '--token-label', label, '--login', '--pin', '4321'],
    ...['--write-object', file('seal.der'), '--type', 'cert', '--label', 'seal', '--id', '01'],
  ]);
  return { module, tokenLabel: label, keyLabel: 'seal', pin: '4321' };
}
