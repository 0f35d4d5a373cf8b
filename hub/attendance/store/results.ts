import type { EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import type { Ground, Judgement, Night, Span, Status } from '../rules.ts';

/** Why a result is another than before. */
export type Cause = 'events' | 'leave' | 'watch' | 'roster' | 'staff' | 'staff-undo';

export interface NightRow extends Night {
  readonly building: string;
  readonly publishedAt: EpochMs;
  /** When somebody may have gone unseen, as it was last known. */
  readonly blind: readonly Span[];
}

export interface ResultRow {
  readonly building: string;
  readonly night: string;
  readonly subject: string;
  readonly requestId: string;
  /** What the gates say; what staff decided stands in `setStatus`. */
  readonly status: Status;
  readonly ground: Ground;
  readonly at: EpochMs | null;
  /** How often the result that counts has changed. */
  readonly revision: number;
  readonly setStatus: Status | null;
  readonly setReason: string | null;
  readonly setBy: string | null;
  readonly setAt: EpochMs | null;
  readonly confirmedBy: string | null;
  readonly confirmedAt: EpochMs | null;
  /** What the hall was told last. */
  readonly told: Status | null;
  readonly toldTimes: number;
}

export interface ChangeRow {
  readonly seq: number;
  readonly subject: string;
  readonly night: string;
  readonly at: EpochMs;
  readonly before: Status;
  readonly after: Status;
  readonly cause: Cause;
  readonly by: string | null;
}

/** What counts: what staff decided, else what the gates say. */
export const effective = ({ setStatus, status }: Pick<ResultRow, 'setStatus' | 'status'>): Status =>
  setStatus ?? status;

const RESULT = `building, night, subject, request_id AS requestId, status, ground, at, revision, set_status AS setStatus,
  set_reason AS setReason, set_by AS setBy, set_at AS setAt, confirmed_by AS confirmedBy, confirmed_at AS confirmedAt, told,
  told_times AS toldTimes`;
const NIGHT = `building, night AS date, curfew, late_until AS lateUntil, close, published_at AS publishedAt, blind`;

type StoredNight = Omit<NightRow, 'blind'> & { readonly blind: string };

export type ResultStore = ReturnType<typeof createResultStore>;

/** The SQL of nights and their results. */
export function createResultStore(db: Db) {
  const addNight = db.prepare(
    `INSERT INTO attendance_night (building, night, curfew, late_until, close, published_at, blind)
     VALUES (@building, @date, @curfew, @lateUntil, @close, @publishedAt, @blind) ON CONFLICT DO NOTHING`,
  );
  const setBlind = db.prepare('UPDATE attendance_night SET blind = ? WHERE building = ? AND night = ?');
  const night = db.prepare<[string, string], StoredNight>(
    `SELECT ${NIGHT} FROM attendance_night WHERE building = ? AND night = ?`,
  );
  const latest = db.prepare<[string], StoredNight>(
    `SELECT ${NIGHT} FROM attendance_night WHERE building = ? ORDER BY night DESC LIMIT 1`,
  );
  const first = db
    .prepare<[string], EpochMs | null>('SELECT min(published_at) FROM attendance_night WHERE building = ?')
    .pluck();
  const nights = db.prepare<[string, number], StoredNight>(
    `SELECT ${NIGHT} FROM attendance_night WHERE building = ? ORDER BY night DESC LIMIT ?`,
  );
  const touched = db.prepare<[string, number], StoredNight>(
    `SELECT ${NIGHT} FROM attendance_night WHERE building = ? AND close >= ? ORDER BY night`,
  );
  const put = db.prepare(
    `INSERT INTO attendance_result (building, night, subject, request_id, status, ground, at)
     VALUES (@building, @night, @subject, @requestId, @status, @ground, @at)
     ON CONFLICT (building, night, subject) DO UPDATE SET status = excluded.status, ground = excluded.ground, at = excluded.at`,
  );
  const result = db.prepare<[string, string, string], ResultRow>(
    `SELECT ${RESULT} FROM attendance_result WHERE building = ? AND night = ? AND subject = ?`,
  );
  const results = db.prepare<[string, string], ResultRow>(
    `SELECT ${RESULT} FROM attendance_result WHERE building = ? AND night = ? ORDER BY subject`,
  );
  const ofSubject = db.prepare<[string, string, string, string], ResultRow>(
    `SELECT ${RESULT} FROM attendance_result WHERE subject = ? AND building = ? AND night >= ? AND night <= ? ORDER BY night`,
  );
  const revise = db.prepare(
    'UPDATE attendance_result SET revision = revision + 1 WHERE building = ? AND night = ? AND subject = ?',
  );
  const decide = db.prepare(
    `UPDATE attendance_result SET set_status = @status, set_reason = @reason, set_by = @by, set_at = @setAt
     WHERE building = @building AND night = @night AND subject = @subject`,
  );
  const confirm = db.prepare(
    `UPDATE attendance_result SET confirmed_by = @by, confirmed_at = @confirmedAt
     WHERE building = @building AND night = @night AND subject = @subject`,
  );
  const tell = db.prepare(
    `UPDATE attendance_result SET told = @status, told_times = told_times + 1
     WHERE building = @building AND night = @night AND subject = @subject`,
  );
  const addChange = db.prepare(
    `INSERT INTO attendance_change (building, night, subject, at, before, after, cause, by)
     VALUES (@building, @night, @subject, @at, @before, @after, @cause, @by)`,
  );
  const changes = db.prepare<[string, string], ChangeRow>(
    'SELECT seq, subject, night, at, before, after, cause, by FROM attendance_change WHERE building = ? AND night = ? ORDER BY seq',
  );
  const changesOf = db.prepare<[string, string, string, string], ChangeRow>(
    `SELECT seq, subject, night, at, before, after, cause, by FROM attendance_change
     WHERE building = ? AND subject = ? AND night >= ? AND night <= ? ORDER BY seq`,
  );
  const mark = db.prepare(
    'INSERT INTO attendance_dirty (building, night, subject, cause) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const marked = db.prepare<[], { building: string; night: string }>(
    'SELECT DISTINCT building, night FROM attendance_dirty ORDER BY building, night LIMIT 50',
  );
  const takeMarks = db.prepare<[string, string], { subject: string; cause: Cause }>(
    'DELETE FROM attendance_dirty WHERE building = ? AND night = ? RETURNING subject, cause',
  );
  const round = db.prepare(
    'INSERT INTO attendance_round (building, round, date, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const forget = (['attendance_night', 'attendance_result', 'attendance_change', 'attendance_dirty'] as const).map(
    (table) => db.prepare(`DELETE FROM ${table} WHERE night < ?`),
  );
  const forgetRounds = db.prepare('DELETE FROM attendance_round WHERE date < ?');
  const read = ({ blind, ...row }: StoredNight): NightRow => ({ ...row, blind: JSON.parse(blind) as readonly Span[] });

  return {
    /** Returns whether it was new: the list of a night is made once. */
    addNight: ({ blind, ...row }: NightRow): boolean =>
      addNight.run({ ...row, blind: JSON.stringify(blind) }).changes > 0,
    setBlind: (building: string, date: string, blind: readonly Span[]): void => {
      setBlind.run(JSON.stringify(blind), building, date);
    },
    night: (building: string, date: string): NightRow | undefined => {
      const row = night.get(building, date);
      return row && read(row);
    },
    latest: (building: string): NightRow | undefined => {
      const row = latest.get(building);
      return row && read(row);
    },
    /** Since when lists of a building are made, as far as they are kept. */
    since: (building: string): EpochMs | undefined => first.get(building) ?? undefined,
    /** Newest first. */
    nights: (building: string, limit: number): readonly NightRow[] => nights.all(building, limit).map(read),
    /** Nights that were not over at `since`, oldest first. */
    nightsSince: (building: string, since: EpochMs): readonly NightRow[] => touched.all(building, since).map(read),
    put: (row: Pick<ResultRow, 'building' | 'night' | 'subject' | 'requestId'> & Judgement): void => {
      put.run({ ...row, at: row.at ?? null });
    },
    result: (building: string, date: string, subject: string): ResultRow | undefined =>
      result.get(building, date, subject),
    results: (building: string, date: string): readonly ResultRow[] => results.all(building, date),
    ofSubject: (subject: string, building: string, from: string, to: string): readonly ResultRow[] =>
      ofSubject.all(subject, building, from, to),
    revise: ({ building, night: date, subject }: ResultRow): void => {
      revise.run(building, date, subject);
    },
    /** What staff decided; null takes it back. */
    decide: (
      { building, night: date, subject }: ResultRow,
      set: { readonly status: Status; readonly reason: string; readonly by: string; readonly at: EpochMs } | null,
    ): void => {
      decide.run({
        building,
        night: date,
        subject,
        status: set?.status ?? null,
        reason: set?.reason ?? null,
        by: set?.by ?? null,
        setAt: set?.at ?? null,
      });
    },
    confirm: ({ building, night: date, subject }: ResultRow, by: string | null, at: EpochMs): void => {
      confirm.run({ building, night: date, subject, by, confirmedAt: by === null ? null : at });
    },
    told: ({ building, night: date, subject }: ResultRow, status: Status): void => {
      tell.run({ building, night: date, subject, status });
    },
    addChange: (change: Omit<ChangeRow, 'seq'> & { readonly building: string }): number =>
      Number(addChange.run(change).lastInsertRowid),
    changes: (building: string, date: string): readonly ChangeRow[] => changes.all(building, date),
    changesOf: (building: string, subject: string, from: string, to: string): readonly ChangeRow[] =>
      changesOf.all(building, subject, from, to),
    mark: (building: string, date: string, subject: string, cause: Cause): void => {
      mark.run(building, date, subject, cause);
    },
    /** Nights with something to look at again. */
    marked: (): readonly { readonly building: string; readonly night: string }[] => marked.all(),
    /** What is to be looked at again in a night, which is then no longer marked. */
    takeMarks: (building: string, date: string) => takeMarks.all(building, date),
    /** Returns whether this round of this day has not been made before. */
    startRound: (building: string, name: string, date: string, at: EpochMs): boolean =>
      round.run(building, name, date, at).changes > 0,
    /** Forgets nights that began before a campus date. */
    forget: (date: string): number =>
      forget.reduce((sum, statement) => sum + statement.run(date).changes, forgetRounds.run(date).changes),
  };
}
