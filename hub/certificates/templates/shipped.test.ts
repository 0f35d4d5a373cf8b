import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unwrap } from '@hallhub/sync/base';
import { drawCertificate } from '../render/draw.ts';
import { fontFiles } from '../render/font-files.ts';
import { type FontBox, loadFonts } from '../render/fonts.ts';
import { sampleInput } from '../testing/sample.ts';
import { inkOn, run, textIn, withPdf } from '../testing/tools.ts';
import { loadSample, loadTemplates, shippedTemplates } from './index.ts';
import type { RenderInput, Row } from './index.ts';

/**
 * Pages of each sample, and pixels darker than half on the first one at 100 dpi, with poppler 22.12.0 and the fonts of
 * package-lock.json; each page was looked at.
 */
const GOLDEN: Readonly<Record<string, readonly [pages: number, ink: number]>> = {
  degree: [1, 35_372],
  employment: [1, 31_683],
  enrolment: [1, 31_574],
  'enrolment-en': [1, 37_405],
  income: [1, 33_160],
  leaving: [1, 30_842],
  payment: [2, 15_373],
  'pre-graduation': [1, 36_186],
  scholarship: [1, 32_588],
  transcript: [2, 14_620],
};

const templates = loadTemplates();
const at = new Date('2026-03-02T08:00:00Z');
let fonts: FontBox;
beforeAll(() => {
  fonts = unwrap(loadFonts(fontFiles()));
});

const input = (name: string, change: Partial<RenderInput> = {}): RenderInput =>
  sampleInput({ template: name, version: 1, ...loadSample(name, 1), ...change });
const draw = async (name: string, given = input(name)) => drawCertificate(templates.get(name, 1)!, given, fonts, at);

describe('the templates that ship', () => {
  it('are these ten', () => {
    expect([...templates.names].sort()).toEqual(Object.keys(GOLDEN).sort());
  });

  it.each(Object.entries(GOLDEN))('%s is drawn as it was when somebody looked at it', async (name, [pages, ink]) => {
    const made = unwrap(await draw(name));
    expect(made.pages).toBe(pages);
    const own = inkOn(made.pdf);
    expect(Math.abs(own - ink), `${own} dark pixels`).toBeLessThanOrEqual(ink * 0.002);
    const text = textIn(made.pdf).replace(/[样张SPECIMEN]/g, '');
    const { studentName } = loadSample(name, 1);
    for (const part of [studentName, 'HH2026-000042', '7K3M-Q2XD-9FHP-04WT']) {
      expect(text).toContain(part.replace(/[样张SPECIMEN]/g, ''));
    }
    expect(withPdf(made.pdf, (file) => run('qpdf', ['--check', file]).toString())).toContain('No syntax');
  });

  it.each(Object.keys(GOLDEN))('%s has room for long names, and says what it has no room for', async (name) => {
    const made = await draw(name, input(name, { studentName: '阿卜杜热合曼·阿卜杜热依木江·买买提㛃䶮' }));
    if (made.ok) expect(textIn(made.value.pdf)).toContain('买买提㛃䶮');
    else expect(made.error.code).toBe('E-CERT-0204');
  });
});

describe('tables', { timeout: 60_000 }, () => {
  const course = (n: number, term: number): Row => ({
    term: `第${term}学期`,
    course: `课程${String(n).padStart(3, '0')}`,
    kind: '必修',
    credits: '2',
    mark: '90',
  });
  const transcript = async (count: number) => {
    const courses = Array.from({ length: count }, (_, n) => course(n, Math.floor(n / 9)));
    const sample = loadSample('transcript', 1);
    const fields = { ...sample.fields, specimen: 'false', courses };
    return unwrap(await draw('transcript', input('transcript', { fields })));
  };

  it('lose no row and tell none twice, however many there are; the seal never stands alone', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 300 }), async (count) => {
        const { pdf, pages } = await transcript(count);
        const found = textIn(pdf).match(/课程\d{3}/g) ?? [];
        expect([...found].sort()).toEqual(Array.from({ length: count }, (_, n) => `课程${String(n).padStart(3, '0')}`));
        const last = withPdf(pdf, (file) => run('pdftotext', ['-f', String(pages), file, '-']).toString('utf8'));
        expect(last.replace(/\s/g, '')).toMatch(/课程\d{3}/);
        expect(last.replace(/\s/g, '')).toContain(`第${pages}页，共${pages}页`);
      }),
      { numRuns: 10, examples: [[1], [40], [62], [63], [300]] },
    );
  });

  it('of a template that keeps to one page are refused when they grow too long', async () => {
    const sample = loadSample('scholarship', 1);
    const one = (sample.fields['awards'] as readonly Row[])[0]!;
    const fields = { ...sample.fields, awards: new Array<Row>(12).fill(one) };
    expect(await draw('scholarship', input('scholarship', { fields }))).toMatchObject({
      ok: false,
      error: { code: 'E-CERT-0204' },
    });
  });

  it.each([
    [{ awards: 'text' }, 'awards: no list'],
    [{ awards: [] }, 'awards: missing'],
    [{ awards: [{ year: '2024', name: '奖', amount: '很多' }] }, 'awards[0].amount: no number'],
    [{ awards: [{ year: '2024', amount: '1' }] }, 'awards[0].name: missing'],
    [{ total: [] }, 'total: a list'],
  ])('refuse what breaks a rule, by its place: %o', async (change, detail) => {
    const fields = { ...loadSample('scholarship', 1).fields, ...change } as RenderInput['fields'];
    expect(await draw('scholarship', input('scholarship', { fields }))).toEqual({
      ok: false,
      error: { code: 'E-CERT-0202', detail },
    });
  });
});

describe('an operator’s own templates', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-templates-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const shipped = JSON.parse(readFileSync(join(shippedTemplates, 'enrolment/1/template.json'), 'utf8')) as {
    title: object;
    layout: object[];
  };
  const write = (name: string, version: string, body: object): void => {
    mkdirSync(join(folder, name, version), { recursive: true });
    writeFileSync(join(folder, name, version, 'template.json'), JSON.stringify(body));
  };

  it('stand beside those that ship, and before them where the name is the same', () => {
    write('enrolment', '2', { ...shipped, title: { zh: '在读证明（新）', en: 'New' } });
    write('library', '1', { ...shipped, title: { zh: '图书馆清书证明', en: 'Library clearance' } });
    const both = loadTemplates([shippedTemplates, folder]);
    expect(both.get('enrolment')?.version).toBe(2);
    expect(both.get('enrolment', 1)?.title.zh).toBe('在读证明');
    expect(both.get('library')?.title.zh).toBe('图书馆清书证明');
  });

  it('may name the font families that the configuration names', () => {
    const layout = [{ type: 'line', text: '{{gender|strong,font:name}}', size: 9, font: 'name' }];
    write('named', '1', { ...shipped, fonts: { name: ['kai', 'song'] }, layout });
    expect(loadTemplates([folder], ['song', 'kai']).get('named')?.fonts).toEqual({ name: ['kai', 'song'] });
    rmSync(join(folder, 'named'), { recursive: true });
  });

  it.each([
    [{ layout: [{ type: 'line', text: '{{nobody}}', size: 9 }] }, 'nobody'],
    [{ layout: [{ type: 'line', text: '{{gender|upside}}', size: 9 }] }, 'upside'],
    [{ layout: [{ type: 'rule', when: 'never' }] }, 'never'],
    [
      { layout: [{ type: 'table', rows: 'gender', size: 9, columns: [{ title: 'a', text: 'b', share: 1 }] }] },
      'gender',
    ],
    [{ footer: { text: '{{pagez}}', size: 8 } }, 'pagez'],
    [{ fonts: { name: ['kai'] } }, 'font family kai'],
    [{ layout: [{ type: 'line', text: 'a', size: 9, font: 'name' }] }, 'no font name'],
    [{ footer: { text: '{{page}}', size: 8, font: 'name' } }, 'no font name'],
    [{ fonts: { name: ['song'] }, layout: [{ type: 'line', text: '{{gender|font:nam}}', size: 9 }] }, 'font:nam'],
  ])('are refused at the start when they name what is not there: %o', (change, what) => {
    write('broken', '1', { ...shipped, ...change });
    expect(() => loadTemplates([folder])).toThrow(what);
    rmSync(join(folder, 'broken'), { recursive: true });
  });
});
