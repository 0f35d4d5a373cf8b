import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeShelly, encodeCall, moveCover, setSwitch } from './messages.ts';
import { shellySchema } from './params.ts';

const params = shellySchema.parse({ topic: 'shelly-1', switches: 3, inputs: 2, cover: 0 });
const says = (leaf: string, content: unknown) =>
  decodeShelly(params, `shelly-1/${leaf}`, Buffer.from(JSON.stringify(content)));

describe('what a Shelly says', () => {
  const status = fc.record({
    switches: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
    inputs: fc.tuple(fc.boolean(), fc.boolean()),
    position: fc.nat(100),
  });

  it('of its components comes back as it was, in a notification and in its own message', () => {
    fc.assert(
      fc.property(status, ({ switches, inputs, position }) => {
        const components = {
          ...Object.fromEntries(switches.map((output, id) => [`switch:${id}`, { id, output }])),
          ...Object.fromEntries(inputs.map((state, id) => [`input:${id}`, { id, state }])),
          'cover:0': { id: 0, state: 'stopped', current_pos: position },
        };
        const expected = {
          switches: Object.fromEntries(switches.entries()),
          inputs: Object.fromEntries(inputs.entries()),
          cover: { state: 'stopped', position },
        };
        expect(says('events/rpc', { method: 'NotifyStatus', params: components })).toMatchObject({ status: expected });
        expect(says('status/switch:1', { id: 1, output: switches[1] })?.status).toEqual({
          switches: { 1: switches[1] },
        });
      }),
    );
  });

  it('to a call is matched by its number, as a result or as a refusal', () => {
    fc.assert(
      fc.property(fc.nat(), fc.option(fc.integer({ min: -200, max: 600 })), (id, code) => {
        const reply = code === null ? { result: { was_on: true } } : { error: { code, message: 'no' } };
        expect(says('hub/rpc', { id, src: 'shelly-1', ...reply })?.reply).toEqual(
          code === null ? { id, result: { was_on: true } } : { id, error: `${code} no` },
        );
      }),
    );
  });

  it('is never thrown at, whatever it is', () => {
    const leaf = fc.constantFrom('online', 'status/switch:0', 'events/rpc', 'hub/rpc', 'status/', '');
    fc.assert(
      fc.property(leaf, fc.oneof(fc.json(), fc.string()), (name, text) => {
        expect(() => decodeShelly(params, `shelly-1/${name}`, Buffer.from(text))).not.toThrow();
      }),
    );
  });
});

it('a call says what was ordered, in the units of the device', () => {
  const order = fc.record({
    channel: fc.nat(15),
    on: fc.boolean(),
    pulse: fc.option(fc.integer({ min: 1, max: 60_000 })),
  });
  fc.assert(
    fc.property(fc.nat(), order, fc.nat(100), (id, { channel, on, pulse }, percentOpen) => {
      const { topic, payload } = encodeCall('shelly-1', id, setSwitch(channel, on, pulse ?? undefined));
      const call = JSON.parse(payload) as { readonly params: { readonly toggle_after?: number } };
      expect({ topic, call }).toMatchObject({
        topic: 'shelly-1/rpc',
        call: { id, src: 'shelly-1/hub', method: 'Switch.Set', params: { id: channel, on } },
      });
      const after = call.params.toggle_after;
      expect(after === undefined ? null : Math.round(after * 1_000)).toBe(on ? pulse : null);
      expect(moveCover(0, { percentOpen })).toEqual({
        method: 'Cover.GoToPosition',
        params: { id: 0, pos: percentOpen },
      });
    }),
  );
});
