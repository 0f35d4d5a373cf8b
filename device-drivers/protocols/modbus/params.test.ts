import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Result, ms } from '@hallhub/sync/base';
import { unitSchema } from './params.ts';
import { planSwitch } from './switching.ts';

it('plans no request that leaves a pulse-only channel on', () => {
  const boards = fc.record({
    channels: fc.integer({ min: 1, max: 16 }),
    pulse: fc.constantFrom('flash-on' as const, 'none' as const),
    write: fc.constantFrom('single' as const, 'multiple' as const),
  });
  const args = fc.record({
    channel: fc.integer({ min: 0, max: 20 }),
    on: fc.boolean(),
    pulse: fc.option(fc.integer({ min: -1, max: 20_000 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(boards, args, (given, { channel, on, pulse }) => {
      const params = unitSchema.parse({
        switch: { ...given, pulseOnly: given.pulse === 'flash-on' ? [0] : [] },
      });
      const planned: Result<unknown> = planSwitch(params, {
        channel,
        on,
        ...(pulse !== undefined && { pulse: ms(pulse) }),
      });
      if (!planned.ok) return;
      expect(channel).toBeLessThan(given.channels);
      const isPlain = (planned.value as { function: string }).function !== 'flash-on';
      expect(isPlain).toBe(pulse === undefined);
      if (isPlain && on) expect(channel === 0 && given.pulse === 'flash-on').toBe(false);
      if (!isPlain) {
        expect(given.pulse).toBe('flash-on');
        expect((planned.value as { tenths: number }).tenths * 100).toBeGreaterThanOrEqual(pulse ?? 0);
        expect(pulse).toBeGreaterThan(0);
      }
    }),
  );
});

it('counts the channels of a part of a board from its first coil', () => {
  const params = unitSchema.parse({ switch: { firstCoil: 4, channels: 4, pulse: 'flash-on' } });
  expect(planSwitch(params, { channel: 1, on: true, pulse: ms(500) })).toMatchObject({
    value: { function: 'flash-on', channel: 5 },
  });
  expect(planSwitch(params, { channel: 1, on: true })).toMatchObject({ value: { function: 'write-coil', address: 5 } });
  expect(planSwitch(params, { channel: 4, on: true, pulse: ms(500) }).ok).toBe(false);
});

it.each([
  [{}, 'one of relay'],
  [{ switch: { channels: 4, pulseOnly: [1] } }, 'pulseOnly'],
  [{ switch: { channels: 4, pulse: 'flash-on', pulseOnly: [9] } }, 'channel that the board lacks'],
  [{ switch: { firstCoil: 250, channels: 7, pulse: 'flash-on' } }, 'channels 0 to 255'],
  [{ input: { in: 0 }, buttons: { channels: 1 } }, 'belongs to a relay'],
  [
    {
      meter: {
        values: [
          { name: 'a', address: 0 },
          { name: 'a', address: 1 },
        ],
      },
    },
    'two values are a',
  ],
  [{ meter: { values: [{ name: 'a', address: 65_535, type: 'u32' }] } }, 'beyond register 65535'],
  [{ climate: { celsius: { address: 0 }, control: { power: { coil: 0 }, setpoint: { address: 1 } } } }, 'holding'],
])('names what is wrong with %j', (params, expected) => {
  const parsed = unitSchema.safeParse(params);
  expect(parsed.success).toBe(false);
  expect(parsed.error?.message).toContain(expected);
});
