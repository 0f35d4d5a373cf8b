import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ms } from '@hallhub/sync/base';
import type { CertificateView, PrintJobView } from '../hub/api/types.ts';
import type { KioskHall } from './testing/kiosk-hall.ts';
import { startKioskHall } from './testing/kiosk-hall.ts';
import type { Person } from './testing/people.ts';
import { approveCertificate, person } from './testing/people.ts';
import type { Moment, Operation } from './testing/printer-line.ts';
import { until } from './testing/until.ts';

/*
 * The kiosk's agent, or the hub, is killed (SIGKILL) in the states of a print that is carried over both: the printer's network is
 * held at an exchange, the program dies, and it is started again. Two sheets are allowed, so two come out at most, ever.
 */

const PATIENCE = { within: 60_000, every: 100 };
const COPIES = 2;
const ENDED = /^(printed|not-printed|uncertain)$/;

type Victim = 'agent' | 'hub';
/** One exchange with the printer, in the state that the hub had committed for it; or sheets that lie in the tray. */
type Place = readonly [state: string, moment: Moment, operation: Operation] | readonly [state: string, sheets: number];

interface Case {
  readonly victim: Victim;
  /** Where it dies, and dies again once it is back. */
  readonly deaths: readonly Place[];
  readonly ends: readonly string[];
}

const CASES: readonly Case[] = [
  { victim: 'agent', deaths: [['queued', 'after', 'getPrinterAttributes']], ends: ['printed'] },
  { victim: 'hub', deaths: [['queued', 'after', 'getPrinterAttributes']], ends: ['printed'] },
  { victim: 'agent', deaths: [['reserved', 'before', 'createJob']], ends: ['printed'] },
  {
    victim: 'agent',
    deaths: [
      ['reserved', 'after', 'createJob'],
      ['searching', 'before', 'getJobs'],
    ],
    ends: ['printed'],
  },
  {
    victim: 'agent',
    deaths: [
      ['reserved', 'after', 'createJob'],
      ['withdrawing', 'after', 'cancelJob'],
    ],
    ends: ['printed'],
  },
  { victim: 'agent', deaths: [['sending', 'before', 'sendDocument']], ends: ['not-printed', 'uncertain'] },
  { victim: 'agent', deaths: [['sending', 'after', 'sendDocument']], ends: ['uncertain'] },
  {
    victim: 'agent',
    deaths: [
      ['sending', 'before', 'sendDocument'],
      ['winding-down', 'after', 'cancelJob'],
    ],
    ends: ['not-printed', 'uncertain'],
  },
  { victim: 'agent', deaths: [['sent', 1]], ends: ['printed'] },
  { victim: 'hub', deaths: [['reserved', 'after', 'createJob']], ends: ['printed'] },
  { victim: 'hub', deaths: [['sending', 'before', 'sendDocument']], ends: ['not-printed', 'uncertain'] },
  { victim: 'hub', deaths: [['sending', 'after', 'sendDocument']], ends: ['uncertain'] },
  { victim: 'hub', deaths: [['sent', 1]], ends: ['printed'] },
];

let hall: KioskHall;
let student: Person;
let request: string;
let orders = 70;

beforeAll(async () => {
  hall = await startKioskHall({ printer: { perPage: ms(700) } });
}, 120_000);
afterAll(() => hall.stop());
beforeEach(async () => {
  orders += 1;
  student = person('周若水', orders);
  request = approveCertificate(hall.campus.hall, student, COPIES);
  await until('the certificate is made', async () => (await certificate()).state === 'issued', PATIENCE);
});

const certificate = async (): Promise<CertificateView> => {
  const all = await hall.staff.ask<CertificateView[]>('GET', '/api/certificates');
  return all.find(({ certificateId }) => certificateId === request)!;
};
const jobs = async (): Promise<readonly PrintJobView[]> =>
  (await hall.staff.ask<PrintJobView[]>('GET', '/api/certificates/jobs')).filter(
    ({ certificateId }) => certificateId === request,
  );
/** Identifies, orders, and leaves; the answer's status where it was refused. */
async function orderCopies(copies: number): Promise<number> {
  await hall.reader.put(student.card);
  await until(
    'the kiosk knows them',
    async () => (await hall.screens.ask<{ person?: object }>('GET', hall.base)).person,
    PATIENCE,
  );
  const answer = await hall.screens.call('POST', `${hall.base}/print`, { certificateId: request, copies });
  await hall.screens.call('POST', `${hall.base}/leave`);
  await hall.reader.lift();
  return answer.status;
}
const ended = (): Promise<PrintJobView> =>
  until('it is known what became of the print', async () => (await jobs()).find(({ state }) => ENDED.test(state)), {
    within: 90_000,
    every: 200,
  });
const committed = (): string | undefined => hall.printStates(request)[0];
const kill = (victim: Victim): Promise<void> => (victim === 'hub' ? hall.killHub() : hall.killAgent());
const start = (victim: Victim): Promise<void> => (victim === 'hub' ? hall.startHub() : hall.startAgent());

/** Resolves when the victim is dead; `order` brings the state about. */
async function dies(victim: Victim, place: Place, order: () => Promise<unknown>): Promise<void> {
  if (place.length === 2) {
    const before = hall.printer.tray.length;
    await order();
    await until('sheets are out', () => hall.printer.tray.length >= before + place[1], { every: 10 });
    expect(committed()).toBe(place[0]);
    await kill(victim);
    return;
  }
  const [state, moment, operation] = place;
  const held = new Promise<void>((resolve, reject) => {
    const act = async (): Promise<void> => {
      try {
        // A printer is asked how it is at any time, not for this job alone.
        if (operation === 'getPrinterAttributes' && committed() !== state) {
          hall.printerLine.at(moment, operation, act);
          return;
        }
        expect(committed()).toBe(state);
        await kill(victim);
        resolve();
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    };
    hall.printerLine.at(moment, operation, act);
  });
  await Promise.all([held, order()]);
}

describe('killed in', () => {
  test.each(
    CASES.map(
      (one) => [`${one.deaths.map((place) => place.join(' ')).join(', then ')}: the ${one.victim}`, one] as const,
    ),
  )('%s', async (_, { victim, deaths, ends }) => {
    const before = hall.printer.tray.length;
    const sheets = (): number => hall.printer.tray.length - before;
    for (const [index, place] of deaths.entries()) {
      await dies(victim, place, () => (index === 0 ? orderCopies(COPIES).catch(() => undefined) : start(victim)));
    }
    await start(victim);
    const { state, attemptId } = await ended();
    expect(ends).toContain(state);
    if (state === 'printed') expect(sheets()).toBe(COPIES);
    if (state === 'not-printed') expect(sheets()).toBe(0);
    // What may have come out is looked for, and what is found counts.
    await until('the printer is done', () => hall.printer.state === 'idle', PATIENCE);
    const found = sheets();
    expect(found).toBeLessThanOrEqual(COPIES);
    if (state === 'uncertain') {
      await hall.staff.ask('POST', `/api/certificates/jobs/${attemptId}/resolve`, {
        copiesFound: found,
        reason: '看过出纸口',
      });
    }
    expect(await certificate()).toMatchObject({ copiesUsed: found });
    expect(hall.printer.jobs.filter((job) => job.state < 7)).toEqual([]);
  });
});
