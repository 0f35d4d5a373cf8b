import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { againWhenBusy } from './again.ts';
import type { Answer } from './answer.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Refuses so many times. */
function hub(refusals: number, code = 'E-API-0105') {
  let asked = 0;
  return {
    ask: (): Promise<Answer<string>> => {
      asked += 1;
      return Promise.resolve(
        asked > refusals ? { ok: true, value: 'here' } : { ok: false, problem: { status: 429, code } },
      );
    },
    get asked() {
      return asked;
    },
  };
}

it('asks again when the hub had too much to answer, later each time', async () => {
  const busy = hub(2);
  const answer = againWhenBusy(busy.ask);
  await vi.advanceTimersByTimeAsync(2_900);
  expect(busy.asked).toBe(2);
  await vi.advanceTimersByTimeAsync(200);
  expect(await answer).toEqual({ ok: true, value: 'here' });
  expect(busy.asked).toBe(3);
});

it('gives up after a few times, and says why', async () => {
  const busy = hub(100);
  const answer = againWhenBusy(busy.ask);
  await vi.runAllTimersAsync();
  expect(await answer).toEqual({ ok: false, problem: { status: 429, code: 'E-API-0105' } });
  expect(busy.asked).toBe(4);
});

it('takes any other refusal for the answer', async () => {
  const locked = hub(1, 'E-STAFF-0102');
  expect(await againWhenBusy(locked.ask)).toMatchObject({ ok: false, problem: { code: 'E-STAFF-0102' } });
  expect(locked.asked).toBe(1);
});
