import type { Texts } from './texts.ts';

/** Where the contract has a field, and what the form calls it. */
const fields: readonly (readonly [RegExp, (texts: Texts) => string])[] = [
  [/^people\.\d+\.name$/, (texts) => texts.visitor],
  [/^people\.\d+\.document\.number$/, (texts) => texts.number],
  [/^people\.\d+\.document/, (texts) => texts.document],
  [/^people/, (texts) => texts.visitor],
  [/^companions$/, (texts) => texts.companionsLabel],
  [/^(?:gates|areas)/, (texts) => texts.gateCodes],
  [/^host/, (texts) => texts.hostName],
  [/^purpose$/, (texts) => texts.purpose],
  [/^student\.number$/, (texts) => texts.studentNumber],
  [/^student/, (texts) => texts.studentName],
  [/^template$/, (texts) => texts.template],
  [/^content/, (texts) => texts.fields],
  [/^copiesAllowed$/, (texts) => texts.copies],
  [/^validFrom$/, (texts) => texts.from],
  [/^validUntil$/, (texts) => texts.until],
  [/^kind$/, (texts) => texts.kind],
];

/**
 * Why an application was refused, for whoever filled in the form: the hall's sentence, and the labels of the fields that
 * `detail` names by their paths (`people.0.document.number: custom; …`).
 */
export function inWords(sentence: string, detail: string | undefined, texts: Texts): string {
  if (detail === undefined || detail === '') return sentence;
  const labels = detail.split(';').map((part) => {
    const path = part.split(':', 1)[0]?.trim() ?? '';
    const label = fields.find(([pattern]) => pattern.test(path))?.[1](texts) ?? texts.otherField;
    // Without what the label says in brackets of how to fill it in.
    return label.replace(/\s*[（(].*$/, '');
  });
  return texts.refused(sentence, [...new Set(labels)].join(texts.listComma));
}
