import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covers, isTopicFilter, matchesFilter } from './topic-filter.ts';

const level = fc.constantFrom('a', 'b', '', 'c');
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 4 }), fc.boolean())
  .map(([levels, open]) => [...levels, ...(open || levels.length === 0 ? ['#'] : [])].join('/'));

/** The standard's wording as a regular expression: another way to the same answer. */
const asPattern = (text: string): RegExp =>
  new RegExp(
    `^${text.replace(/(^|\/)#$/, (_, slash: string) => (slash === '' ? '.*' : '(/.*)?')).replaceAll('+', '[^/]*')}$`,
  );

describe('topic filters', () => {
  it.each([
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['a/+', 'a', false],
    ['a/+', 'a/', true],
    ['+', '/a', false],
    ['#', '$SYS/x', false],
    ['+/x', '$SYS/x', false],
    ['$SYS/#', '$SYS/x', true],
  ])('%s and the topic %s: %s (MQTT 3.1.1, 4.7)', (text, name, expected) => {
    expect(matchesFilter(text, name)).toBe(expected);
  });

  it('match what the standard says', () => {
    fc.assert(
      fc.property(filter, topic, (text, name) => {
        fc.pre(name !== '');
        expect(matchesFilter(text, name)).toBe(asPattern(text).test(name));
      }),
    );
  });

  it('cover another exactly when nothing that it matches is left out', () => {
    const topics = fc.sample(topic, { numRuns: 300, seed: 7 });
    fc.assert(
      fc.property(filter, filter, (outer, inner) => {
        const matched = topics.filter((name) => name !== '' && matchesFilter(inner, name));
        if (covers(outer, inner)) expect(matched.every((name) => matchesFilter(outer, name))).toBe(true);
      }),
    );
    expect(covers('a/+/c', 'a/#')).toBe(false);
    expect(covers('a/#', 'a/+/c')).toBe(true);
  });

  it.each(['', 'a/#/b', 'a#', 'a/b+', 'a\0b', '##'])('does not take %j for a filter', (text) => {
    expect(isTopicFilter(text)).toBe(false);
  });
});
