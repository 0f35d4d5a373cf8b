import { matchesFilter } from '@hallhub/device-drivers/kit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  guestMayUseTopic,
  guestTopicRights,
  shellyRights,
  tasmotaRights,
  vzenithRights,
  zigbee2mqttRights,
} from './guest.ts';
import { toPatterns } from './rabbitmq-accounts.ts';
import { deviceRights } from './rights.ts';

const level = fc.constantFrom(
  'stat',
  'tele',
  'cmnd',
  'plug',
  'other',
  'zigbee2mqtt',
  'lamp',
  'set',
  'bridge',
  'request',
  'homeassistant',
  'tasmota',
  'discovery',
  'DC4F2253B1F5',
  'config',
  'device',
  'c',
);
const topic = fc.array(level, { minLength: 1, maxLength: 5 }).map((levels) => levels.join('/'));
const rights = fc.constantFrom(
  tasmotaRights('plug'),
  tasmotaRights('plug', 'DC4F2253B1F5'),
  zigbee2mqttRights('zigbee2mqtt'),
  shellyRights('plug'),
);

describe('guests', () => {
  it.each([
    [tasmotaRights('plug'), 'publish', 'stat/plug/POWER', true],
    [tasmotaRights('plug'), 'publish', 'tele/plug/LWT', true],
    [tasmotaRights('plug'), 'publish', 'cmnd/plug/POWER', false],
    [tasmotaRights('plug'), 'publish', 'stat/other/POWER', false],
    [tasmotaRights('plug'), 'subscribe', 'cmnd/plug/#', true],
    [tasmotaRights('plug'), 'subscribe', 'cmnd/#', false],
    [tasmotaRights('plug'), 'subscribe', '#', false],
    [tasmotaRights('plug', 'DC4F2253B1F5'), 'publish', 'tasmota/discovery/DC4F2253B1F5/config', true],
    [tasmotaRights('plug', 'DC4F2253B1F5'), 'publish', 'tasmota/discovery/DC4F2253B1F5/sensors', true],
    [tasmotaRights('plug', 'DC4F2253B1F5'), 'publish', 'tasmota/discovery/DC4F2253B1F6/config', false],
    [tasmotaRights('plug'), 'publish', 'tasmota/discovery/DC4F2253B1F5/config', false],
    [vzenithRights('S1'), 'publish', 'device/S1/message/up/ivs_result', true],
    [vzenithRights('S1'), 'publish', 'device/S1/message/down/gpio_out/reply', true],
    [vzenithRights('S1'), 'publish', 'device/S1/message/down/gpio_out', false],
    [vzenithRights('S1'), 'publish', 'device/S2/message/up/ivs_result', false],
    [vzenithRights('S1'), 'subscribe', 'device/S1/message/down/gpio_out', true],
    [vzenithRights('S1'), 'subscribe', 'device/+/message/down/gpio_out', false],
    [zigbee2mqttRights('zigbee2mqtt'), 'publish', 'homeassistant/sensor/0x00158d0001/battery/config', true],
    [zigbee2mqttRights('zigbee2mqtt'), 'publish', 'homeassistant/device/hallhub_gate/config', false],
    [zigbee2mqttRights('zigbee2mqtt'), 'publish', 'homeassistant/status', false],
    [zigbee2mqttRights('zigbee2mqtt'), 'publish', 'homeassistant/sensor/0x00158d0001/battery/state', false],
    [zigbee2mqttRights('zigbee2mqtt'), 'subscribe', 'homeassistant/#', true],
    [zigbee2mqttRights('zigbee2mqtt'), 'publish', 'zigbee2mqtt/lamp', true],
    [zigbee2mqttRights('zigbee2mqtt'), 'publish', 'zigbee2mqtt/lamp/set', false],
    [zigbee2mqttRights('zigbee2mqtt'), 'subscribe', 'zigbee2mqtt/#', true],
    [shellyRights('shelly-1'), 'publish', 'shelly-1/hub/rpc', true],
    [shellyRights('shelly-1'), 'publish', 'shelly-1/status/switch:0', true],
    [shellyRights('shelly-1'), 'subscribe', 'shelly-1/rpc', true],
  ] as const)('%o may %s %s: %s', (allowed, action, name, expected) => {
    expect(guestMayUseTopic(allowed, action, name)).toBe(expected);
  });

  it('never leave their branches nor give orders', () => {
    fc.assert(
      fc.property(rights, topic, (allowed, name) => {
        if (!guestMayUseTopic(allowed, 'publish', name)) return;
        expect(allowed.state.some((filter) => matchesFilter(filter, name))).toBe(true);
        expect(allowed.command.some((filter) => matchesFilter(filter, name))).toBe(false);
      }),
    );
  });

  it('are named by plain topics only', () => {
    for (const name of ['#', '+', 'a/#', '', '$SYS', 'a//b', 'x.*'])
      expect(() => tasmotaRights(name)).toThrow(RangeError);
    for (const mac of ['+', '#', 'dc4f2253b1f5', 'DC4F2253B1F5/x']) {
      expect(() => tasmotaRights('plug', mac)).toThrow(RangeError);
    }
  });
});

describe("RabbitMQ's patterns", () => {
  const key = (name: string): string => name.replaceAll('/', '.').replaceAll('+', '*');

  it('let through what the filters let through', () => {
    fc.assert(
      fc.property(rights, topic, (allowed, name) => {
        const { publish, neverPublish } = guestTopicRights(allowed);
        const expected =
          publish.some((filter) => matchesFilter(filter, name)) &&
          !neverPublish.some((filter) => matchesFilter(filter, name));
        expect(new RegExp(toPatterns(guestTopicRights(allowed)).write).test(key(name))).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it('let a device subscribe to its branch and to nothing else', () => {
    const read = new RegExp(toPatterns(deviceRights('south', 'gate-1')).read);
    expect(read.test(key('c/south/d/gate-1/down/#'))).toBe(true);
    for (const filter of [
      '#',
      'c/south/d/+/down/#',
      'c/south/d/gate-1/down/+',
      'c/south/d/gate-2/down/#',
      'c/south/d/gate-1/#',
    ])
      expect(read.test(key(filter))).toBe(false);
  });
});
