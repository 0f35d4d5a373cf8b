import {
  type Cancel,
  type Clock,
  type DurationMs,
  type EpochMs,
  type Failure,
  type Result,
  err,
  failure,
  ms,
  ok,
} from '@hallhub/sync/base';
import type { Cabinet } from '../../capabilities/index.ts';
import {
  type CommandLedger,
  type Confirmation,
  type ListenerError,
  type Receipt,
  type Veto,
  createEmitter,
  interrupted,
} from '../../kit/index.ts';
import { type Belief, believe } from './belief.ts';

type UnlockCommand = Parameters<Cabinet['unlock']>[0];
type DoorEvent = Parameters<Parameters<Cabinet['onDoor']>[0]>[0];
type ItemEvent = Parameters<Parameters<Cabinet['onItem']>[0]>[0];

/** What a board said of one compartment. What it did not say is absent. */
export interface DoorReading {
  readonly compartment: number;
  readonly open?: boolean | undefined;
  readonly occupied?: boolean | undefined;
}

/** Compartments that are read together. */
export interface Bank {
  readonly first: number;
  readonly count: number;
}

export interface CabinetOptions {
  readonly clock: Clock;
  readonly ledger: CommandLedger;
  readonly onListenerError: ListenerError;
  readonly banks: readonly Bank[];
  /** The least that can be read to know this compartment. */
  readonly bankOf: (compartment: number) => Bank | undefined;
  /** How many readings in a row must agree. */
  readonly readings: number;
  /** The longest from the pulse to the contact that shows the door open. */
  readonly opensWithin: DurationMs;
  /** Whether the doors have contacts at all. */
  readonly contacts: boolean;
  readonly read: (bank: Bank, urgent: boolean) => Promise<Result<readonly DoorReading[]>>;
  readonly pulse: (compartment: number, veto: Veto) => Promise<Result<Confirmation>>;
}

export interface CabinetCore {
  readonly capability: Cabinet;
  /** Reads a bank. The value: whether something was read that is not believed yet, and should be read again soon. */
  look(bank: Bank, urgent?: boolean): Promise<Result<boolean>>;
  /** The same for what was read otherwise. */
  take(bank: Bank, readings: readonly DoorReading[]): boolean;
  /** Nothing is known of these any more. What was told of them is remembered, so that a change meanwhile is told. */
  forget(banks?: readonly Bank[]): void;
  /** Ends waits. */
  stop(): void;
}

/** Between two looks at a door that should open. */
const LOOK_AGAIN = ms(50);

const compartmentsOf = ({ first, count }: Bank): readonly number[] =>
  Array.from({ length: count }, (_, index) => first + index);

const isSilence = ({ code }: Failure): boolean => code === 'E-DEV-0202' || code === 'E-DEV-0204';

/** Contact and sensor of one compartment. */
interface Door {
  open: Belief;
  occupied: Belief;
  /** What listeners last heard of it, or would have heard had it not been the first thing known. */
  toldOpen?: boolean;
  toldOccupied?: boolean;
}

/** What every lock board's cabinet does, whatever its bytes: orders a pulse once, and looks whether the door opened. */
export function createCabinet(options: CabinetOptions): CabinetCore {
  const { clock, ledger, banks, readings, opensWithin, contacts, read, pulse } = options;
  const doorEvents = createEmitter<DoorEvent>(options.onListenerError);
  const itemEvents = createEmitter<ItemEvent>(options.onListenerError);
  const doors = new Map<number, Door>(
    banks.flatMap((bank) => compartmentsOf(bank).map((compartment) => [compartment, { open: {}, occupied: {} }])),
  );
  const pauses = new Set<() => void>();

  const take = (bank: Bank, told: readonly DoorReading[]): boolean => {
    const at = clock.now();
    const said = new Map(told.map((reading) => [reading.compartment, reading]));
    let doubtful = false;
    for (const compartment of compartmentsOf(bank)) {
      const door = doors.get(compartment);
      if (!door) continue;
      const reading = said.get(compartment);
      const open = believe(door.open, reading?.open, { at, readings });
      const occupied = believe(door.occupied, reading?.occupied, { at, readings });
      door.open = open.belief;
      door.occupied = occupied.belief;
      doubtful ||= open.belief.doubt !== undefined || occupied.belief.doubt !== undefined;
      if (open.changed !== undefined) tellDoor(compartment, door, open.changed);
      if (occupied.changed !== undefined) tellItem(compartment, door, occupied.changed);
    }
    return doubtful;
  };
  const tellDoor = (compartment: number, door: Door, at: EpochMs): void => {
    const open = door.open.value === true;
    const before = door.toldOpen;
    door.toldOpen = open;
    // What is known first is where things stand; who wants to know that asks.
    if (before !== undefined && before !== open) doorEvents.emit({ compartment, open, at });
  };
  const tellItem = (compartment: number, door: Door, at: EpochMs): void => {
    const occupied = door.occupied.value === true;
    const before = door.toldOccupied;
    door.toldOccupied = occupied;
    if (before !== undefined && before !== occupied) itemEvents.emit({ compartment, occupied, at });
  };

  const forget = (which: readonly Bank[] = banks): void => {
    for (const compartment of which.flatMap(compartmentsOf)) {
      const door = doors.get(compartment);
      if (door) door.open = door.occupied = {};
    }
  };
  const look = async (bank: Bank, urgent = false): Promise<Result<boolean>> => {
    const result = await read(bank, urgent);
    return result.ok ? ok(take(bank, result.value)) : result;
  };
  /** Looks until all that the bank says is believed. */
  const lookThrough = async (bank: Bank): Promise<Result<unknown>> => {
    let seen = await look(bank, true);
    for (let more = 1; more < 2 * readings && seen.ok && seen.value; more += 1) seen = await look(bank, true);
    return seen;
  };
  const pause = (time: DurationMs): Promise<void> =>
    new Promise((resolve) => {
      const end = (): void => {
        cancel();
        pauses.delete(end);
        resolve();
      };
      const cancel: Cancel = clock.after(time, end);
      pauses.add(end);
    });

  const unlock = async (command: UnlockCommand, veto: Veto): Promise<Receipt> => {
    const { compartment } = command.args;
    const door = doors.get(compartment);
    const bank = options.bankOf(compartment);
    if (!door || !bank) return failure('E-DEV-0203', `there is no compartment ${compartment}`);
    if (contacts && door.open.value === undefined) await lookThrough(bank);
    // A contact that shows the door open, perhaps because its wire is broken, does not keep anybody from being let in.
    const wasClosed = contacts && door.open.value === false;
    const pulsed = await pulse(compartment, veto);
    if (!pulsed.ok) return pulsed;
    const confirmation = wasClosed ? await watch(compartment, door, bank) : await confirm(pulsed.value, bank);
    return confirmation.ok
      ? ok({ commandId: command.id, confirmation: confirmation.value, at: clock.now() })
      : confirmation;
  };
  /** What is known of an order that no contact can bear out: a board that never answers orders must at least be there. */
  const confirm = async (said: Confirmation, bank: Bank): Promise<Result<Confirmation>> => {
    if (said !== 'unconfirmed' || !contacts) return ok(said);
    const seen = await look(bank, true);
    return seen.ok ? ok(said) : err(isSilence(seen.error) ? seen.error : interrupted(seen.error));
  };
  /** Whether the door opens that was closed before its pulse. */
  const watch = async (compartment: number, door: Door, bank: Bank): Promise<Result<Confirmation>> => {
    const until = clock.monotonic() + opensWithin;
    let silent: Failure | undefined;
    for (;;) {
      const seen = await look(bank, true);
      // Whoever looks beside this one may have seen it; it may even be shut again.
      if (door.open.value === true) return ok('observed');
      silent = seen.ok ? undefined : seen.error;
      if (silent && !isSilence(silent)) return err(interrupted(silent));
      if (clock.monotonic() >= until) break;
      if (!seen.ok || !seen.value) await pause(LOOK_AGAIN);
    }
    if (silent) return err(silent);
    return failure('E-DEV-0208', `compartment ${compartment} was pulsed, and its contact shows it closed`);
  };

  return {
    capability: {
      unlock: (command) => ledger.run(command, (veto) => unlock(command, veto)),
      doors: async () => {
        let [heard, wrong]: [boolean, Failure | undefined] = [false, undefined];
        for (const bank of banks) {
          const seen = await lookThrough(bank);
          if (seen.ok) heard = true;
          else {
            forget([bank]);
            wrong = seen.error;
          }
        }
        if (!heard && wrong) return err(wrong);
        const all = [...doors].map(([compartment, { open, occupied }]) => ({
          compartment,
          ...(open.value !== undefined && { open: open.value }),
          ...(occupied.value !== undefined && { occupied: occupied.value }),
        }));
        return ok({ doors: all, at: clock.now() });
      },
      onDoor: doorEvents.on,
      onItem: itemEvents.on,
    },
    look,
    take,
    forget,
    stop: () => {
      for (const end of [...pauses]) end();
    },
  };
}
