import type { Cancel, Clock, DurationMs } from '@hallhub/sync/base';
import { ms } from '@hallhub/sync/base';
import type { DeviceReply, DeviceRequest, DeviceWeb } from '../../transports/index.ts';
import { createDigestGuard } from '../http-device/simulator.ts';

const HEARTBEAT = ms(5_000);
const BOUNDARY = 'MIME_boundary';
const PAGE = 30;

interface User {
  readonly employeeNo: string;
  readonly Valid: { readonly beginTime: string; readonly endTime: string };
}
interface StoredRecord {
  readonly serialNo: number;
  readonly minor: number;
  readonly at: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** An access terminal as it behaves towards whoever asks it, moved by hand; it writes its own JSON. */
export interface AccessTerminalSimulator {
  start(): void;
  stop(): void;
  /** Somebody recognised, a card, a door: recorded, and told as what happens now, by a clock that is `slow` behind. */
  happen(minor: number, fields?: Readonly<Record<string, unknown>>, slow?: DurationMs): void;
  /** Recognises somebody and lets them in, with the picture of its camera behind the event, as terminals send it that are told to. */
  recognise(employeeNo: string, picture: Uint8Array): void;
  /** Recorded so long ago, and told again out of its memory. */
  replay(minor: number, ago: DurationMs, fields?: Readonly<Record<string, unknown>>): void;
  /** Holds a card to it: whoever it knows and may come now is let in. */
  swipe(cardNo: string): boolean;
  /** Out of the box: nobody, nothing recorded. */
  reset(): void;
  readonly users: ReadonlyMap<string, User>;
  /** By number, whose they are. */
  readonly cards: ReadonlyMap<string, string>;
  /** How often it carried out a request, by its method and its path below `AccessControl`. */
  done(what: string): number;
  setFaults(faults: { readonly silent?: boolean; readonly refuses?: boolean; readonly deaf?: boolean }): void;
}

export function createAccessTerminalSimulator(options: {
  readonly web: DeviceWeb;
  readonly clock: Clock;
  readonly user: string;
  readonly password: string;
  readonly serial: string;
  readonly utcOffset: number;
  /** Where it reports by itself; absent: only in the stream. */
  readonly reportsTo?: string;
  /** What it writes in: some write XML whatever they are asked for. */
  readonly notation?: 'json' | 'xml';
}): AccessTerminalSimulator {
  const { web, clock } = options;
  const guard = createDigestGuard(options);
  const streams = new Set<(bytes: Uint8Array) => void>();
  const users = new Map<string, User>();
  const cards = new Map<string, string>();
  const counts = new Map<string, number>();
  const records: StoredRecord[] = [];
  let serialNo = 0;
  let faults: { silent?: boolean; refuses?: boolean; deaf?: boolean } = {};
  let timer: Cancel = () => undefined;

  const zone = `${options.utcOffset < 0 ? '-' : '+'}${new Date(Math.abs(options.utcOffset) * 60_000).toISOString().slice(11, 16)}`;
  const wall = (at: number): string => new Date(at + options.utcOffset * 60_000).toISOString().slice(0, 19);
  const write = (root: string, value: Readonly<Record<string, unknown>>): Buffer =>
    Buffer.from(
      options.notation === 'xml'
        ? `<?xml version="1.0" encoding="UTF-8"?><${root}>${toXml(value)}</${root}>`
        : JSON.stringify(root === 'EventNotificationAlert' || root === 'ResponseStatus' ? value : { [root]: value }),
    );
  const status = (code: number, words: string, sub: string): DeviceReply => ({
    status: code === 1 ? 200 : 400,
    body: write('ResponseStatus', { statusCode: code, statusString: words, subStatusCode: sub }),
  });
  const page = (root: string, item: string, found: readonly unknown[], from: number): DeviceReply => {
    const listed = found.slice(from, from + PAGE);
    const more = from + listed.length < found.length;
    const responseStatusStrg = listed.length === 0 ? 'NO MATCH' : more ? 'MORE' : 'OK';
    const sums = { responseStatusStrg, numOfMatches: listed.length, totalMatches: found.length };
    return { status: 200, body: write(root, { ...sums, ...(listed.length > 0 && { [item]: listed }) }) };
  };
  const employeesOf = (condition: Record<string, unknown>): readonly string[] =>
    ((condition['EmployeeNoList'] ?? []) as readonly { employeeNo: string }[]).map(({ employeeNo }) => employeeNo);
  const forgetUser = (employeeNo: string): void => {
    users.delete(employeeNo);
    for (const [cardNo, owner] of cards) if (owner === employeeNo) cards.delete(cardNo);
  };

  const carryOut = (what: string, body: Record<string, Record<string, unknown>>): DeviceReply | undefined => {
    const inner = Object.values(body)[0] ?? {};
    const from = Number(inner['searchResultPosition'] ?? 0);
    const wanted = employeesOf(inner);
    switch (what) {
      case 'POST UserInfo/Search':
        return page(
          'UserInfoSearch',
          'UserInfo',
          [...users.values()].filter(({ employeeNo }) => wanted.length === 0 || wanted.includes(employeeNo)),
          from,
        );
      case 'POST CardInfo/Search':
        return page(
          'CardInfoSearch',
          'CardInfo',
          [...cards]
            .filter(([, owner]) => wanted.length === 0 || wanted.includes(owner))
            .map(([cardNo, employeeNo]) => ({ employeeNo, cardNo, cardType: 'normalCard' })),
          from,
        );
      case 'POST AcsEvent': {
        const [begin, end] = [Number(inner['beginSerialNo']), Number(inner['endSerialNo'])];
        const found = records.filter((record) => record.serialNo >= begin && record.serialNo <= end);
        const infos = found.map(({ serialNo: number, minor, at, fields }) => ({
          major: 5,
          minor,
          time: `${wall(at)}${zone}`,
          serialNo: number,
          ...fields,
        }));
        return page('AcsEvent', 'InfoList', infos, from);
      }
    }
    if (faults.refuses) return status(4, 'Invalid Operation', 'notSupport');
    switch (what) {
      case 'POST UserInfo/Record':
      case 'PUT UserInfo/Modify': {
        const user = inner as unknown as User;
        if (users.has(user.employeeNo) === what.startsWith('POST'))
          return status(
            6,
            'Invalid Content',
            what.startsWith('POST') ? 'employeeNoAlreadyExist' : 'employeeNoNotExist',
          );
        users.set(user.employeeNo, user);
        break;
      }
      case 'POST CardInfo/Record': {
        const [cardNo, owner] = [String(inner['cardNo']), String(inner['employeeNo'])];
        if (cards.has(cardNo)) return status(6, 'Invalid Content', 'cardNoAlreadyExist');
        cards.set(cardNo, owner);
        break;
      }
      case 'PUT CardInfo/Delete':
        for (const { cardNo } of (inner['CardNoList'] ?? []) as readonly { cardNo: string }[]) cards.delete(cardNo);
        break;
      case 'PUT UserInfo/Delete':
      case 'PUT UserInfoDetail/Delete':
        for (const employeeNo of inner['mode'] === 'all' ? [...users.keys()] : wanted) forgetUser(employeeNo);
        break;
      default:
        if (!what.startsWith('PUT RemoteControl/door/')) return { status: 404 };
    }
    counts.set(what, (counts.get(what) ?? 0) + 1);
    return status(1, 'OK', 'ok');
  };
  const handler = (request: DeviceRequest): DeviceReply | undefined => {
    const challenge = guard(request);
    if (faults.silent) return undefined;
    if (challenge) return challenge;
    const { pathname } = new URL(request.target, 'http://device');
    if (request.method === 'GET' && pathname === '/ISAPI/Event/notification/alertStream')
      return {
        status: 200,
        headers: { 'content-type': `multipart/mixed; boundary=${BOUNDARY}` },
        stream: (send, onClosed) => {
          streams.add(send);
          onClosed(() => streams.delete(send));
        },
      };
    if (request.method === 'GET' && pathname === '/ISAPI/System/deviceInfo')
      // It is written in XML, whatever is asked for.
      return {
        status: 200,
        body: Buffer.from(
          `<?xml version="1.0"?><DeviceInfo xmlns="urn:x"><serialNumber>${options.serial}</serialNumber></DeviceInfo>`,
        ),
      };
    const text = Buffer.from(request.body).toString();
    const xmlOrder = /^<\?xml.*<RemoteControlDoor><cmd>(\w+)<\/cmd><\/RemoteControlDoor>$/s.exec(text)?.[1];
    const body = (
      xmlOrder === undefined ? JSON.parse(text || '{}') : { RemoteControlDoor: { cmd: xmlOrder } }
    ) as Record<string, Record<string, unknown>>;
    const below = pathname.replace('/ISAPI/AccessControl/', '');
    const door = below.startsWith('RemoteControl/') ? ` ${String(body['RemoteControlDoor']?.['cmd'])}` : '';
    return carryOut(`${request.method} ${below}${door}`, body);
  };

  const say = (alert: Readonly<Record<string, unknown>>, picture?: Uint8Array): void => {
    if (faults.silent || faults.deaf) return;
    const body = write('EventNotificationAlert', alert);
    const type = options.notation === 'xml' ? 'application/xml' : 'application/json';
    const head = `--${BOUNDARY}\r\nContent-Type: ${type}; charset="UTF-8"\r\nContent-Length: ${body.length}\r\n\r\n`;
    const image = picture && [
      Buffer.from(
        `\r\n--${BOUNDARY}\r\nContent-Disposition: form-data; name="Picture"; filename="Picture.jpg"\r\nContent-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`,
      ),
      picture,
    ];
    const part = Buffer.concat([Buffer.from(head), body, ...(image ?? []), Buffer.from(`\r\n--${BOUNDARY}\r\n`)]);
    for (const send of streams) {
      // In two pieces, as a network may cut it.
      send(part.subarray(0, 40));
      send(part.subarray(40));
    }
    if (options.reportsTo !== undefined)
      void web.push({
        method: 'POST',
        target: options.reportsTo,
        headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
        body: part,
      });
  };
  const tellRecord = (
    { serialNo: number, minor, at, fields }: StoredRecord,
    currentEvent: boolean,
    picture?: Uint8Array,
  ): void => {
    const event = { majorEventType: 5, subEventType: minor, serialNo: number, currentEvent, ...fields };
    say(
      {
        dateTime: `${wall(at)}${zone}`,
        eventType: 'AccessControllerEvent',
        eventState: 'active',
        AccessControllerEvent: { ...event, ...(picture && { picturesNumber: 1 }) },
      },
      picture,
    );
  };
  const keep = (minor: number, at: number, fields: Readonly<Record<string, unknown>>): StoredRecord => {
    serialNo += 1;
    // To the second, as it writes it.
    const record = { serialNo, minor, at: Math.floor(at / 1_000) * 1_000, fields };
    records.push(record);
    return record;
  };
  const beat = (): void => {
    say({ dateTime: `${wall(clock.now())}${zone}`, eventType: 'heartBeat', eventState: 'active' });
    timer = clock.after(HEARTBEAT, beat);
  };
  const happen: AccessTerminalSimulator['happen'] = (minor, fields = {}, slow = ms(0)) => {
    tellRecord(keep(minor, clock.now() - slow, fields), true);
  };
  return {
    start: () => {
      web.serve(handler);
      beat();
    },
    stop: () => {
      timer();
      web.serve(undefined);
      streams.clear();
    },
    happen,
    recognise: (employeeNo, picture) => {
      tellRecord(keep(75, clock.now(), { employeeNoString: employeeNo }), true, picture);
    },
    replay: (minor, ago, fields = {}) => {
      tellRecord(keep(minor, clock.now() - ago, fields), false);
    },
    swipe: (cardNo) => {
      const user = users.get(cards.get(cardNo) ?? '');
      const now = wall(clock.now());
      const granted = user !== undefined && user.Valid.beginTime <= now && now <= user.Valid.endTime;
      happen(granted ? 1 : user ? 7 : 9, { cardNo, ...(user && { employeeNoString: user.employeeNo }) });
      return granted;
    },
    reset: () => {
      users.clear();
      cards.clear();
      records.length = 0;
      serialNo = 0;
    },
    users,
    cards,
    done: (what) => counts.get(what) ?? 0,
    setFaults: (next) => {
      faults = next;
    },
  };
}

function toXml(value: unknown): string {
  if (typeof value !== 'object' || value === null)
    return String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return Object.entries(value)
    .map(([key, inner]) =>
      (Array.isArray(inner) ? (inner as readonly unknown[]) : [inner])
        .map((each) => `<${key}>${toXml(each)}</${key}>`)
        .join(''),
    )
    .join('');
}
