import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeZigbee2mqtt, switchOrder } from './messages.ts';
import { zigbee2mqttSchema } from './params.ts';

const params = zigbee2mqttSchema.parse({
  name: 'a301',
  switches: ['state_l1', 'state_l2'],
  onTime: true,
  cover: true,
  occupancy: 'presence',
  climate: true,
  actions: ['single', 'double'],
});

it('a state comes back as it was, and what is not in it is not said', () => {
  const state = fc.record(
    {
      state_l1: fc.constantFrom('ON', 'OFF'),
      state_l2: fc.constantFrom('ON', 'OFF'),
      position: fc.nat(100),
      presence: fc.boolean(),
      temperature: fc.integer({ min: -400, max: 800 }).map((tenths) => tenths / 10),
      action: fc.constantFrom('single', 'double', 'hold'),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(state, (said) => {
      const report = decodeZigbee2mqtt(params, 'zigbee2mqtt/a301', Buffer.from(JSON.stringify(said)));
      const { state_l1: first, state_l2: second, position, presence, temperature, action } = said;
      const switches = {
        ...(first !== undefined && { 0: first === 'ON' }),
        ...(second !== undefined && { 1: second === 'ON' }),
      };
      const pressed = ['single', 'double'].indexOf(action ?? '');
      expect({ ...report, meaning: '' }).toEqual({
        meaning: '',
        alive: true,
        isState: true,
        ...(Object.keys(switches).length > 0 && { switches }),
        ...(position !== undefined && { position }),
        ...(presence !== undefined && { occupied: presence }),
        ...(temperature !== undefined && { climate: { celsius: temperature } }),
        ...(pressed >= 0 && { pressed }),
      });
    }),
  );
});

it('an order names the relay that was meant, and a device that takes it says the same back', () => {
  fc.assert(
    fc.property(fc.nat(1), fc.boolean(), (channel, on) => {
      const { topic, payload } = switchOrder(params, channel, on);
      expect(topic).toBe('zigbee2mqtt/a301/set');
      expect(decodeZigbee2mqtt(params, 'zigbee2mqtt/a301', Buffer.from(payload))?.switches).toEqual({ [channel]: on });
    }),
  );
});

it('nothing is thrown at, whatever it is', () => {
  const topic = fc.constantFrom(
    'zigbee2mqtt/a301',
    'zigbee2mqtt/a301/availability',
    'zigbee2mqtt/bridge/state',
    'zigbee2mqtt/bridge/response/health_check',
  );
  fc.assert(
    fc.property(topic, fc.oneof(fc.json(), fc.string()), (name, text) => {
      expect(() => decodeZigbee2mqtt(params, name, Buffer.from(text))).not.toThrow();
    }),
  );
});
