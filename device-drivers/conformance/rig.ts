import {
  type DurationMs,
  type ManualClock,
  type Result,
  failure,
  manualClock,
  ms,
  plus,
  seconds,
} from '@hallhub/sync/base';
import type { Profile } from '@hallhub/firmware-profiles/schema';
import { type CapabilityName, listenerName } from '../capabilities/index.ts';
import type { Command, Driver, Protocol, Receipt, Transport } from '../kit/index.ts';
import { createEmitter, rethrow, silentLog } from '../kit/index.ts';
import { type MemoryLine, createMemoryLine } from '../transports/index.ts';
import { mulberry } from './random.ts';
import type { Order, ProtocolConformance, Stimulus, Subject } from './types.ts';

/** What the line does to the bytes that come from the device. */
export type LineFault = 'doubles' | 'noise' | 'cuts';

/** One driver and one simulated device on a line in memory, in a time that only the checks move. */
export interface Rig {
  readonly clock: ManualClock;
  readonly driver: Driver;
  readonly subject: Subject;
  readonly line: MemoryLine;
  lineFault: LineFault | undefined;
  /** Lets time pass until something holds. False: it did not within `longest`. */
  until(holds: () => boolean, longest: DurationMs): Promise<boolean>;
  command(order: Order, lives?: DurationMs): Command;
  /** Gives a command to the driver; the receipt comes when time passes. */
  give(order: Order, command: Command): { readonly receipt: () => Receipt | undefined };
  /** Counts the events of a stimulus from now on. */
  watch(stimulus: Stimulus): { readonly all: () => number; readonly matching: () => number };
  /** Stops both ends; the number of timers that are left over. */
  stop(): Promise<number>;
}

const STEP = ms(5);

export async function createRig(
  conformance: ProtocolConformance,
  protocol: Protocol,
  profile: Profile,
): Promise<Result<Rig>> {
  const clock = manualClock();
  const line = createMemoryLine({ name: profile.id });
  const subject = conformance.simulate?.({ transport: line.device, clock, profile });
  if (!subject) return failure('E-DEV-0301', `${profile.protocol} has no simulated device`);
  const random = mulberry(7);
  const spoilt = spoil(line.host, () => rig.lineFault, random);
  const connected = protocol.connect(
    {
      transport: {
        kind: 'memory',
        name: profile.id,
        ...('baudRate' in profile.transport ? { baudRate: profile.transport.baudRate } : {}),
      },
      devices: [{ deviceId: 'device', params: { ...profile.params, ...conformance.installation?.(profile) } }],
    },
    {
      clock,
      random: (size) => Uint8Array.from({ length: size }, () => random(256)),
      log: silentLog,
      transportFactory: () => ({ ok: true, value: spoilt }),
    },
  );
  if (!connected.ok) return connected;
  const [driver] = connected.value;
  if (!driver) return failure('E-DEV-0303', 'no driver');
  const started = await subject.start();
  if (!started.ok) return started;
  driver.start();

  let ids = 0;
  const rig: Rig = {
    clock,
    driver,
    subject,
    line,
    lineFault: undefined,
    until: async (holds, longest) => {
      const end = clock.monotonic() + longest;
      while (!holds()) {
        if (clock.monotonic() >= end) return false;
        await clock.advanceAsync(STEP);
      }
      return true;
    },
    command: ({ command, args }, lives = seconds(5)) => {
      ids += 1;
      const now = clock.now();
      return {
        id: `check-${ids}`,
        name: command,
        args,
        issuedAt: now,
        expiresAt: plus(now, lives),
        issuedBy: 'conformance',
      };
    },
    give: (order, command) => {
      let receipt: Receipt | undefined;
      const method = methodOf(driver, order.capability, order.command);
      void method(command).then((given) => {
        receipt = given;
      });
      return { receipt: () => receipt };
    },
    watch: (stimulus) => {
      let [all, matching] = [0, 0];
      const listen = methodOf(driver, stimulus.capability, listenerName(stimulus.event));
      void listen((data: unknown) => {
        all += 1;
        if (stimulus.matches(data)) matching += 1;
      });
      return { all: () => all, matching: () => matching };
    },
    stop: async () => {
      await driver.stop();
      await subject.stop();
      return clock.pending;
    },
  };
  return { ok: true, value: rig };
}

/** A capability's method by its name; what is missing is the driver's defect and named. */
function methodOf(driver: Driver, capability: CapabilityName, name: string) {
  const found: unknown = Reflect.get(driver.capabilities[capability] ?? {}, name);
  if (typeof found !== 'function') throw new Error(`the driver has no ${capability}.${name}`);
  return found as (argument: unknown) => Promise<Receipt>;
}

/** A line whose bytes from the device are spoilt as the fault says. */
function spoil(inner: Transport, fault: () => LineFault | undefined, random: (below: number) => number): Transport {
  const data = createEmitter<Uint8Array>(rethrow);
  inner.onData((bytes) => {
    switch (fault()) {
      case undefined:
        data.emit(bytes);
        return;
      case 'doubles':
        data.emit(bytes);
        data.emit(bytes);
        return;
      case 'noise':
        data.emit(Uint8Array.from({ length: 1 + random(20) }, () => random(256)));
        data.emit(bytes);
        return;
      case 'cuts':
        data.emit(bytes.subarray(0, random(bytes.length)));
    }
  });
  return { ...inner, name: inner.name, onData: data.on };
}
