import { capabilityNames } from '@hallhub/device-drivers/capabilities';
import { isCommandTopic } from '@hallhub/device-drivers/kit';
import { ms } from '@hallhub/sync/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Allowance } from './components.ts';
import { configTopic, deviceOfConfig, discoveryOf, slug } from './components.ts';
import { readOrder } from './orders.ts';
import { accept } from './testing/rules.ts';

const naming = { hubId: 'south', prefix: 'homeassistant' };
const id = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,20}$/);
const device = fc.record({
  id,
  name: fc.string({ minLength: 1, maxLength: 20 }),
  model: fc.string({ maxLength: 20 }),
  capabilities: fc.subarray([...capabilityNames]),
  channels: fc.nat(16),
  values: fc.uniqueArray(
    fc.record({
      name: fc.string({ minLength: 1, maxLength: 10 }),
      unit: fc.constantFrom('W', 'V', 'A', 'kWh', '°C', 'ppm'),
    }),
    { selector: ({ name }) => slug(name) },
  ),
});
const allow = fc.array(
  fc.record({
    device: fc.constant('*'),
    capability: fc.constantFrom<Allowance['capability']>('switch', 'curtain', 'barrier'),
  }),
);
const PERSONAL = /card|keypad|scan|face|plate|key/i;

describe('what Home Assistant is told of a device', () => {
  it('is what it accepts, whatever the device can do', () => {
    fc.assert(
      fc.property(device, allow, (shown, allowed) => {
        const told = accept(configTopic(naming, shown.id), JSON.stringify(discoveryOf(naming, shown, allowed)));
        const ids = Object.values(told.cmps).map(({ uniq_id: unique }) => unique);
        expect(new Set(ids).size).toBe(ids.length);
        expect(told.avty_mode).toBe('all');
        expect(deviceOfConfig(naming, configTopic(naming, shown.id))).toBe(shown.id);
        for (const key of Object.keys(told.cmps)) if (!key.startsWith('meter-')) expect(key).not.toMatch(PERSONAL);
      }),
    );
  });

  it('lets nobody give an order unless the configuration says so, and a barrier only by its name', () => {
    const everything = { id: 'd', name: 'd', model: 'd', capabilities: capabilityNames, channels: 2, values: [] };
    const orders = (allowed: readonly Allowance[]): readonly string[] =>
      Object.entries(accept(configTopic(naming, 'd'), JSON.stringify(discoveryOf(naming, everything, allowed))).cmps)
        .filter(([, component]) => 'cmd_t' in component)
        .map(([key]) => key);
    expect(orders([])).toEqual([]);
    expect(orders([{ device: '*', capability: 'barrier' }])).toEqual([]);
    expect(orders([{ device: 'other', capability: 'switch' }])).toEqual([]);
    expect(orders([{ device: '*', capability: 'switch' }])).toEqual(['switch-0', 'switch-1']);
    expect(orders([{ device: 'd', capability: 'barrier' }])).toEqual(['open']);
    expect(orders([{ device: 'd', capability: 'curtain' }])).toEqual(['curtain']);
  });

  it('has its orders where the broker keeps none', () => {
    const device = { id: 'd', name: 'd', model: 'd', capabilities: ['switch' as const], channels: 1, values: [] };
    const { cmps } = accept(
      configTopic(naming, 'd'),
      JSON.stringify(discoveryOf(naming, device, [{ device: 'd', capability: 'switch' }])),
    );
    const relay = cmps['switch-0'];
    expect(relay?.p === 'switch' && isCommandTopic(relay.cmd_t)).toBe(true);
    expect(relay?.p === 'switch' && isCommandTopic(relay.stat_t ?? '')).toBe(false);
  });
});

describe('an order of Home Assistant', () => {
  const opening = { hold: ms(700), direction: 'in' as const };

  it.each([
    ['switch-1', 'ON', { capability: 'switch', args: { channel: 1, on: true } }],
    ['curtain', 'CLOSE', { capability: 'curtain', args: { to: 'closed' } }],
    ['curtain', '40', { capability: 'curtain', args: { to: { percentOpen: 40 } } }],
    ['open', 'PRESS', { capability: 'barrier', args: opening }],
  ])('%s %s is understood', (key, payload, order) => {
    expect(readOrder(key, payload, opening)).toMatchObject(order);
  });

  it('is nothing when it is anything else', () => {
    const known = new Set(['ON', 'OFF', 'OPEN', 'CLOSE', 'STOP', 'PRESS']);
    fc.assert(
      fc.property(fc.constantFrom('switch-0', 'curtain', 'open', 'health', ''), fc.string(), (key, payload) => {
        fc.pre(!known.has(payload) && !/^\d{1,3}$/.test(payload));
        expect(readOrder(key, payload, opening)).toBeUndefined();
      }),
    );
    expect(readOrder('curtain', '101', opening)).toBeUndefined();
    expect(readOrder('curtain', 'constructor', opening)).toBeUndefined();
    expect(readOrder('open', 'ON', opening)).toBeUndefined();
  });
});
