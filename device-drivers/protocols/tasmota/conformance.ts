import { seconds } from '@hallhub/sync/base';
import type { MqttSubject, ProtocolConformance } from '../../conformance/types.ts';
import { MESSAGES_ARE_WHOLE, sameValue, unhex } from '../../conformance/vectors.ts';
import {
  type TasmotaMessage,
  askSensors,
  askState,
  askVersion,
  beginUpgrade,
  decodeTasmota,
  pulseTime,
  setOtaUrl,
  shutterOrder,
  switchOrder,
} from './messages.ts';
import { type TasmotaParams, tasmotaSchema } from './params.ts';
import { createTasmotaSimulator } from './simulator.ts';

const TOPIC = 'tasmota_4F2A10';

/** What a vector of an order says, in the words of the capabilities. */
type Asked =
  | { readonly ask: 'state' | 'sensors' | 'version' | 'upgrade' }
  | { readonly ask: 'ota-url'; readonly url: string }
  | { readonly ask: 'switch'; readonly channel: number; readonly on: boolean; readonly pulse?: number }
  | { readonly ask: 'shutter'; readonly to: 'open' | 'closed' | 'stop' | { readonly percentOpen: number } };

export const tasmotaConformance: ProtocolConformance = {
  protocol: 'tasmota',
  deviceFaults: () => ({
    silent: ['not-ready', 'order-fails'],
    late: 'the line that delays is this fault',
    'wrong-address': 'the topic is the address: what comes under another is never heard',
    'bad-check': 'payloads carry no check but that of TCP',
    refuses: ['order-fails'],
  }),
  notApplicable: () => ({ frames: MESSAGES_ARE_WHOLE }),
  installation: () => ({ topic: TOPIC, updateWithin: 12 }),
  checkVector: ({ direction, topic, hex, message }, profile) => {
    const params = tasmotaSchema.parse({ ...profile.params, topic: TOPIC });
    if (direction === 'request') {
      sameValue(encode(params, message as unknown as Asked), { topic, payload: Buffer.from(unhex(hex)).toString() });
      return;
    }
    sameValue(decodeTasmota(params, topic ?? '', unhex(hex)), message);
  },
  simulateMqtt: ({ connect, clock, profile }): MqttSubject => {
    const params = tasmotaSchema.parse({ ...profile.params, topic: TOPIC });
    const device = createTasmotaSimulator({
      connect,
      clock,
      topic: TOPIC,
      relays: params.relays,
      ...(params.shutter !== undefined && { shutterTravel: 2_000 }),
      hasEnergyMeter: params.values.length > 0,
    });
    let watts = 0;
    let isOn = false;
    let percentOpen = 0;
    return {
      start: () => {
        device.start();
      },
      stop: () => device.stop(),
      ghosts: [
        { topic: `tele/${TOPIC}/LWT`, payload: 'Online' },
        { topic: `stat/${TOPIC}/RESULT`, payload: '{"POWER":"ON"}' },
        { topic: `stat/${TOPIC}/POWER1`, payload: 'ON' },
      ],
      stimuli: [
        ...(params.relays > 0
          ? [
              {
                name: 'somebody presses the button on the device',
                capability: 'switch' as const,
                event: 'change',
                cause: () => {
                  device.toggle(0);
                  // A pulse time that is still set ends it again; that is a change of its own.
                  isOn = device.relays[0] === true;
                },
                matches: (event: unknown) => (event as { on: boolean }).on === isOn,
              },
            ]
          : []),
        ...(params.values.length > 0
          ? [
              {
                name: 'the load changes',
                capability: 'meter' as const,
                event: 'reading',
                cause: () => {
                  watts += 10;
                  device.measure(watts);
                },
                matches: (event: unknown) => (event as { value: number }).value === watts,
              },
            ]
          : []),
        ...(params.shutter !== undefined
          ? [
              {
                name: 'somebody moves the shutter by hand',
                capability: 'curtain' as const,
                event: 'position',
                cause: () => {
                  percentOpen = percentOpen === 70 ? 20 : 70;
                  device.move(percentOpen);
                },
                matches: (event: unknown) => (event as { percentOpen: number }).percentOpen === percentOpen,
              },
            ]
          : []),
        ...params.buttons.slice(0, 1).map((name) => ({
          name: 'a switch is closed',
          capability: 'buttonPanel' as const,
          event: 'button',
          cause: () => {
            device.press(name, 'ON');
          },
          matches: (event: unknown) => (event as { pressed: boolean }).pressed,
        })),
      ],
      orders: [
        ...(params.relays > 0
          ? [
              {
                capability: 'switch' as const,
                command: 'set',
                args: { channel: params.relays - 1, on: true, ...(params.pulse && { pulse: seconds(1) }) },
                confirmation: 'observed' as const,
                effects: () => device.done(`relay ${params.relays - 1}`),
              },
            ]
          : []),
        ...(params.shutter !== undefined
          ? [
              {
                capability: 'curtain' as const,
                command: 'move',
                args: { to: { percentOpen: 40 } },
                confirmation: 'observed' as const,
                effects: () => device.done('shutter'),
              },
            ]
          : []),
        ...(params.firmware
          ? [
              {
                capability: 'firmware' as const,
                command: 'update',
                args: {
                  version: '14.2.0',
                  image: { from: 'url', url: 'http://hub.example/firmware/tasmota-14.2.0.bin.gz' },
                },
                confirmation: 'observed' as const,
                tells: ['progress'],
                effects: () => device.done('update'),
              },
            ]
          : []),
      ],
      refusals: params.firmware ? [{ capability: 'firmware', command: 'cancel', args: {}, code: 'E-DEV-0203' }] : [],
      setFault: (fault) => {
        device.setFaults({ silent: fault === 'silent', refuses: fault === 'refuses' });
      },
    };
  },
};

function encode(params: TasmotaParams, asked: Asked): TasmotaMessage {
  const { topic } = params;
  switch (asked.ask) {
    case 'state':
      return askState(topic);
    case 'sensors':
      return askSensors(topic);
    case 'version':
      return askVersion(topic);
    case 'upgrade':
      return beginUpgrade(topic);
    case 'ota-url':
      return setOtaUrl(topic, asked.url);
    case 'shutter':
      return shutterOrder(topic, params.shutter ?? 1, asked.to);
    case 'switch': {
      const { channel, on, pulse } = asked;
      const timed = pulse === undefined ? undefined : pulseTime(pulse as Parameters<typeof pulseTime>[0]);
      return switchOrder(params, { channel, on, ...(timed !== undefined && { pulse: timed }) });
    }
  }
}
