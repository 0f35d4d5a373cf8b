import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { KIOSK, startCampus } from '../testing/campus.ts';
import { readHubDatabase } from '../testing/hub-database.ts';
import type { HubProcess } from '../testing/hub-process.ts';
import { launchHub } from '../testing/hub-process.ts';
import { choices } from '../testing/random.ts';
import { maybe, until } from '../testing/until.ts';
import type { Stage } from './stage.ts';
import { students } from './students.ts';
import { verdict } from './verdict.ts';
import type { Verdict } from './verdict.ts';
import { visitors } from './visitors.ts';

export interface KillLoopOptions {
  readonly kills: number;
  readonly seed: number;
  /** Told after each kill. */
  readonly progress?: (kill: number) => void;
}

export interface KillLoopReport extends Verdict {
  readonly seed: number;
  readonly kills: number;
  /** Of the kills, those that hit a hub before it was up. */
  readonly killsWhileStarting: number;
  readonly hallOutages: number;
}

/** How many kills may be added until somebody has passed, printed, and been refused after a revocation. */
const MORE_KILLS = 30;

function hasSeenEverything({ database, seen }: Stage): boolean {
  const entries = database.entriesAfter(0);
  return (
    entries.some(({ state }) => state === 'passed') &&
    seen.swipesAfterRevocation > 0 &&
    database.attempts().some(({ state }) => state === 'printed')
  );
}

/**
 * A hub is killed by SIGKILL again and again, at random moments, while visitors swipe, are revoked and walk, students
 * print, and the hall goes away and comes back. In the end everything may come to rest, and the books are compared.
 */
export async function runKillLoop({ kills, seed, progress }: KillLoopOptions): Promise<KillLoopReport> {
  const campus = await startCampus();
  try {
    const random = choices(seed);
    const leftBehind: number[] = [];
    let hub: HubProcess | undefined = await campus.startHub();
    let over = false;
    let killsWhileStarting = 0;
    const database = readHubDatabase(campus.database);
    const stage: Stage = {
      campus,
      database,
      random,
      seen: { swipesAfterRevocation: 0 },
      get hub() {
        return hub;
      },
      get over() {
        return over;
      },
    };
    const kioskToken = await hub.kioskToken(KIOSK);
    const scenes = Promise.all([visitors(stage), students(stage, kioskToken), hallOutages(stage)]);
    scenes.catch(() => {
      over = true;
    });

    let kill = 0;
    // What the books are to be compared on must have happened: a slow machine gets more rounds, not an empty comparison.
    while (!stage.over && (kill < kills || (kill < kills + MORE_KILLS && !hasSeenEverything(stage)))) {
      kill += 1;
      await momentToKill(stage);
      const children = childrenOf(hub.pid);
      const killed = hub;
      hub = undefined;
      await killed.stop('SIGKILL');
      leftBehind.push(...children);
      if (kill < kills && random.chance(0.15)) {
        const early = launchHub(campus);
        await pause(random.integer(1_200));
        await early.stop('SIGKILL');
        kill += 1;
        killsWhileStarting += 1;
      }
      hub = await campus.startHub();
      progress?.(kill);
    }
    over = true;
    const [notes, , outages] = await scenes;
    campus.hall.faults.clear();
    await until('everything has come to rest', () => atRest(stage), { within: 90_000, every: 100 });
    const orphans = await maybe(() => leftBehind.every((pid) => !isPdfProcess(pid)), { within: 5_000 });
    const end = await hub.stop('SIGTERM');
    const { counts, violations } = verdict(campus, database, notes);
    database.close();
    return {
      seed,
      kills: kill,
      killsWhileStarting,
      hallOutages: outages,
      counts,
      violations: [
        ...violations,
        ...(orphans === undefined ? ['a PDF process outlived its hub'] : []),
        ...(end.code === 0 ? [] : [`the last hub ended with ${end.code ?? end.signal ?? ''}`]),
      ],
    };
  } finally {
    await campus.stop();
  }
}

/** Any moment, one in which the gate stands open, or one in which a print is under way: those are short, and the worst. */
async function momentToKill(stage: Stage): Promise<void> {
  const { database, random } = stage;
  await pause(50 + random.integer(1_500));
  const moments = [
    () => true,
    () => !gateClosed(stage),
    () => database.attempts().some(({ state }) => !ENDED.has(state)),
    () => database.attempts().some(({ state }) => state === 'created' || state === 'sending'),
  ];
  const moment = random.integer(moments.length);
  await maybe(moments[moment] ?? (() => true), { within: 4_000, every: 2 });
  if (moment === 1 || moment === 2) await pause(random.integer(400));
}

/** The hall cannot be reached now and then; returns how often. */
async function hallOutages(stage: Stage): Promise<number> {
  const { campus, random } = stage;
  let outages = 0;
  while (!stage.over) {
    await pause(200 + random.integer(2_500));
    outages += 1;
    campus.hall.faults.set({ unreachable: true });
    await pause(200 + random.integer(1_500));
    campus.hall.faults.clear();
  }
  return outages;
}

const ENDED = new Set(['printed', 'not-printed', 'uncertain']);

const gateClosed = ({ database }: Stage): boolean =>
  database.entriesAfter(0).every(({ state }) => state !== 'releasing' && state !== 'released');

const atRest = (stage: Stage): boolean =>
  stage.database.outbox().waiting === 0 &&
  stage.database.attempts().every(({ state }) => ENDED.has(state)) &&
  gateClosed(stage);

function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}

function isPdfProcess(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('render/worker.ts');
  } catch {
    return false;
  }
}
