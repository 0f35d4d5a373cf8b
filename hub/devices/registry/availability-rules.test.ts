import { epochMs } from '@hallhub/sync/base';
import { describe, expect, it } from 'vitest';
import type { WatchedState } from './availability-rules.ts';
import { asHeard, darkSpans, spansOf } from './availability-rules.ts';

const change = (at: number, state: WatchedState, code: string | null = null) => ({ at: epochMs(at), state, code });
const dark = (changes: ReturnType<typeof change>[], onAgent = false) =>
  darkSpans(changes, { from: epochMs(10), to: epochMs(100), onAgent }).map(({ from, until }) => [from, until]);

describe('when a device saw nothing', () => {
  it.each<[string, ReturnType<typeof change>[], boolean, number[][]]>([
    ['nobody has ever watched it', [], false, [[10, 100]]],
    ['it was there all along', [change(0, 'ready')], false, []],
    ['degraded, it still sees', [change(0, 'degraded')], false, []],
    ['it was down for a while', [change(0, 'ready'), change(20, 'down'), change(30, 'ready')], false, [[20, 30]]],
    ['out of service it sees nothing', [change(0, 'ready'), change(20, 'out-of-service')], false, [[20, 100]]],
    ['the hub was away', [change(0, 'ready'), change(20, 'unknown'), change(30, 'ready')], false, [[20, 30]]],
    [
      'the hub was away, and its agent was not',
      [change(0, 'ready'), change(20, 'unknown'), change(30, 'ready')],
      true,
      [],
    ],
    [
      'its agent was away and came back',
      [change(0, 'ready'), change(20, 'down', 'E-AGENT-0103'), change(30, 'ready')],
      true,
      [],
    ],
    ['its agent is away', [change(0, 'ready'), change(20, 'down', 'E-AGENT-0103')], true, [[20, 100]]],
    [
      'down beside its agent',
      [change(0, 'ready'), change(20, 'down', 'E-DEV-0101'), change(30, 'ready')],
      true,
      [[20, 30]],
    ],
    [
      'a clock that ran back',
      [change(40, 'ready'), change(20, 'down'), change(50, 'ready')],
      false,
      [
        [10, 40],
        [40, 50],
      ],
    ],
  ])('%s', (_, changes, onAgent, expected) => {
    expect(dark(changes, onAgent)).toEqual(expected);
  });
});

it('of a device whose agent is away nobody knows how it is', () => {
  const changes = [change(0, 'ready'), change(20, 'down', 'E-AGENT-0103'), change(50, 'down', 'E-DEV-0101')];
  expect(spansOf(asHeard(changes), epochMs(10), epochMs(100))).toEqual({ ready: 10, unknown: 30, down: 50 });
});
