import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codePoints } from '../code-points.ts';
import { type Cell, breakLines, placeLine } from './line-break.ts';

const wide = /[\u2e80-\uffef]/u;
const cells = (text: string, group = 0): Cell[] =>
  codePoints(text).map((point) => ({ text: point, width: wide.test(point) ? 10 : 5, gap: 0, group }));
const texts = (lines: readonly (readonly Cell[])[]): string[] =>
  lines.map((line) => line.map((cell) => cell.text).join(''));

describe('breaking Chinese lines', () => {
  test('no line begins with a closing mark: a character moves down with it', () => {
    expect(texts(breakLines(cells('一二三四五六，七'), 60, 0))).toEqual(['一二三四五', '六，七']);
    expect(texts(breakLines(cells('一二三四五，六七'), 55, 0))).toEqual(['一二三四五，', '六七']);
  });

  test('no line ends with an opening mark', () => {
    expect(texts(breakLines(cells('一二三四《五六》七'), 50, 0))).toEqual(['一二三四', '《五六》七']);
  });

  test('an ID number, a date’s number and a word are never torn', () => {
    expect(texts(breakLines(cells('身份证号11010120050309002X，系'), 100, 0))).toEqual([
      '身份证号',
      '11010120050309002X，',
      '系',
    ]);
    expect(texts(breakLines(cells('to graduate in June'), 60, 0))).toEqual(['to graduate ', 'in June']);
  });

  test('a kept name stays whole where a line can hold it, and is cut only where none can', () => {
    const name = (length: number): Cell[] => cells('阿依古丽·买买提江·吐尔逊'.slice(0, length), 3);
    expect(texts(breakLines([...cells('兹证明'), ...name(6), ...cells('系')], 80, 0))).toEqual([
      '兹证明',
      '阿依古丽·买系',
    ]);
    expect(texts(breakLines(name(12), 50, 0)).join('')).toBe('阿依古丽·买买提江·吐尔');
  });

  test('always: nothing lost, nothing too wide, no forbidden mark at an edge', () => {
    const text = fc
      .array(fc.constantFrom(...codePoints('一二三龘㛃，。、（）《》“”；abcXYZ0189 .-·')), { maxLength: 120 })
      .map((points) => points.join(''));
    fc.assert(
      fc.property(text, fc.integer({ min: 60, max: 300 }), fc.integer({ min: 0, max: 20 }), (sample, width, indent) => {
        const source = cells(sample);
        const lines = breakLines(source, width, indent);
        expect(lines.flat()).toEqual(source);
        for (const [index, line] of lines.entries()) {
          const laid = placeLine(line, true, { width, indent: index === 0 ? indent : 0, stretch: 5 });
          const end = laid.findLast(({ cell }) => cell.text !== ' ');
          // Half a closing mark may stick out: that half is white.
          if (end) expect(end.x + end.cell.width).toBeLessThanOrEqual(width + 5 + 1e-9);
        }
      }),
    );
  });

  test('between Han characters, marks never stand where they must not', () => {
    const text = fc
      .array(fc.constantFrom('证', '明', '学', '，', '。', '明）', '（学', '《在', '读》', '0417'), {
        minLength: 1,
        maxLength: 80,
      })
      .map((parts) =>
        parts
          .join('')
          .replace(/[，。）》]{2,}/g, '，')
          .replace(/([（《])[，。]/g, '$1'),
      );
    fc.assert(
      fc.property(text, fc.integer({ min: 100, max: 300 }), (sample, width) => {
        for (const [index, line] of texts(breakLines(cells(sample), width, 0)).entries()) {
          if (index > 0) expect(line).not.toMatch(/^[，。）》]/);
        }
      }),
    );
  });

  test('a spread line ends flush; a hopeless one stays ragged', () => {
    const line = cells('一二三四');
    const spread = placeLine(line, true, { width: 46, indent: 0, stretch: 3 });
    expect(spread.map(({ x }) => x)).toEqual([0, 12, 24, 36]);
    expect(placeLine(line, true, { width: 60, indent: 0, stretch: 3 }).map(({ x }) => x)).toEqual([0, 10, 20, 30]);
  });
});
