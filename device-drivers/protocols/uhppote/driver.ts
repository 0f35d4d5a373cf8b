import {
  type Cancel,
  type DurationMs,
  type EpochMs,
  type Failure,
  err,
  failure,
  ok,
  seconds,
} from '@hallhub/sync/base';
import type { AccessEvent, CardRead, CapabilityMap, OpenCommand, Passage } from '../../capabilities/index.ts';
import {
  type Driver,
  type DriverEnvironment,
  type Receipt,
  type Traffic,
  createCommandLedger,
  createEmitter,
  createHealth,
} from '../../kit/index.ts';
import { accessOf, cardUid, createCards, isLeftToHub } from './cards.ts';
import type { Controller, ControllerStatus, PlacedEvent } from './controller.ts';
import type { Link } from './link.ts';
import type { DoorParams } from './params.ts';
import { FORCED_OPEN, OPEN_TOO_LONG, PUSH_BUTTON } from './reasons.ts';

const CARD_SHOWN = 1;
/** So long after it was released an opening door is somebody who was let through. */
const WALKS_WITHIN = seconds(15);

type Alarm = Parameters<Parameters<CapabilityMap['gateAlarm']['onAlarm']>[0]>[0];

type ModeCommand = Parameters<CapabilityMap['barrierMode']['mode']>[0];
/** A door has one lock: its mode holds both ways. */
const MODES = { free: 1, closed: 2, controlled: 3 } as const;

/** One door of a controller. */
export function createDoor(
  options: Pick<DriverEnvironment, 'clock' | 'log'> & {
    readonly deviceId: string;
    readonly params: DoorParams;
    readonly link: Link;
    readonly controller: Controller;
  },
): Driver {
  const { deviceId, params, link, controller, clock, log } = options;
  const { serial, door } = params;
  const onListenerError = (error: unknown): void => {
    log.error({ deviceId, error }, 'a listener of the door failed');
  };
  const cards = createEmitter<CardRead>(onListenerError);
  const accesses = createEmitter<AccessEvent>(onListenerError);
  const passages = createEmitter<Passage>(onListenerError);
  const doors = createEmitter<{ readonly open: boolean; readonly at: EpochMs }>(onListenerError);
  const alarms = createEmitter<Alarm>(onListenerError);
  const traffic = createEmitter<Traffic>(onListenerError);
  const health = createHealth({ clock, onListenerError });
  const ledger = createCommandLedger({ clock });
  let isOpen: boolean | undefined;
  let released: { readonly direction: 'in' | 'out'; readonly until: EpochMs } | undefined;
  const raised = new Set<Alarm['alarm']>();
  let undo: readonly Cancel[] = [];
  let leave: (() => Promise<void>) | undefined;

  const release = (direction: 'in' | 'out'): void => {
    released = { direction, until: (clock.now() + WALKS_WITHIN) as EpochMs };
  };
  const onEvent = (event: PlacedEvent): void => {
    if (event.door !== door) return;
    if (event.type === CARD_SHOWN) {
      if (event.granted && !event.replayed) release(event.direction === 2 ? 'out' : 'in');
      accesses.emit(accessOf(event, params));
      if (isLeftToHub(event) && !event.replayed)
        cards.emit({
          presented: { type: 'uid', uid: cardUid(event.card, params.byteOrder) },
          at: event.at,
          lastByteAt: clock.monotonic(),
        });
    } else if (!event.replayed) {
      if (event.reason === PUSH_BUTTON) release('out');
      if (event.reason === FORCED_OPEN) raise('forced', event.at);
      if (event.reason === OPEN_TOO_LONG) raise('held-open', event.at);
    }
  };
  const raise = (alarm: Alarm['alarm'], at: EpochMs): void => {
    if (raised.has(alarm)) return;
    raised.add(alarm);
    alarms.emit({ alarm, clear: false, at });
  };
  const onStatus = (status: ControllerStatus): void => {
    const now = status.open[door - 1] === true;
    const before = isOpen;
    isOpen = now;
    if (!params.contact || before === now) return;
    const at = clock.now();
    doors.emit({ open: now, at });
    if (before === undefined) return;
    if (now) {
      // Whoever opens it from inside, by the handle that no lock may take away, goes out.
      const direction = released && at < released.until ? released.direction : 'out';
      released = undefined;
      passages.emit({ direction, at });
      return;
    }
    for (const alarm of raised) alarms.emit({ alarm, clear: true, at });
    raised.clear();
  };
  const open = async (command: OpenCommand, veto: () => Failure | undefined): Promise<Receipt> => {
    const late = veto();
    if (late) return err(late);
    const reply = await link.ask(
      { name: 'open-door', serial, door },
      { timeout: params.replyTimeoutMs as DurationMs, veto, urgent: true },
    );
    if (!reply.ok) return reply;
    if (!reply.value.done) return failure('E-DEV-0203', 'open-door');
    release(command.args.direction);
    return ok({ commandId: command.id, confirmation: 'acknowledged', at: clock.now() });
  };

  const mode = async (command: ModeCommand, veto: () => Failure | undefined): Promise<Receipt> => {
    const timeout = params.replyTimeoutMs as DurationMs;
    const now = await link.ask({ name: 'get-door', serial, door }, { timeout, urgent: true });
    if (!now.ok) return now;
    const wanted = MODES[command.args.mode];
    const { delay } = now.value;
    const set = await link.ask(
      { name: 'set-door', serial, door, mode: wanted, delay },
      { timeout, veto, urgent: true },
    );
    if (!set.ok) return set;
    if (set.value.mode !== wanted) return failure('E-DEV-0208', 'set-door');
    return ok({ commandId: command.id, confirmation: 'acknowledged', at: clock.now() });
  };

  return {
    deviceId,
    capabilities: {
      cardReader: { onCard: cards.on, onUnreadable: () => () => undefined },
      barrier: { open: (command) => ledger.run(command, (veto) => open(command, veto)) },
      barrierMode: { mode: (command) => ledger.run(command, (veto) => mode(command, veto)) },
      // A controller without the door's contact sees nobody pass and nothing forced.
      ...(params.contact && {
        passageSensor: { onPassage: passages.on },
        doorContact: {
          onDoor: doors.on,
          state: () => Promise.resolve(ok(isOpen === undefined ? {} : { open: isOpen })),
        },
        gateAlarm: { onAlarm: alarms.on },
      }),
      accessController: {
        ...createCards({ link, controller, params, ledger, clock }),
        onAccess: accesses.on,
        onSnapshot: () => () => undefined,
      },
    },
    get health() {
      return health.current;
    },
    start: () => {
      if (leave) return;
      undo = [
        controller.onEvent(onEvent),
        controller.onStatus(onStatus),
        controller.onHealth((problem) => {
          health.set(problem ? 'down' : 'ready', problem);
        }),
        link.onTraffic((seen) => {
          if (seen.serial === serial) traffic.emit(seen.traffic);
        }),
      ];
      leave = controller.join();
    },
    stop: async () => {
      const left = leave?.();
      leave = undefined;
      await left;
      for (const cancel of undo) cancel();
      undo = [];
      isOpen = undefined;
      raised.clear();
      health.set('starting');
    },
    onHealth: health.on,
    onTraffic: traffic.on,
  };
}
