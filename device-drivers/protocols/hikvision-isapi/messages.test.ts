import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hikvisionSchema, readEvent } from './messages.ts';

const params = hikvisionSchema.parse({ directions: { forward: 'in', reverse: 'out' } });
const car = fc.record({
  plate: fc.stringMatching(/^[京沪粤鲁][A-Z][A-Z0-9]{5,6}$/),
  confidence: fc.nat(100),
  way: fc.constantFrom('forward', 'reverse'),
  at: fc.integer({ min: 1_600_000_000, max: 2_000_000_000 }).map((second) => second * 1_000),
  again: fc.boolean(),
  uuid: fc.uuid(),
});

it('a plate event comes back as it was, in XML and in JSON alike', () => {
  fc.assert(
    fc.property(car, ({ plate, confidence, way, at, again, uuid }) => {
      const dateTime = new Date(at).toISOString();
      const xml = `<?xml version="1.0"?><EventNotificationAlert><eventType>ANPR</eventType><dateTime>${dateTime}</dateTime>
<isDataRetransmission>${again}</isDataRetransmission><UUID>${uuid}</UUID>
<ANPR><licensePlate>${plate}</licensePlate><confidenceLevel>${confidence}</confidenceLevel><direction>${way}</direction></ANPR>
</EventNotificationAlert>`;
      const ANPR = { licensePlate: plate, confidenceLevel: confidence, direction: way };
      const json = JSON.stringify({ eventType: 'ANPR', dateTime, isDataRetransmission: again, UUID: uuid, ANPR });
      for (const text of [xml, json]) {
        expect(readEvent(params, { headers: {}, body: Buffer.from(text) })).toEqual({
          ok: true,
          value: {
            kind: 'plate',
            read: {
              plate,
              confidence: confidence / 100,
              direction: way === 'forward' ? 'in' : 'out',
              at,
              replayed: again,
              key: uuid,
            },
          },
        });
      }
    }),
  );
});

it('nothing is thrown at, whatever it is', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.uint8Array()), (given) => {
      expect(() => readEvent(params, { headers: {}, body: Buffer.from(given as string) })).not.toThrow();
    }),
  );
});
