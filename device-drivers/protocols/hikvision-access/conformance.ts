import { ms, ok, seconds } from '@hallhub/sync/base';
import type { AccessEvent, AccessSnapshot, CardRead } from '../../capabilities/index.ts';
import type { ProtocolConformance, Subject } from '../../conformance/types.ts';
import { sameValue, unhex } from '../../conformance/vectors.ts';
import { readStatus } from '../hikvision-isapi/document.ts';
import { PARTS_ARE_TESTED } from '../plate-camera/conformance.ts';
import { cardNumber } from './cards.ts';
import {
  type IsapiRequest,
  type TerminalPerson,
  dropPerson,
  orderDoor,
  putCard,
  putPerson,
  readCards,
  readEvent,
  readPeople,
  readRecords,
  searchRecords,
} from './messages.ts';
import { type AccessTerminalParams, accessTerminalSchema } from './params.ts';
import { createAccessTerminalSimulator } from './simulator.ts';

const TOKEN = 'r7Vd2LmQx9TzB4cE';
const PASSWORD = 'a-long-one';
const SERIAL = 'DS-K1T0A0000001';
const JPEG = Buffer.from('ffd8ffe000104a464946', 'hex');
const YEAR = 365 * 86_400_000;

type Request =
  | { readonly name: 'put'; readonly known: boolean; readonly person: TerminalPerson }
  | { readonly name: 'card'; readonly employeeNo: string; readonly uid: string }
  | { readonly name: 'withdraw'; readonly employeeNo: string }
  | { readonly name: 'records'; readonly search: string; readonly from: number }
  | { readonly name: 'door'; readonly cmd: 'open' | 'alwaysOpen' | 'alwaysClose' | 'resume' };

function encode(request: Request, params: AccessTerminalParams): IsapiRequest {
  switch (request.name) {
    case 'put':
      return putPerson(request.person, request.known, params);
    case 'card':
      return putCard(request.employeeNo, request.uid, params);
    case 'withdraw':
      return dropPerson(request.employeeNo, params);
    case 'records':
      return searchRecords(request.search, request.from);
    case 'door':
      return orderDoor(request.cmd, params);
  }
}

/** Access terminals of the maker. */
export const hikvisionAccessConformance: ProtocolConformance = {
  protocol: 'hikvision-access',
  deviceFaults: {
    silent: true,
    late: 'the line that delays is this fault',
    'wrong-address': 'one terminal an address and a door: nothing else reaches the driver',
    'bad-check': 'bodies carry no check but that of TCP',
    refuses: true,
  },
  notApplicable: () => ({
    frames: PARTS_ARE_TESTED,
    promises: { 'cardReader.unreadable': 'the terminal reads the card, and tells of none that it could not read' },
  }),
  installation: ({ transport }) => ({
    password: PASSWORD,
    pictures: true,
    ...(transport.kind === 'http-listen' && { door: { token: TOKEN }, url: 'http://device' }),
  }),
  checkVector: ({ direction, hex, message }, profile) => {
    const params = accessTerminalSchema.parse(profile.params);
    const body = unhex(hex);
    if (direction === 'request') {
      const { line, ...request } = message as unknown as Request & { readonly line: string };
      const { path, call } = encode(request, params);
      sameValue(
        { line: `${call.method} ${path}`, body: Buffer.from(call.body ?? []).toString() },
        { line, body: Buffer.from(body).toString() },
      );
      return;
    }
    const { kind, value } = message as unknown as { readonly kind: string; readonly value: unknown };
    const readers: Readonly<Record<string, () => { readonly ok: boolean }>> = {
      event: () => readEvent(params, { headers: {}, body }),
      records: () => readRecords(body, params),
      people: () => readPeople(body),
      cards: () => readCards(body),
      status: () => readStatus({ body }),
    };
    const read = readers[kind]?.();
    sameValue(
      read && 'value' in read && read.ok ? (read.value ?? 'taken') : read && 'error' in read ? read.error : {},
      value,
    );
  },
  simulateHttp: ({ web, clock, profile }): Subject => {
    const params = accessTerminalSchema.parse({ ...profile.params, password: PASSWORD });
    const terminal = createAccessTerminalSimulator({
      web,
      clock,
      user: 'admin',
      password: PASSWORD,
      serial: SERIAL,
      utcOffset: params.utcOffset,
      ...(profile.transport.kind === 'http-listen' && { reportsTo: `/${TOKEN}`, notation: 'xml' as const }),
    });
    let people = 1_000;
    const uidOf = (number: number): string => number.toString(16).padStart(8, '0').toUpperCase();
    const cardNo = (number: number): string => cardNumber(uidOf(number), params.byteOrder) ?? '';
    const next = (): number => (people += 1);
    const person = (): object => {
      const validFrom = clock.now();
      return { personId: String(next()), cards: [uidOf(people)], without: [], validFrom, validTo: validFrom + YEAR };
    };
    const withdrawals = `PUT ${params.withdrawBy === 'user-info' ? 'UserInfo' : 'UserInfoDetail'}/Delete`;
    return {
      start: () => {
        terminal.start();
        return Promise.resolve(ok());
      },
      stop: () => {
        terminal.stop();
        return Promise.resolve();
      },
      stimuli: [
        {
          name: 'somebody is recognised by the face and let in',
          capability: 'accessController',
          event: 'access',
          cause: () => {
            terminal.happen(75, { employeeNoString: String(next()), currentVerifyMode: 'faceOrFpOrCardOrPw' });
          },
          matches: (event) => {
            const { personId, method, granted, replayed } = event as AccessEvent;
            return personId === String(people) && method === 'face' && granted && !replayed;
          },
        },
        {
          name: 'the picture of somebody whom it recognises',
          capability: 'accessController',
          event: 'snapshot',
          cause: () => {
            terminal.recognise(String(next()), JPEG);
          },
          matches: (event) => {
            const { personId, picture } = event as AccessSnapshot;
            return personId === String(people) && JPEG.equals(picture);
          },
        },
        {
          name: 'a record out of its memory',
          capability: 'accessController',
          event: 'access',
          cause: () => {
            terminal.replay(75, seconds(2), { employeeNoString: String(next()) });
          },
          matches: (event) => (event as AccessEvent).replayed && (event as AccessEvent).personId === String(people),
        },
        {
          name: 'a card that the terminal does not know',
          capability: 'cardReader',
          event: 'card',
          cause: () => {
            terminal.swipe(cardNo(next()));
          },
          matches: (event) => {
            const { presented } = event as CardRead;
            return presented.type === 'uid' && presented.uid === uidOf(people);
          },
        },
        ...(params.contact
          ? [
              {
                name: 'the door opens',
                capability: 'passageSensor' as const,
                event: 'passage',
                cause: () => {
                  terminal.happen(25);
                },
                matches: () => true,
              },
              {
                name: 'the door opens and closes',
                capability: 'doorContact' as const,
                event: 'door',
                cause: () => {
                  terminal.happen(25);
                  terminal.happen(26);
                },
                matches: (event: unknown) => !(event as { open: boolean }).open,
              },
              {
                name: 'the door is forced, and closed again',
                capability: 'gateAlarm' as const,
                event: 'alarm',
                cause: () => {
                  terminal.happen(27);
                  terminal.happen(26);
                },
                matches: (event: unknown) => (event as { readonly clear: boolean }).clear,
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
          effects: () => terminal.done(`PUT RemoteControl/door/${params.doorNo} open`),
        },
        {
          capability: 'barrierMode',
          command: 'mode',
          args: { mode: 'free', direction: 'both' },
          confirmation: 'acknowledged',
          effects: () => terminal.done(`PUT RemoteControl/door/${params.doorNo} alwaysOpen`),
        },
        {
          capability: 'accessController',
          command: 'put',
          args: person,
          confirmation: 'observed',
          effects: () => terminal.done('POST UserInfo/Record') + terminal.done('PUT UserInfo/Modify'),
        },
        {
          capability: 'accessController',
          command: 'withdraw',
          args: person,
          confirmation: 'observed',
          effects: () => terminal.done(withdrawals),
        },
        ...(params.withdrawBy === 'user-info'
          ? [
              {
                capability: 'accessController' as const,
                command: 'clear',
                args: {},
                confirmation: 'acknowledged' as const,
                effects: () => terminal.done('PUT UserInfoDetail/Delete'),
              },
            ]
          : []),
      ],
      scenes: [
        {
          name: 'what it holds is read, longer than a page: its people and its records',
          covers: ['accessController.people', 'accessController.history', 'accessController.clear'],
          play: async ({ ask, order, until }) => {
            const cleared = order('accessController', 'clear', {});
            await until(() => cleared.receipt() !== undefined, seconds(20));
            const put = order('accessController', 'put', person());
            await until(() => put.receipt() !== undefined, seconds(20));
            const page = (await ask('accessController', 'people', null)) as {
              readonly people: readonly { readonly personId?: string; readonly cards: readonly string[] }[];
            };
            sameValue(
              page.people.map(({ personId, cards }) => ({ personId, cards })),
              [{ personId: String(people), cards: [uidOf(people)] }],
            );
            terminal.setFaults({ deaf: true });
            for (let count = 0; count < 40; count += 1) terminal.happen(75, { employeeNoString: 'h' });
            terminal.setFaults({});
            const events: AccessEvent[] = [];
            for (let position: string | null = null, more = true; more;) {
              const read = (await ask('accessController', 'history', position)) as {
                readonly events: readonly AccessEvent[];
                readonly position: string;
                readonly more: boolean;
              };
              events.push(...read.events);
              ({ position, more } = read);
            }
            sameValue(
              {
                read: events.filter(({ personId }) => personId === 'h').length,
                live: events.filter(({ replayed }) => !replayed).length,
              },
              { read: 40, live: 0 },
            );
          },
        },
      ],
      setFault: (fault) => {
        terminal.setFaults({ silent: fault === 'silent', refuses: fault === 'refuses' });
      },
    };
  },
};
