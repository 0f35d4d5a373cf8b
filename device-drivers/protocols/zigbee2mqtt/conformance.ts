import type { Profile } from '@hallhub/firmware-profiles/schema';
import type { MqttSubject, Order, ProtocolConformance, Stimulus } from '../../conformance/types.ts';
import { MESSAGES_ARE_WHOLE, sameValue, unhex } from '../../conformance/vectors.ts';
import {
  type Zigbee2mqttMessage,
  askDevice,
  askService,
  askUpdate,
  coverOrder,
  decodeZigbee2mqtt,
  switchOrder,
} from './messages.ts';
import { type Zigbee2mqttParams, zigbee2mqttSchema } from './params.ts';
import { createZigbee2mqttSimulator } from './simulator.ts';

const NAME = 'room-a301';

/** What a vector of a request says, in the words of the capabilities. */
type Asked =
  | { readonly ask: 'service'; readonly transaction: string }
  | { readonly ask: 'device'; readonly property: string }
  | { readonly ask: 'update'; readonly url: string; readonly transaction: string }
  | { readonly ask: 'switch'; readonly channel: number; readonly on: boolean; readonly pulse?: number }
  | { readonly ask: 'cover'; readonly to: Parameters<typeof coverOrder>[1] };

const takesOrders = ({ params }: Profile): boolean => {
  const { switches, cover, firmware } = zigbee2mqttSchema.parse({ ...params, name: NAME });
  return switches.length > 0 || cover || firmware;
};

export const zigbee2mqttConformance: ProtocolConformance = {
  protocol: 'zigbee2mqtt',
  deviceFaults: (profile) => ({
    silent: ['not-ready', 'order-fails'],
    late: 'the line that delays is this fault',
    'wrong-address': 'the topic is the address: what comes under another is never heard',
    'bad-check': 'payloads carry no check but that of TCP',
    refuses: takesOrders(profile) ? ['order-fails'] : 'nothing is ordered from it',
  }),
  notApplicable: () => ({ frames: MESSAGES_ARE_WHOLE }),
  installation: () => ({ name: NAME, updateWithin: 12 }),
  checkVector: ({ direction, topic, hex, message }, profile) => {
    const params = zigbee2mqttSchema.parse({ ...profile.params, name: NAME });
    if (direction === 'request') {
      sameValue(encode(params, message as unknown as Asked), { topic, payload: Buffer.from(unhex(hex)).toString() });
      return;
    }
    sameValue(decodeZigbee2mqtt(params, topic ?? '', unhex(hex)), message);
  },
  simulateMqtt: ({ connect, clock, profile }): MqttSubject => {
    const params = zigbee2mqttSchema.parse({ ...profile.params, name: NAME });
    const { base } = params;
    const device = createZigbee2mqttSimulator({
      connect,
      clock,
      base,
      name: NAME,
      state: {
        ...Object.fromEntries(params.switches.map((property) => [property, 'OFF'])),
        ...(params.cover && { position: 0, state: 'CLOSE' }),
        ...(params.occupancy !== undefined && { [params.occupancy]: false }),
        ...(params.firmware && { update: { state: 'idle', installed_version: 16, latest_version: 16 } }),
      },
    });
    let isOccupied = false;
    let celsius = 20;
    let isOn = false;
    let percentOpen = 0;
    const stimuli: readonly (Stimulus | false)[] = [
      params.occupancy !== undefined && {
        name: 'somebody comes or goes',
        capability: 'occupancy',
        event: 'occupancy',
        cause: () => {
          isOccupied = !isOccupied;
          device.report({ [params.occupancy ?? '']: isOccupied });
        },
        matches: (event) => (event as { occupied: boolean }).occupied === isOccupied,
      },
      params.switches.length > 0 && {
        name: 'somebody presses the button on the device',
        capability: 'switch',
        event: 'change',
        cause: () => {
          isOn = device.state[params.switches[0] ?? ''] !== 'ON';
          device.report({ [params.switches[0] ?? '']: isOn ? 'ON' : 'OFF' });
        },
        matches: (event) => (event as { on: boolean }).on === isOn,
      },
      params.cover && {
        name: 'somebody moves the cover by hand',
        capability: 'curtain',
        event: 'position',
        cause: () => {
          percentOpen = percentOpen === 70 ? 20 : 70;
          device.report({ position: percentOpen, state: 'OPEN' });
        },
        matches: (event) => (event as { percentOpen: number }).percentOpen === percentOpen,
      },
      params.climate && {
        name: 'it gets warmer',
        capability: 'climate',
        event: 'reading',
        cause: () => {
          celsius += 0.5;
          device.report({ temperature: celsius, humidity: 45 });
        },
        matches: (event) => (event as { celsius: number }).celsius === celsius,
      },
      params.actions.length > 0 && {
        name: 'a key is pressed',
        capability: 'buttonPanel',
        event: 'button',
        cause: () => {
          device.report({ action: params.actions[0] });
        },
        matches: (event) => (event as { button: number }).button === 0,
      },
    ];
    const orders: readonly (Order | false)[] = [
      params.switches.length > 0 && {
        capability: 'switch',
        command: 'set',
        args: { channel: 0, on: true },
        confirmation: params.answers ? 'observed' : 'acknowledged',
        effects: () => device.done('set'),
      },
      params.cover && {
        capability: 'curtain',
        command: 'move',
        args: { to: { percentOpen: 40 } },
        confirmation: 'observed',
        effects: () => device.done('set'),
      },
      params.firmware && {
        capability: 'firmware',
        command: 'update',
        args: { version: '33', image: { from: 'url', url: 'http://hub.example/device-33.ota' } },
        confirmation: 'observed',
        tells: ['progress'],
        effects: () => device.done('update'),
      },
    ];
    return {
      start: () => {
        device.start();
      },
      stop: () => device.stop(),
      ghosts: [
        { topic: `${base}/bridge/state`, payload: '{"state":"online"}' },
        { topic: `${base}/${NAME}`, payload: '{"state":"ON","position":40,"occupancy":true,"temperature":30}' },
      ],
      stimuli: stimuli.filter((stimulus) => stimulus !== false),
      orders: orders.filter((order) => order !== false),
      refusals: [
        ...(params.firmware
          ? [{ capability: 'firmware' as const, command: 'cancel', args: {}, code: 'E-DEV-0203' as const }]
          : []),
        ...(params.climate
          ? [{ capability: 'climate' as const, command: 'set', args: { on: true }, code: 'E-DEV-0203' as const }]
          : []),
      ],
      setFault: (fault) => {
        device.setFaults({ silent: fault === 'silent', refuses: fault === 'refuses' });
      },
    };
  },
};

function encode(params: Zigbee2mqttParams, asked: Asked): Zigbee2mqttMessage {
  switch (asked.ask) {
    case 'service':
      return askService(params.base, asked.transaction);
    case 'device':
      return askDevice(params, asked.property);
    case 'update':
      return askUpdate(params.base, params.name, asked.url, asked.transaction);
    case 'switch':
      return switchOrder(params, asked.channel, asked.on, asked.pulse);
    case 'cover':
      return coverOrder(params, asked.to);
  }
}
