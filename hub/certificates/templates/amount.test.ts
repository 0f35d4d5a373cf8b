import fc from 'fast-check';
import { expect, it } from 'vitest';
import { amountInWords } from './amount.ts';

it.each([
  ['0', '零元整'],
  ['0.05', '伍分'],
  ['0.30', '叁角整'],
  ['1.05', '壹元零伍分'],
  ['10', '壹拾元整'],
  ['12345.60', '壹万贰仟叁佰肆拾伍元陆角整'],
  ['1409.50', '壹仟肆佰零玖元伍角整'],
  ['6007.14', '陆仟零柒元壹角肆分'],
  ['107000.53', '壹拾万零柒仟元伍角叁分'],
  ['100000000', '壹亿元整'],
  ['1000010001', '壹拾亿零壹万零壹元整'],
  ['1680.32', '壹仟陆佰捌拾元叁角贰分'],
])('%s is written %s', (amount, words) => {
  expect(amountInWords(amount)).toBe(words);
});

it.each(['', '-1', '1.234', '1,000', '1e3', '1234567890123', '一'])('does not write %j', (amount) => {
  expect(amountInWords(amount)).toBeUndefined();
});

/** Reads what was written, by the rules of the numerals alone. */
function read(words: string): number {
  const [whole = '', rest = ''] = words.includes('元') ? words.split('元') : ['', words];
  const value = (text: string): number => {
    let [total, group, digit] = [0, 0, 0];
    for (const mark of text) {
      const number = '零壹贰叁肆伍陆柒捌玖'.indexOf(mark);
      const place = '拾佰仟'.indexOf(mark);
      if (number >= 0) digit = number;
      else if (place >= 0) {
        group += digit * 10 ** (place + 1);
        digit = 0;
      } else {
        total += (group + digit) * (mark === '万' ? 1e4 : 1e8);
        [group, digit] = [0, 0];
      }
    }
    return total + group + digit;
  };
  const cents = (mark: string): number => value(rest.slice(0, rest.indexOf(mark)).slice(-1));
  return value(whole) * 100 + (rest.includes('角') ? cents('角') * 10 : 0) + (rest.includes('分') ? cents('分') : 0);
}

it('can be read back, and never stutters', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 99_999_999_999_999 }), (cents) => {
      const words = amountInWords((cents / 100).toFixed(2)) ?? '';
      expect(read(words)).toBe(cents);
      expect(words).not.toMatch(/零零|零[元角拾佰仟万亿](?!整)/);
    }),
  );
});
