import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dahuaSchema, readEvent } from './messages.ts';

const plates = fc.stringMatching(/^[京沪粤鲁][A-Z][A-Z0-9]{5,6}$/);

it('a plate event comes back as it was, with its time in UTC', () => {
  const car = fc.record({
    plate: plates,
    id: fc.nat(),
    local: fc.integer({ min: 1_600_000_000, max: 2_000_000_000 }),
    millis: fc.nat(999),
    way: fc.constantFrom('Approach', 'Leave', 'Sideways'),
    ahead: fc.constantFrom(0, 480, -90),
  });
  fc.assert(
    fc.property(car, ({ plate, id, local, millis, way, ahead }) => {
      const params = dahuaSchema.parse({ directions: { Approach: 'in', Leave: 'out' }, utcOffset: ahead });
      const data = {
        EventID: id,
        UTC: local,
        UTCMS: millis,
        TrafficCar: { PlateNumber: plate, DrivingDirection: [way] },
      };
      const body = Buffer.from(`Code=TrafficJunction;action=Pulse;index=0;data=${JSON.stringify(data)}`);
      const direction = { Approach: 'in', Leave: 'out', Sideways: undefined }[way];
      expect(readEvent(params, { headers: {}, body })).toMatchObject({
        ok: true,
        value: {
          kind: 'plate',
          read: { plate, at: (local - ahead * 60) * 1_000 + millis, replayed: false, ...(direction && { direction }) },
        },
      });
    }),
  );
});

it('nothing is thrown at, whatever it is', () => {
  const params = dahuaSchema.parse({});
  const text = fc.oneof(
    fc.string(),
    fc.json().map((json) => `Code=TrafficJunction;action=Pulse;index=0;data=${json}`),
  );
  fc.assert(
    fc.property(text, (given) => {
      expect(() => readEvent(params, { headers: {}, body: Buffer.from(given) })).not.toThrow();
    }),
  );
});
