import fc from 'fast-check';
import { manualClock, ms } from '@hallhub/sync/base';
import { builtInProfiles } from '@hallhub/firmware-profiles/schema';
import { describe, expect, it } from 'vitest';
import { rethrow } from '../../kit/index.ts';
import { createMemoryBroker } from '../../transports/index.ts';
import { discoverMqttDevices } from './index.ts';

const plug = {
  dn: 'Plug in A301',
  t: 'tasmota_4F2A10',
  ft: '%prefix%/%topic%/',
  md: 'Generic',
  sw: '13.1.0',
  rl: [1, 0, 0, 0],
};
const zigbee = [
  { ieee_address: '0x00', type: 'Coordinator', friendly_name: 'Coordinator' },
  {
    ieee_address: '0x01',
    type: 'EndDevice',
    friendly_name: 'a301-motion',
    definition: { model: 'M', vendor: 'V', exposes: [{ name: 'occupancy' }, { name: 'battery' }] },
  },
  { ieee_address: '0x02', type: 'Router', friendly_name: 'a301-curtain', definition: { exposes: [{ type: 'cover' }] } },
];

describe('devices that make themselves known at the broker', () => {
  it('are listed with the profiles that match, and go when they are gone', async () => {
    const clock = manualClock();
    const broker = createMemoryBroker({ clock, random: () => 0 });
    broker.leave('tasmota/discovery/4F2A10/config', JSON.stringify(plug));
    broker.leave('zigbee2mqtt/bridge/devices', JSON.stringify(zigbee));
    broker.leave('tasmota/discovery/BAD/config', '{"t":');
    const found = discoverMqttDevices({
      channel: broker.channel,
      profiles: () => builtInProfiles().list(),
      clock,
      onListenerError: rethrow,
    });
    await clock.advanceAsync(ms(10));
    const listed = () => found.list().map(({ key, profiles, params }) => ({ key, profiles, params }));
    expect(listed()).toEqual([
      { key: 'tasmota/4F2A10', profiles: ['tasmota/relay-1'], params: { topic: 'tasmota_4F2A10' } },
      {
        key: 'zigbee2mqtt/zigbee2mqtt/0x01',
        profiles: ['zigbee2mqtt/occupancy'],
        params: { base: 'zigbee2mqtt', name: 'a301-motion' },
      },
      {
        key: 'zigbee2mqtt/zigbee2mqtt/0x02',
        profiles: ['zigbee2mqtt/cover'],
        params: { base: 'zigbee2mqtt', name: 'a301-curtain' },
      },
    ]);
    expect(found.list().every(({ fromBroker }) => fromBroker)).toBe(true);

    const publish = (topic: string, content: object | '') =>
      broker.channel.publish(topic, Buffer.from(content === '' ? '' : JSON.stringify(content)));
    await publish('tasmota/discovery/4F2A10/sensors', { sn: { ENERGY: { Power: 1 } } });
    await publish('zigbee2mqtt/bridge/devices', []);
    await clock.advanceAsync(ms(10));
    expect(listed()).toMatchObject([{ key: 'tasmota/4F2A10', profiles: ['tasmota/power-plug'] }]);
    await publish('tasmota/discovery/4F2A10/config', '');
    await clock.advanceAsync(ms(10));
    expect(found.list()).toEqual([]);
    found.stop();
    broker.close();
  });

  it('are matched anew when other profiles are in use', async () => {
    const clock = manualClock();
    const broker = createMemoryBroker({ clock, random: () => 0 });
    broker.leave('tasmota/discovery/4F2A10/config', JSON.stringify(plug));
    const all = builtInProfiles().list();
    let profiles: typeof all = all.filter(({ id }) => id !== 'tasmota/relay-1');
    let follow: () => void = () => undefined;
    const found = discoverMqttDevices({
      channel: broker.channel,
      profiles: () => profiles,
      onProfiles: (listener) => {
        follow = listener;
        return () => undefined;
      },
      clock,
      onListenerError: rethrow,
    });
    await clock.advanceAsync(ms(10));
    let told = 0;
    found.onChange(() => (told += 1));
    expect(found.list()[0]?.profiles).toEqual([]);
    profiles = all;
    follow();
    expect(found.list()[0]?.profiles).toEqual(['tasmota/relay-1']);
    expect(told).toBe(1);
    found.stop();
  });
});

it('whatever a device is called and has comes back as it was announced', async () => {
  const announced = fc.record({
    mac: fc.stringMatching(/^[0-9A-F]{12}$/),
    topic: fc.stringMatching(/^[a-z0-9_]{1,20}$/),
    name: fc.string({ minLength: 1, maxLength: 20 }),
    version: fc.stringMatching(/^1[0-9]\.[0-9]\.[0-9]$/),
    relays: fc.nat(4),
    shutters: fc.nat(2),
  });
  await fc.assert(
    fc.asyncProperty(announced, async ({ mac, topic, name, version, relays, shutters }) => {
      const clock = manualClock();
      const broker = createMemoryBroker({ clock, random: () => 0 });
      const rl = [...new Array<number>(relays).fill(1), ...new Array<number>(shutters * 2).fill(3)];
      const config = { dn: name, t: topic, ft: '%prefix%/%topic%/', md: 'Generic', sw: version, rl };
      broker.leave(`tasmota/discovery/${mac}/config`, JSON.stringify(config));
      const found = discoverMqttDevices({
        channel: broker.channel,
        profiles: () => [],
        clock,
        onListenerError: rethrow,
      });
      await clock.advanceAsync(ms(10));
      expect(found.list()).toMatchObject([
        {
          key: `tasmota/${mac}`,
          name,
          identity: { relays: String(relays), shutters: String(shutters), version, model: 'Generic' },
          params: { topic },
        },
      ]);
      found.stop();
      broker.close();
    }),
    { numRuns: 40 },
  );
});
