import { join } from 'node:path';
import { plus, seconds, systemClock, systemRandom, unwrap } from '@hallhub/sync/base';
import { type Driver, silentLog } from '../device-drivers/kit/index.ts';
import { type PtyPair, createPtyPair } from '../device-drivers/kit/testing/index.ts';
import { lock8a80Protocol } from '../device-drivers/protocols/lock-8a80/driver.ts';
import { encodeRequest } from '../device-drivers/protocols/lock-8a80/frames.ts';
import { createSerialTransport, pacedTransport } from '../device-drivers/transports/index.ts';
import { pause, startChild } from './kit/children.ts';
import type { LockerBoardsOptions } from './kit/locker-boards-main.ts';
import { median, quantile, remark, report } from './kit/measure.ts';

/*
 * 2,016 compartments: three RS-485 lines at 9600 baud with 28 boards of 24 locks each, 8A/80. The boards are another process
 * on socat ptys; both directions are paced as the line would be. Every board is asked in turn, as fast as the line goes.
 *
 * A round's time is held against what its bytes alone take on the wire, and against a bare loop that writes a question and
 * waits for so many bytes. Then doors are opened while the rounds go on, against the same on lines where nobody asks.
 */
const LINES = 3;
const BOARDS = 28;
const LOCKS = 24;
const BAUD = 9_600;
const BITS_PER_BYTE = 10;
const QUESTION_BYTES = 5;
const REPLY_BYTES = 7;
const ROUNDS_MS = 15_000;
const LOOP_MS = 8_000;
const ORDERS = 150;
const ORDER_EVERY_MS = 120;

const clock = systemClock({ mode: 'production' });
const lineOf = (path: string) =>
  pacedTransport(createSerialTransport({ path, baudRate: BAUD }), { clock, baudRate: BAUD });

const ptys: PtyPair[] = [];
for (let line = 0; line < LINES; line += 1) ptys.push(await createPtyPair());
const options: LockerBoardsOptions = { paths: ptys.map(({ b }) => b), boards: BOARDS, baudRate: BAUD };
const boards = startChild(join(import.meta.dirname, 'kit/locker-boards-main.ts'), [JSON.stringify(options)]);
await boards.next();

/** A driver a line, whose boards are asked at this pace; ready. */
async function drivers(pollEveryMs: number): Promise<readonly Driver[]> {
  const all = ptys.map(({ a }, line) => {
    const params = {
      boards: Array.from({ length: BOARDS }, (_, index) => ({ address: index + 1, locks: LOCKS })),
      ...{ stateBytes: LOCKS / 8, pollEveryMs, replyTimeoutMs: 2_000 },
    };
    const [driver] = unwrap(
      lock8a80Protocol.connect(
        {
          transport: { kind: 'serial', path: a, baudRate: BAUD },
          devices: [{ deviceId: `cabinet-${line}`, params }],
        },
        { clock, random: systemRandom, log: silentLog, transportFactory: () => ({ ok: true, value: lineOf(a) }) },
      ),
    );
    if (!driver) throw new Error('no driver');
    driver.start();
    return driver;
  });
  while (all.some(({ health }) => health.state !== 'ready')) await pause(50);
  return all;
}
const stop = async (all: readonly Driver[]): Promise<void> => {
  await Promise.all(all.map((driver) => driver.stop()));
};

/** How long each round over the boards of a line took, on all lines. */
async function rounds(all: readonly Driver[]): Promise<readonly number[]> {
  const took: number[] = [];
  const undo = all.map((driver) => {
    let begun: number | undefined;
    return driver.onTraffic(({ direction, bytes }) => {
      if (direction !== 'out' || bytes[0] !== 0x80 || bytes[1] !== 1) return;
      const now = performance.now();
      if (begun !== undefined) took.push(now - begun);
      begun = now;
    });
  });
  await pause(ROUNDS_MS);
  for (const cancel of undo) cancel();
  return took;
}

/** The same by a loop that knows nothing of frames, checks and doors. */
async function bareRounds(): Promise<readonly number[]> {
  const took: number[] = [];
  const until = performance.now() + LOOP_MS;
  await Promise.all(
    ptys.map(async ({ a }) => {
      const line = lineOf(a);
      let [wanted, got]: [(() => void) | undefined, number] = [undefined, 0];
      line.onData((bytes) => {
        got += bytes.length;
        if (got >= REPLY_BYTES) wanted?.();
      });
      unwrap(await line.open());
      while (performance.now() < until) {
        const begun = performance.now();
        for (let board = 1; board <= BOARDS; board += 1) {
          got = 0;
          const replied = new Promise<void>((resolve) => {
            wanted = resolve;
          });
          void line.write(encodeRequest({ board, order: 'query-all' }));
          await replied;
        }
        took.push(performance.now() - begun);
      }
      await line.close();
    }),
  );
  return took;
}

interface Opened {
  /** From the order to the moment when its bytes were given to the line. */
  readonly sent: readonly number[];
  /** From the order to the receipt that says that the door was seen open. */
  readonly observed: readonly number[];
  readonly failed: number;
}

async function open(all: readonly Driver[]): Promise<Opened> {
  const [sent, observed]: [number[], number[]] = [[], []];
  let failed = 0;
  const waiting = new Map<string, number>();
  const undo = all.map((driver) =>
    driver.onTraffic(({ direction, bytes }) => {
      if (direction !== 'out' || bytes[0] !== 0x8a) return;
      const begun = waiting.get(`${driver.deviceId} ${bytes[1] ?? 0} ${bytes[2] ?? 0}`);
      if (begun !== undefined) sent.push(performance.now() - begun);
    }),
  );
  const given: Promise<void>[] = [];
  for (let order = 0; order < ORDERS; order += 1) {
    const driver = all[order % LINES];
    // Another door of another board each time.
    const turn = Math.floor(order / LINES);
    const [board, lock] = [turn % BOARDS, (turn * 5) % LOCKS];
    const begun = performance.now();
    waiting.set(`${driver?.deviceId ?? ''} ${board + 1} ${lock + 1}`, begun);
    const receipt = driver?.capabilities.cabinet?.unlock({
      id: `${driver.deviceId}-${order}-${begun}`,
      name: 'unlock',
      args: { compartment: board * LOCKS + lock + 1 },
      issuedAt: clock.now(),
      expiresAt: plus(clock.now(), seconds(10)),
      issuedBy: 'bench',
    });
    given.push(
      Promise.resolve(receipt).then((done) => {
        if (done?.ok === true && done.value.confirmation === 'observed') observed.push(performance.now() - begun);
        else failed += 1;
      }),
    );
    await pause(ORDER_EVERY_MS);
  }
  await Promise.all(given);
  for (const cancel of undo) cancel();
  return { sent, observed, failed };
}

try {
  const bare = await bareRounds();
  const busy = await drivers(0);
  const took = await rounds(busy);
  const whileAsked = await open(busy);
  await stop(busy);
  const idle = await drivers(3_600_000);
  // What was seen first is read a second time before it is believed.
  await pause(3_000);
  const whileIdle = await open(idle);
  await stop(idle);

  const wire = (BOARDS * (QUESTION_BYTES + REPLY_BYTES) * BITS_PER_BYTE * 1_000) / BAUD;
  const size = { compartments: LINES * BOARDS * LOCKS, lines: LINES, rounds: took.length };
  report({
    name: 'lockers/round',
    value: median(took),
    unit: 'ms',
    baseline: 'the bytes of a round alone, at 9600 baud',
    baselineValue: wire,
    ...size,
    p99: quantile(took, 0.99),
  });
  report({
    name: 'lockers/round-loop',
    value: median(took),
    unit: 'ms',
    baseline: 'a bare loop on the same lines, without the 5 ms between reply and question',
    baselineValue: median(bare),
    ...size,
  });
  for (const [what, of] of [
    ['sent', (opened: Opened) => opened.sent],
    ['observed', (opened: Opened) => opened.observed],
  ] as const) {
    report({
      name: `lockers/open-${what}-p99`,
      value: quantile(of(whileAsked), 0.99),
      unit: 'ms',
      baseline: 'the same on lines where nobody asks',
      baselineValue: quantile(of(whileIdle), 0.99),
      p50: median(of(whileAsked)),
      baselineP50: median(of(whileIdle)),
      samples: of(whileAsked).length,
    });
  }
  remark(`not observed: ${whileAsked.failed} while asked, ${whileIdle.failed} on idle lines, of ${ORDERS} each`);
} finally {
  await boards.end();
  for (const pty of ptys) await pty.close();
}
