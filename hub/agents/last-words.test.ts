import type { DeviceHealth } from '@hallhub/device-drivers/kit';
import { epochMs } from '@hallhub/sync/base';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createLastWords } from './last-words.ts';

const health = (since: number): DeviceHealth => ({ state: 'ready', since: epochMs(since) });
const reading = (run: string, mono: number) => ({ at: 0, mono, run });

it('believes the newest word, in whatever order the words of one run come', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(1_000), { minLength: 1, maxLength: 20 }), (monos) => {
      const words = createLastWords();
      words.greets(reading('a', 0));
      for (const mono of monos) words.hear('gate', reading('a', mono), health(mono));
      expect(words.of('gate')).toEqual(health(Math.max(...monos)));
    }),
  );
});

it('forgets what waited in the outbox of a run that ended', () => {
  const words = createLastWords();
  words.greets(reading('b', 5));
  expect(words.hear('gate', reading('b', 5), health(2))).toBe(true);
  expect(words.hear('gate', reading('a', 9_000), health(1))).toBe(false);
  expect(words.of('gate')).toEqual(health(2));
});

it('believes a run that has not greeted yet, and one whose clock was set back once it greets', () => {
  const words = createLastWords();
  words.greets(reading('b', 5));
  expect(words.hear('gate', reading('c', 1), health(3))).toBe(true);
  expect(words.hear('gate', reading('a', 1), health(4))).toBe(false);
  words.greets(reading('a', 2));
  expect(words.hear('gate', reading('a', 2), health(4))).toBe(true);
});

it('holds nothing of an agent that went away, and takes nothing older than what it held', () => {
  const words = createLastWords();
  words.hear('gate', reading('a', 5), health(1));
  words.lapse();
  expect(words.of('gate')).toBeUndefined();
  expect(words.hear('gate', reading('a', 4), health(0))).toBe(false);
  expect(words.hear('gate', reading('a', 6), health(2))).toBe(true);
});
