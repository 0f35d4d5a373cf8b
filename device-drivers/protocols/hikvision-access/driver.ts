import { type EpochMs, type Result, err, ms, ok, seconds } from '@hallhub/sync/base';
import type { AccessEvent, AccessSnapshot, CapabilityMap, CardRead, Passage } from '../../capabilities/index.ts';
import { LONGEST_PICTURE } from '../../capabilities/index.ts';
import {
  type Command,
  type Driver,
  type HttpReply,
  type Receipt,
  type Veto,
  createCommandLedger,
  createEmitter,
} from '../../kit/index.ts';
import { createHttpDevice } from '../http-device/device.ts';
import type { HttpDevicePlace } from '../http-device/protocol.ts';
import { isJpeg } from '../http-device/picture.ts';
import { readStatus } from '../hikvision-isapi/document.ts';
import {
  type AccessRecord,
  type DoorOrder,
  type IsapiRequest,
  orderDoor,
  paths,
  isPicturePart,
  readEvent,
  readSerial,
} from './messages.ts';
import type { AccessTerminalParams } from './params.ts';
import { createPeople, refusedBy } from './people.ts';
import {
  BUTTON_PRESSED,
  DOOR_CLOSED,
  DOOR_FORCED,
  DOOR_HELD,
  DOOR_OPENED,
  accessOfMinor,
  isLeftToHub,
} from './reasons.ts';

/** What is dated further from now is out of the terminal's memory, or of a clock that is wrong. */
const LIVE = seconds(10);
/** So long after it was released an opening door is somebody who was let through. */
const WALKS_WITHIN = seconds(15);
const REMEMBERED = 4_096;
const MODES: Readonly<Record<'free' | 'closed' | 'controlled', DoorOrder>> = {
  free: 'alwaysOpen',
  closed: 'alwaysClose',
  controlled: 'resume',
};

type Alarm = Parameters<Parameters<CapabilityMap['gateAlarm']['onAlarm']>[0]>[0];

/** One access terminal, and the door that it opens. */
export function createAccessTerminal(place: HttpDevicePlace, params: AccessTerminalParams): Driver {
  const { deviceId, environment } = place;
  const { clock, log, random } = environment;
  const onListenerError = (error: unknown): void => {
    log.error({ deviceId, error }, 'a listener of a terminal failed');
  };
  const cards = createEmitter<CardRead>(onListenerError);
  const accesses = createEmitter<AccessEvent>(onListenerError);
  const snapshots = createEmitter<AccessSnapshot>(onListenerError);
  const passages = createEmitter<Passage>(onListenerError);
  const doors = createEmitter<{ readonly open: boolean; readonly at: EpochMs }>(onListenerError);
  const alarms = createEmitter<Alarm>(onListenerError);
  const ledger = createCommandLedger({ clock });
  const told = new Set<string>();
  const raised = new Set<Alarm['alarm']>();
  let serial: string | undefined;
  /** By what it told last; it tells of no door when it comes. */
  let isOpen: boolean | undefined;
  let released: { readonly direction: 'in' | 'out'; readonly until: EpochMs } | undefined;
  /** Whose picture is the next part, if that is one: it comes behind its event. */
  let pictured: AccessEvent | undefined;
  let doorTurn: Promise<unknown> = Promise.resolve();

  const keyOf = ({ serialNo, at }: AccessRecord): string => `${serialNo}@${Math.floor(at / 1_000)}`;
  const toEvent = (record: AccessRecord): AccessEvent | undefined => {
    const access = accessOfMinor(record.minor);
    if (!access || serial === undefined || (record.doorNo ?? params.doorNo) !== params.doorNo) return undefined;
    return {
      ...access,
      terminal: serial,
      // Numbers begin anew when it is reset; with its time it is one event for ever.
      key: keyOf(record),
      ...(record.employeeNo !== undefined && { personId: record.employeeNo }),
      ...(record.card !== undefined && { card: record.card }),
      ...(params.direction && { direction: params.direction }),
      ...(isLeftToHub(record.minor) && record.card !== undefined && { leftToHub: true as const }),
      at: record.at,
      replayed: !isLive(record),
    };
  };
  /** Whatever it does not call current is history, and so is what it dates otherwise than now. */
  const isLive = ({ current, at }: AccessRecord): boolean => current && Math.abs(clock.now() - at) <= LIVE;
  const release = (direction: 'in' | 'out'): void => {
    released = { direction, until: (clock.now() + WALKS_WITHIN) as EpochMs };
  };
  const onDoor = ({ minor, at }: AccessRecord): void => {
    if (minor === BUTTON_PRESSED) release('out');
    if (!params.contact) return;
    if (minor === DOOR_OPENED || minor === DOOR_CLOSED) {
      isOpen = minor === DOOR_OPENED;
      doors.emit({ open: isOpen, at });
    }
    if (minor === DOOR_OPENED) {
      // Whoever opens it from inside, by the handle that no lock may take away, goes out.
      const direction = released && at < released.until ? released.direction : 'out';
      released = undefined;
      passages.emit({ direction, at });
    } else if (minor === DOOR_CLOSED) {
      for (const alarm of raised) alarms.emit({ alarm, clear: true, at });
      raised.clear();
    } else if (minor === DOOR_FORCED || minor === DOOR_HELD) {
      const alarm = minor === DOOR_FORCED ? 'forced' : 'held-open';
      if (raised.has(alarm)) return;
      raised.add(alarm);
      alarms.emit({ alarm, clear: false, at });
    }
  };
  const onRecord = (record: AccessRecord): string => {
    const key = keyOf(record);
    if (told.has(key)) return 'a record that was told before';
    told.add(key);
    for (const oldest of told) {
      if (told.size <= REMEMBERED) break;
      told.delete(oldest);
    }
    if ((record.doorNo ?? params.doorNo) !== params.doorNo) return 'a record of another door';
    const live = isLive(record);
    const event = toEvent(record);
    if (!event) {
      if (live) onDoor(record);
      return `a record of type ${record.minor}`;
    }
    if (event.granted && live) {
      release(params.direction ?? 'in');
      pictured = event;
    }
    accesses.emit(event);
    if (event.leftToHub && live && record.card !== undefined)
      cards.emit({ presented: { type: 'uid', uid: record.card }, at: record.at, lastByteAt: clock.monotonic() });
    return live ? 'somebody at the door' : 'somebody at the door, in the past';
  };

  const onPicture = (body: Uint8Array): string | undefined => {
    const of = pictured;
    pictured = undefined;
    if (of?.personId === undefined || !isJpeg(body)) return undefined;
    snapshots.emit({ terminal: of.terminal, personId: of.personId, picture: body, at: of.at });
    return 'a picture';
  };

  const device = createHttpDevice({
    ...place,
    onListenerError,
    pictures: params.pictures ? LONGEST_PICTURE : 0,
    take: (part) => {
      if (isPicturePart(part)) return ok(onPicture(part.body));
      pictured = undefined;
      const read = readEvent(params, part);
      if (!read.ok || read.value === undefined) return read.ok ? ok(undefined) : read;
      return ok(typeof read.value === 'string' ? read.value : onRecord(read.value));
    },
    probe: {
      path: paths.info,
      every: seconds(30),
      read: ({ body }) => {
        const said = readSerial(body);
        if (said.ok) serial = said.value;
        return said.ok ? ok() : said;
      },
    },
  });
  const { health, traffic } = device;

  const isThere = (): Result<string> => {
    const { state, reason } = health.current;
    if (state === 'ready' && serial !== undefined) return ok(serial);
    return err(reason ?? { code: 'E-DEV-0102', detail: 'it has not answered yet' });
  };
  /** What a refusal says, by its code alone: its words may name somebody. */
  const refusal = (reply: HttpReply): string | undefined => {
    const said = readStatus(reply);
    return said.ok ? undefined : said.error.detail;
  };
  const ask = async (
    { path, call }: IsapiRequest,
    veto: Veto,
    within = place.answersWithin,
  ): Promise<Result<HttpReply>> => {
    const there = isThere();
    if (!there.ok) return there;
    device.tell('out', `${call.method} ${path.replace(/^\/ISAPI\/|\?.*$/g, '')}`);
    return device.ask(path, { ...call, within }, () => refusedBy(veto), refusal);
  };
  const people = createPeople({ ask, terminal: isThere, toEvent, params, ledger, clock, random });

  const order = (command: Command, cmd: DoorOrder, after: () => void = () => undefined): Promise<Receipt> =>
    ledger.run(command, (veto) => {
      const mine = doorTurn.then(async (): Promise<Receipt> => {
        const late = veto();
        if (late) return err(late);
        // A connection that still waits when the order has expired is dropped: it must not arrive then.
        const within = ms(Math.max(1, Math.min(place.answersWithin, command.expiresAt - clock.now())));
        const reply = await ask(orderDoor(cmd, params), veto, within);
        const taken = reply.ok ? readStatus(reply.value) : reply;
        if (!taken.ok) return taken;
        after();
        return ok({ commandId: command.id, confirmation: 'acknowledged' as const, at: clock.now() });
      });
      doorTurn = mine;
      return mine;
    });

  const { settled, ...controller } = people;
  return {
    deviceId,
    capabilities: {
      accessController: { ...controller, onAccess: accesses.on, onSnapshot: snapshots.on },
      cardReader: { onCard: cards.on, onUnreadable: () => () => undefined },
      barrier: {
        open: (command) =>
          order(command, 'open', () => {
            release(command.args.direction);
          }),
      },
      barrierMode: { mode: (command) => order(command, MODES[command.args.mode]) },
      // A terminal without the door's contact sees nobody pass and nothing forced.
      ...(params.contact && {
        passageSensor: { onPassage: passages.on },
        doorContact: {
          onDoor: doors.on,
          state: () => Promise.resolve(ok(isOpen === undefined ? {} : { open: isOpen })),
        },
        gateAlarm: { onAlarm: alarms.on },
      }),
    },
    get health() {
      return health.current;
    },
    start: device.start,
    stop: async () => {
      await device.stop(Promise.all([doorTurn, settled()]));
      raised.clear();
      isOpen = undefined;
      released = undefined;
    },
    onHealth: health.on,
    onTraffic: traffic.on,
  };
}
