import { epochMs, unwrap } from '@hallhub/sync/base';
import { expect, it } from 'vitest';
import { nearPlates } from './plates.ts';
import { createSuggestions } from './suggest.ts';

const READ = '京A12345';
const AT = { gate: 'lane', area: 'carpark', now: epochMs(0) };

/** Lookups over an empty hall, and turns that go by only when the test says so. */
function lookups({ breaksAt }: { readonly breaksAt?: number } = {}) {
  const looked: string[] = [];
  const turns: (() => void)[] = [];
  const suggestions = createSuggestions({
    passes: {
      passesOf: () => {
        if (looked.length === breaksAt) throw new Error('the database is gone');
        return [];
      },
    },
    match: (_, value) => {
      looked.push(value);
      return Buffer.from(value);
    },
    nextTurn: () => new Promise((resolve) => turns.push(resolve)),
  });
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  /** Lets turns go by until nobody waits for one; how many there were. */
  const run = async (): Promise<number> => {
    let count = 0;
    await settle();
    for (let turn = turns.shift(); turn; turn = turns.shift()) {
      count += 1;
      turn();
      await settle();
    }
    return count;
  };
  return { looked, suggestions, settle, run, turns };
}

it('every slip is looked up once, a few in a turn', async () => {
  const { looked, suggestions, settle, run, turns } = lookups();
  const answer = suggestions.near(READ, AT);
  await settle();
  expect(looked).toHaveLength(20);
  turns.shift()?.();
  await settle();
  expect(looked).toHaveLength(40);
  await run();
  expect(unwrap(await answer)).toEqual([]);
  expect(looked).toEqual([READ, ...nearPlates(READ)]);
});

it('questions are answered one after the other, and when many wait the next is told so', async () => {
  const { looked, suggestions, settle, run, turns } = lookups();
  const plates = Array.from({ length: 9 }, (_, n) => `京A1234${n}`);
  const answers = plates.map((plate) => suggestions.near(plate, AT));
  expect(await suggestions.near(READ, AT)).toEqual({ ok: false, error: { code: 'E-GATE-0244' } });
  await settle();
  expect([looked.length, turns.length]).toEqual([20, 1]);
  await run();
  expect((await Promise.all(answers)).every(({ ok }) => ok)).toBe(true);
  expect(looked).toEqual(plates.flatMap((plate) => [plate, ...nearPlates(plate)]));
  const again = suggestions.near(READ, AT);
  await run();
  expect(await again).toEqual({ ok: true, value: [] });
});

it('one that fails holds up nobody', async () => {
  const { suggestions, run } = lookups({ breaksAt: 30 });
  const first = suggestions.near(READ, AT);
  const second = suggestions.near(READ, AT);
  const failed = expect(first).rejects.toThrow('the database is gone');
  await run();
  await failed;
  expect(await second).toEqual({ ok: true, value: [] });
});
