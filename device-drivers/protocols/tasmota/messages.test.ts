import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ms } from '@hallhub/sync/base';
import { decodeTasmota, pulseTime, switchOrder } from './messages.ts';
import { tasmotaSchema } from './params.ts';

const params = tasmotaSchema.parse({ topic: 'plug', relays: 4, shutter: 1, buttons: ['Switch1', 'Button2'] });
const says = (topic: string, content: unknown) => decodeTasmota(params, topic, Buffer.from(JSON.stringify(content)));

describe('what a Tasmota device says', () => {
  it('of its relays, pulses, shutter and buttons comes back as it was', () => {
    const state = fc.record({
      relays: fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }),
      pulses: fc.array(fc.nat(64_900), { maxLength: 4 }),
      position: fc.nat(100),
      pressed: fc.boolean(),
    });
    fc.assert(
      fc.property(state, ({ relays, pulses, position, pressed }) => {
        const report = says('stat/plug/RESULT', {
          ...Object.fromEntries(relays.map((on, channel) => [`POWER${channel + 1}`, on ? 'ON' : 'OFF'])),
          ...Object.fromEntries(pulses.map((set, channel) => [`PulseTime${channel + 1}`, { Set: set, Remaining: 0 }])),
          Shutter1: { Position: position, Direction: 0, Target: position },
          Switch1: { Action: pressed ? 'ON' : 'OFF' },
        });
        expect(report).toMatchObject({
          alive: true,
          isResult: true,
          power: Object.fromEntries(relays.entries()),
          shutter: { position, direction: 0, target: position },
          buttons: [{ button: 0, pressed }],
        });
        expect(report?.pulse ?? {}).toEqual(Object.fromEntries(pulses.entries()));
      }),
    );
  });

  it('is never thrown at, whatever it is', () => {
    const topic = fc.constantFrom(
      'tele/plug/LWT',
      'stat/plug/POWER1',
      'stat/plug/RESULT',
      'tele/plug/SENSOR',
      'stat//',
    );
    fc.assert(
      fc.property(topic, fc.oneof(fc.json(), fc.string()), (name, text) => {
        expect(() => decodeTasmota(params, name, Buffer.from(text))).not.toThrow();
      }),
    );
  });
});

describe('what a Tasmota device is told', () => {
  /** As the manual reads the setting, in milliseconds. */
  const lasts = (setting: number): number => (setting <= 111 ? setting * 100 : (setting - 100) * 1_000);

  it('of a pulse lasts as long as it was ordered, as near as the setting can say it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 50, max: 64_000_000 }), (duration) => {
        const setting = pulseTime(ms(duration));
        const coarse = duration < 11_150 ? 50 : 1_000;
        expect(Math.abs(lasts(setting ?? 0) - duration)).toBeLessThanOrEqual(coarse);
      }),
    );
  });

  it('of a relay is the relay that was meant', () => {
    fc.assert(
      fc.property(fc.nat(31), fc.boolean(), fc.nat(64_900), (channel, on, pulse) => {
        const { topic, payload } = switchOrder(params, { channel, on, pulse });
        expect(`${topic} ${payload}`).toBe(
          on
            ? `cmnd/plug/Backlog0 PulseTime${channel + 1} ${pulse}; Power${channel + 1} ON`
            : `cmnd/plug/POWER${channel + 1} OFF`,
        );
      }),
    );
  });
});
