import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { candidates, normalise, segmentations } from './candidates.ts';
import { SURNAMES } from './surnames.ts';
import { TABLE } from './table.ts';

const texts = (typed: string, surname = false): readonly string[] =>
  candidates(typed, { surname }).map(({ text }) => text);

/** Types all letters at once, then chooses one character after the other, as people do. */
function choose(typed: string, name: string): string {
  let letters = normalise(typed);
  let chosen = '';
  while (letters !== '' && chosen !== name) {
    const next = candidates(letters, { surname: chosen === '' }).find(({ text }) =>
      name.slice(chosen.length).startsWith(text),
    );
    if (!next) return `${chosen}|${letters}`;
    chosen += next.text;
    letters = letters.slice(next.letters);
  }
  return chosen;
}

describe('rare characters of given names', () => {
  test.each([
    ['zhe', '喆'],
    ['kun', '堃'],
    ['jun', '珺'],
    ['yue', '玥'],
    ['chong', '翀'],
    ['ben', '犇'],
    ['biao', '骉'],
    ['yun', '赟'],
    ['yan', '龑'],
    ['yan', '䶮'],
    ['jie', '㛃'],
    ['xuan', '瑄'],
    ['hao', '淏'],
    ['yao', '垚'],
  ])('%s offers %s', (letters, character) => {
    expect(texts(letters)).toContain(character);
  });
});

describe('surnames', () => {
  test.each([
    ['qiu', '仇'],
    ['shan', '单'],
    ['zha', '查'],
    ['xie', '解'],
    ['zeng', '曾'],
    ['yuchi', '尉迟'],
    ['moqi', '万俟'],
    ['ouyang', '欧阳'],
    ['lvqiu', '闾丘'],
  ])('%s offers %s among the first', (letters, surname) => {
    expect(texts(letters, true).slice(0, 5)).toContain(surname);
  });

  it('come as they are common, and only where one is expected', () => {
    expect(texts('wang', true)[0]).toBe('王');
    expect(texts('zhang', true)[0]).toBe('张');
    expect(texts('ouyang', false)).not.toContain('欧阳');
  });
});

test.each([
  ['zhangsan', '张三'],
  ['OuYang Na', '欧阳娜'],
  ['yuchijingde', '尉迟敬德'],
  ['lvbu', '吕布'],
  ['nve', '虐'],
  ['lue', '略'],
  ['xian', '西安'],
  ['fangan', '方安'],
  ['lizhe', '李喆'],
])('%s, typed at once, becomes %s', (typed, name) => {
  expect(choose(typed, name)).toBe(name);
});

it('offers what a beginning may become', () => {
  expect(texts('zh', true)).toContain('张');
  expect(texts('zhan').length).toBeGreaterThan(20);
});

const syllables = TABLE.trim()
  .split('\n')
  .map((line) => line.split(' ')[0] ?? '')
  .filter((syllable) => /[aeiouv]/.test(syllable));
const syllable = fc.constantFrom(...syllables);

describe('for whatever is typed', () => {
  it('parts are syllables that make up the letters, the fewest first', () => {
    fc.assert(
      fc.property(fc.array(syllable, { minLength: 1, maxLength: 5 }), (parts) => {
        const found = segmentations(parts.join(''));
        expect(found.length).toBeGreaterThan(0);
        for (const one of found) {
          expect(one.join('')).toBe(parts.join(''));
          for (const part of one) expect(syllables).toContain(part);
        }
        expect(found[0]?.length).toBe(Math.min(...found.map(({ length }) => length)));
      }),
    );
  });

  it('each candidate is there once and uses up some of the letters, never more than there are', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 16 }), fc.boolean(), (typed, surname) => {
        const letters = normalise(typed);
        const found = candidates(typed, { surname });
        expect(new Set(found.map(({ text }) => text)).size).toBe(found.length);
        for (const one of found) {
          expect(one.letters).toBeGreaterThan(0);
          expect(one.letters).toBeLessThanOrEqual(letters.length);
        }
      }),
    );
  });

  it('every character of the table can be reached by its own syllable', () => {
    for (const line of TABLE.trim().split('\n')) {
      const [letters = '', list = ''] = line.split(' ');
      if (!syllables.includes(letters)) continue;
      const reached = new Set(texts(letters));
      for (const character of list) expect(reached.has(character), `${letters} ${character}`).toBe(true);
    }
  });

  it('every surname of the list can be typed', () => {
    for (const [surname, reading] of Object.entries(SURNAMES)) expect(texts(reading, true)).toContain(surname);
  });
});
