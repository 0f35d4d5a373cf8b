import { type Cancel, type Clock, type DurationMs, type Result, seconds } from '@hallhub/sync/base';
import { type Transport, createEmitter, rethrow } from '../../kit/index.ts';

export interface TurnstileFaults {
  readonly silent?: boolean;
  readonly lateBy?: DurationMs;
  readonly badCheck?: boolean;
  readonly wrongMachine?: boolean;
}

export interface TurnstileSimulatorOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** The numbers of the machines on the bus; machine 1 by default. */
  readonly machines?: readonly number[];
  /** How long a release lasts when nobody walks; 5 s by default. */
  readonly release?: DurationMs;
}

interface Machine {
  left: number;
  right: number;
  alarm: number;
  fault: number;
  executed: number;
  /** Persons who may still walk, by side; infinite while it is held open. */
  readonly free: { left: number; right: number };
}

/** The boards on one RS-485 line, from the bytes up, with a codec of their own. */
export interface TurnstileSimulator {
  start(): Promise<Result<void>>;
  stop(): Promise<void>;
  /** Somebody walks. False where the machine is shut that way. */
  walk(side: 'left' | 'right', machine?: number): boolean;
  setAlarm(alarm: number, machine?: number): void;
  /** Counters as they stand; a reset or a value near the end can be set. */
  setCounter(side: 'left' | 'right', value: number, machine?: number): void;
  setFaults(faults: TurnstileFaults): void;
  /** An order was carried out: the command byte and its first data byte. */
  onOrder(
    listener: (order: { readonly machine: number; readonly command: number; readonly persons: number }) => void,
  ): Cancel;
}

export function createTurnstileSimulator(options: TurnstileSimulatorOptions): TurnstileSimulator {
  const { transport, clock, machines: numbers = [1], release = seconds(5) } = options;
  const machines = new Map<number, Machine>(
    numbers.map((number) => [
      number,
      { left: 0, right: 0, alarm: 0, fault: 0, executed: 0, free: { left: 0, right: 0 } },
    ]),
  );
  const ordered = createEmitter<{ machine: number; command: number; persons: number }>(rethrow);
  const timers = new Set<Cancel>();
  let pending = Buffer.alloc(0);
  let faults: TurnstileFaults = {};
  let undo: Cancel | undefined;

  const later = (delay: DurationMs, action: () => void): void => {
    const cancel = clock.after(delay, () => {
      timers.delete(cancel);
      action();
    });
    timers.add(cancel);
  };
  const machineOf = (number: number): Machine => {
    const found = machines.get(number);
    if (!found) throw new Error(`no machine ${number}`);
    return found;
  };
  const obey = (machine: Machine, command: number, persons: number): void => {
    const letThrough = (side: 'left' | 'right', count: number): void => {
      machine.free[side] = count;
      if (Number.isFinite(count) && count > 0) {
        later(release, () => {
          if (Number.isFinite(machine.free[side])) machine.free[side] = 0;
        });
      }
    };
    if (command === 0x80) letThrough('left', persons);
    else if (command === 0x82) letThrough('right', persons);
    else if (command === 0x81) letThrough('left', Infinity);
    else if (command === 0x83) letThrough('right', Infinity);
    else if (command === 0x88) letThrough('left', 0);
    else if (command === 0x89) letThrough('right', 0);
    else if (command === 0x84) {
      letThrough('left', 0);
      letThrough('right', 0);
    }
  };
  const answer = (number: number, machine: Machine): void => {
    if (faults.silent) return;
    const frame = Buffer.alloc(18);
    frame.set([0x7f, 0x01, faults.wrongMachine ? number + 1 : number, machine.fault, 0x02, machine.alarm]);
    frame.writeUIntBE(machine.left, 6, 3);
    frame.writeUIntBE(machine.right, 9, 3);
    frame.set([0, machine.executed, 0x18], 12);
    let sum = faults.badCheck ? 1 : 0;
    for (const byte of frame.subarray(0, 17)) sum += byte;
    frame[17] = 255 - (sum % 256);
    if (faults.lateBy === undefined) void transport.write(frame);
    else later(faults.lateBy, () => void transport.write(frame));
  };
  const receive = (bytes: Uint8Array): void => {
    pending = Buffer.concat([pending, bytes]);
    for (let start = pending.indexOf(0x7e); start !== -1; start = pending.indexOf(0x7e)) {
      if (pending.length < start + 8) return;
      const frame = Buffer.from(pending.subarray(start, start + 8));
      const total = frame.reduce((sum, byte) => sum + byte, 0);
      // A number and its complement make FF.
      if (total % 256 !== 255) {
        pending = pending.subarray(start + 1);
        continue;
      }
      pending = pending.subarray(start + 8);
      const [, , number = 0, command = 0, persons = 0] = frame;
      const machine = machines.get(number);
      if (!machine) continue;
      machine.executed = 1;
      if (command !== 0x10) {
        obey(machine, command, persons);
        ordered.emit({ machine: number, command, persons });
      }
      answer(number, machine);
    }
    pending = Buffer.alloc(0);
  };

  return {
    start: async () => {
      const opened = await transport.open();
      undo ??= transport.onData(receive);
      return opened;
    },
    stop: async () => {
      undo?.();
      undo = undefined;
      for (const cancel of timers) cancel();
      timers.clear();
      await transport.close();
    },
    walk: (side, number = numbers[0] ?? 1) => {
      const machine = machineOf(number);
      if (machine.free[side] <= 0) return false;
      machine.free[side] -= 1;
      machine[side] = (machine[side] + 1) % 2 ** 24;
      return true;
    },
    setAlarm: (alarm, number = numbers[0] ?? 1) => {
      machineOf(number).alarm = alarm;
    },
    setCounter: (side, value, number = numbers[0] ?? 1) => {
      machineOf(number)[side] = value;
    },
    setFaults: (next) => {
      faults = next;
    },
    onOrder: ordered.on,
  };
}
