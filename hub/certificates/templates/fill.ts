import { type Result, failure, ok } from '@hallhub/sync/base';
import { codePoints } from '../code-points.ts';
import type { RenderInput } from './input.ts';
import type { FieldRule, Template } from './schema.ts';

/** A stretch of text of one look. */
export interface Run {
  readonly text: string;
  readonly strong: boolean;
  /** Not to be broken over two lines, if it fits on one. */
  readonly keep: boolean;
}

/** Whether every field keeps to its rule. The detail names the field, never its content. Error: `E-CERT-0202`. */
export function checkFields(template: Template, fields: Readonly<Record<string, string>>): Result<void> {
  for (const [name, rule] of Object.entries(template.fields)) {
    const value = fields[name] ?? '';
    if (value === '') {
      if (rule.required) return failure('E-CERT-0202', `${name}: missing`);
      continue;
    }
    const fault = faultOf(rule, value);
    if (fault !== undefined) return failure('E-CERT-0202', `${name}: ${fault}`);
  }
  return ok();
}

function faultOf(rule: FieldRule, value: string): string | undefined {
  // A control character has no glyph, and a line break inside a field would break the layout.
  if (/\p{Cc}/u.test(value)) return 'holds a control character';
  switch (rule.type) {
    case 'text':
      if (codePoints(value).length > rule.maxLength) return `longer than ${rule.maxLength} characters`;
      return rule.pattern !== undefined && !new RegExp(rule.pattern, 'u').test(value)
        ? 'not of the expected form'
        : undefined;
    case 'choice':
      return rule.options.includes(value) ? undefined : 'not one of the options';
    case 'date':
      return dateParts(value) ? undefined : 'no date (YYYY-MM-DD)';
    case 'boolean':
      return value === 'true' || value === 'false' ? undefined : 'neither true nor false';
  }
}

function dateParts(text: string): { readonly year: number; readonly month: number; readonly day: number } | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0] = match.slice(1).map(Number);
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? { year, month, day } : undefined;
}

const monthsEn = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** What may stand behind a `|` in a placeholder. */
const filters: Readonly<Record<string, (text: string) => string>> = {
  dateZh: (text) => {
    const date = dateParts(text);
    return date ? `${date.year}年${date.month}月${date.day}日` : text;
  },
  monthZh: (text) => {
    const date = dateParts(text);
    return date ? `${date.year}年${date.month}月` : text;
  },
  monthEn: (text) => {
    const date = dateParts(text);
    return date ? `${monthsEn[date.month - 1] ?? ''} ${date.year}` : text;
  },
};
const looks = new Set(['strong', 'keep']);

/** Every value that a placeholder can name. */
export function valuesOf(input: RenderInput): ReadonlyMap<string, string> {
  const { issuer } = input;
  return new Map([
    ...Object.entries(input.fields),
    ['studentName', input.studentName],
    ['studentNumber', input.studentNumber],
    ['issuer.name.zh', issuer.name.zh],
    ['issuer.name.en', issuer.name.en],
    ['issuer.office.zh', issuer.office.zh],
    ['issuer.office.en', issuer.office.en],
    ['issuer.sealPurpose', issuer.sealPurpose],
    ['certificateNumber', input.certificateNumber],
    ['verificationCode', input.verificationCode],
    ['verifyUrl', input.verifyUrl],
    ['issuedOn', input.issuedOn],
    ['validUntil', input.validUntil],
  ]);
}

export const builtIn: ReadonlySet<string> = new Set(
  valuesOf({
    template: '',
    fields: {},
    studentName: '',
    studentNumber: '',
    issuer: { name: { zh: '', en: '' }, office: { zh: '', en: '' }, sealPurpose: '' },
    certificateNumber: '',
    verificationCode: '',
    verifyUrl: '',
    issuedOn: '',
    validUntil: '',
  }).keys(),
);

const placeholder = /\{\{([^{}|]+)(?:\|([^{}]*))?\}\}/g;

/** Names and filters that a text refers to. */
export function placeholders(text: string): readonly { readonly name: string; readonly filters: readonly string[] }[] {
  return [...text.matchAll(placeholder)].map(([, name = '', list]) => ({
    name,
    filters: list === undefined ? [] : list.split(','),
  }));
}

export const isFilter = (name: string): boolean => looks.has(name) || name in filters;

/** Fills a text in. `[[…]]` is left out as a whole when a value inside it is missing. */
export function fill(text: string, values: ReadonlyMap<string, string>): readonly Run[] {
  const chosen = text.replace(/\[\[(.*?)\]\]/g, (_, inner: string) =>
    placeholders(inner).every(({ name }) => (values.get(name) ?? '') !== '') ? inner : '',
  );
  const runs: Run[] = [];
  let at = 0;
  const plain = (until: number): void => {
    if (until > at) runs.push({ text: chosen.slice(at, until), strong: false, keep: false });
  };
  for (const match of chosen.matchAll(placeholder)) {
    plain(match.index);
    at = match.index + match[0].length;
    const names = match[2] === undefined ? [] : match[2].split(',');
    const value = names.reduce((out, name) => filters[name]?.(out) ?? out, values.get(match[1] ?? '') ?? '');
    if (value !== '') runs.push({ text: value, strong: names.includes('strong'), keep: names.includes('keep') });
  }
  plain(chosen.length);
  return runs;
}
