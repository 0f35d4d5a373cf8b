import { ms } from '@hallhub/sync/base';
import type { MqttSubject, Order, ProtocolConformance, Stimulus, Subject } from '../../conformance/types.ts';
import { MESSAGES_ARE_WHOLE, sameValue, unhex } from '../../conformance/vectors.ts';
import { decodePush, encodeAnswer, vzenithHttpSchema } from './http.ts';
import { decodeVzenith, encodeOpen, vzenithMqttSchema } from './mqtt.ts';
import { type VzenithSimulator, createVzenithHttpSimulator, createVzenithMqttSimulator } from './simulator.ts';

const SERIAL = '5a7d1f3c-0c1d2e3f';
const TOKEN = 'q7Zs0LmPx4Vb9Tc2';

const PLATES = ['赣GZ7S13', '京AD12345', '粤Z1234港'];

/** @param onlyInAnswers it takes orders in no other answer than that to a car. */
function partsOf(camera: VzenithSimulator, onlyInAnswers: boolean): Pick<Subject, 'stimuli' | 'orders'> {
  let cars = 0;
  let plate = '';
  const stimuli: readonly Stimulus[] = [
    {
      name: 'a car',
      capability: 'plateReader',
      event: 'plate',
      cause: () => {
        plate = PLATES[(cars += 1) % PLATES.length] ?? '';
        camera.see(plate);
      },
      matches: (event) => {
        const seen = event as { plate: string; replayed: boolean };
        return seen.plate === plate && !seen.replayed;
      },
    },
  ];
  const open: Order = {
    capability: 'barrier',
    command: 'open',
    args: { hold: ms(700), direction: 'in' },
    confirmation: 'close' in camera ? 'acknowledged' : 'unconfirmed',
    effects: () => camera.opened,
    ...(onlyInAnswers && {
      prepare: () => {
        camera.see(PLATES[(cars += 1) % PLATES.length] ?? '');
      },
    }),
  };
  return { stimuli, orders: [open] };
}

export const vzenithMqttConformance: ProtocolConformance = {
  protocol: 'vzenith-mqtt',
  deviceFaults: () => ({
    silent: ['not-ready', 'order-fails'],
    late: 'the line that delays is this fault',
    'wrong-address': 'the topic is the address: what comes under another is never heard',
    'bad-check': 'payloads carry no check but that of TCP',
    refuses: ['order-fails'],
  }),
  notApplicable: () => ({ frames: MESSAGES_ARE_WHOLE }),
  installation: () => ({ serial: SERIAL }),
  checkVector: ({ direction, topic, hex, message }, profile) => {
    const params = vzenithMqttSchema.parse({ ...profile.params, serial: SERIAL });
    if (direction === 'request') {
      const made = encodeOpen(SERIAL, message as unknown as Parameters<typeof encodeOpen>[1]);
      sameValue(made, { topic, payload: Buffer.from(unhex(hex)).toString() });
    } else sameValue(decodeVzenith(params, topic ?? '', unhex(hex)), message);
  },
  simulateMqtt: ({ connect, clock }): MqttSubject => {
    const camera = createVzenithMqttSimulator({ connect, clock, serial: SERIAL });
    return {
      start: () => {
        camera.start();
      },
      stop: () => {
        camera.stop();
        return camera.close();
      },
      ghosts: [{ topic: `device/${SERIAL}/message/up/keep_alive`, payload: '{}' }],
      ...partsOf(camera, false),
      setFault: (fault) => {
        camera.setFaults({ silent: fault === 'silent', refuses: fault === 'refuses' });
      },
    };
  },
};

export const vzenithHttpConformance: ProtocolConformance = {
  protocol: 'vzenith-http',
  deviceFaults: () => ({
    silent: ['not-ready', 'order-fails'],
    late: 'the line that delays is this fault',
    'wrong-address': 'one camera an address and a door: nothing else reaches the driver',
    'bad-check': 'bodies carry no check but that of TCP',
    refuses: 'it takes the answer or not, and never says so',
  }),
  notApplicable: () => ({ frames: MESSAGES_ARE_WHOLE }),
  installation: () => ({ door: { token: TOKEN } }),
  checkVector: ({ direction, hex, message }, profile) => {
    const params = vzenithHttpSchema.parse({ ...profile.params, door: { token: TOKEN } });
    if (direction === 'request') {
      const made = encodeAnswer(params, message);
      sameValue(made, Buffer.from(unhex(hex)).toString());
    } else sameValue(decodePush(params, unhex(hex)) ?? {}, message);
  },
  simulateHttp: ({ web, clock, profile }): Subject => {
    const camera = createVzenithHttpSimulator({ web, clock, serial: SERIAL, target: `/${TOKEN}/plate` });
    return {
      start: () => {
        camera.start();
        return Promise.resolve({ ok: true, value: undefined });
      },
      stop: () => {
        camera.stop();
        return Promise.resolve();
      },
      ...partsOf(camera, profile.params['ordersOnHeartbeat'] !== true),
      setFault: (fault) => {
        camera.setFaults({ silent: fault === 'silent' });
      },
    };
  },
};
