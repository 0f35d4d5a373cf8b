import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearPlates, normalisePlate, plateForm } from './plates.ts';

describe('a plate in its normal form', () => {
  it('is the same in any width, case and punctuation', () => {
    expect(['京A·12345', '京ａ－１２３４５', ' 京a 12345 '].map(normalisePlate)).toEqual(Array(3).fill('京A12345'));
  });

  it('does not change when it is normalised again, whatever it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const once = normalisePlate(text);
        expect(normalisePlate(once)).toBe(once);
      }),
    );
  });
});

it.each([
  ['赣GZ7S13', 'ordinary'],
  ['京A12345', 'ordinary'],
  ['粤Z1234港', 'ordinary'],
  ['京AD12345', 'new-energy-small'],
  ['京AF12345', 'new-energy-small'],
  ['京A12345D', 'new-energy-large'],
  ['使014578', 'embassy'],
  ['沪A0023领', 'consulate'],
  ['WJ京12345', 'armed-police'],
  ['VA12345', 'military'],
  ['京X1234应急', 'emergency'],
  ['京AI2345', 'unknown'],
  ['京A😀1234', 'unknown'],
  ['', 'unknown'],
] as const)('%s is %s', (plate, form) => {
  expect(plateForm(plate)).toBe(form);
});

describe('plates that are one slip away', () => {
  it('differ by one character, province or not, or have one more or one fewer', () => {
    const near = nearPlates('京A12345');
    for (const one of ['津A12345', '京AI2345', '京A1234', 'A12345', '京AD12345', '京A12345D', '京A1234学'])
      expect(near).toContain(one);
    for (const other of ['京A12345', '津A12346', '京A12354', '京A123456D']) expect(near).not.toContain(other);
    expect(near.size).toBeLessThan(1_000);
  });

  it('are near both ways', () => {
    const character = fc.constantFrom(...Array.from('京津沪A0B1IO学领😀'));
    const plate = fc.array(character, { minLength: 4, maxLength: 11 }).map((characters) => characters.join(''));
    fc.assert(
      fc.property(plate, fc.nat(), (one, pick) => {
        const near = [...nearPlates(one)];
        expect(near).not.toContain(one);
        const other = near[pick % Math.max(1, near.length)];
        if (other !== undefined) expect(nearPlates(other)).toContain(one);
      }),
    );
  });

  it('are none for what is no plate', () => {
    expect(nearPlates('京'.repeat(10_000)).size + nearPlates('').size + nearPlates('A1').size).toBe(0);
  });
});
