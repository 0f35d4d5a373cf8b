import { amountInWords } from './amount.ts';

export interface DateParts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** A day of the calendar from YYYY-MM-DD; undefined when there is none such. */
export function dateParts(text: string): DateParts | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0] = match.slice(1).map(Number);
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? { year, month, day } : undefined;
}

const monthsEn = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July'],
  ...['August', 'September', 'October', 'November', 'December'],
];
const onDate =
  (write: (date: DateParts) => string) =>
  (text: string): string => {
    const date = dateParts(text);
    return date ? write(date) : text;
  };
const monthOf = ({ month }: DateParts): string => monthsEn[month - 1] ?? '';

/** What may stand behind a `|` in a placeholder. What a filter cannot make sense of, it leaves as it is. */
export const filters: Readonly<Record<string, (text: string) => string>> = {
  dateZh: onDate(({ year, month, day }) => `${year}年${month}月${day}日`),
  monthZh: onDate(({ year, month }) => `${year}年${month}月`),
  dateEn: onDate((date) => `${monthOf(date)} ${date.day}, ${date.year}`),
  monthEn: onDate((date) => `${monthOf(date)} ${date.year}`),
  /** 12,345.60 */
  money: (text) =>
    /^-?\d{1,12}(\.\d+)?$/.test(text)
      ? Number(text).toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
      : text,
  /** 壹万贰仟叁佰肆拾伍元陆角 */
  moneyZh: (text) => amountInWords(text) ?? text,
};
