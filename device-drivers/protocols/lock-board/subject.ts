import { type Cancel, type Clock, type DurationMs, type Result, ms, seconds } from '@hallhub/sync/base';
import type { DeviceFault, DeviceFaults, Order, Stimulus, Subject } from '../../conformance/types.ts';
import type { Confirmation, Transport } from '../../kit/index.ts';
import { type LockHardware, createLockHardware } from './hardware.ts';
import type { LockBoardParams } from './params.ts';
import { type BoardLanguage, createLockBoardSimulator } from './simulator.ts';

/** A door stays open for as long before somebody shuts it. */
const STANDS_OPEN = seconds(3);

/** What a fault of a board with checked frames is seen by. */
export const LOCK_BOARD_FAULTS: DeviceFaults = {
  silent: ['not-ready', 'order-fails'],
  late: ['too-late', 'not-ready', 'order-fails'],
  'wrong-address': ['discarded', 'not-ready', 'order-fails'],
  'bad-check': ['discarded', 'not-ready', 'order-fails'],
  refuses: ['order-fails'],
};

/** The simulated cabinet of a profile: a door that is pulled open, one that is ordered open, and what lies in it. */
export function cabinetSubject(options: {
  readonly clock: Clock;
  readonly hardware: LockHardware;
  readonly start: () => Promise<Result<void>>;
  readonly stop: () => Promise<void>;
  readonly setFault: (fault: DeviceFault | undefined) => void;
  readonly contacts: boolean;
  readonly items: boolean;
  readonly confirmation: Confirmation;
}): Subject {
  const { clock, hardware, contacts, items } = options;
  const timers = new Set<Cancel>();
  const later = (time: DurationMs, action: () => void): void => {
    const cancel = clock.after(time, () => {
      timers.delete(cancel);
      action();
    });
    timers.add(cancel);
  };
  let pulses = 0;
  hardware.onPulse(() => {
    pulses += 1;
  });
  hardware.onDoor(({ compartment, open }) => {
    if (!open) return;
    later(STANDS_OPEN, () => {
      hardware.shut(compartment);
    });
  });
  const last = hardware.compartments;
  const stimuli: Stimulus[] = [];
  if (contacts) {
    stimuli.push({
      name: 'a door is pulled open',
      capability: 'cabinet',
      event: 'door',
      cause: () => {
        hardware.force(last);
      },
      matches: (event) => {
        const { compartment, open } = event as { compartment: number; open: boolean };
        return open && compartment === last;
      },
    });
  }
  if (items) {
    stimuli.push({
      name: 'something is put in',
      capability: 'cabinet',
      event: 'item',
      cause: () => {
        hardware.place(1, true);
        later(STANDS_OPEN, () => {
          hardware.place(1, false);
        });
      },
      matches: (event) => {
        const { compartment, occupied } = event as { compartment: number; occupied: boolean };
        return occupied && compartment === 1;
      },
    });
  }
  const unlock: Order = {
    capability: 'cabinet',
    command: 'unlock',
    args: { compartment: last },
    confirmation: options.confirmation,
    effects: () => pulses,
    answeredWithin: seconds(30),
  };
  return {
    start: options.start,
    stop: async () => {
      for (const cancel of timers) cancel();
      timers.clear();
      await options.stop();
    },
    stimuli,
    orders: [unlock],
    refusals: [{ capability: 'cabinet', command: 'unlock', args: { compartment: last + 1 }, code: 'E-DEV-0203' }],
    scenes: contacts
      ? [
          {
            name: 'a door that is stuck is not said to be open, and is pulsed once',
            covers: ['cabinet.unlock', 'cabinet.doors'],
            play: async ({ order, until, ask }) => {
              hardware.setStuck(1, true);
              const before = pulses;
              const given = order('cabinet', 'unlock', { compartment: 1 });
              await until(() => given.receipt() !== undefined, seconds(30));
              const receipt = given.receipt();
              hardware.setStuck(1, false);
              if (receipt?.ok !== false || receipt.error.code !== 'E-DEV-0208')
                throw new Error(`${JSON.stringify(receipt)} for a door that did not open`);
              if (pulses - before !== 1) throw new Error(`pulsed ${pulses - before} times`);
              const { doors } = (await ask('cabinet', 'doors')) as { doors: readonly { open?: boolean }[] };
              if (doors.length !== last || doors.some(({ open }) => open !== false))
                throw new Error(`not all doors are shut: ${JSON.stringify(doors)}`);
              await until(() => false, ms(1));
            },
          },
        ]
      : [],
    setFault: options.setFault,
  };
}

/** Behind every timeout, and within the quiet that follows it. */
const LATER_THAN_ALLOWED = ms(150);

/** The simulated cabinet of boards on a line. */
export function simulatedBoards(options: {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly params: LockBoardParams;
  readonly language: BoardLanguage;
  readonly items?: boolean;
  /** How an order is confirmed where doors have no contacts. */
  readonly confirmation: Confirmation;
  /** The longest that any answer may take. */
  readonly patience?: DurationMs;
}): Subject {
  const { transport, clock, params, language, items = false } = options;
  const { boards, contacts, echo, replyTimeoutMs } = params;
  const hardware = createLockHardware(boards.reduce((sum, { locks }) => sum + locks, 0));
  const simulator = createLockBoardSimulator({ transport, clock, boards, hardware, language });
  const lateBy = ms((options.patience ?? replyTimeoutMs) + LATER_THAN_ALLOWED);
  simulator.setFaults({ echo });
  return cabinetSubject({
    clock,
    hardware,
    start: () => simulator.start(),
    stop: () => simulator.stop(),
    contacts,
    items,
    confirmation: contacts ? 'observed' : options.confirmation,
    setFault: (fault) => {
      simulator.setFaults({
        echo,
        silent: fault === 'silent',
        badCheck: fault === 'bad-check',
        wrongAddress: fault === 'wrong-address',
        refuses: fault === 'refuses',
        ...(fault === 'late' && { lateBy }),
      });
    },
  });
}
