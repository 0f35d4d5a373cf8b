import { setTimeout as pause } from 'node:timers/promises';
import type { BoardView, CounterView, LeaseView } from '../hub/queue/contract.ts';
import type { DayHub, ServiceName } from '../e2e/queue-day/hall.ts';
import { HALL, counterId, machineId, openDay, voiceHall } from '../e2e/queue-day/hall.ts';
import type { BoardWatch, Day, Visitor } from '../e2e/queue-day/people.ts';
import { blankNotes, standing, tendMachine, watchBoard, workCounter } from '../e2e/queue-day/people.ts';
import { openPrinters } from '../e2e/queue-day/printers.ts';
import { boardsAgree, verdictOf } from '../e2e/queue-day/verdict.ts';
import { cleanUp } from '../e2e/testing/clean-up.ts';
import { choices } from '../e2e/testing/random.ts';
import { maybe, until } from '../e2e/testing/until.ts';
import { cpuSecondsOf, memoryOf } from './kit/children.ts';
import { MiB, quantile, remark, report } from './kit/measure.ts';
import { storePastDays } from './kit/queue-past.ts';
import { DAYS, SEED, arrivals, numbers } from './kit/queue-arrivals.ts';

/*
 * An ordinary day in a hall with 40 counters, 20 ticket machines with their printers and 30 boards, many times faster than it
 * would be: a hub as users start it, with 200,000 tickets of days gone by, and for each page a client with its own address, cookies and streams. Beside it four small
 * halls with a loudspeaker each (a null sink), where somebody is called whenever it is silent: in the large hall calls wait for one
 * another to be said. In the end what everybody was told is compared with the hub's rows. The baseline is a round trip over HTTP
 * to the same hub at the same time, which asks for nothing of the queue.
 */
const COUNTERS = 40;
const MACHINES = 20;
const BOARDS = 30;
const VOICES = 4;
const SPEED = Number(process.env['BENCH_SPEED'] ?? 120);
const HOURS = Number(process.env['BENCH_HOURS'] ?? 9);
/** What the hub remembers of the year before. */
const PAST = { days: 200, perDay: 1_000 } as const;
const PROBE_EVERY = 60;
/** The last parts of addresses. */
const AT = { machine: 50, board: 80, voice: 120, probe: 130 } as const;

const running = cleanUp();
try {
  const printers = await openPrinters(MACHINES, running);
  const world = await openDay(
    { counters: COUNTERS, machines: MACHINES, printers: printers.ports, voices: VOICES },
    running,
  );
  await world.hub.stop('SIGTERM');
  storePastDays(world.database, { ...PAST, counters: COUNTERS });
  await world.restart();
  await run(world, () => printers.papers());
} finally {
  await running.run();
}

async function run(world: DayHub, papers: () => readonly string[]): Promise<void> {
  const perHour = DAYS.ordinary.slice(0, HOURS).map((people) => (people * COUNTERS) / 6);
  const people = arrivals(perHour, numbers(SEED));
  const phase = { closing: false, over: false };
  const day: Day = {
    ...{ notes: blankNotes(), random: choices(SEED), speed: SPEED },
    get closing() {
      return phase.closing;
    },
    get over() {
      return phase.over;
    },
  };
  const boards = Array.from({ length: BOARDS }, (_, index) => watchBoard(world.anybody(AT.board + index)));
  const working = Array.from({ length: COUNTERS }, (_, index) =>
    workCounter(day, { wire: world.clerk(index, index + 1), counter: counterId(index) }),
  );
  const operator = world.operator();
  await until(
    'every counter is open',
    async () => {
      const { body } = await operator.ask('GET', `/api/queue/halls/${HALL}/board`);
      return (body as BoardView).counters.every(({ state }) => state === 'free');
    },
    { every: 200 },
  );
  remark(`${people.length} people in ${HOURS} hours, ${SPEED} times as fast`);
  const cpu = cpuSecondsOf(world.hub.pid);
  const own = process.cpuUsage();
  const begun = performance.now();
  const probe = watchRoundTrip(world);
  const voices = Array.from({ length: VOICES }, (_, index) => speakWhenSilent(world, index, day));
  const machines = Array.from({ length: MACHINES }, (_, index) =>
    tendMachine(day, {
      wire: world.machine(index, AT.machine + index),
      machine: machineId(index),
      visitors: coming(
        people.filter((_one, order) => order % MACHINES === index),
        begun,
      ),
    }),
  );
  let longest = 0;
  const watching = setInterval(() => {
    longest = Math.max(longest, ...boards.slice(0, 1).map(waitingOn));
  }, 500);
  await Promise.all(machines);
  const given = performance.now();
  phase.closing = true;
  await Promise.all(working);
  const seconds = (performance.now() - begun) / 1_000;
  clearInterval(watching);
  const used = cpuSecondsOf(world.hub.pid) - cpu;
  const spent = process.cpuUsage(own);
  const ownShare = (spent.user + spent.system) / 10_000 / seconds;
  phase.over = true;
  const bare = await probe.stop();
  const said = (await Promise.all(voices)).flat();
  remark(`doors open for ${Math.round((given - begun) / 1_000)} s, ${Math.round(seconds)} s until the last was served`);

  // What is cached for some seconds has settled then, and the last change has reached everybody.
  const snapshot = async (): Promise<BoardView> =>
    await operator.good<BoardView>('GET', `/api/queue/halls/${HALL}/board`);
  await maybe(async () => boardsAgree(boards, await snapshot()), { within: 15_000, every: 300 });
  const { counts, violations } = verdictOf(world.database, day.notes, { boards, snapshot: await snapshot() });
  for (const violation of violations.slice(0, 20)) remark(violation);
  for (const [what, times] of paperless(day)) remark(`${times} × ${what}`);
  if (violations.length > 0) process.exitCode = 1;

  const onBoards = boardTimes(boards, day);
  const orders = [...day.notes.refusals].map(([code, times]) => `${times} × ${code}`).join(', ');
  const common = { speed: SPEED, baseline: 'a round trip over HTTP that asks for nothing, at the same time' };
  const times = [
    { name: 'call-to-board', of: onBoards.took },
    { name: 'call-to-voice', of: said },
    { name: 'tap-to-paper', of: day.notes.taken.map(({ took }) => took) },
  ];
  for (const { name, of } of times)
    for (const [percentile, q] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const)
      report({
        ...{ name: `queue-day/${name}-${percentile}`, value: quantile(of, q), unit: 'ms' },
        ...{ ...common, baselineValue: quantile(bare, q), samples: of.length, worst: quantile(of, 1) },
      });
  report({
    ...{
      name: 'queue-day/cpu',
      value: (100 * used) / seconds,
      unit: '% of a core',
      baseline: 'the day at its own pace',
    },
    ...{
      clients: ownShare,
      baselineValue: (100 * used) / seconds / SPEED,
      memoryMiB: memoryOf(world.hub.pid).peak / MiB,
    },
  });
  report({
    ...{ name: 'queue-day/wrong', value: violations.length, unit: 'tickets, calls and boards', baseline: 'none' },
    ...{
      baselineValue: 0,
      aim: 'value = 0',
      ...counts,
      papers: papers().length,
      unseen: onBoards.missing / BOARDS,
      longestLine: longest,
      refused: orders,
    },
  });
  await backAfterKill(world, boards);
}

/** The hub dies and is started again: from then to each board's showing the hall as it stood. The baseline is the hub's own answer. */
async function backAfterKill(world: DayHub, boards: readonly BoardWatch[]): Promise<void> {
  const before = boards.map((board) => JSON.stringify(standing(board.view() ?? fail())));
  await world.hub.stop('SIGKILL');
  const from = performance.now();
  await world.restart();
  const up = performance.now() - from;
  await until('every board is told again', () => boards.every((board) => board.toldAt() > from), {
    within: 60_000,
    every: 50,
  });
  const took = boards.map((board) => board.toldAt() - from);
  const changed = boards.filter((board, index) => JSON.stringify(standing(board.view() ?? fail())) !== before[index]);
  if (changed.length > 0) {
    remark(`${changed.length} boards show another hall after the restart`);
    process.exitCode = 1;
  }
  report({
    ...{ name: 'queue-day/restart-to-board-p99', value: quantile(took, 0.99), unit: 'ms' },
    ...{ baseline: 'the hub answers again', baselineValue: up, samples: took.length, changed: changed.length },
  });
}

const fail = (): never => {
  throw new Error('a board was never told of its hall');
};

function waitingOn(board: BoardWatch): number {
  return board.view()?.waiting.reduce((sum, { people }) => sum + people, 0) ?? 0;
}

/** Those who come to one machine, each when it is their time. */
async function* coming(
  people: readonly { readonly service: ServiceName; readonly at: number }[],
  begun: number,
): AsyncGenerator<Visitor> {
  for (const { service, at } of people) {
    const left = begun + at / SPEED - performance.now();
    if (left > 0) await pause(left);
    yield { service, at };
  }
}

/** Tickets of which nobody was told that they came out, by machine and reason. */
function paperless({ notes }: Day): ReadonlyMap<string, number> {
  const reasons = new Map<string, number>();
  for (const { machine, paper, code = 'no reason' } of notes.taken) {
    if (paper === 'printed') continue;
    const what = `${machine} ${paper}: ${code}`;
    reasons.set(what, (reasons.get(what) ?? 0) + 1);
  }
  return reasons;
}

/** From the press of `next` to each board's having the call. Missing: those that were overtaken by more others than it shows. */
function boardTimes(
  boards: readonly BoardWatch[],
  { notes }: Day,
): { readonly took: readonly number[]; readonly missing: number } {
  const took: number[] = [];
  let missing = 0;
  const first = new Set<string>();
  for (const { number, orderedAt } of notes.stays) {
    if (first.has(number)) continue;
    first.add(number);
    if (orderedAt === undefined) continue;
    for (const { shown } of boards) {
      const at = shown.get(number);
      if (at === undefined) missing += 1;
      else took.push(at - orderedAt);
    }
  }
  return { took, missing };
}

/** Round trips to the same hub until it is stopped. */
function watchRoundTrip(world: DayHub): { stop(): Promise<readonly number[]> } {
  const wire = world.anybody(AT.probe);
  const took: number[] = [];
  const phase = { over: false };
  const asking = (async () => {
    while (!phase.over) {
      const from = performance.now();
      // One that is not answered counts for as long as it was waited for.
      await wire.ask('GET', '/readyz').catch(() => undefined);
      took.push(performance.now() - from);
      await pause(PROBE_EVERY);
    }
  })();
  return {
    stop: async () => {
      phase.over = true;
      await asking;
      return took;
    },
  };
}

/** Calls somebody whenever the hall's loudspeaker is silent; resolves with how long each call took to be heard, in milliseconds. */
async function speakWhenSilent(world: DayHub, index: number, day: Day): Promise<readonly number[]> {
  const wire = world.clerk(0, AT.voice + index);
  const [hall, base] = [voiceHall(index), `/api/queue/counters/v${index + 1}`];
  const { lease } = await wire.good<LeaseView>('POST', `${base}/open`, { takeOver: true });
  const order = async (name: string, body: object = {}): Promise<CounterView> =>
    (await wire.ask('POST', `${base}/${name}`, body, { 'x-counter-lease': lease })).body as CounterView;
  const operator = world.operator();
  const took: number[] = [];
  await pause(index * 1_000);
  while (!day.over) {
    await wire.good('POST', `/api/queue/halls/${hall}/tickets/behalf`, { service: 'enrolment' });
    // By the wall clock: what the loudspeaker did is told with the hub's time of it.
    const from = Date.now();
    const { ticket } = await order('next');
    const spoken = ticket?.number.replaceAll(/\d/g, (digit) => '零幺二三四五六七八九'.charAt(Number(digit))) ?? '?';
    const frames = async () =>
      operator.good<readonly { readonly at: number; readonly meaning?: string }[]>(
        'GET',
        `/api/devices/speaker-${index + 1}/traffic`,
      );
    const heard = await maybe(
      async () => (await frames()).findLast(({ at, meaning }) => at >= from && meaning?.includes(`请${spoken}号`)),
      { within: 20_000, every: 1_000 },
    );
    if (heard) took.push(heard.at - from);
    else remark(`${hall}: ${ticket?.number ?? 'nobody'} was not said`);
    await order('begin');
    await order('finish', { outcome: 'served' });
    // Until it is silent again.
    await pause(5_000);
  }
  return took;
}
