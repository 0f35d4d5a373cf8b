import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readAlarmInfo } from './messages.ts';

it('a recognition comes back as it was, with the plate in base64 and in plain', () => {
  const car = fc.record({
    plate: fc.stringMatching(/^[京沪粤鲁][A-Z][A-Z0-9]{5,6}$/),
    plateId: fc.nat(),
    confidence: fc.nat(100),
    way: fc.nat(4),
    second: fc.integer({ min: 1_600_000_000, max: 2_000_000_000 }),
    micros: fc.nat(999_999),
    old: fc.boolean(),
    base64: fc.boolean(),
  });
  fc.assert(
    fc.property(car, ({ plate, plateId, confidence, way, second, micros, old, base64 }) => {
      const alarm = {
        serialno: 'ab-cd',
        result: {
          PlateResult: {
            license: base64 ? Buffer.from(plate).toString('base64') : plate,
            plateid: plateId,
            confidence,
            direction: way,
            isoffline: old ? 1 : 0,
            timeStamp: { Timeval: { sec: second, usec: micros } },
          },
        },
      };
      expect(readAlarmInfo(alarm, { directions: { '4': 'in', '3': 'out' }, base64 })).toMatchObject({
        plate,
        plateId,
        confidence: confidence / 100,
        at: second * 1_000 + Math.round(micros / 1_000),
        replayed: old,
        ...(way === 4 && { direction: 'in' }),
        ...(way === 3 && { direction: 'out' }),
      });
    }),
  );
});

it('nothing is thrown at, whatever it is', () => {
  fc.assert(
    fc.property(fc.object(), fc.boolean(), (alarm, base64) => {
      expect(() => readAlarmInfo(alarm, { directions: {}, base64 })).not.toThrow();
      const result = { PlateResult: { ...alarm, license: 'x' } };
      expect(() => readAlarmInfo({ result }, { directions: {}, base64 })).not.toThrow();
    }),
  );
});
