import { type ManualClock, manualClock, minutes, seconds } from '@hallhub/sync/base';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Guesses, createGuesses } from './guesses.ts';

let clock: ManualClock;
let guesses: Guesses;
beforeEach(() => {
  clock = manualClock();
  guesses = createGuesses(clock);
});
const wrong = async (source: string): Promise<boolean> => {
  const admitted = await guesses.admit(source);
  if (admitted) guesses.wrong(source);
  return admitted;
};

describe('guesses', () => {
  it('of one address are few, and none of another’s', async () => {
    const admitted = [];
    for (let count = 0; count < 15; count += 1) admitted.push(await wrong('10.0.0.1'));
    expect(admitted.filter(Boolean)).toHaveLength(10);
    expect(await guesses.admit('10.0.0.2')).toBe(true);
    clock.advance(minutes(10));
    expect(await guesses.admit('10.0.0.1')).toBe(true);
  });

  it('of many addresses are slowed together, nobody is shut out by others, and few wait at once', async () => {
    for (let count = 0; count < 60; count += 1) expect(await wrong(`10.0.1.${count}`)).toBe(true);
    let answered: boolean | undefined;
    void guesses.admit('10.0.0.2').then((admitted) => {
      answered = admitted;
    });
    await clock.advanceAsync(seconds(1));
    expect(answered).toBeUndefined();
    await clock.advanceAsync(seconds(2));
    expect(answered).toBe(true);
    const many = Array.from({ length: 60 }, (_, count) => guesses.admit(`10.0.2.${count}`));
    await clock.advanceAsync(seconds(2));
    expect((await Promise.all(many)).filter(Boolean)).toHaveLength(50);
    clock.advance(minutes(1));
    expect(await guesses.admit('10.0.0.3')).toBe(true);
  });

  it('are counted by address while they wait, too', async () => {
    for (let count = 0; count < 60; count += 1) await wrong(`10.0.1.${count}`);
    const burst = Array.from({ length: 30 }, async () => wrong('10.0.0.9'));
    await clock.advanceAsync(seconds(2));
    expect((await Promise.all(burst)).filter(Boolean)).toHaveLength(10);
  });
});
