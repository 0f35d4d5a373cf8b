import { type Result, failure, ok } from '@hallhub/sync/base';
import { codePoints } from '../code-points.ts';
import { dateParts, filters } from './filters.ts';
import type { Fields, RenderInput, Row } from './input.ts';
import type { ScalarRule, Template } from './schema.ts';

/** A stretch of text of one look. */
export interface Run {
  readonly text: string;
  readonly strong: boolean;
  /** Not to be broken over two lines, if it fits on one. */
  readonly keep: boolean;
  /** The role of a font that the template declares; absent: that of the text round it. */
  readonly font?: string;
}

export const textOf = (runs: readonly Run[]): string => runs.map((run) => run.text).join('');

/** Whether every field keeps to its rule. The detail names the field, never its content. Error: `E-CERT-0202`. */
export function checkFields(template: Template, fields: Fields): Result<void> {
  for (const [name, rule] of Object.entries(template.fields)) {
    const value = fields[name] ?? '';
    const fault = rule.type === 'list' ? faultInList(name, rule, value) : faultInScalar(name, rule, value);
    if (fault !== undefined) return failure('E-CERT-0202', fault);
  }
  return ok();
}

type ListRule = Extract<Template['fields'][string], { type: 'list' }>;

function faultInList(name: string, rule: ListRule, value: string | readonly Row[]): string | undefined {
  if (value === '' || value.length === 0) return rule.required ? `${name}: missing` : undefined;
  if (typeof value === 'string') return `${name}: no list`;
  if (value.length > rule.maxRows) return `${name}: more than ${rule.maxRows} rows`;
  for (const [index, row] of value.entries()) {
    for (const [column, own] of Object.entries(rule.row)) {
      const fault = faultInScalar(`${name}[${index}].${column}`, own, row[column] ?? '');
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}

function faultInScalar(name: string, rule: ScalarRule, value: string | readonly Row[]): string | undefined {
  if (typeof value !== 'string') return `${name}: a list`;
  if (value === '') return rule.required ? `${name}: missing` : undefined;
  const fault = faultOf(rule, value);
  return fault === undefined ? undefined : `${name}: ${fault}`;
}

function faultOf(rule: ScalarRule, value: string): string | undefined {
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
    case 'number': {
      const number = /^-?\d{1,15}(\.\d{1,6})?$/.test(value) ? Number(value) : Number.NaN;
      if (Number.isNaN(number)) return 'no number';
      return number < (rule.min ?? number) || number > (rule.max ?? number) ? 'out of range' : undefined;
    }
    case 'boolean':
      return value === 'true' || value === 'false' ? undefined : 'neither true nor false';
  }
}

const looks = new Set(['strong', 'keep']);
const FONT = 'font:';

/** Every value that a placeholder can name. */
export function valuesOf(input: RenderInput): ReadonlyMap<string, string> {
  const { issuer } = input;
  return new Map([
    ...Object.entries(input.fields).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
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

/** The role of a font that a `font:…` behind a placeholder names. */
export const fontNamed = (name: string): string | undefined =>
  name.startsWith(FONT) ? name.slice(FONT.length) : undefined;

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
    if (value === '') continue;
    const font = names.map(fontNamed).find((role) => role !== undefined);
    const look = {
      strong: names.includes('strong'),
      keep: names.includes('keep'),
      ...(font !== undefined && { font }),
    };
    runs.push({ text: value, ...look });
  }
  plain(chosen.length);
  return runs;
}
