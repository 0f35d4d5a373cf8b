import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stretches } from './script.ts';

const cut = (text: string): readonly string[] => stretches(Array.from(text)).map((cells) => cells.join(''));

test.each([
  ['2026年3月2日', ['2026', '年', '3', '月', '2', '日']],
  ['“林知夏”，Lin Zhixia', ['“林知夏”，', 'Lin Zhixia']],
  ['阿依古丽·买买提', ['阿依古丽·买买提']],
  ['HH2026-000042', ['HH2026-000042']],
  ['𠮷㛃（学号 2023）', ['𠮷㛃（学号 ', '2023', '）']],
  ['……', ['……']],
  ['', []],
])('%s is cut where its script changes', (text, parts) => {
  expect(cut(text)).toEqual(parts);
});

test('no character is lost, added or moved, and no stretch is empty', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const parts = cut(text);
      expect(parts.join('')).toBe(text);
      expect(parts).not.toContain('');
    }),
  );
});
