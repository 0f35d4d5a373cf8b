import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csv } from './csv.ts';

/** Reads what {@link csv} writes, as RFC 4180 says. */
function read(text: string): string[][] {
  const rows: string[][] = [];
  let [row, value, quoted]: [string[], string, boolean] = [[], '', false];
  const characters = Array.from(text.slice(1));
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? '';
    if (quoted) {
      if (character !== '"') value += character;
      else if (characters[at + 1] === '"') {
        value += '"';
        at += 1;
      } else quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === ',' || (character === '\r' && characters[at + 1] === '\n')) {
      row.push(value);
      value = '';
      if (character === '\r') {
        rows.push(row);
        row = [];
        at += 1;
      }
    } else value += character;
  }
  return rows;
}

/** Anything, and what begins as formulas do, in the wide signs of a Chinese keyboard too. */
const cell = fc
  .tuple(
    fc.constantFrom('', '=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n', '"', ','),
    fc.string({ unit: 'grapheme' }),
  )
  .map((parts) => parts.join(''));

describe('csv', () => {
  it('comes back as it was put, but that nothing is a formula', () => {
    fc.assert(
      fc.property(fc.array(fc.array(cell, { minLength: 1 })), (rows) => {
        const back = read(csv(rows));
        expect(back).toEqual(
          rows.map((row) => row.map((text) => (/^[=+\-@＝＋－＠\t\r\n]/.test(text) ? `'${text}` : text))),
        );
      }),
    );
  });

  it('says that it is UTF-8', () => {
    expect(Buffer.from(csv([['姓名']])).subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
  });
});
