import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type EpochMs, type Result, epochMs, failure, ms, ok, plus } from '@hallhub/sync/base';
import type { JobState, JobStatus, PrinterStatus } from '@hallhub/device-drivers/capabilities';
import {
  type PrintAttempt,
  type PrintEffect,
  type PrintInput,
  type PrintStep,
  copiesCounted,
  expire,
  isEnded,
  leftoversOf,
  mayPrint,
  newAttempt,
  nothingSent,
  printTimes,
  resume,
  step,
  strand,
  withdraw,
} from './rules.ts';

const t0 = epochMs(1_800_000_000_000);
const wish = {
  attemptId: 'attempt-1',
  certificateId: 'request-1',
  printerId: 'printer-1',
  documentSha256: 'ab',
  pages: 1,
  copies: 1,
  duplex: false,
  countsImpressions: true,
};
const ready: PrinterStatus = {
  state: 'idle',
  acceptingJobs: true,
  reasons: [],
  printerUuid: 'urn:uuid:p',
  upTimeSeconds: 100,
  mediaReady: ['iso_a4_210x297mm'],
  formats: ['application/pdf'],
  sides: [],
  markers: [],
};
const job = (change: Partial<JobStatus> = {}): JobStatus => ({
  jobId: 7,
  jobUri: 'ipp://p/7',
  jobUuid: 'urn:uuid:j7',
  name: 'attempt-1',
  state: 'processing',
  reasons: [],
  impressionsCompleted: 0,
  printerUpTimeSeconds: 101,
  ...change,
});

/** Walks through inputs; the last step. */
function walk(from: PrintAttempt, inputs: readonly PrintInput[], now: EpochMs = t0): PrintStep {
  let last: PrintStep = { attempt: from };
  for (const input of inputs) last = step(last.attempt, input, now);
  return last;
}
const toCreated: readonly PrintInput[] = [
  { type: 'printer', result: ok(ready) },
  { type: 'created', result: ok(job({ state: 'pending', reasons: ['job-data-insufficient'] })) },
];
const toSending: readonly PrintInput[] = [...toCreated, { type: 'document', result: ok({ sha256: 'cd' }) }];
const toSent: readonly PrintInput[] = [...toSending, { type: 'sent', result: ok() }];
const answer = (change: Partial<JobStatus>): PrintInput => ({ type: 'job', result: ok(job(change)) });

describe('the print state machine', () => {
  test('asks for one effect at a time, each behind its own committed state', () => {
    const seen: string[] = [];
    let now: PrintStep = resume(newAttempt(wish, t0), t0);
    for (const input of [...toSent, answer({ state: 'completed', impressionsCompleted: 1 })]) {
      seen.push(`${now.attempt.state} → ${now.effect?.type ?? 'end'}`);
      now = step(now.attempt, input, t0);
    }
    seen.push(`${now.attempt.state} → ${now.effect?.type ?? 'end'}`);
    expect(seen).toEqual([
      'queued → ask-printer',
      'reserved → create-job',
      'created → load-document',
      'sending → send-document',
      'sent → ask-job',
      'printed → end',
    ]);
  });

  test.each<[string, readonly PrintInput[], string, string]>([
    [
      'out of paper before the start',
      [{ type: 'printer', result: ok({ ...ready, reasons: ['media-empty'] }) }],
      'queued',
      'E-PRN-0201',
    ],
    ['busy at Create-Job', [toCreated[0]!, { type: 'created', result: failure('E-PRN-0102') }], 'queued', 'E-PRN-0102'],
    [
      'Create-Job refused',
      [toCreated[0]!, { type: 'created', result: failure('E-PRN-0104') }],
      'not-printed',
      'E-PRN-0104',
    ],
    [
      'answer to Create-Job lost',
      [toCreated[0]!, { type: 'created', result: failure('E-PRN-0101') }],
      'searching',
      'E-PRN-0101',
    ],
    [
      'revoked before a byte left',
      [...toCreated, { type: 'document', result: failure('E-CERT-0102') }],
      'searching',
      'E-CERT-0102',
    ],
    ['upload broke', [...toSending, { type: 'sent', result: failure('E-PRN-0106') }], 'winding-down', 'E-PRN-0106'],
    ['job forgotten', [...toSent, { type: 'job', result: failure('E-PRN-0103') }], 'uncertain', 'E-CERT-0406'],
    ['another job under its id', [...toSent, answer({ jobUuid: 'urn:uuid:other' })], 'uncertain', 'E-CERT-0406'],
    ['the printer restarted', [...toSent, answer({ printerUpTimeSeconds: 3 })], 'uncertain', 'E-CERT-0406'],
  ])('%s', (_, inputs, state, code) => {
    expect(walk(newAttempt(wish, t0), inputs).attempt).toMatchObject({ state, code });
  });

  test('lets counters settle before it doubts, then tells a clean abort from a doubtful one', () => {
    const verdict = (change: Partial<JobStatus>, more: Partial<PrintAttempt> = {}): string => {
      const sent = { ...walk(newAttempt(wish, t0), toSent).attempt, ...more };
      const first = step(sent, answer(change), t0);
      expect(isEnded(first.attempt.state)).toBe(false);
      return step(first.attempt, answer(change), plus(t0, printTimes.settle)).attempt.state;
    };
    expect(verdict({ state: 'aborted' })).toBe('not-printed');
    expect(verdict({ state: 'canceled' })).toBe('not-printed');
    expect(verdict({ state: 'aborted', impressionsCompleted: 1 })).toBe('uncertain');
    expect(verdict({ state: 'aborted', sheetsCompleted: 1 })).toBe('uncertain');
    expect(verdict({ state: 'completed', impressionsCompleted: 0 })).toBe('uncertain');
    expect(verdict({ state: 'aborted' }, { countsImpressions: false })).toBe('uncertain');
    expect(verdict({ state: 'completed' }, { pages: 2 })).toBe('uncertain');
  });

  test('believes “completed” of a printer that does not count only when the upload finished', () => {
    const uncounted = { ...wish, countsImpressions: false };
    expect(walk(newAttempt(uncounted, t0), [...toSent, answer({ state: 'completed' })]).attempt.state).toBe('printed');
    const broken = walk(newAttempt(uncounted, t0), [
      ...toSending,
      { type: 'sent', result: failure('E-PRN-0106') },
    ]).attempt;
    const first = step(broken, answer({ state: 'completed' }), t0).attempt;
    expect(step(first, answer({ state: 'completed' }), plus(t0, printTimes.settle)).attempt.state).toBe('uncertain');
  });

  test('a job left too long without paper is cancelled, not left to come out for a stranger', () => {
    const sent = walk(newAttempt(wish, t0), toSent).attempt;
    const late = plus(t0, printTimes.patience);
    const winding = step(sent, answer({ state: 'stopped' }), late);
    expect(winding).toMatchObject({ attempt: { state: 'winding-down' }, effect: { type: 'ask-job' } });
    const canceling = step(winding.attempt, answer({ state: 'stopped' }), late);
    expect(canceling.effect).toMatchObject({ type: 'cancel-job', jobId: 7 });
    const canceled = step(canceling.attempt, { type: 'canceled', result: ok() }, late).attempt;
    const seen = step(canceled, answer({ state: 'canceled' }), late).attempt;
    expect(step(seen, answer({ state: 'canceled' }), plus(late, printTimes.settle)).attempt.state).toBe('not-printed');
  });

  test('nothing starts after the person has gone', () => {
    const late = plus(t0, printTimes.startWithin);
    expect(walk(newAttempt(wish, t0), [{ type: 'printer', result: ok(ready) }], late).attempt.state).toBe(
      'not-printed',
    );
    const created = walk(newAttempt(wish, t0), toCreated).attempt;
    expect(step(created, { type: 'document', result: ok({ sha256: 'cd' }) }, late)).toMatchObject({
      attempt: { state: 'searching', abandoned: true },
      effect: { type: 'find-jobs' },
    });
  });

  test('recovery: what each state leads to after a restart', () => {
    const at = (inputs: readonly PrintInput[]): string => {
      const { attempt, effect } = resume(walk(newAttempt(wish, t0), inputs).attempt, t0);
      return `${attempt.state} → ${effect?.type ?? 'end'}`;
    };
    expect(at([])).toBe('queued → ask-printer');
    expect(at(toCreated.slice(0, 1))).toBe('searching → find-jobs');
    expect(at(toCreated)).toBe('searching → find-jobs');
    expect(at(toSending)).toBe('winding-down → ask-job');
    expect(at(toSent)).toBe('sent → ask-job');
    expect(at([...toSent, answer({ state: 'completed', impressionsCompleted: 1 })])).toBe('printed → end');
  });

  test('an attempt whose printer was taken away ends by what had left', () => {
    expect(strand(walk(newAttempt(wish, t0), toCreated).attempt, t0).state).toBe('not-printed');
    expect(strand(walk(newAttempt(wish, t0), toSending).attempt, t0).state).toBe('uncertain');
  });

  test('whose turn never came ends when its time is over, and not before', () => {
    const waiting = newAttempt(wish, t0);
    expect(expire(waiting, plus(t0, ms(1)))).toBeUndefined();
    expect(expire(waiting, waiting.startBy)).toMatchObject({ state: 'not-printed', code: 'E-CERT-0404' });
    expect(expire(walk(waiting, toSent).attempt, waiting.startBy)).toBeUndefined();
  });

  test('withdrawn: without a sheet while nothing was sent, by what the printer says afterwards', () => {
    const fresh = newAttempt(wish, t0);
    expect(withdraw(fresh, t0)).toMatchObject({ attempt: { state: 'not-printed', code: 'E-CERT-0410' } });
    const cleared = withdraw(walk(fresh, toCreated).attempt, t0);
    expect(cleared).toMatchObject({ attempt: { state: 'searching' }, effect: { type: 'find-jobs' } });
    expect(walk(cleared!.attempt, [{ type: 'found', result: ok([]) }]).attempt).toMatchObject({
      state: 'not-printed',
      code: 'E-CERT-0410',
    });
    const stopped = withdraw(walk(fresh, toSent).attempt, t0);
    expect(stopped).toMatchObject({ attempt: { state: 'winding-down' }, effect: { type: 'ask-job' } });
    expect(walk(stopped!.attempt, [answer({ state: 'completed', impressionsCompleted: 1 })]).attempt.state).toBe(
      'printed',
    );
    // Asked for twice it changes nothing more.
    expect(withdraw(stopped!.attempt, t0)).toBeUndefined();
  });

  test('an agent that could not fetch the document sent nothing: the empty job goes, and it is tried again', () => {
    const sending = walk(newAttempt(wish, t0), toSending).attempt;
    const after = step(sending, { type: 'sent', result: failure('E-AGENT-0106') }, t0);
    expect(after).toMatchObject({ attempt: { state: 'searching' }, effect: { type: 'find-jobs' } });
    const cleared = walk(after.attempt, [
      { type: 'found', result: ok([job({ state: 'pending', reasons: ['job-data-insufficient'] })]) },
      { type: 'canceled', result: ok() },
    ]);
    expect(cleared).toMatchObject({ attempt: { state: 'queued' }, effect: { type: 'ask-printer' } });
    // Where it may have had the whole of it, that is not believed.
    const doubtful = step(sending, { type: 'sent', result: failure('E-AGENT-0107') }, t0);
    expect(doubtful.attempt.state).toBe('winding-down');
  });

  test('the quota counts doubt as paper until a person has looked', () => {
    expect(copiesCounted({ state: 'sending', copies: 2 })).toBe(2);
    expect(copiesCounted({ state: 'not-printed', copies: 2 })).toBe(0);
    expect(copiesCounted({ state: 'uncertain', copies: 2 })).toBe(2);
    expect(copiesCounted({ state: 'uncertain', copies: 2 }, { copiesFound: 1 })).toBe(1);
    const certificate = {
      state: 'issued' as const,
      validFrom: t0,
      validUntil: plus(t0, ms(10)),
      copiesAllowed: 2,
      copiesUsed: 1,
      copies: 1,
    };
    expect(mayPrint(certificate, t0).ok).toBe(true);
    const refused = (change: Partial<typeof certificate>, now = t0): string => {
      const result = mayPrint({ ...certificate, ...change }, now);
      return result.ok ? 'allowed' : result.error.code;
    };
    expect(refused({ copies: 2 })).toBe('E-CERT-0401');
    expect(refused({ copies: 0 })).toBe('E-CERT-0402');
    expect(refused({ copies: 0.5 })).toBe('E-CERT-0402');
    expect(refused({}, plus(t0, ms(-1)))).toBe('E-CERT-0103');
    expect(refused({}, plus(t0, ms(10)))).toBe('E-CERT-0104');
  });
});

interface WorldJob {
  id: number;
  readonly name: string;
  readonly uuid: string;
  readonly due: number;
  state: JobState;
  reasons: readonly string[];
  impressions: number;
}

/** A printer that may do anything that a real one was seen to do, and a tray on which every sheet is counted. */
class World {
  tray = 0;
  /** Sides by the name of their job. */
  readonly sides = new Map<string, number>();
  #jobs: WorldJob[] = [];
  #lastId = 0;
  #upSince = 0;
  #serial = 0;
  now: EpochMs = t0;
  readonly #choose: (below: number) => number;
  readonly #counts: boolean;

  constructor(choose: (below: number) => number, counts: boolean) {
    this.#choose = choose;
    this.#counts = counts;
  }

  /** Lets time pass: a sheet may come out, the job jam or end, the power fail. */
  live(): void {
    this.now = plus(this.now, ms(this.#choose(4) === 0 ? 200_000 : 700));
    if (this.#choose(40) === 0) {
      // Some printers keep their jobs over it, and number them anew.
      this.#jobs = this.#choose(2) === 0 ? [] : this.#jobs;
      this.#lastId = 0;
      for (const kept of this.#jobs) kept.id = ++this.#lastId;
      this.#upSince = this.now;
    }
    for (const active of this.#jobs.filter((other) => other.state === 'processing' || other.state === 'stopped')) {
      const fate = this.#choose(8);
      if (fate === 0) active.state = 'aborted';
      else if (fate === 1) active.state = 'stopped';
      else if (fate < 7) {
        active.state = 'processing';
        this.tray++;
        this.sides.set(active.name, (this.sides.get(active.name) ?? 0) + 1);
        active.impressions++;
        if (active.reasons.includes('processing-to-stop-point')) active.state = 'canceled';
        else if (active.impressions >= active.due) active.state = 'completed';
      }
    }
  }

  #status(found: WorldJob): JobStatus {
    return {
      jobId: found.id,
      jobUri: `ipp://p/${found.id}`,
      jobUuid: found.uuid,
      name: found.name,
      state: found.state,
      reasons: found.reasons,
      ...(this.#counts ? { impressionsCompleted: found.impressions } : {}),
      printerUpTimeSeconds: 1 + Math.floor((this.now - this.#upSince) / 1_000),
    };
  }

  /** Whether the printer says that it has nothing of an ended attempt any more; what it has is cancelled. */
  isCleared(attempt: PrintAttempt): boolean {
    const found = this.perform({ type: 'find-jobs', after: ms(0) }, attempt);
    if (found.type !== 'found' || !found.result.ok) return false;
    const left = leftoversOf(attempt, found.result.value);
    for (const { jobId } of left) this.perform({ type: 'cancel-job', jobId, after: ms(0) }, attempt);
    return left.length === 0;
  }

  /** Carries an effect out, or loses the request, or loses the answer. */
  perform(effect: PrintEffect, attempt: PrintAttempt): PrintInput {
    this.live();
    const luck = this.#choose(10);
    const reached = luck !== 0;
    const heard = luck > 1;
    const lost = failure(effect.type === 'send-document' ? 'E-PRN-0106' : 'E-PRN-0101');
    const through = <T>(act: () => Result<T>): Result<T> => {
      if (!reached) return lost;
      const result = act();
      return heard ? result : lost;
    };
    const mine = (id: number | undefined): WorldJob | undefined => this.#jobs.find((other) => other.id === id);
    switch (effect.type) {
      case 'ask-printer':
        return {
          type: 'printer',
          result: through(() => ok({ ...ready, upTimeSeconds: 1 + Math.floor((this.now - this.#upSince) / 1_000) })),
        };
      case 'find-jobs':
        return {
          type: 'found',
          result: through(() =>
            ok(this.#jobs.filter((other) => other.name === attempt.attemptId).map((other) => this.#status(other))),
          ),
        };
      case 'create-job':
        return {
          type: 'created',
          result: through(() => {
            if (this.#choose(6) === 0) return failure('E-PRN-0102');
            const made: WorldJob = {
              id: ++this.#lastId,
              uuid: `urn:uuid:${++this.#serial}`,
              name: attempt.attemptId,
              due: attempt.pages * attempt.copies,
              state: 'pending',
              reasons: ['job-data-insufficient'],
              impressions: 0,
            };
            this.#jobs.push(made);
            return ok(this.#status(made));
          }),
        };
      case 'load-document':
        return { type: 'document', result: this.#choose(12) === 0 ? failure('E-CERT-0102') : ok({ sha256: 'cd' }) };
      case 'send-document':
        return {
          type: 'sent',
          result: through(() => {
            const taken = mine(attempt.jobId);
            if (!taken) return failure('E-PRN-0103');
            if (taken.state !== 'pending') return failure('E-PRN-0104');
            taken.state = 'processing';
            taken.reasons = [];
            return ok();
          }),
        };
      case 'ask-job':
        return {
          type: 'job',
          result: through(() => {
            const found = mine(attempt.jobId);
            return found ? ok(this.#status(found)) : failure('E-PRN-0103');
          }),
        };
      case 'cancel-job':
        return {
          type: 'canceled',
          result: through(() => {
            const found = mine(effect.jobId);
            if (!found) return failure('E-PRN-0103');
            if (['canceled', 'aborted', 'completed'].includes(found.state)) return failure('E-PRN-0104');
            if (found.state === 'processing') found.reasons = ['processing-to-stop-point'];
            else found.state = 'canceled';
            return ok();
          }),
        };
    }
  }
}

describe('at most once', () => {
  test('whatever is lost, refused, restarted or killed, no more sheets lie on the tray than were allowed', () => {
    const ends = new Map<string, number>();
    fc.assert(
      fc.property(
        fc.infiniteStream(fc.nat({ max: 1_000_000 })),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 2 }),
        fc.boolean(),
        (choices, copiesAllowed, pages, counts) => {
          const choose = (below: number): number => (choices.next().value ?? 0) % below;
          const world = new World(choose, counts);
          const attempts: PrintAttempt[] = [];
          const found = new Map<string, { readonly copiesFound: number }>();
          const used = (): number =>
            attempts.reduce((sum, attempt) => sum + copiesCounted(attempt, found.get(attempt.attemptId)), 0);
          // The student presses "print" again and again, as long as the quota lets her.
          for (let press = 0; press < 6; press++) {
            const copies = 1 + choose(copiesAllowed);
            const allowed = mayPrint(
              { state: 'issued', validFrom: t0, validUntil: epochMs(9e15), copiesAllowed, copiesUsed: used(), copies },
              world.now,
            );
            if (!allowed.ok) continue;
            const fresh = newAttempt(
              { ...wish, attemptId: `attempt-${press}`, pages, copies, countsImpressions: counts },
              world.now,
            );
            let stored = fresh;
            let next = resume(stored, world.now);
            for (let turn = 0; ; turn++) {
              expect(turn).toBeLessThan(3_000);
              stored = next.attempt;
              if (!next.effect) break;
              // Killed before the effect, or after it with its answer unread: the next process finds what is stored.
              const death = choose(12);
              if (death === 0) {
                next = resume(stored, world.now);
                continue;
              }
              const input = world.perform(next.effect, stored);
              next = death === 1 ? resume(stored, world.now) : step(stored, input, world.now);
              // As the runner has it: staff may want it gone at any moment.
              if (choose(40) === 0) {
                next = withdraw(nothingSent(stored.state) ? stored : next.attempt, world.now) ?? next;
              }
            }
            attempts.push(stored);
            ends.set(stored.state, (ends.get(stored.state) ?? 0) + 1);
            expect(isEnded(stored.state)).toBe(true);
            // As the runner has it: no other job comes before what this one may have left is gone.
            for (let look = 0; stored.orphan && !world.isCleared(stored); look++) expect(look).toBeLessThan(1_000);
            if (stored.state === 'uncertain' && choose(2) === 0) {
              // Staff look what lies there; half a copy is one that is given back to nobody.
              const copiesFound = Math.ceil((world.sides.get(stored.attemptId) ?? 0) / pages);
              found.set(stored.attemptId, { copiesFound });
            }
            if (stored.state === 'printed' && counts) expect(stored.impressions).toBeGreaterThanOrEqual(pages * copies);
          }
          for (let rest = 0; rest < 20; rest++) world.live();
          expect(world.tray).toBeLessThanOrEqual(copiesAllowed * pages);
        },
      ),
      { numRuns: 3_000 },
    );
    // The world is rough enough to end in every way, or the property would prove nothing.
    expect([...ends.keys()].sort()).toEqual(['not-printed', 'printed', 'uncertain']);
    expect(Math.min(...ends.values())).toBeGreaterThan(50);
  });
});
