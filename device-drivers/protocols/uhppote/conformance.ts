import { ms, seconds } from '@hallhub/sync/base';
import type { AccessEvent, CardRead } from '../../capabilities/index.ts';
import type { ProtocolConformance, Subject } from '../../conformance/types.ts';
import { sameBytes, sameValue, unhex } from '../../conformance/vectors.ts';
import { type UhppoteRequest, decodeReply, encodeRequest } from './packets.ts';
import { doorSchema } from './params.ts';
import { createUhppoteSimulator } from './simulator.ts';

const SERIAL = 423_187_757;
const OPEN = 0x40;
const SET_DOOR = 0x80;
const PUT_CARD = 0x50;
const DELETE_CARD = 0x52;
const DELETE_ALL = 0x54;
const YEAR = 365 * 86_400_000;

/** Door controllers over UDP. */
export const uhppoteConformance: ProtocolConformance = {
  protocol: 'uhppote',
  deviceFaults: {
    silent: true,
    late: true,
    'wrong-address': true,
    'bad-check': 'its datagrams carry no check but that of UDP',
    refuses: true,
  },
  notApplicable: () => ({
    frames: 'a datagram is whole or lost: there is no byte stream to cut',
    promises: {
      'cardReader.unreadable': 'the controller reads the card, and tells of none that it could not read',
      'accessController.snapshot': 'a door controller has no camera',
    },
  }),
  installation: () => ({ serial: SERIAL, listener: { host: '127.0.0.1', port: 60_001 } }),
  checkVector: ({ direction, hex, message }) => {
    if (direction === 'request') sameBytes(encodeRequest(message as unknown as UhppoteRequest), unhex(hex));
    else sameValue(decodeReply(unhex(hex)), message);
  },
  simulate: ({ transport, clock, profile }): Subject => {
    const { door, utcOffset, contact } = doorSchema.parse({ ...profile.params, serial: SERIAL });
    const controller = createUhppoteSimulator({ transport, clock, serial: SERIAL, utcOffset, clockOff: seconds(90) });
    const firstStranger = 0x0100_0000;
    let stranger = firstStranger;
    let known = 0x0200_0000;
    const uid = (card: number): string => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(card);
      return bytes.toString('hex').toUpperCase();
    };
    /** No card twice: one that it has so already is not put again. */
    const person = (): object => {
      known += 1;
      const validFrom = clock.now();
      return { personId: `p${known}`, cards: [uid(known)], without: [], validFrom, validTo: validFrom + YEAR };
    };
    const shut = (): void => {
      clock.after(seconds(2), () => {
        controller.setOpen(false, door);
      });
    };
    return {
      start: () => controller.start(),
      stop: () => controller.stop(),
      stimuli: [
        {
          name: 'a card that the controller does not know',
          capability: 'cardReader',
          event: 'card',
          cause: () => {
            stranger += 1;
            controller.swipe(stranger, { door });
          },
          matches: (event) => {
            const { presented } = event as CardRead;
            return presented.type === 'uid' && presented.uid === uid(stranger);
          },
          matchedBefore: (event) => {
            const { presented } = event as CardRead;
            if (presented.type !== 'uid') return false;
            const card = Buffer.from(presented.uid, 'hex').readUInt32LE();
            return card > firstStranger && card <= stranger;
          },
        },
        {
          name: 'a card that the controller lets in',
          capability: 'accessController',
          event: 'access',
          cause: () => {
            known += 1;
            controller.remember(ms(0), known, true, door);
          },
          matches: (event) => {
            const { granted, card, replayed } = event as AccessEvent;
            return granted && !replayed && card === uid(known);
          },
        },
        {
          name: 'an event out of the memory of the controller',
          capability: 'accessController',
          event: 'access',
          cause: () => {
            known += 1;
            controller.remember(seconds(600), known, true, door);
          },
          matches: (event) => (event as AccessEvent).replayed && (event as AccessEvent).card === uid(known),
        },
        ...(contact
          ? [
              {
                name: 'the door opens',
                capability: 'passageSensor' as const,
                event: 'passage',
                cause: () => {
                  controller.setOpen(true, door);
                  shut();
                },
                matches: () => true,
              },
              {
                name: 'the door opens and closes',
                capability: 'doorContact' as const,
                event: 'door',
                cause: () => {
                  controller.setOpen(true, door);
                  shut();
                },
                matches: (event: unknown) => !(event as { open: boolean }).open,
              },
              {
                name: 'the door is forced',
                capability: 'gateAlarm' as const,
                event: 'alarm',
                cause: () => {
                  controller.setOpen(true, door);
                  shut();
                },
                matches: (event: unknown) => (event as { alarm: string; clear: boolean }).clear,
              },
            ]
          : []),
      ],
      orders: [
        {
          capability: 'barrier',
          command: 'open',
          args: { hold: ms(700), direction: 'in' },
          confirmation: 'acknowledged',
          effects: () => controller.done(OPEN),
        },
        {
          capability: 'barrierMode',
          command: 'mode',
          args: { mode: 'free', direction: 'both' },
          confirmation: 'acknowledged',
          effects: () => controller.done(SET_DOOR),
        },
        {
          capability: 'accessController',
          command: 'put',
          args: person,
          confirmation: 'observed',
          effects: () => controller.done(PUT_CARD),
        },
        {
          capability: 'accessController',
          command: 'withdraw',
          prepare: () => {
            known += 1;
            controller.know(known, door);
          },
          args: () => ({ personId: 'p', cards: [uid(known)] }),
          confirmation: 'observed',
          effects: () => controller.done(DELETE_CARD),
        },
        {
          capability: 'accessController',
          command: 'clear',
          args: {},
          confirmation: 'acknowledged',
          effects: () => controller.done(DELETE_ALL),
        },
      ],
      scenes: [
        {
          name: 'what it holds is read: its cards and its events',
          covers: ['accessController.people', 'accessController.history'],
          play: async ({ ask }) => {
            known += 1;
            controller.know(known, door);
            controller.remember(seconds(60), known, true, door);
            const { people } = (await ask('accessController', 'people', null)) as {
              readonly people: readonly { readonly cards: readonly string[] }[];
            };
            sameValue(
              people.map(({ cards }) => cards),
              [[uid(known)]],
            );
            const { events } = (await ask('accessController', 'history', null)) as {
              readonly events: readonly AccessEvent[];
            };
            sameValue(
              events.map(({ card, replayed }) => ({ card, replayed })),
              [{ card: uid(known), replayed: true }],
            );
          },
        },
      ],
      setFault: (fault) => {
        controller.setFaults({
          silent: fault === 'silent',
          wrongSerial: fault === 'wrong-address',
          refuses: fault === 'refuses',
          ...(fault === 'late' && { lateBy: ms(1_400) }),
        });
      },
    };
  },
};
