import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { unwrap } from '@hallhub/sync/base';
import { type Template, loadTemplates } from '../templates/index.ts';
import { sampleInput } from '../testing/sample.ts';
import { inkOn, run, textIn, withPdf } from '../testing/tools.ts';
import { drawCertificate } from './draw.ts';
import { fontFiles } from './font-files.ts';
import { type FontBox, loadFonts } from './fonts.ts';

const fontOf = (file: string, from: string): string => {
  if (!existsSync(file)) throw new Error(`${file} is missing: apt-get install ${from}`);
  return file;
};

const at = new Date('2026-03-02T08:00:00Z');
const shipped = loadTemplates().get('enrolment', 1)!;
/** The enrolment certificate with names in Kai, Western text in a Western face, and everything else as it was. */
const template: Template = {
  ...shipped,
  fonts: { text: ['latin', 'song'], name: ['kai', 'song'] },
  layout: shipped.layout.map((block) =>
    block.type === 'paragraph'
      ? { ...block, text: block.text.replace('|strong,keep}}', '|strong,keep,font:name}}') }
      : block,
  ),
};
let fonts: FontBox;
beforeAll(() => {
  const kai = (weight: string): string =>
    fontOf(`/usr/share/fonts/truetype/lxgw-wenkai/LXGWWenKai-${weight}.ttf`, 'fonts-lxgw-wenkai');
  const latin = (weight: string): string =>
    fontOf(`/usr/share/fonts/truetype/liberation/LiberationSerif-${weight}.ttf`, 'fonts-liberation');
  const own = {
    fonts: {
      kai: { regular: kai('Regular'), bold: kai('Bold') },
      latin: { regular: latin('Regular'), bold: latin('Bold') },
    },
    fallbackFontFile: fontOf('/usr/share/fonts/truetype/hanazono/HanaMinB.ttf', 'fonts-hanazono'),
  };
  fonts = unwrap(loadFonts(fontFiles(own)));
});

const draw = async (studentName: string): Promise<Uint8Array> => {
  const fields = { ...sampleInput().fields, specimen: 'false' };
  return unwrap(await drawCertificate(template, sampleInput({ studentName, fields }), fonts, at)).pdf;
};

/** The face of each character of the page, in reading order, as another program sees it. */
function facesOn(pdf: Uint8Array): readonly { readonly text: string; readonly face: string }[] {
  const xml = withPdf(pdf, (file) => run('mutool', ['draw', '-q', '-F', 'stext', file]).toString('utf8'));
  let face = '';
  return [...xml.matchAll(/<font name="([^"]*)"|<char [^>]*c="([^"]*)"/g)].flatMap(([, name, text]) => {
    face = name ?? face;
    const plain = text?.replace(/&#x([0-9a-f]+);/g, (_, point: string) => String.fromCodePoint(parseInt(point, 16)));
    return plain === undefined ? [] : [{ text: plain, face }];
  });
}
const facesOf = (pdf: Uint8Array, part: string): ReadonlySet<string> => {
  const all = facesOn(pdf).filter(({ text }) => text.trim() !== '');
  const from = Array.from(
    all
      .map(({ text }) => text)
      .join('')
      .split(part)[0] ?? '',
  ).length;
  return new Set(all.slice(from, from + Array.from(part).length).map(({ face }) => face));
};

describe('a template with several fonts', () => {
  test('sets each part in the first face of its list that covers it', async () => {
    const pdf = await draw('林知夏');
    expect([...facesOf(pdf, '林知夏')]).toEqual([expect.stringMatching(/WenKai.*Bold/)]);
    expect([...facesOf(pdf, '在读证明')]).toEqual([expect.stringMatching(/NotoSerifSC.*Bold/)]);
    expect([...facesOf(pdf, '系我校')]).toEqual([expect.stringMatching(/NotoSerifSC/)]);
    expect([...facesOf(pdf, '20230417086')]).toEqual([expect.stringMatching(/LiberationSerif/)]);
    expect([...facesOf(pdf, 'HH2026-000042')]).toEqual([expect.stringMatching(/LiberationSerif/)]);
  });

  test('does not piece a name together where one face has all of it', async () => {
    // The Kai face lacks 㨁.
    expect([...facesOf(await draw('林㨁夏'), '林㨁夏')]).toEqual([expect.stringMatching(/NotoSerifSC/)]);
  });

  test('takes the font for rare characters for nothing but those', async () => {
    const pdf = await draw('林\u{2A700}夏');
    expect(textIn(pdf)).toContain('林\u{2A700}夏');
    expect([...facesOf(pdf, '\u{2A700}')]).toEqual([expect.stringMatching(/HanaMin/)]);
    expect([...facesOf(pdf, '夏')]).toEqual([expect.stringMatching(/WenKai/)]);
  });

  test('is refused by name for what no face covers', async () => {
    const input = sampleInput({ studentName: '林\u{30000}夏' });
    expect(await drawCertificate(template, input, fonts, at)).toEqual({
      ok: false,
      error: { code: 'E-CERT-0203', detail: '\u{30000} U+30000' },
    });
  });

  test('is refused where seal or watermark would hold a blank, which no line of text shows', async () => {
    const base = sampleInput();
    const issuer = { ...base.issuer, sealPurpose: '专用\u{30000}章' };
    expect(await drawCertificate(template, { ...base, issuer }, fonts, at)).toMatchObject({
      error: { code: 'E-CERT-0203', detail: '\u{30000} U+30000' },
    });
  });

  test('looks as it did when somebody looked at it, every face embedded and mapped to Unicode', async () => {
    const pdf = await draw('林知夏');
    // Poppler 22.12.0; LXGW WenKai 1.250, Liberation 2.1.5.
    const golden = 31_314;
    expect(Math.abs(inkOn(pdf) - golden), `${inkOn(pdf)} dark pixels`).toBeLessThanOrEqual(golden * 0.002);
    const listed = withPdf(pdf, (file) => run('pdffonts', [file]).toString('utf8'))
      .trim()
      .split('\n')
      .slice(2);
    expect(listed.length).toBeGreaterThanOrEqual(5);
    for (const line of listed) expect(line).toMatch(/ yes (yes|no) +yes +\d+ +0$/);
  });
});
