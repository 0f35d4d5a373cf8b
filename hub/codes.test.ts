import { expect, it } from 'vitest';
import { catalogues } from './codes.ts';

it('gives every code one meaning, in both languages, in its own form', () => {
  const codes = catalogues.flatMap((catalogue) => Object.keys(catalogue));
  expect(codes.length).toBe(new Set(codes).size);
  for (const [code, text] of catalogues.flatMap((catalogue) => Object.entries(catalogue))) {
    expect(code).toMatch(/^E-[A-Z]+-\d{4}$/);
    expect(text.zh).toMatch(/\p{Script=Han}/u);
    expect(text.en).toMatch(/[a-z]/);
  }
});
