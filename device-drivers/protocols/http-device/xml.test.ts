import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type XmlElement, parseXml } from './xml.ts';

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const written = ({ name, text, children }: XmlElement): string =>
  `<${name}>${text.replaceAll(/[&<>"]/g, (each) => ESCAPES[each] ?? '')}${children.map(written).join('')}</${name}>`;

/** Text as devices write it: what stands around it is not theirs. */
const text = fc.stringMatching(/^(?:[京0-9A-Za-z&<>"](?:[京0-9A-Za-z &<>"]{0,10}[京0-9A-Za-z&<>"])?)?$/);
const { element } = fc.letrec<{ element: XmlElement }>((tie) => ({
  element: fc.record({
    name: fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,8}$/),
    text,
    children: fc.oneof(
      { depthSize: 'small', maxDepth: 6 },
      fc.constant<readonly XmlElement[]>([]),
      fc.array(tie('element'), { maxLength: 3 }),
    ),
  }),
}));

it('a document comes back as it was written', () => {
  fc.assert(
    fc.property(element, (given) => {
      expect(parseXml(`<?xml version="1.0" encoding="UTF-8"?>${written(given)}`)).toEqual({ ok: true, value: given });
    }),
  );
});
