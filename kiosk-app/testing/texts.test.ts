import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/*
 * Every text of the screens is there in both languages, and none is there in one alone. That each `zh` has its `en` is the type's
 * work (`Text`); what a type cannot see is a text outside of one, or one that was left in the other language.
 */

const UI = join(import.meta.dirname, '../ui');
const HAN = /\p{Script=Han}/u;

const files = readdirSync(UI, { recursive: true, encoding: 'utf8' }).filter(
  (name) => /\.(vue|ts)$/.test(name) && !name.endsWith('.test.ts'),
);
/** Without comments, which may be in any language. */
const source = (name: string): string =>
  readFileSync(join(UI, name), 'utf8')
    .replaceAll(/\/\*[\s\S]*?\*\/|<!--[\s\S]*?-->/g, '')
    .replaceAll(/(^|\s)\/\/.*$/gm, '');
const LITERAL = String.raw`'(?:[^'\\]|\\.)*'|\`(?:[^\`\\]|\\.)*\``;

it('says nothing in Chinese outside of a text of two languages', () => {
  const strays: string[] = [];
  for (const name of files) {
    const rest = source(name).replaceAll(new RegExp(String.raw`\bzh:\s*(${LITERAL})`, 'g'), '');
    for (const line of rest.split('\n'))
      // The switch says in each language how to get there.
      if (HAN.test(line) && !line.includes(`'English' : '中文'`)) strays.push(`${name}: ${line.trim()}`);
  }
  expect(strays).toEqual([]);
});

it('is in English where it says so, and in Chinese where it says that', () => {
  let texts = 0;
  for (const name of files)
    for (const [, language, text = ''] of source(name).matchAll(
      new RegExp(String.raw`\b(zh|en):\s*(${LITERAL})`, 'g'),
    )) {
      // What is filled in is neither.
      const fixed = text.slice(1, -1).replaceAll(/\$\{[^}]*\}/g, '');
      if (!/\p{L}/u.test(fixed)) continue;
      texts += 1;
      expect(HAN.test(fixed), `${name}: ${text}`).toBe(language === 'zh');
    }
  expect(texts).toBeGreaterThan(200);
});
