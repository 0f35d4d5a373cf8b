/*
 * Amounts of money in the capital numerals of contracts and receipts (中文大写金额, as the People's Bank of China's rules for
 * filling in bills have them): 壹 to 玖, units 拾 佰 仟 万 亿, one 零 for a gap, 整 where no 分 follows.
 */

const digits = '零壹贰叁肆伍陆柒捌玖';
const places = ['', '拾', '佰', '仟'];
const groups = ['', '万', '亿'];

/** `12345.6` → 壹万贰仟叁佰肆拾伍元陆角整. Up to 999,999,999,999.99; undefined for what is no such amount. */
export function amountInWords(amount: string): string | undefined {
  const match = /^(\d{1,12})(?:\.(\d{1,2}))?$/.exec(amount);
  if (!match) return undefined;
  const whole = (match[1] ?? '').replace(/^0+(?=\d)/, '');
  const [tenths = '0', hundredths = '0'] = (match[2] ?? '').padEnd(2, '0');
  const yuan = whole === '0' ? '' : `${wholeInWords(whole)}元`;
  const jiao = tenths === '0' ? '' : `${digitOf(tenths)}角`;
  const fen = hundredths === '0' ? '' : `${digitOf(hundredths)}分`;
  if (yuan === '' && jiao === '' && fen === '') return '零元整';
  // 1.05: a gap between yuan and fen is read out.
  const gap = yuan !== '' && jiao === '' && fen !== '' ? '零' : '';
  return `${yuan}${jiao}${gap}${fen}${fen === '' ? '整' : ''}`;
}

const digitOf = (digit: string): string => digits[Number(digit)] ?? '';

function wholeInWords(whole: string): string {
  let words = '';
  let gap = false;
  const count = Math.ceil(whole.length / 4);
  const padded = whole.padStart(count * 4, '0');
  for (let group = 0; group < count; group += 1) {
    const four = padded.slice(group * 4, group * 4 + 4);
    for (let index = 0; index < 4; index += 1) {
      const digit = four.charAt(index);
      if (digit === '0') {
        gap = words !== '';
        continue;
      }
      words += `${gap ? '零' : ''}${digitOf(digit)}${places[3 - index] ?? ''}`;
      gap = false;
    }
    if (four !== '0000') words += groups[count - 1 - group] ?? '';
  }
  return words;
}
