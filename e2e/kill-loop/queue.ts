import { setTimeout as pause } from 'node:timers/promises';
import type { BoardView } from '../../hub/queue/contract.ts';
import { HALL, SERVICE_NAMES, counterId, machineId, openDay } from '../queue-day/hall.ts';
import type { Day, Visitor } from '../queue-day/people.ts';
import { blankNotes, tendMachine, watchBoard, workCounter } from '../queue-day/people.ts';
import type { DayVerdict } from '../queue-day/verdict.ts';
import { boardsAgree, verdictOf } from '../queue-day/verdict.ts';
import { cleanUp } from '../testing/clean-up.ts';
import { choices } from '../testing/random.ts';
import { until } from '../testing/until.ts';

const COUNTERS = 5;
const MACHINES = 4;
const BOARDS = 4;
/** Times faster than people: a visit takes half a second. */
const SPEED = 600;
/** The last parts of addresses. */
const AT = { machine: 20, board: 40 } as const;

export interface QueueKillReport extends DayVerdict {
  readonly seed: number;
  readonly kills: number;
}

/**
 * Five counters call, four machines give numbers and four boards listen while the hub is killed by SIGKILL at any moment. Whoever
 * has no answer asks again under the same key, as the pages do. In the end everybody is served, and what each was told is compared
 * with the hub's rows.
 */
export async function runQueueKills({
  kills,
  seed,
  progress,
}: {
  readonly kills: number;
  readonly seed: number;
  /** Told after each kill. */
  readonly progress?: (kill: number) => void;
}): Promise<QueueKillReport> {
  const running = cleanUp();
  try {
    const world = await openDay({ counters: COUNTERS, machines: MACHINES }, running);
    const random = choices(seed);
    const phase = { closing: false, over: false };
    running.later(() => {
      phase.over = true;
    });
    const day: Day = {
      ...{ notes: blankNotes(), random, speed: SPEED },
      get closing() {
        return phase.closing;
      },
      get over() {
        return phase.over;
      },
    };
    const boards = Array.from({ length: BOARDS }, (_, index) => watchBoard(world.anybody(AT.board + index)));
    const counters = Array.from({ length: COUNTERS }, (_, index) =>
      workCounter(day, { wire: world.clerk(index, index + 1), counter: counterId(index) }),
    );
    const machines = Array.from({ length: MACHINES }, (_, index) =>
      tendMachine(day, {
        wire: world.machine(index, AT.machine + index),
        machine: machineId(index),
        visitors: oneAfterTheOther(day),
      }),
    );
    const everybody = Promise.all([...counters, ...machines]);
    let fault: { readonly error: unknown } | undefined;
    everybody.catch((error: unknown) => {
      fault = { error };
    });
    const { taken, stays } = day.notes;
    const goesOn = async (): Promise<void> => {
      const before = [taken.length, stays.length];
      // Nothing that was told, nothing to lose.
      await until('numbers are given and called', () => {
        if (fault) return true;
        return taken.length > (before[0] ?? 0) + 3 * MACHINES && stays.length > (before[1] ?? 0) + 2 * COUNTERS;
      });
      if (fault) throw fault.error;
    };
    for (let kill = 1; kill <= kills; kill += 1) {
      await goesOn();
      await pause(random.integer(400));
      await world.hub.stop('SIGKILL');
      await world.restart();
      progress?.(kill);
    }
    await goesOn();
    phase.closing = true;
    await everybody;
    const operator = world.operator();
    const snapshot = (): Promise<BoardView> => operator.good<BoardView>('GET', `/api/queue/halls/${HALL}/board`);
    await until('the boards show what the hub has', async () => boardsAgree(boards, await snapshot()), { every: 200 })
      // The verdict says it.
      .catch(() => undefined);
    phase.over = true;
    return { seed, kills, ...verdictOf(world.database, day.notes, { boards, snapshot: await snapshot() }) };
  } finally {
    await running.run();
  }
}

/** Who comes to one machine until the doors close. */
async function* oneAfterTheOther(day: Day): AsyncGenerator<Visitor> {
  for (let at = 0; !day.closing && !day.over; at += 1) {
    yield { service: day.random.of(SERVICE_NAMES), at };
    await pause(day.random.integer(600));
  }
}
