import {
  type Cancel,
  type DurationMs,
  type EpochMs,
  type Failure,
  type Result,
  epochMs,
  err,
  failure,
  ms,
  ok,
  seconds,
} from '@hallhub/sync/base';
import type { AccessController, AccessEvent, AccessSnapshot } from '../../capabilities/index.ts';
import { LONGEST_PICTURE } from '../../capabilities/index.ts';
import {
  type Command,
  type Driver,
  type DriverEnvironment,
  type HttpExchange,
  type HttpInbox,
  type Receipt,
  type Traffic,
  createCommandLedger,
  createEmitter,
  createHealth,
  interrupted,
} from '../../kit/index.ts';
import { isJpeg } from '../http-device/picture.ts';
import {
  type AttendanceRecord,
  type TerminalCommand,
  type UserRecord,
  encodeCommand,
  optionBlock,
  readAttendance,
  readPhoto,
  readResults,
  readUsers,
  registryBlock,
} from './messages.ts';
import type { TerminalParams } from './params.ts';

/** A record whose time is further from now is out of the terminal's memory, or of a clock that is wrong. */
const LIVE = seconds(10);
/** More than pass a terminal in that time. */
const LATELY = 64;
const SILENT_AFTER = seconds(90);
const BEGINNING = '2000-01-01 00:00:00';
const METHODS: Readonly<Record<string, AccessEvent['method']>> = {
  0: 'pin',
  1: 'fingerprint',
  3: 'pin',
  4: 'card',
  15: 'face',
};

interface Waiting {
  readonly id: number;
  readonly command: TerminalCommand;
  readonly veto: () => Failure | undefined;
  /** Ends the waiting for the terminal to ask. */
  readonly cancel: Cancel;
  settle(result: Result<void>): void;
}

/** One terminal. It asks for what is to be done and tells what happened; nothing can be sent to it. */
export function createTerminal({
  deviceId,
  params,
  inbox,
  clock,
  random,
  log,
}: Pick<DriverEnvironment, 'clock' | 'random' | 'log'> & {
  readonly deviceId: string;
  readonly params: TerminalParams;
  readonly inbox: HttpInbox;
}): Driver {
  const onListenerError = (error: unknown): void => {
    log.error({ deviceId, error }, 'a listener of the terminal failed');
  };
  const accesses = createEmitter<AccessEvent>(onListenerError);
  const snapshots = createEmitter<AccessSnapshot>(onListenerError);
  const traffic = createEmitter<Traffic>(onListenerError);
  const health = createHealth({ clock, onListenerError });
  const ledger = createCommandLedger({ clock });
  const offset = params.utcOffset * 60_000;
  let lastId = Buffer.from(random(3)).readUIntBE(0, 3);
  const queue: Waiting[] = [];
  const taken = new Map<number, { readonly waiting: Waiting; readonly cancel: Cancel }>();
  /** Records and users that came since they were asked for. */
  let collected:
    | { readonly asked: 'users' | 'records'; readonly records: AttendanceRecord[]; readonly users: UserRecord[] }
    | undefined;
  const lately = new Set<string>();
  let turn: Promise<unknown> = Promise.resolve();
  let cancelSilence: Cancel | undefined;
  let leave: Cancel | undefined;
  let running = false;

  const toLocal = (at: number): string => new Date(at + offset).toISOString().slice(0, 19).replace('T', ' ');
  const fromLocal = (time: string): EpochMs => epochMs(Date.parse(`${time.replace(' ', 'T')}Z`) - offset);
  const toEvent = ({ pin, time, status, verify }: AttendanceRecord, asked: boolean): AccessEvent => {
    const at = fromLocal(time);
    return {
      terminal: params.serial,
      // Its records have no number of their own.
      key: `${pin}@${time}/${status}/${verify}`,
      personId: pin,
      method: METHODS[verify] ?? 'other',
      granted: true,
      ...(status === '0' && { direction: 'in' as const }),
      ...(status === '1' && { direction: 'out' as const }),
      at,
      replayed: asked || Math.abs(clock.now() - at) > LIVE,
    };
  };

  /** While it is asked what happened, somebody may stand at it: what is of now is told at once, and not again as an answer. */
  const tell = (event: AccessEvent): void => {
    if (collected?.asked === 'records' && (event.replayed || lately.has(event.key))) return;
    lately.add(event.key);
    for (const oldest of lately) {
      if (lately.size <= LATELY) break;
      lately.delete(oldest);
    }
    accesses.emit(event);
  };
  /** Says what the upload was, for the log. */
  const takePhoto = (body: Uint8Array): string => {
    const photo = params.pictures ? readPhoto(body) : undefined;
    if (!photo || photo.picture.length > LONGEST_PICTURE || !isJpeg(photo.picture))
      return 'a picture that is not wanted';
    const at = fromLocal(photo.time);
    if (Math.abs(clock.now() - at) > LIVE) return 'a picture of the past';
    snapshots.emit({ terminal: params.serial, personId: photo.pin, picture: photo.picture, at });
    return 'a picture';
  };
  const heard = (): void => {
    health.set('ready');
    cancelSilence?.();
    cancelSilence = clock.after(SILENT_AFTER, () => {
      health.set('down', { code: 'E-DEV-0202', detail: 'it has not asked for long' });
    });
  };
  const nextCommands = (): string => {
    let text = '';
    for (const waiting of queue.splice(0)) {
      waiting.cancel();
      const late = waiting.veto();
      if (late) {
        waiting.settle(err(late));
        continue;
      }
      const cancel = clock.after(ms(params.resultWithinMs), () => {
        taken.delete(waiting.id);
        waiting.settle(failure('E-DEV-0202', waiting.command.name));
      });
      taken.set(waiting.id, { waiting, cancel });
      text += encodeCommand(waiting.id, waiting.command);
    }
    return text === '' ? 'OK' : text;
  };
  const take = (body: string): void => {
    for (const { id, code } of readResults(body)) {
      const known = taken.get(id);
      if (!known) continue;
      taken.delete(id);
      known.cancel();
      known.waiting.settle(code >= 0 ? ok() : failure('E-DEV-0203', `it answers ${code}`));
    }
  };
  const answerTo = ({
    report,
  }: HttpExchange): { readonly status: number; readonly text: string; readonly meaning: string } => {
    const is = (method: string, path: string): boolean => report.method === method && report.path === `/iclock/${path}`;
    if (is('GET', 'cdata')) {
      const isAccessControl = report.query['DeviceType'] === 'acc';
      const { serial, askEvery, pictures } = params;
      const options = { serial, askEvery, timeZone: params.utcOffset / 60, pictures };
      const text = isAccessControl ? 'OK' : optionBlock(options);
      return { status: 200, text, meaning: 'handshake' };
    }
    if (report.query['table'] === 'ATTPHOTO' && (is('POST', 'cdata') || is('POST', 'fdata')))
      return { status: 200, text: 'OK', meaning: takePhoto(report.body) };
    const body = Buffer.from(report.body).toString('utf8');
    if (is('POST', 'registry')) {
      const [code, session] = [random(8), random(16)].map((bytes) => Buffer.from(bytes).toString('hex'));
      return {
        status: 200,
        text: registryBlock({ code: code ?? '', session: session ?? '', askEvery: params.askEvery }),
        meaning: 'registration',
      };
    }
    if (is('POST', 'cdata')) {
      const table = report.query['table'];
      if (table === 'ATTLOG') {
        const { records, lines } = readAttendance(body);
        collected?.records.push(...records);
        for (const record of records) tell(toEvent(record, false));
        return { status: 200, text: `OK: ${lines}`, meaning: `${records.length} records` };
      }
      const { users, lines } = readUsers(body);
      collected?.users.push(...users);
      return { status: 200, text: `OK: ${lines}`, meaning: table === 'OPERLOG' ? `${users.length} users` : 'upload' };
    }
    if (is('GET', 'getrequest')) return { status: 200, text: nextCommands(), meaning: 'anything to do?' };
    if (is('POST', 'devicecmd')) {
      take(body);
      return { status: 200, text: 'OK', meaning: 'results' };
    }
    return is('GET', 'ping')
      ? { status: 200, text: 'OK', meaning: 'ping' }
      : { status: 404, text: '', meaning: 'unknown request' };
  };
  const onExchange = (exchange: HttpExchange): void => {
    heard();
    const { status, text, meaning } = answerTo(exchange);
    // Bodies name people: what they mean is told, they themselves are not.
    traffic.emit({ at: clock.now(), direction: 'in', bytes: new Uint8Array(), meaning });
    void exchange.answer({ status, contentType: 'text/plain', body: Buffer.from(text) });
  };

  /** Settles in any case: a terminal that asks for nothing any more is waited for `patience`, and no longer. */
  const ask = (
    command: TerminalCommand,
    { veto, patience, tired }: Pick<Waiting, 'veto'> & { readonly patience: DurationMs; readonly tired: Failure },
  ): Promise<Result<void>> =>
    new Promise((resolve) => {
      if (health.current.state !== 'ready') {
        resolve(failure('E-DEV-0102', 'it is not there'));
        return;
      }
      lastId += 1;
      const id = lastId;
      const cancel = clock.after(patience, () => {
        const at = queue.findIndex((waiting) => waiting.id === id);
        if (at >= 0) queue.splice(at, 1);
        resolve(err(tired));
      });
      queue.push({ id, command, veto, cancel, settle: resolve });
    });
  const order = (command: Command, what: () => Result<TerminalCommand>): Promise<Receipt> =>
    ledger.run(command, async (veto) => {
      const wanted = what();
      if (!wanted.ok) return wanted;
      const done = await ask(wanted.value, {
        veto,
        patience: ms(Math.max(0, command.expiresAt - clock.now())),
        tired: { code: 'E-DEV-0201', detail: 'it asked for nothing in time' },
      });
      return done.ok ? ok({ commandId: command.id, confirmation: 'acknowledged', at: clock.now() }) : done;
    });
  const pinOf = (personId: string): Result<string> =>
    params.stringPins || /^[1-9]\d{0,8}$/.test(personId)
      ? ok(personId)
      : failure('E-DEV-0203', 'this terminal takes numbers for ids');
  /** Asks for what the terminal then sends by itself, one question at a time. */
  const collect = <T>(
    command: () => Extract<TerminalCommand, { readonly name: 'users' | 'records' }>,
    read: (all: NonNullable<typeof collected>) => T,
  ): Promise<Result<T>> => {
    const asked = turn.then(async (): Promise<Result<T>> => {
      const question = command();
      const all = { asked: question.name, records: [], users: [] };
      collected = all;
      const done = await ask(question, {
        veto: () => undefined,
        patience: ms(params.resultWithinMs),
        tired: { code: 'E-DEV-0202', detail: 'it asked for nothing' },
      });
      collected = undefined;
      return done.ok ? ok(read(all)) : done;
    });
    turn = asked;
    return asked;
  };

  const controller: AccessController = {
    put: (command) =>
      order(command, () => {
        const { personId, cards } = command.args;
        const pin = pinOf(personId);
        if (!pin.ok) return pin;
        if (cards.length > 1) return failure('E-DEV-0203', 'this terminal takes one card a person');
        const [uid] = cards;
        if (uid === undefined) return ok({ name: 'put', pin: pin.value });
        if (uid.length !== 8) return failure('E-DEV-0203', 'a card whose UID is not of four bytes');
        const bytes = Buffer.from(uid, 'hex');
        const card = params.byteOrder === 'big' ? bytes.readUInt32BE() : bytes.readUInt32LE();
        return ok({ name: 'put', pin: pin.value, card });
      }),
    withdraw: (command) =>
      order(command, () => {
        const pin = pinOf(command.args.personId);
        return pin.ok ? ok({ name: 'delete', pin: pin.value }) : pin;
      }),
    clear: () => Promise.resolve(failure('E-DEV-0203', 'this terminal is emptied at its own menu')),
    digest: () =>
      Promise.resolve(
        health.current.state === 'ready'
          ? ok({ terminal: params.serial, validity: 'none' as const })
          : failure('E-DEV-0102', 'it is not there'),
      ),
    people: () =>
      collect(
        () => ({ name: 'users' }),
        ({ users }) => ({
          people: users.map(({ pin, card }) => ({ personId: pin, cards: card === undefined ? [] : [card] })),
          next: null,
        }),
      ),
    history: (position) => {
      const from = position ?? BEGINNING;
      return collect(
        () => ({ name: 'records', from, to: toLocal(clock.now()) }),
        ({ records }) => ({
          events: records.map((record) => toEvent(record, true)),
          // The last second is asked for again: more may have happened in it.
          position: records.reduce((last, { time }) => (time > last ? time : last), from),
          more: false,
        }),
      );
    },
    onAccess: accesses.on,
    onSnapshot: snapshots.on,
  };

  return {
    deviceId,
    capabilities: { accessController: controller },
    get health() {
      return health.current;
    },
    start: () => {
      if (running) return;
      running = true;
      void inbox.listen({ query: { name: 'SN', value: params.serial } }, onExchange).then((listening) => {
        if (!listening.ok) health.set('down', listening.error);
        else if (running) leave = listening.value;
        else listening.value();
      });
    },
    stop: () => {
      running = false;
      leave?.();
      leave = undefined;
      cancelSilence?.();
      const reason: Failure = { code: 'E-DEV-0102', detail: 'stopped' };
      for (const waiting of queue.splice(0)) {
        waiting.cancel();
        waiting.settle(err(reason));
      }
      for (const { waiting, cancel } of taken.values()) {
        cancel();
        waiting.settle(err(interrupted(reason)));
      }
      taken.clear();
      health.set('starting');
      return Promise.resolve();
    },
    onHealth: health.on,
    onTraffic: traffic.on,
  };
}
