import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { unwrap } from '@hallhub/sync/base';
import type { Fields } from '../templates/index.ts';
import { loadTemplates } from '../templates/index.ts';
import { blankGlyphs } from '../testing/blank-glyphs.ts';
import { sampleInput } from '../testing/sample.ts';
import { inkOn, qrOn, run, textIn, withPdf } from '../testing/tools.ts';
import { drawCertificate } from './draw.ts';
import { fontFiles } from './font-files.ts';
import { type FontBox, loadFonts } from './fonts.ts';

/** Pixels darker than half of the sample at 100 dpi, with poppler 22.12.0 and the fonts of package-lock.json. */
const goldenInk = 31_574;

const template = loadTemplates().get('enrolment', 1)!;
const at = new Date('2026-03-02T08:00:00Z');
let fonts: FontBox;
let pdf: Uint8Array;
beforeAll(async () => {
  fonts = unwrap(loadFonts(fontFiles()));
  const made = unwrap(await drawCertificate(template, sampleInput(), fonts, at));
  expect(made.pages).toBe(1);
  pdf = made.pdf;
});

const draw = (change: Parameters<typeof sampleInput>[0]): ReturnType<typeof drawCertificate> =>
  drawCertificate(template, sampleInput(change), fonts, at);
const fields = (change: Fields): Fields => ({
  ...sampleInput().fields,
  ...change,
});

describe('the enrolment certificate', () => {
  test('is a sound PDF that another program reads as it was meant', () => {
    expect(withPdf(pdf, (file) => run('qpdf', ['--check', file]).toString())).toContain(
      'No syntax or stream encoding errors',
    );
    const text = textIn(pdf);
    for (const part of [
      '在读证明',
      '林知夏（身份证号11010120050309002X），女，2005年3月9日出生，系我校计算机科学与技术学院软件工程专业本科在读学生，学号20230417086，学制4年，于2023年9月入学，预计2027年6月毕业。',
      '特此证明。',
      'LinZhixia',
      'sinceSeptember2023',
      '示例大学教务处',
      '2026年3月2日',
      'HH2026-000042',
      '7K3M-Q2XD-9FHP-04WT',
      '学籍证明专用章',
    ]) {
      // The watermark runs across the paragraph, so its characters may stand between those of the text.
      expect(text.replace(/[样张SPECIMEN]/g, '')).toContain(part.replace(/[样张SPECIMEN]/g, ''));
    }
  });

  test('its QR code leads to the page that checks it', () => {
    expect(qrOn(pdf)).toBe('https://hall.example.edu.cn/verify?code=7K3MQ2XD9FHP04WT');
  });

  test('every glyph has ink: the page is as dark as it was when somebody looked at it', () => {
    expect(Math.abs(inkOn(pdf) - goldenInk)).toBeLessThanOrEqual(goldenInk * 0.002);
  });

  test('the ink test sees what nothing else sees: glyphs without outlines', async () => {
    const blank = await blankGlyphs(pdf);
    expect(withPdf(blank, (file) => run('qpdf', ['--check', file]).toString())).toContain(
      'No syntax or stream encoding errors',
    );
    expect(textIn(blank)).toBe(textIn(pdf));
    expect(inkOn(blank)).toBeLessThan(goldenInk * 0.8);
  });

  test('is marked as a specimen only where the field says so', async () => {
    const real = unwrap(await draw({ fields: fields({ specimen: 'false' }) })).pdf;
    expect(textIn(pdf)).toContain('样');
    expect(textIn(real)).not.toMatch(/样|PECIM/);
  });

  test('leaves the ID number out as a whole when there is none, and the English when there is no English name', async () => {
    const plain = unwrap(await draw({ fields: fields({ idNumber: '', nameEn: '', specimen: 'false' }) })).pdf;
    expect(textIn(plain)).toContain('林知夏，女，2005年3月9日出生，系我校');
    expect(textIn(plain)).not.toContain('Thisistocertify');
  });

  test('prints rare characters of the standard list and names with ·', async () => {
    const name = '阿依古丽·买买提㛃䶮龘';
    const rare = unwrap(await draw({ studentName: name, fields: fields({ specimen: 'false' }) })).pdf;
    expect(textIn(rare)).toContain(name);
  });

  test('refuses by name what no font covers, instead of a blank', async () => {
    expect(await draw({ studentName: '林𠮷夏𠮷' })).toEqual({
      ok: false,
      error: { code: 'E-CERT-0203', detail: '𠮷 U+20BB7' },
    });
    expect(await draw({ fields: fields({ college: '\u{1F600}学院' }) })).toMatchObject({
      error: { detail: '😀 U+1F600' },
    });
  });

  test('with a fallback font of the operator’s, rare characters are printed, each in the face that has it', async () => {
    // Debian's fonts-hanazono: Ext B and beyond, and hardly anything else.
    const file = '/usr/share/fonts/truetype/hanazono/HanaMinB.ttf';
    if (!existsSync(file)) throw new Error(`${file} is missing: apt-get install fonts-hanazono`);
    const both = unwrap(loadFonts(fontFiles({ fallbackFontFile: file })));
    const uncovered = sampleInput({ studentName: '证明𠮷㛃\u{30000}' });
    expect(await drawCertificate(template, uncovered, both, at)).toMatchObject({
      error: { code: 'E-CERT-0203', detail: '\u{30000} U+30000' },
    });
    const input = sampleInput({ studentName: '林𠮷夏', fields: fields({ specimen: 'false' }) });
    const rare = unwrap(await drawCertificate(template, input, both, at)).pdf;
    expect(textIn(rare)).toContain('兹证明林𠮷夏（');
    const without = sampleInput({ studentName: '林\u3000夏', fields: fields({ specimen: 'false' }) });
    expect(inkOn(rare)).toBeGreaterThan(inkOn(unwrap(await drawCertificate(template, without, both, at)).pdf) + 50);
  });

  test('a face that cannot be read is named', () => {
    const files = { ...fontFiles(), fallback: ['/nonexistent.ttf'] };
    expect(loadFonts(files)).toMatchObject({ ok: false, error: { code: 'E-CERT-0303' } });
  });

  test.each([
    [{ gender: '其他' }, 'gender: not one of the options'],
    [{ birthDate: '2005-02-30' }, 'birthDate: no date (YYYY-MM-DD)'],
    [{ idNumber: '12345' }, 'idNumber: not of the expected form'],
    [{ college: '' }, 'college: missing'],
    [{ major: '软件\n工程' }, 'major: holds a control character'],
    [{ major: '长'.repeat(41) }, 'major: longer than 40 characters'],
  ])('refuses a field that breaks its rule, without repeating its content: %o', async (change, detail) => {
    expect(await draw({ fields: fields(change as unknown as Record<string, string>) })).toEqual({
      ok: false,
      error: { code: 'E-CERT-0202', detail },
    });
  });

  test('refuses what would run into the signature', async () => {
    const crowded = {
      ...template,
      layout: [
        ...template.layout.slice(0, 7),
        ...new Array<(typeof template.layout)[number]>(8).fill(template.layout[6]!),
        ...template.layout.slice(7),
      ],
    };
    expect(await drawCertificate(crowded, sampleInput(), fonts, at)).toMatchObject({
      ok: false,
      error: { code: 'E-CERT-0204' },
    });
  });
});
