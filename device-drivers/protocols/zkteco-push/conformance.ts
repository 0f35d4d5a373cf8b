import { type Cancel, ms, ok, seconds } from '@hallhub/sync/base';
import type { AccessEvent, AccessSnapshot } from '../../capabilities/index.ts';
import type { ProtocolConformance, Subject } from '../../conformance/types.ts';
import { MESSAGES_ARE_WHOLE, sameBytes, sameValue, unhex } from '../../conformance/vectors.ts';
import { type TerminalCommand, encodeCommand, readAttendance, readResults, readUsers } from './messages.ts';
import { terminalSchema } from './params.ts';
import { createPushTerminalSimulator } from './simulator.ts';

const READERS = { attendance: readAttendance, users: readUsers, results: readResults };
const SERIAL = 'CGXH201360029';
const ASK_EVERY = seconds(1);
const JPEG = Buffer.from('ffd8ffe000104a464946', 'hex');
const ALWAYS = { validFrom: 0, validTo: Number.MAX_SAFE_INTEGER };

/** Terminals with PUSH firmware. */
export const zktecoPushConformance: ProtocolConformance = {
  protocol: 'zkteco-push',
  deviceFaults: {
    silent: true,
    late: 'the line that delays is this fault',
    'wrong-address': 'its serial number is its door: what comes under another never reaches the driver',
    'bad-check': 'bodies carry no check but that of TCP',
    refuses: true,
  },
  notApplicable: () => ({ frames: MESSAGES_ARE_WHOLE }),
  installation: () => ({ serial: SERIAL, askEvery: ASK_EVERY / 1_000, pictures: true }),
  checkVector: ({ direction, hex, message }) => {
    if (direction === 'request') {
      const { id, ...command } = message as unknown as TerminalCommand & { readonly id: number };
      sameBytes(Buffer.from(encodeCommand(id, command)), unhex(hex));
      return;
    }
    const { kind, value } = message as unknown as { readonly kind: keyof typeof READERS; readonly value: unknown };
    sameValue(READERS[kind](Buffer.from(unhex(hex)).toString()), value);
  },
  simulateHttp: ({ web, clock, profile }): Subject => {
    const { utcOffset } = terminalSchema.parse({ ...profile.params, serial: SERIAL });
    const wallTime = (): string =>
      new Date(clock.now() + utcOffset * 60_000).toISOString().slice(0, 19).replace('T', ' ');
    let silent = false;
    let timer: Cancel = () => undefined;
    let running = false;
    const terminal = createPushTerminalSimulator({
      serial: SERIAL,
      send: async (method, target, body = '') => {
        if (silent) return undefined;
        const answer = await web.push({
          method,
          target,
          headers: {},
          body: typeof body === 'string' ? Buffer.from(body) : body,
        });
        return answer && Buffer.from(answer.body).toString();
      },
    });
    const ask = (): void => {
      if (!running) return;
      void terminal.ask();
      timer = clock.after(ASK_EVERY, ask);
    };
    let people = 100;
    let newest = '';
    const person = (): object => {
      people += 1;
      return { personId: String(people), cards: [], without: [], ...ALWAYS };
    };
    return {
      start: () => {
        running = true;
        void terminal.handshake();
        ask();
        return Promise.resolve(ok());
      },
      stop: () => {
        running = false;
        timer();
        return Promise.resolve();
      },
      stimuli: [
        {
          name: 'somebody is recognised and let in',
          capability: 'accessController',
          event: 'access',
          cause: () => {
            people += 1;
            newest = String(people);
            void terminal.punch(newest, wallTime());
          },
          matches: (event) => {
            const { personId, granted, replayed } = event as AccessEvent;
            return personId === newest && granted && !replayed;
          },
        },
        {
          name: 'the picture of somebody whom it recognises',
          capability: 'accessController',
          event: 'snapshot',
          cause: () => {
            people += 1;
            newest = String(people);
            void terminal.photograph(newest, wallTime(), JPEG);
          },
          matches: (event) => {
            const { personId, picture } = event as AccessSnapshot;
            return personId === newest && JPEG.equals(picture);
          },
        },
      ],
      orders: [
        {
          capability: 'accessController',
          command: 'put',
          args: person,
          confirmation: 'acknowledged',
          answeredWithin: seconds(90),
          effects: () => terminal.done('put'),
        },
        {
          capability: 'accessController',
          command: 'withdraw',
          args: person,
          confirmation: 'acknowledged',
          answeredWithin: seconds(90),
          effects: () => terminal.done('withdraw'),
        },
      ],
      refusals: [{ capability: 'accessController', command: 'clear', args: {}, code: 'E-DEV-0203' }],
      scenes: [
        {
          name: 'what it holds is read: its people and its records',
          covers: ['accessController.people', 'accessController.history'],
          play: async ({ order, ask: question, until }) => {
            const put = order('accessController', 'put', { personId: '7', cards: [], without: [], ...ALWAYS });
            void terminal.punch('7', wallTime());
            await until(() => put.receipt() !== undefined, seconds(20));
            const { people: held } = (await question('accessController', 'people', null)) as {
              readonly people: readonly { readonly personId?: string }[];
            };
            if (!held.some(({ personId }) => personId === '7')) throw new Error('who was put is not among its people');
            const { events } = (await question('accessController', 'history', null)) as {
              readonly events: readonly AccessEvent[];
            };
            sameValue(
              events.map(({ personId, replayed }) => ({ personId, replayed })),
              [{ personId: '7', replayed: true }],
            );
            await until(() => false, ms(10));
          },
        },
      ],
      setFault: (fault) => {
        silent = fault === 'silent';
        terminal.refuses = fault === 'refuses';
      },
    };
  },
};
