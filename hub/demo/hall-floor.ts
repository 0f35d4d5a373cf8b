import type { MemoryLine } from '@hallhub/device-drivers/transports';
import { createMemoryLine } from '@hallhub/device-drivers/transports';
import type { SimulatedPrinter } from '@hallhub/device-drivers/protocols/ipp';
import { simulatedPrinter } from '@hallhub/device-drivers/protocols/ipp';
import type { RelayBoardSimulator, TurnstileArm } from '@hallhub/device-drivers/protocols/modbus';
import { createRelayBoardSimulator, createTurnstileArm } from '@hallhub/device-drivers/protocols/modbus';
import type { ReaderSimulator } from '@hallhub/device-drivers/protocols/resident-id';
import { createReaderSimulator } from '@hallhub/device-drivers/protocols/resident-id';
import type { Clock, DurationMs } from '@hallhub/sync/base';
import { seconds } from '@hallhub/sync/base';
import type { CounterFloor } from './counter-floor.ts';
import { createCounterFloor } from './counter-floor.ts';

/** The baud rate that the simulated serial lines keep to, so that a card takes as long to read as a real one. */
const BAUD_RATE = 115_200;
const RELEASE: DurationMs = seconds(6);

/** The devices of the demo: simulators that speak their device's own bytes over in-memory lines. */
export interface HallFloor {
  readonly lines: ReadonlyMap<string, MemoryLine>;
  readonly readers: ReadonlyMap<string, ReaderSimulator>;
  readonly turnstiles: ReadonlyMap<string, { readonly board: RelayBoardSimulator; readonly arm: TurnstileArm }>;
  readonly printers: ReadonlyMap<string, SimulatedPrinter>;
  readonly counter: CounterFloor;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface HallFloorOptions {
  readonly clock: Clock;
  readonly readers: readonly string[];
  readonly turnstiles: readonly string[];
  readonly printers: readonly string[];
}

/** Names are the names of the in-memory lines that the configuration points at. */
export function createHallFloor({ clock, readers, turnstiles, printers }: HallFloorOptions): HallFloor {
  const lines = new Map([...readers, ...turnstiles].map((name) => [name, createMemoryLine({ name, clock })]));
  const deviceEnd = (name: string) => {
    const line = lines.get(name);
    if (!line) throw new RangeError(`no line is called ${name}`);
    return line.device;
  };
  const readerMap = new Map(
    readers.map((name) => [
      name,
      createReaderSimulator({ transport: deviceEnd(name), clock, baudRate: BAUD_RATE, readTime: 350 as DurationMs }),
    ]),
  );
  const turnstileMap = new Map(
    turnstiles.map((name) => {
      const board = createRelayBoardSimulator({ transport: deviceEnd(name), clock, baudRate: BAUD_RATE });
      const arm = createTurnstileArm({
        board,
        clock,
        relay: { in: 0, out: 1 },
        input: { in: 0, out: 1 },
        release: RELEASE,
      });
      return [name, { board, arm }];
    }),
  );
  const printerMap = new Map(printers.map((name) => [name, simulatedPrinter({ clock, name })]));
  const counter = createCounterFloor({ clock });
  return {
    lines: new Map([...lines, ...counter.lines]),
    readers: readerMap,
    turnstiles: turnstileMap,
    printers: printerMap,
    counter,
    start: async () => {
      for (const reader of readerMap.values()) await reader.start();
      for (const { board } of turnstileMap.values()) await board.start();
      await counter.start();
    },
    stop: async () => {
      await counter.stop();
      for (const reader of readerMap.values()) await reader.stop();
      for (const { board, arm } of turnstileMap.values()) {
        arm.stop();
        await board.stop();
      }
    },
  };
}
