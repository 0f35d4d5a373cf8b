import { silentLog } from '@hallhub/device-drivers/kit';
import type { Result } from '@hallhub/sync/base';
import { failure, manualClock, minutes, ok, seconds } from '@hallhub/sync/base';
import { beforeEach, describe, expect, it } from 'vitest';
import { createWithdrawals, pauseAfter } from './withdrawals.ts';

describe('credentials withdrawn at a broker outside', () => {
  let clock = manualClock();
  let answers: Result<void>[] = [];
  let removed: string[] = [];
  let changes: string[] = [];
  let withdrawn = new Set<string>();
  const away = failure('E-DEV-0411', 'away');
  const open = (remove?: (id: string) => Promise<Result<void>>) =>
    createWithdrawals({
      clock,
      log: silentLog,
      accounts: {
        remove:
          remove ??
          ((id) => {
            removed.push(id);
            return Promise.resolve(answers.shift() ?? ok());
          }),
      },
      isWithdrawn: (id) => withdrawn.has(id),
      onChange: (id) => changes.push(id),
    });
  beforeEach(() => {
    clock = manualClock();
    answers = [];
    removed = [];
    changes = [];
    withdrawn = new Set(['gate-1']);
  });

  it('are asked for again, with growing pauses, until the broker has done it', async () => {
    answers = [away, away, away];
    const withdrawals = open();
    withdrawals.withdraw('gate-1');
    await clock.advanceAsync(seconds(0));
    expect(withdrawals.pending()).toEqual(['gate-1']);
    await clock.advanceAsync(seconds(1));
    await clock.advanceAsync(seconds(2));
    expect(removed).toHaveLength(3);
    expect(withdrawals.pending()).toEqual(['gate-1']);
    await clock.advanceAsync(seconds(3));
    expect(removed).toHaveLength(3);
    await clock.advanceAsync(seconds(1));
    expect(removed).toHaveLength(4);
    expect(withdrawals.pending()).toEqual([]);
    // Told twice: that it waits, and that it is done.
    expect(changes).toEqual(['gate-1', 'gate-1']);
    await clock.advanceAsync(minutes(10));
    expect(removed).toHaveLength(4);
  });

  it('are never taken from who has new ones', async () => {
    answers = [away];
    const withdrawals = open();
    withdrawals.withdraw('gate-1');
    await clock.advanceAsync(seconds(0));
    withdrawn.delete('gate-1');
    expect(await withdrawals.admit('gate-1', () => Promise.resolve(ok()))).toEqual(ok());
    await clock.advanceAsync(minutes(10));
    expect(removed).toHaveLength(1);
    expect(withdrawals.pending()).toEqual([]);
  });

  it('are gone before new ones are put in place, also when the broker is slow', async () => {
    const steps: string[] = [];
    let finish: (result: Result<void>) => void = () => undefined;
    const withdrawals = open(
      () =>
        new Promise((resolve) => {
          steps.push('remove');
          finish = (result) => {
            steps.push('removed');
            resolve(result);
          };
        }),
    );
    withdrawals.withdraw('gate-1');
    await clock.advanceAsync(seconds(0));
    withdrawn.delete('gate-1');
    const admitted = withdrawals.admit('gate-1', () => {
      steps.push('put');
      return Promise.resolve(ok());
    });
    await clock.advanceAsync(seconds(0));
    finish(ok());
    await admitted;
    expect(steps).toEqual(['remove', 'removed', 'put']);
  });

  it('are left to the next start when the hub stops', async () => {
    answers = [away];
    const withdrawals = open();
    withdrawals.withdraw('gate-1');
    await clock.advanceAsync(seconds(0));
    withdrawals.stop();
    await clock.advanceAsync(minutes(10));
    expect(removed).toHaveLength(1);
  });

  it('wait a minute at most', () => {
    expect([1, 2, 3, 7, 40].map(pauseAfter)).toEqual([1_000, 2_000, 4_000, 60_000, 60_000]);
  });
});
