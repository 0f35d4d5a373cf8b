/*
 * What ZKTeco terminals with PUSH (ADMS) firmware say and are answered: text over HTTP, lines of fields. The terminal starts
 * every exchange. Times are those of its wall, `YYYY-MM-DD HH:MM:SS`.
 */

export interface AttendanceRecord {
  readonly pin: string;
  readonly time: string;
  /** 0 in, 1 out, others by the terminal's keys. */
  readonly status: string;
  /** How it knew the person; 15 is the face. */
  readonly verify: string;
}

export interface UserRecord {
  readonly pin: string;
  readonly card?: string;
}

export interface CommandResult {
  readonly id: number;
  /** 0 and above: done. */
  readonly code: number;
}

const PIN = /^[\w.-]{1,64}$/;
const TIME = /^(\d{4})-(\d{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2})$/;

const linesOf = (text: string): readonly string[] => text.split(/\r?\n/).filter((line) => line.trim() !== '');

/** Whether the calendar has such a time. */
function isTime(text: string): boolean {
  const parsed = TIME.test(text) ? new Date(`${text.replace(' ', 'T')}Z`) : undefined;
  return (
    parsed !== undefined &&
    !Number.isNaN(parsed.getTime()) &&
    parsed.toISOString().slice(0, 19).replace('T', ' ') === text
  );
}

/** The records of an `ATTLOG` upload, and how many lines are none. */
export function readAttendance(text: string): {
  readonly records: readonly AttendanceRecord[];
  readonly lines: number;
} {
  const lines = linesOf(text);
  const records = lines.flatMap((line) => {
    const [pin = '', time = '', status = '', verify = ''] = line.split('\t').map((field) => field.trim());
    return PIN.test(pin) && isTime(time) && /^\d{0,3}$/.test(status) && /^\d{0,3}$/.test(verify)
      ? [{ pin, time, status, verify }]
      : [];
  });
  return { records, lines: lines.length };
}

/** The `USER` lines of an `OPERLOG` upload. */
export function readUsers(text: string): { readonly users: readonly UserRecord[]; readonly lines: number } {
  const lines = linesOf(text);
  const users = lines.flatMap((line) => {
    if (!line.startsWith('USER ')) return [];
    const fields = new Map(line.slice(5).split('\t').map(pair));
    const [pin = '', card = ''] = [fields.get('PIN'), fields.get('Card')];
    return PIN.test(pin) ? [{ pin, ...(/^[1-9]\d{0,9}$/.test(card) && { card }) }] : [];
  });
  return { users, lines: lines.length };
}

/** What became of commands; several may come at once. */
export const readResults = (text: string): readonly CommandResult[] =>
  linesOf(text).flatMap((line) => {
    const fields = new Map(line.split('&').map(pair));
    const [id = '', code = ''] = [fields.get('ID'), fields.get('Return')];
    return /^\d{1,10}$/.test(id) && /^-?\d{1,6}$/.test(code) ? [{ id: Number(id), code: Number(code) }] : [];
  });

const pair = (text: string): readonly [string, string] => {
  const at = text.indexOf('=');
  return at === -1 ? [text.trim(), ''] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
};

/** The picture of a recognition, of the person and at the time of its `ATTLOG` record. */
export interface AttendancePhoto {
  readonly pin: string;
  readonly time: string;
  readonly picture: Uint8Array;
}

const PHOTO_HEAD_AT_MOST = 512;
/** `20150731103012-123.jpg`; of terminals that read ID cards with what kind of picture and the number of the card. */
const PHOTO_NAME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)-(?:0-([\w.]{1,64}?)-\d{17}[\dXx]|([\w.]{1,64}?))(?:\.jpg)?$/;

/** An `ATTPHOTO` upload: lines of fields, a NUL, the picture. Undefined for what is none, and for one of nobody. */
export function readPhoto(body: Uint8Array): AttendancePhoto | undefined {
  const headEnd = body.subarray(0, PHOTO_HEAD_AT_MOST).indexOf(0);
  if (headEnd < 0) return undefined;
  const fields = new Map(linesOf(Buffer.from(body.subarray(0, headEnd)).toString('latin1')).map(pair));
  if (!/^(?:uploadphoto|realupload)$/.test(fields.get('CMD') ?? '')) return undefined;
  const [, year, month, day, hour, minute, second, withCard, plain] = PHOTO_NAME.exec(fields.get('PIN') ?? '') ?? [];
  const pin = withCard ?? plain;
  const time = `${year}-${month}-${day} ${hour}:${minute}:${second}`;
  return pin !== undefined && isTime(time) ? { pin, time, picture: body.subarray(headEnd + 1) } : undefined;
}

/** The answer to the handshake. Everything in it is this side's own: nothing that a terminal sent is repeated. */
export const optionBlock = (options: {
  readonly serial: string;
  readonly askEvery: number;
  /** Hours east of UTC. */
  readonly timeZone: number;
  readonly pictures: boolean;
}): string =>
  [
    `GET OPTION FROM: ${options.serial}`,
    // What it has is asked for by time, and each record is kept once: nothing is sent again because of a stamp.
    'ATTLOGStamp=None',
    'OPERLOGStamp=9999',
    // Pictures of the past are not asked for.
    ...(options.pictures ? ['ATTPHOTOStamp=9999'] : []),
    'ErrorDelay=30',
    `Delay=${options.askEvery}`,
    'TransTimes=00:00;14:05',
    'TransInterval=1',
    `TransFlag=TransData AttLog OpLog ${options.pictures ? 'AttPhoto ' : ''}EnrollUser ChgUser`,
    `TimeZone=${options.timeZone}`,
    'Realtime=1',
    'Encrypt=None',
    '',
  ].join('\n');

/** The answer to the registration of an access-control terminal. */
export const registryBlock = (options: {
  readonly code: string;
  readonly session: string;
  readonly askEvery: number;
}): string =>
  [
    'registry=ok',
    `RegistryCode=${options.code}`,
    `RequestDelay=${options.askEvery}`,
    `SessionID=${options.session}`,
    '',
  ].join('\n');

export type TerminalCommand =
  | { readonly name: 'put'; readonly pin: string; readonly card?: number }
  | { readonly name: 'delete'; readonly pin: string }
  | { readonly name: 'users' }
  | { readonly name: 'records'; readonly from: string; readonly to: string };

/** @throws {RangeError} for an id that no terminal takes: a bug of the caller. */
export function encodeCommand(id: number, command: TerminalCommand): string {
  return `C:${id}:${bodyOf(command)}\n`;
}

function bodyOf(command: TerminalCommand): string {
  if ('pin' in command && !PIN.test(command.pin)) throw new RangeError('not an id of a terminal');
  switch (command.name) {
    case 'put':
      // A name is not needed to open a door, and stays away from the terminal.
      return `DATA UPDATE USERINFO PIN=${command.pin}\tPri=0\tCard=${command.card ?? ''}`;
    case 'delete':
      return `DATA DELETE USERINFO PIN=${command.pin}`;
    case 'users':
      return 'DATA QUERY USERINFO';
    case 'records':
      return `DATA QUERY ATTLOG StartTime=${command.from}\tEndTime=${command.to}`;
  }
}
