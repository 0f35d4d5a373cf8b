import { describe, expect, it } from 'vitest';
import { isSamePerson, subjectOf } from './pass.ts';

const known = (...identities: [string, ...string[]]) => ({ identities });

describe('whose a pass is', () => {
  it('is said by the first of what its holder is known by', () => {
    expect(subjectOf(known('document', 'card'))).toBe('document');
  });

  it('is the same person where anything that they are known by is the same', () => {
    expect(isSamePerson(known('document', 'card'), known('card'))).toBe(true);
    expect(isSamePerson(known('document'), known('card'))).toBe(false);
  });
});
