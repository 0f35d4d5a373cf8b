import { unwrap } from '@hallhub/sync/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerChallenge, readChallenge } from '../http-device/digest.ts';
import { boundaryOf, createMultipartReader } from '../http-device/multipart.ts';
import { instantOf, plateText } from './plate-feed.ts';
import { parseXml, xmlText } from '../http-device/xml.ts';

describe('XML of a camera', () => {
  it('is read with its five entities, without prefixes', () => {
    const root = unwrap(
      parseXml('\uFEFF<?xml version="1.0"?><a:b x="1"><!-- <c> --><c>1 &lt; &#x4EAC; &amp;</c><d/></a:b>'),
    );
    expect([root.name, xmlText(root, 'c'), xmlText(root, 'd'), xmlText(root, 'e')]).toEqual([
      'b',
      '1 < 京 &',
      '',
      undefined,
    ]);
  });

  it.each([
    ['entities that grow', '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><a>&b;</a>'],
    ['something from outside', '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'],
    ['an unknown entity', '<a>&xxe;</a>'],
    ['depth', `${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}`.slice(0, 200_000)],
    ['breadth', `<a>${'<b/>'.repeat(10_000)}</a>`],
    ['length', `<a>${'x'.repeat(300_000)}</a>`],
    ['an early end', '<a><b></b>'],
    ['crossed tags', '<a><b></a></b>'],
    ['two documents', '<a/><b/>'],
    ['no document', 'plate'],
  ])('is refused for %s', (_what, text) => {
    expect(parseXml(text)).toMatchObject({ ok: false, error: { code: 'E-DEV-0204' } });
  });

  it('never throws', () => {
    const soup = fc.array(
      fc.constantFrom('<', '>', '/', 'a', '&', ';', '<!--', '-->', '<![CDATA[', ']]>', '<?', '?>', '#x0', ' '),
    );
    fc.assert(
      fc.property(soup, (pieces) => {
        parseXml(pieces.join(''));
      }),
    );
  });
});

describe('multipart of a camera', () => {
  const reader = () => createMultipartReader('b');
  const part = (body: string, type = 'application/xml', stated = true): string =>
    `--b\r\nContent-Type: ${type}\r\n${stated ? `Content-Length: ${Buffer.byteLength(body)}\r\n` : ''}\r\n${body}\r\n`;
  const bodies = (parts: readonly { readonly body: Uint8Array }[]): string[] =>
    parts.map(({ body }) => Buffer.from(body).toString());

  it('is the same however it is cut, with lengths and without, and pictures are not kept', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ body: fc.stringMatching(/^[^-]{0,40}$/), stated: fc.boolean() }), { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
        (given, sizes) => {
          const text = `${given.map(({ body, stated }) => part(body, 'text/plain', stated)).join('')}${part('JPEG', 'image/jpeg')}--b--`;
          const bytes = Buffer.from(text);
          const one = reader();
          const found: string[] = [];
          for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
            const size = sizes[turn % sizes.length] ?? 1;
            found.push(...bodies(unwrap(one.push(bytes.subarray(at, at + size)))));
            at += size;
          }
          expect(found).toEqual([...given.map(({ body }) => body), '']);
        },
      ),
    );
  });

  it('is given up when a part has no end or says that it is too long, and holds nothing more', () => {
    for (const head of ['Content-Length: 99999999\r\n\r\n', '\r\n', `X: ${'y'.repeat(9_000)}`]) {
      const one = reader();
      let failed = false;
      for (let piece = 0; piece < 100 && !failed; piece += 1)
        failed = !one.push(Buffer.from(piece === 0 ? `--b\r\n${head}` : 'x'.repeat(10_000))).ok;
      expect(failed).toBe(true);
      expect(one.push(Buffer.from(part('late')))).toMatchObject({ error: { code: 'E-DEV-0204' } });
    }
  });

  it('has its boundary in the header, quoted or with dashes', () => {
    expect(
      ['multipart/mixed; boundary=b', 'multipart/form-data; charset=x; boundary="--b"', 'text/xml'].map(boundaryOf),
    ).toEqual(['b', 'b', undefined]);
  });
});

describe('Digest', () => {
  // RFC 7616, 3.9.1
  const header = (algorithm: string): string =>
    `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`;
  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('answers as RFC 7616 does with %s', (algorithm, response) => {
    const answer = answerChallenge(
      unwrap(readChallenge(header(algorithm))),
      { user: 'Mufasa', password: 'Circle of Life' },
      { method: 'GET', uri: '/dir/index.html' },
      { count: 1, cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ' },
    );
    expect(answer).toContain(`response="${response}"`);
    expect(answer).toContain('nc=00000001');
    expect(answer).not.toContain('Circle');
  });

  it('answers nothing else', () => {
    for (const other of [
      undefined,
      'Basic realm="x"',
      'Digest realm="x"',
      'Digest realm="x", nonce="n", qop="auth-int"',
    ])
      expect(readChallenge(other)).toMatchObject({ error: { code: 'E-DEV-0203' } });
  });
});

describe('what a camera writes for a plate', () => {
  it('is short and can be shown, whatever it was', () => {
    expect(plateText('京A😀12345')).toBe('京A😀12345');
    expect(Array.from(plateText('京'.repeat(10_000)))).toHaveLength(32);
    expect(['_无_', '无牌车', 'unknown', ''].map(plateText)).toEqual(['', '', '', '']);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const shown = plateText(text);
        expect(Array.from(shown).length).toBeLessThanOrEqual(32);
        expect(shown).not.toMatch(/[\p{Cc}\p{Cs}]/u);
        expect(plateText(shown)).toBe(shown);
      }),
    );
  });

  it('has a time only with a time zone', () => {
    expect(instantOf('2026-01-01T11:00:00+08:00')).toBe(1_767_236_400_000);
    expect(['2026-01-01T11:00:00', 'yesterday', '2026-99-01T11:00:00Z', undefined].map(instantOf)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
