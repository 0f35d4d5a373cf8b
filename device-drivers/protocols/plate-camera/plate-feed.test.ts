import { manualClock } from '@hallhub/sync/base';
import { expect, it } from 'vitest';
import { rethrow, silentLog } from '../../kit/index.ts';
import { createPlateFeed } from './plate-feed.ts';

it('a car whose time the camera does not say is history: it may have been sent days later', () => {
  const clock = manualClock();
  const feed = createPlateFeed({ deviceId: 'lane', clock, log: silentLog, onListenerError: rethrow });
  const seen: boolean[] = [];
  feed.onPlate(({ replayed }) => seen.push(replayed));
  feed.take({ plate: '京A12345', replayed: false, key: '1' });
  feed.take({ plate: '京A12345', replayed: false, key: '2', at: clock.now() });
  expect(seen).toEqual([true, false]);
});
