import type { EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import type { Direction } from '../pass.ts';

/** A code that another gate has taken, as a gate that decides elsewhere hears of it. */
export interface TakenCode {
  /** Id of the entry there. */
  readonly id: string;
  /** The pass that the code belongs to, whichever pass then opened. */
  readonly owner: string;
  readonly method: string;
  readonly step: number;
  readonly gateId: string;
  readonly area: string;
  readonly way: Direction;
  readonly at: EpochMs;
}

/** A lasting code says nothing new in the next step: what it is refused for is that it comes in twice at once. */
const LASTING = 'visitor-code';
/** What is "at once" for a lasting code, which is of no step: its step is the one of this length in which it was shown. */
export const SHOWN_STEP_MS = 30_000;

/** Where and when a code was shown. */
export interface Showing {
  readonly area: string | null;
  readonly way: Direction | null;
  readonly at: EpochMs;
}

/** The steps, first and last, in which a code may stand that is the same: a lasting one also beyond the edge of its step. */
export const sameSteps = (method: string, step: number): readonly [number, number] =>
  method === LASTING ? [step - 1, step + 1] : [step, step];

/**
 * Whether a code that was taken at one gate may not be taken at another: a dynamic one at none, a lasting one not into the same
 * area at once.
 */
export const isTwice = (method: string, one: Showing, other: Showing): boolean =>
  method !== LASTING ||
  (one.area === other.area && one.way === other.way && Math.abs(one.at - other.at) < SHOWN_STEP_MS);

export type CodeStore = ReturnType<typeof createCodeStore>;

/** The SQL of codes that are worth nothing any more: taken elsewhere, or of an approval that was taken back. */
export function createCodeStore(db: Db) {
  const owner = db
    .prepare<[Uint8Array, string], string>(
      'SELECT pass_id FROM gate_credential WHERE credential = ? AND type = ? ORDER BY pass_id LIMIT 1',
    )
    .pluck();
  const take = db.prepare(
    `INSERT INTO gate_code_taken (id, owner, method, step, gate_id, area, way, at)
     VALUES (@id, @owner, @method, @step, @gateId, @area, @way, @at) ON CONFLICT (id) DO NOTHING`,
  );
  const taken = db.prepare<[string, number, number, string, string], Showing>(
    'SELECT area, way, at FROM gate_code_taken WHERE owner = ? AND step BETWEEN ? AND ? AND method = ? AND gate_id <> ?',
  );
  const forgetTaken = db.prepare('DELETE FROM gate_code_taken WHERE at < ?');
  const withdraw = db.prepare(
    `INSERT INTO gate_code_withdrawn (subject, until) VALUES (?, ?)
     ON CONFLICT (subject) DO UPDATE SET until = max(until, excluded.until)`,
  );
  const withdrawn = db.prepare<[string], number>('SELECT 1 FROM gate_code_withdrawn WHERE subject = ?').pluck();
  const allWithdrawn = db.prepare<[number], { subject: string; until: EpochMs }>(
    'SELECT subject, until FROM gate_code_withdrawn WHERE until > ? ORDER BY subject',
  );
  const forgetWithdrawn = db.prepare('DELETE FROM gate_code_withdrawn WHERE until < ?');

  return {
    /** The pass whose credential a code is; undefined for a code whose approval is not known here. */
    ownerOf: (credential: Uint8Array, method: string): string | undefined => owner.get(credential, method),
    take: (code: TakenCode): void => {
      take.run(code);
    },
    /** Where else the same code was taken, as far as steps say; {@link isTwice} says whether that matters. */
    takenElsewhere: (passId: string, step: number, method: string, gateId: string): readonly Showing[] =>
      taken.all(passId, ...sameSteps(method, step), method, gateId),
    forgetTaken: (before: EpochMs): void => {
      forgetTaken.run(before);
    },
    /** A visitor's code (its subject) is worth nothing where its pass is not known, until it would have ended by itself. */
    withdraw: (subject: string, until: EpochMs): void => {
      withdraw.run(subject, until);
    },
    isWithdrawn: (subject: string): boolean => withdrawn.get(subject) !== undefined,
    withdrawn: (now: EpochMs) => allWithdrawn.all(now),
    forgetWithdrawn: (before: EpochMs): number => forgetWithdrawn.run(before).changes,
  };
}
