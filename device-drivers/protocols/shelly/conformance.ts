import { ms } from '@hallhub/sync/base';
import type { MqttSubject, ProtocolConformance, Stimulus } from '../../conformance/types.ts';
import { MESSAGES_ARE_WHOLE, sameValue, unhex } from '../../conformance/vectors.ts';
import {
  type ShellyCall,
  askInfo,
  askStatus,
  decodeShelly,
  encodeCall,
  moveCover,
  setSwitch,
  update,
} from './messages.ts';
import { shellySchema } from './params.ts';
import { createShellySimulator } from './simulator.ts';

const TOPIC = 'shellyplus1-a8032ab12345';

/** What a vector of a call says, in the words of the capabilities. */
type Asked = { readonly id: number } & (
  | { readonly ask: 'status' | 'info' }
  | { readonly ask: 'update'; readonly url: string }
  | { readonly ask: 'switch'; readonly channel: number; readonly on: boolean; readonly pulse?: number }
  | { readonly ask: 'cover'; readonly to: Parameters<typeof moveCover>[1] }
);

export const shellyConformance: ProtocolConformance = {
  protocol: 'shelly',
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
    const params = shellySchema.parse({ ...profile.params, topic: TOPIC });
    if (direction === 'request') {
      const asked = message as unknown as Asked;
      const made = encodeCall(TOPIC, asked.id, callOf(asked));
      sameValue(made, { topic, payload: Buffer.from(unhex(hex)).toString() });
      return;
    }
    sameValue(decodeShelly(params, topic ?? '', unhex(hex)), message);
  },
  simulateMqtt: ({ connect, clock, profile }): MqttSubject => {
    const params = shellySchema.parse({ ...profile.params, topic: TOPIC });
    const device = createShellySimulator({
      connect,
      clock,
      topic: TOPIC,
      switches: params.switches,
      inputs: params.inputs,
      hasMeter: params.values.length > 0,
      ...(params.cover !== undefined && { coverTravel: 2_000 }),
    });
    let watts = 0;
    let isOn = false;
    let isPressed = false;
    let percentOpen = 0;
    const stimuli: readonly (Stimulus | false)[] = [
      params.switches > 0 && {
        name: 'somebody presses the button on the device',
        capability: 'switch',
        event: 'change',
        cause: () => {
          device.toggle(0);
          isOn = device.outputs[0] === true;
        },
        matches: (event) => (event as { on: boolean }).on === isOn,
      },
      params.values.length > 0 && {
        name: 'the load changes',
        capability: 'meter',
        event: 'reading',
        cause: () => {
          watts += 10;
          device.measure(watts);
        },
        matches: (event) => (event as { value: number }).value === watts,
      },
      params.cover !== undefined && {
        name: 'somebody moves the cover by hand',
        capability: 'curtain',
        event: 'position',
        cause: () => {
          percentOpen = percentOpen === 70 ? 20 : 70;
          device.move(percentOpen);
        },
        matches: (event) => (event as { percentOpen: number }).percentOpen === percentOpen,
      },
      params.inputs > 0 && {
        name: 'an input changes',
        capability: 'buttonPanel',
        event: 'button',
        cause: () => {
          isPressed = !isPressed;
          device.setInput(0, isPressed);
        },
        matches: (event) => (event as { pressed: boolean }).pressed === isPressed,
      },
    ];
    return {
      start: () => {
        device.start();
      },
      stop: () => device.stop(),
      ghosts: [
        { topic: `${TOPIC}/online`, payload: 'true' },
        { topic: `${TOPIC}/status/switch:0`, payload: '{"id":0,"output":true}' },
      ],
      stimuli: stimuli.filter((stimulus) => stimulus !== false),
      orders: [
        ...(params.switches > 0
          ? [
              {
                capability: 'switch' as const,
                command: 'set',
                args: { channel: params.switches - 1, on: true, pulse: ms(500) },
                confirmation: 'observed' as const,
                effects: () => device.done(`switch ${params.switches - 1}`),
              },
            ]
          : []),
        ...(params.cover !== undefined
          ? [
              {
                capability: 'curtain' as const,
                command: 'move',
                args: { to: { percentOpen: 40 } },
                confirmation: 'observed' as const,
                effects: () => device.done('cover'),
              },
            ]
          : []),
        ...(params.firmware
          ? [
              {
                capability: 'firmware' as const,
                command: 'update',
                args: { version: '1.4.4', image: { from: 'url', url: 'http://hub.example/shelly-1.4.4.zip' } },
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

function callOf(asked: Asked): ShellyCall {
  switch (asked.ask) {
    case 'status':
      return askStatus;
    case 'info':
      return askInfo;
    case 'update':
      return update(asked.url);
    case 'switch':
      return setSwitch(asked.channel, asked.on, asked.pulse);
    case 'cover':
      return moveCover(0, asked.to);
  }
}
