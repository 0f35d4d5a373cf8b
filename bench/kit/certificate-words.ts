import { fill, textOf, valuesOf } from '../../hub/certificates/templates/fill.ts';
import { loadTemplates } from '../../hub/certificates/templates/index.ts';
import { sampleInput } from '../../hub/certificates/testing/sample.ts';

export interface Words {
  readonly text: string;
  readonly size: number;
  readonly bold: boolean;
}

/** Every line and paragraph of the sample enrolment certificate, for whoever draws the same with something else. */
export function certificateWords(): readonly Words[] {
  const template = loadTemplates().get('enrolment', 1);
  if (!template) throw new Error('the template of the sample is gone');
  const values = valuesOf(sampleInput());
  const words = (text: string, size: number, weight: string): Words => ({
    text: textOf(fill(text, values)),
    size,
    bold: weight === 'bold',
  });
  return template.layout.flatMap((block) => {
    if (block.type === 'line' || block.type === 'paragraph') return [words(block.text, block.size, block.weight)];
    return 'lines' in block ? block.lines.map(({ text, size, weight }) => words(text, size, weight)) : [];
  });
}
