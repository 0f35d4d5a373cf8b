import { type DurationMs, type ManualClock, manualClock, ms, plus, seconds, unwrap } from '@hallhub/sync/base';
import type { CardRead, IndicatorCommand, OpenCommand, UpdateCommand } from '../../../capabilities/index.ts';
import {
  type BusDevice,
  type Driver,
  type Receipt,
  type Traffic,
  type Transport,
  silentLog,
} from '../../../kit/index.ts';
import { type MemoryLine, createMemoryLine } from '../../../transports/index.ts';
import { osdpProtocol } from '../protocol.ts';
import { createOsdpReaderSimulator } from '../simulator.ts';
import type { OsdpReaderSimulator, OsdpReaderSimulatorOptions } from '../simulator-types.ts';

export const KEY = '00112233445566778899aabbccddeeff';
export const keyBytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

/** A driver and a simulated reader on a line in memory, with everything that is seen and heard written down. */
export interface OsdpRig {
  readonly clock: ManualClock;
  readonly line: MemoryLine;
  readonly reader: OsdpReaderSimulator;
  readonly driver: Driver;
  readonly cards: CardRead[];
  readonly keys: string[];
  readonly states: string[];
  readonly traffic: Traffic[];
  readonly pulses: number[];
  /** Lets time pass until the promise settles. */
  settled<T>(promise: Promise<T> | undefined): Promise<T>;
  open(over?: Partial<OpenCommand>): Promise<Receipt>;
  show(args: IndicatorCommand['args']): Promise<Receipt>;
  update(bytes: Uint8Array, version?: string): Promise<Receipt>;
  openCommand(over?: Partial<OpenCommand>): OpenCommand;
  stop(): Promise<void>;
}

export const PARAMS = { address: 1, keypad: true, indicator: { display: true }, output: { in: 0 }, firmware: {} };

export async function createOsdpRig(options: {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly reader?: Partial<OsdpReaderSimulatorOptions>;
  readonly others?: readonly BusDevice[];
  /** Stand between the line and its two ends. */
  readonly host?: (transport: Transport) => Transport;
  readonly device?: (transport: Transport) => Transport;
  /** How long to wait before the test begins. */
  readonly settle?: DurationMs;
}): Promise<OsdpRig> {
  const clock = manualClock();
  const line = createMemoryLine({ name: 'readers' });
  const device = options.device?.(line.device) ?? line.device;
  const host = options.host?.(line.host) ?? line.host;
  const reader = createOsdpReaderSimulator({ transport: device, clock, address: 1, ...options.reader });
  await reader.start();
  let seed = 0;
  const [driver] = unwrap(
    osdpProtocol.connect(
      {
        transport: { kind: 'memory', name: 'readers', baudRate: 9_600 },
        devices: [{ deviceId: 'reader', params: { ...PARAMS, ...options.params } }, ...(options.others ?? [])],
      },
      {
        clock,
        random: (size) => Uint8Array.from({ length: size }, () => (seed = (seed * 75 + 74) % 65_537) & 0xff),
        log: silentLog,
        transportFactory: () => ({ ok: true, value: host }),
      },
    ),
  );
  if (!driver) throw new Error('no driver');
  const cards: CardRead[] = [];
  const keys: string[] = [];
  const states: string[] = [];
  const traffic: Traffic[] = [];
  const pulses: number[] = [];
  driver.capabilities.cardReader?.onCard((card) => cards.push(card));
  driver.capabilities.keypad?.onKeys((event) => keys.push(event.keys));
  driver.onHealth(({ state, reason }) => states.push(reason ? `${state} ${reason.code}` : state));
  driver.onTraffic((seen) => traffic.push(seen));
  reader.onOutput(({ on, pulse }) => {
    if (on) pulses.push(pulse ?? 0);
  });
  driver.start();
  await clock.advanceAsync(options.settle ?? seconds(2));

  let ids = 0;
  const envelope = (): {
    id: string;
    issuedAt: OpenCommand['issuedAt'];
    expiresAt: OpenCommand['expiresAt'];
    issuedBy: string;
  } => {
    ids += 1;
    const now = clock.now();
    return { id: `command-${ids}`, issuedAt: now, expiresAt: plus(now, seconds(5)), issuedBy: 'test' };
  };
  const settled: OsdpRig['settled'] = async (promise) => {
    if (!promise) throw new Error('the driver lacks the capability');
    const state = { isSettled: false };
    void promise.finally(() => {
      state.isSettled = true;
    });
    for (let step = 0; step < 100_000 && !state.isSettled; step += 1) await clock.advanceAsync(ms(5));
    return promise;
  };
  const openCommand: OsdpRig['openCommand'] = (over) => ({
    ...envelope(),
    name: 'open',
    args: { hold: ms(650), direction: 'in' },
    ...over,
  });
  return {
    clock,
    line,
    reader,
    driver,
    cards,
    keys,
    states,
    traffic,
    pulses,
    settled,
    openCommand,
    open: (over) => settled(driver.capabilities.barrier?.open(openCommand(over))),
    show: (args) => settled(driver.capabilities.indicator?.show({ ...envelope(), name: 'show', args })),
    update: (bytes, version = '2.0.0') => {
      const command: UpdateCommand = {
        ...envelope(),
        name: 'update',
        args: { version, image: { from: 'bytes', bytes } },
      };
      return settled(driver.capabilities.firmware?.update(command));
    },
    stop: async () => {
      await driver.stop();
      await reader.stop();
    },
  };
}
