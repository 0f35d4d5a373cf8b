/*
 * What Hikvision access terminals are asked and say over ISAPI: JSON over HTTP, lists a page at a time. Validity is in wall
 * time of the terminal, without a zone; what happened carries its zone.
 */
import { type EpochMs, type Result, epochMs, failure, ok } from '@hallhub/sync/base';
import type { HttpCall } from '../../kit/index.ts';
import type { Part } from '../http-device/multipart.ts';
import { type IsapiDocument, XML_HEAD, readDocument } from '../hikvision-isapi/document.ts';
import { instantOf } from '../plate-camera/plate-feed.ts';
import { cardNumber, cardUid } from './cards.ts';
import type { AccessTerminalParams } from './params.ts';

export const paths = {
  events: '/ISAPI/Event/notification/alertStream',
  info: '/ISAPI/System/deviceInfo',
} as const;

/** The longest list that it gives at a time. */
export const PAGE = 30;
const LAST_SERIAL = 0x7fff_ffff;
/** It keeps no later end. */
const LATEST = Date.UTC(2037, 11, 31, 23, 59, 59);

export interface IsapiRequest {
  readonly path: string;
  readonly call: Pick<HttpCall, 'method' | 'headers' | 'body'>;
}

export interface TerminalPerson {
  readonly employeeNo: string;
  readonly cards: readonly string[];
  /** Wall time of the terminal, `YYYY-MM-DDTHH:MM:SS`; the end is the last second. */
  readonly beginTime: string;
  readonly endTime: string;
}

/** One record of a door, whichever way it came. */
export interface AccessRecord {
  readonly serialNo: number;
  readonly minor: number;
  readonly at: EpochMs;
  readonly employeeNo?: string;
  /** Upper-case hex of the UID. */
  readonly card?: string;
  readonly doorNo?: number;
  /** It says that it happens now; records that it keeps never do. */
  readonly current: boolean;
}

const json = (method: 'PUT' | 'POST', path: string, body: object): IsapiRequest => ({
  path: `/ISAPI/AccessControl/${path}?format=json`,
  call: { method, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(body)) },
});
const named = (employeeNo: string) => ({ EmployeeNoList: [{ employeeNo }] });

/** Wall time of a terminal, in whole seconds. */
export const wallTime = (at: number, utcOffset: number): string =>
  new Date(Math.min(Math.max(0, at + utcOffset * 60_000), LATEST)).toISOString().slice(0, 19);

/** A name is not needed to open a door, and stays away from the terminal. */
export const putPerson = (
  { employeeNo, beginTime, endTime }: TerminalPerson,
  isKnown: boolean,
  { doorNo, planTemplate }: AccessTerminalParams,
): IsapiRequest =>
  json(isKnown ? 'PUT' : 'POST', `UserInfo/${isKnown ? 'Modify' : 'Record'}`, {
    UserInfo: {
      employeeNo,
      userType: 'normal',
      Valid: { enable: true, beginTime, endTime, timeType: 'local' },
      doorRight: String(doorNo),
      RightPlan: [{ doorNo, planTemplateNo: String(planTemplate) }],
    },
  });
/** @throws {RangeError} for a card that {@link cardNumber} has no number for: a bug of the caller. */
export function putCard(employeeNo: string, uid: string, { byteOrder }: AccessTerminalParams): IsapiRequest {
  const cardNo = cardNumber(uid, byteOrder);
  if (cardNo === undefined) throw new RangeError('a card without a number');
  return json('POST', 'CardInfo/Record', { CardInfo: { employeeNo, cardNo, cardType: 'normalCard' } });
}
export const dropCards = (cardNos: readonly string[]): IsapiRequest =>
  json('PUT', 'CardInfo/Delete', { CardInfoDelCond: { CardNoList: cardNos.map((cardNo) => ({ cardNo })) } });
export const dropPerson = (employeeNo: string, { withdrawBy }: AccessTerminalParams): IsapiRequest =>
  withdrawBy === 'user-info'
    ? json('PUT', 'UserInfo/Delete', { UserInfoDelCond: named(employeeNo) })
    : json('PUT', 'UserInfoDetail/Delete', { UserInfoDetail: { mode: 'byEmployeeNo', ...named(employeeNo) } });
export const dropEverybody = (): IsapiRequest =>
  json('PUT', 'UserInfoDetail/Delete', { UserInfoDetail: { mode: 'all' } });

/** One person, or a page of all. */
export const searchPeople = (searchID: string, who: { readonly from: number } | { readonly employeeNo: string }) =>
  json('POST', 'UserInfo/Search', {
    UserInfoSearchCond: {
      searchID,
      searchResultPosition: 'from' in who ? who.from : 0,
      maxResults: PAGE,
      ...('employeeNo' in who && named(who.employeeNo)),
    },
  });
export const searchCards = (searchID: string, employeeNos: readonly string[], from: number) =>
  json('POST', 'CardInfo/Search', {
    CardInfoSearchCond: {
      searchID,
      searchResultPosition: from,
      maxResults: PAGE,
      EmployeeNoList: employeeNos.map((employeeNo) => ({ employeeNo })),
    },
  });
/** What it recorded from a serial number on, oldest first. */
export const searchRecords = (searchID: string, from: number, to: number = LAST_SERIAL) =>
  json('POST', 'AcsEvent', {
    AcsEventCond: {
      searchID,
      searchResultPosition: 0,
      maxResults: PAGE,
      major: 5,
      minor: 0,
      beginSerialNo: from,
      endSerialNo: to,
    },
  });

export type DoorOrder = 'open' | 'alwaysOpen' | 'alwaysClose' | 'resume';
export function orderDoor(cmd: DoorOrder, { doorNo, doorOrders }: AccessTerminalParams): IsapiRequest {
  const path = `RemoteControl/door/${doorNo}`;
  if (doorOrders === 'json') return json('PUT', path, { RemoteControlDoor: { cmd } });
  const body = `${XML_HEAD}<RemoteControlDoor><cmd>${cmd}</cmd></RemoteControlDoor>`;
  return {
    path: `/ISAPI/AccessControl/${path}`,
    call: { method: 'PUT', headers: { 'content-type': 'application/xml' }, body: Buffer.from(body) },
  };
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly more: boolean;
}

/** Errors of all that follow: `E-DEV-0204`. */
function readPage<T>(
  body: Uint8Array,
  { root, item, read }: { readonly root: string; readonly item: string; readonly read: (each: IsapiDocument) => T[] },
): Result<Page<T>> {
  const document = readDocument(body, root);
  if (!document.ok) return document;
  const status = document.value.text('responseStatusStrg');
  if (status !== 'OK' && status !== 'MORE' && status !== 'NO MATCH')
    return failure('E-DEV-0204', `${root} without a status`);
  const listed = document.value.list(item);
  return ok({ items: listed.flatMap(read), more: status === 'MORE' && listed.length > 0 });
}

export const readPeople = (body: Uint8Array): Result<Page<Omit<TerminalPerson, 'cards'>>> =>
  readPage(body, {
    root: 'UserInfoSearch',
    item: 'UserInfo',
    read: (user) => {
      const employeeNo = user.text('employeeNo');
      const [beginTime = '', endTime = ''] = [user.text('Valid', 'beginTime'), user.text('Valid', 'endTime')];
      // Some give the zone back with a time that was set without one.
      return employeeNo ? [{ employeeNo, beginTime: beginTime.slice(0, 19), endTime: endTime.slice(0, 19) }] : [];
    },
  });
export const readCards = (body: Uint8Array): Result<Page<{ readonly employeeNo: string; readonly cardNo: string }>> =>
  readPage(body, {
    root: 'CardInfoSearch',
    item: 'CardInfo',
    read: (card) => {
      const [employeeNo, cardNo] = [card.text('employeeNo'), card.text('cardNo')];
      return employeeNo && cardNo ? [{ employeeNo, cardNo }] : [];
    },
  });
/** `last`: the highest serial number of the page, also of what is none of ours. */
export function readRecords(
  body: Uint8Array,
  params: Pick<AccessTerminalParams, 'byteOrder'>,
): Result<Page<AccessRecord> & { readonly last?: number }> {
  const page = readPage(body, {
    root: 'AcsEvent',
    item: 'InfoList',
    read: (info) => [
      { serialNo: serialOf(info), record: recordOf(info, info.text('minor'), info.text('time'), false, params) },
    ],
  });
  if (!page.ok) return page;
  const numbers = page.value.items.flatMap(({ serialNo }) => (serialNo === undefined ? [] : [serialNo]));
  return ok({
    items: page.value.items.flatMap(({ record }) => (record ? [record] : [])),
    more: page.value.more,
    ...(numbers.length > 0 && { last: Math.max(...numbers) }),
  });
}

export const isPicturePart = ({ headers }: Pick<Part, 'headers'>): boolean =>
  /^image\//i.test(headers['content-type'] ?? '');

/** One part of the events. Undefined for a picture; a text is the meaning of what is no record of a door. */
export function readEvent(
  params: Pick<AccessTerminalParams, 'byteOrder'>,
  part: Part,
): Result<AccessRecord | string | undefined> {
  if (isPicturePart(part) || part.body.length === 0) return ok(undefined);
  const read = readDocument(part.body, 'EventNotificationAlert');
  if (!read.ok) return read;
  const kind = read.value.text('eventType') ?? '';
  if (kind !== 'AccessControllerEvent')
    return ok(/^[\w.-]{1,40}$/.test(kind) ? `event ${kind}` : 'an event without a type');
  const [event] = read.value.list('AccessControllerEvent');
  const major = event?.text('majorEventType');
  if (!event || major !== '5') return ok(`an event of major type ${/^\d{1,3}$/.test(major ?? '') ? major : 'unknown'}`);
  const record = recordOf(
    event,
    event.text('subEventType'),
    read.value.text('dateTime'),
    event.text('currentEvent') === 'true',
    params,
  );
  return record ? ok(record) : failure('E-DEV-0204', 'a record without its number, time or type');
}

const serialOf = (item: IsapiDocument): number | undefined => wholeOf(item.text('serialNo'));
const wholeOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;

function recordOf(
  item: IsapiDocument,
  minorText: string | undefined,
  time: string | undefined,
  current: boolean,
  { byteOrder }: Pick<AccessTerminalParams, 'byteOrder'>,
): AccessRecord | undefined {
  const [serialNo, minor, at, doorNo] = [
    serialOf(item),
    wholeOf(minorText),
    instantOf(time),
    wholeOf(item.text('doorNo')),
  ];
  if (serialNo === undefined || minor === undefined || at === undefined) return undefined;
  const employeeNo = item.text('employeeNoString') ?? item.text('employeeNo');
  const card = cardUid(item.text('cardNo') ?? '', byteOrder);
  return {
    serialNo,
    minor,
    at: epochMs(at),
    ...(employeeNo && { employeeNo: employeeNo.slice(0, 64) }),
    ...(card !== undefined && { card }),
    ...(doorNo !== undefined && { doorNo }),
    current,
  };
}

/** The terminal's own serial number, out of `deviceInfo`. */
export function readSerial(body: Uint8Array): Result<string> {
  const info = readDocument(body, 'DeviceInfo');
  if (!info.ok) return info;
  const serial = info.value.text('serialNumber') ?? '';
  return /^[\w.-]{4,64}$/.test(serial) ? ok(serial) : failure('E-DEV-0204', 'a device without a serial number');
}
