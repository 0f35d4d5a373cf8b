import { expect, it } from 'vitest';
import { manualClock, ms, plus, seconds, unwrap } from '@hallhub/sync/base';
import { silentLog } from '../../kit/index.ts';
import { createMemoryLine } from '../../transports/index.ts';
import { modbusRtuProtocol } from './protocol.ts';
import { createRelayBoardSimulator } from './simulator.ts';

const GATES = 10;
const BOARDS = 20;
const CONTACT = seconds(5);

/** The traffic of `bench/devices.ts` on one of its buses, on a clock that nothing else on the machine slows down. */
it.each([
  ['nobody orders anything', undefined],
  ['ten orders a second', ms(100)],
])('a bus of twenty boards sees every contact once while %s', async (_what, orderEvery) => {
  const clock = manualClock();
  const line = createMemoryLine({ name: 'bus', baudRate: 115_200, clock });
  const boards = Array.from({ length: BOARDS }, (_, index) =>
    createRelayBoardSimulator({ transport: line.device, clock, unit: index + 1 }),
  );
  for (const board of boards) unwrap(await board.start());
  const poll = { pollEveryMs: 2_000 };
  const drivers = unwrap(
    modbusRtuProtocol.connect(
      {
        transport: { kind: 'memory', name: 'bus', baudRate: 115_200 },
        devices: boards.map((_, index) => ({
          deviceId: `board-${index}`,
          params: {
            ...{ unit: index + 1, ...poll },
            ...(index < GATES
              ? { relay: { in: 0 }, input: { in: 0 } }
              : { switch: { channels: 8, readEveryMs: 5_000 } }),
          },
        })),
      },
      {
        clock,
        random: (size) => new Uint8Array(size),
        log: silentLog,
        transportFactory: () => ({ ok: true, value: line.host }),
      },
    ),
  );
  const walked = new Array<number>(GATES).fill(0);
  const reported = new Array<number>(GATES).fill(0);
  const failed: unknown[] = [];
  for (const [gate, driver] of drivers.entries()) {
    driver.capabilities.passageSensor?.onPassage(() => {
      reported[gate] = (reported[gate] ?? 0) + 1;
    });
    driver.start();
  }
  await clock.advanceAsync(seconds(10));

  let flows = true;
  const step = (gate: number, closed: boolean): void => {
    if (closed && !flows) return;
    boards[gate]?.setInput(0, closed);
    if (closed) walked[gate] = (walked[gate] ?? 0) + 1;
    clock.after(CONTACT, () => {
      step(gate, !closed);
    });
  };
  // At odds with the questions, so that every phase between the two comes up.
  for (let gate = 0; gate < GATES; gate += 1) {
    clock.after(ms(gate * 937), () => {
      step(gate, true);
    });
  }
  let round = 0;
  const trouble = (): void => {
    boards[GATES + (round % (BOARDS - GATES))]?.setFaults({});
    round += 1;
    if (!flows) return;
    boards[GATES + (round % (BOARDS - GATES))]?.setFaults({ exception: 4 });
    clock.after(seconds(1), trouble);
  };
  trouble();
  let orders = 0;
  const order = (every: NonNullable<typeof orderEvery>): void => {
    if (!flows) return;
    orders += 1;
    const now = clock.now();
    void drivers[orders % GATES]?.capabilities.barrier
      ?.open({
        ...{ id: `order-${orders}`, name: 'open', args: { direction: 'in', hold: ms(300) } },
        ...{ issuedAt: now, expiresAt: plus(now, seconds(15)), issuedBy: 'test' },
      })
      .then((receipt) => {
        if (!receipt.ok) failed.push(receipt.error);
      });
    clock.after(every, () => {
      order(every);
    });
  };
  if (orderEvery) order(orderEvery);
  await clock.advanceAsync(seconds(120));
  flows = false;
  await clock.advanceAsync(seconds(15));

  expect(Math.min(...walked)).toBeGreaterThan(10);
  expect(reported).toEqual(walked);
  expect(failed).toEqual([]);
  await Promise.all([...drivers.map((driver) => driver.stop()), clock.advanceAsync(seconds(1))]);
  for (const board of boards) await board.stop();
});
