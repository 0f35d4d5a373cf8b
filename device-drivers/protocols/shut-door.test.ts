import { failure, manualClock, ok, seconds } from '@hallhub/sync/base';
import { expect, it } from 'vitest';
import { createShutDoor } from './shut-door.ts';

const RELEASE = seconds(5);

function rig() {
  const clock = manualClock();
  let works = true;
  let shuts = 0;
  const door = createShutDoor({
    clock,
    shut: () => {
      shuts += 1;
      return Promise.resolve(works ? ok() : failure('E-DEV-0202'));
    },
  });
  return {
    clock,
    door,
    shuts: () => shuts,
    setWorks: (does: boolean) => {
      works = does;
    },
  };
}

it('is shut again when the release is over, and as long as that fails once more', async () => {
  const { clock, door, shuts, setWorks } = rig();
  door.keep('closed');
  door.lent(RELEASE);
  await clock.advanceAsync(seconds(4));
  expect(shuts()).toBe(0);
  setWorks(false);
  await clock.advanceAsync(seconds(4));
  expect(shuts()).toBe(2);
  setWorks(true);
  await clock.advanceAsync(seconds(60));
  expect(shuts()).toBe(3);
});

it.each(['free', 'controlled'] as const)('is not shut any more once it is to stay %s', async (mode) => {
  const { clock, door, shuts } = rig();
  door.keep('closed');
  door.lent(RELEASE);
  door.keep(mode);
  door.lent(RELEASE);
  expect(door.isShut).toBe(false);
  await clock.advanceAsync(seconds(60));
  expect(shuts()).toBe(0);
});

it('is shut at once when nobody will be there to do it later, and only if it was lent', async () => {
  const { clock, door, shuts } = rig();
  door.keep('closed');
  await door.stop();
  expect(shuts()).toBe(0);
  door.keep('closed');
  door.lent(RELEASE);
  await door.stop();
  expect(shuts()).toBe(1);
  await clock.advanceAsync(seconds(60));
  expect(shuts()).toBe(1);
});
