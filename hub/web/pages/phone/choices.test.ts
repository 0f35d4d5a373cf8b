import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ServiceView } from '../../../queue/contract.ts';
import { services } from '../../../queue/testing/views.ts';
import { doorOf, groupsOf } from './choices.ts';

it('shows services under their headings', () => {
  expect(groupsOf(services()).map(({ heading, services: own }) => [heading?.id, own.map(({ id }) => id)])).toEqual([
    [undefined, ['cards', 'fees', 'leaving']],
    ['records', ['enrolment', 'transcript']],
  ]);
});

it('shows every service of any tree that one can have a ticket for, once', () => {
  const tree = fc.array(fc.nat(20), { maxLength: 20 }).map((parents) =>
    parents.map((above, index): ServiceView => ({
      id: String(index),
      label: { zh: '', en: '' },
      quick: false,
      documents: [],
      people: 0,
      // Only what stands before it: a tree has no rounds.
      ...(above < index && { parent: String(above) }),
    })),
  );
  fc.assert(
    fc.property(tree, (all) => {
      const shown = groupsOf(all).flatMap(({ services: own }) => own.map(({ id }) => id));
      const leaves = all.filter(({ id }) => !all.some(({ parent }) => parent === id)).map(({ id }) => id);
      expect([...shown].sort()).toEqual([...leaves].sort());
    }),
  );
});

it('reads the code of the door from either part of the address', () => {
  expect(doorOf('?door=K7QM', '')).toBe('K7QM');
  expect(doorOf('', '#door=K7QM')).toBe('K7QM');
  expect(doorOf('?lang=en', '')).toBeUndefined();
});
