import type { EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import type { Direction } from '../pass.ts';
import type { Standing } from '../rules.ts';

export interface PresenceRow {
  readonly area: string;
  readonly subject: string;
  readonly at: EpochMs;
  readonly heads: number;
  readonly requestId: string | null;
  readonly person: number | null;
  readonly kind: string | null;
  readonly gateId: string;
}

export interface Movement {
  readonly area: string;
  readonly subject: string;
  readonly way: Direction;
  readonly at: EpochMs;
  readonly companion: boolean;
  readonly requestId?: string;
  readonly person?: number;
  readonly kind?: string;
  readonly gateId: string;
}

export interface StandingRow {
  readonly scope: string;
  readonly standing: Exclude<Standing, 'controlled'>;
  readonly since: EpochMs;
  readonly by: string;
}

/** A fire stands over whatever else was ordered for a scope, and leaves it as it was. */
export type StandingLayer = 'fire' | 'order';
export const layerOf = (standing: StandingRow['standing']): StandingLayer => (standing === 'fire' ? 'fire' : 'order');

/** No subject is called so: theirs are hashes. */
const CORRECTION = '#correction';

export type PresenceStore = ReturnType<typeof createPresenceStore>;

/** Who is where, whether an area was opened by its first person today, and how gates and areas stand. */
export function createPresenceStore(db: Db) {
  const move = db.prepare(
    `INSERT INTO gate_presence (area, subject, inside, at, heads, request_id, person, kind, gate_id)
     VALUES (@area, @subject, @inside, @at, 1, @requestId, @person, @kind, @gateId)
     ON CONFLICT (area, subject) DO UPDATE SET inside = excluded.inside, at = excluded.at, heads = 1, request_id = excluded.request_id,
       person = excluded.person, kind = excluded.kind, gate_id = excluded.gate_id
     WHERE excluded.at >= gate_presence.at`,
  );
  const join = db.prepare(
    `UPDATE gate_presence SET heads = heads + 1 WHERE area = @area AND subject = @subject AND inside = 1`,
  );
  const insideSince = db
    .prepare<[string, string], EpochMs>('SELECT at FROM gate_presence WHERE area = ? AND subject = ? AND inside = 1')
    .pluck();
  const heads = db
    .prepare<[string], number>('SELECT coalesce(sum(heads), 0) FROM gate_presence WHERE area = ? AND inside = 1')
    .pluck();
  // Nobody's presence: by how much a count was set right by hand. It may be negative.
  const correct = db.prepare(
    `INSERT INTO gate_presence (area, subject, inside, at, heads, gate_id) VALUES (?, '${CORRECTION}', 1, ?, ?, '')
     ON CONFLICT (area, subject) DO UPDATE SET at = excluded.at, heads = heads + excluded.heads`,
  );
  const setCorrection = db.prepare(
    `INSERT INTO gate_presence (area, subject, inside, at, heads, gate_id) VALUES (?, '${CORRECTION}', 1, ?, ?, '')
     ON CONFLICT (area, subject) DO UPDATE SET at = excluded.at, heads = excluded.heads`,
  );
  const correction = db.prepare<[string], { heads: number; at: EpochMs }>(
    `SELECT heads, at FROM gate_presence WHERE area = ? AND subject = '${CORRECTION}'`,
  );
  const otherInside = db
    .prepare<[string, string, string], number>(
      'SELECT count(*) FROM gate_presence WHERE request_id = ? AND inside = 1 AND area = ? AND subject <> ?',
    )
    .pluck();
  const inside = db.prepare<[string], PresenceRow>(
    `SELECT area, subject, at, heads, request_id AS requestId, person, kind, gate_id AS gateId FROM gate_presence
     WHERE area = ? AND inside = 1 AND subject <> '${CORRECTION}' ORDER BY at`,
  );
  const rename = db.prepare('UPDATE OR REPLACE gate_presence SET subject = ? WHERE subject = ?');
  const renameOn = db.prepare(
    'UPDATE OR REPLACE gate_presence SET subject = @to WHERE subject = @from AND request_id = @requestId AND person = @person',
  );
  const forget = db.prepare('DELETE FROM gate_presence WHERE at < ?');
  const lead = db.prepare('INSERT OR IGNORE INTO gate_led (area, day) VALUES (?, ?)');
  const led = db.prepare<[string, string], number>('SELECT 1 FROM gate_led WHERE area = ? AND day = ?').pluck();
  const stood = db.prepare(
    `INSERT INTO gate_stood_open (scope, since, until)
     SELECT scope, since, @at FROM gate_standing WHERE scope = @scope AND layer = @layer AND standing IN ('open', 'fire') AND since < @at`,
  );
  const stand = db.prepare(
    `INSERT INTO gate_standing (scope, layer, standing, since, by) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (scope, layer) DO UPDATE SET standing = excluded.standing, since = excluded.since, by = excluded.by`,
  );
  const relax = db.prepare('DELETE FROM gate_standing WHERE scope = ? AND layer = ?');
  const standings = db.prepare<[], StandingRow>(
    'SELECT scope, standing, since, by FROM gate_standing ORDER BY scope, layer',
  );

  return {
    /** Applies a passage; one that is older than what is known changes nothing. */
    move: ({ companion, way, ...movement }: Movement): void => {
      if (companion && way === 'in') join.run({ area: movement.area, subject: movement.subject });
      else if (!companion)
        move.run({
          ...movement,
          inside: way === 'in' ? 1 : 0,
          requestId: movement.requestId ?? null,
          person: movement.person ?? null,
          kind: movement.kind ?? null,
        });
    },
    insideSince: (area: string, subject: string): EpochMs | undefined => insideSince.get(area, subject),
    heads: (area: string): number => Math.max(0, heads.get(area) ?? 0),
    /** Adds to the count of an area what it is short of, or takes away. */
    correct: (area: string, difference: number, at: EpochMs): void => {
      correct.run(area, at, difference);
    },
    /** By how much the count of an area was set right altogether. */
    correction: (area: string) => correction.get(area),
    setCorrection: (area: string, heads: number, at: EpochMs): void => {
      setCorrection.run(area, at, heads);
    },
    otherInside: (requestId: string, area: string, subject: string): boolean =>
      (otherInside.get(requestId, area, subject) ?? 0) > 0,
    /** Somebody who was counted by another name. */
    rename: (from: string, to: string): void => {
      rename.run(to, from);
    },
    /** Whoever went through on a pass is called otherwise from now on. */
    renameOn: (
      { requestId, person }: { readonly requestId: string; readonly person: number },
      from: string,
      to: string,
    ): void => {
      renameOn.run({ requestId, person, from, to });
    },
    inside: (area: string): readonly PresenceRow[] => inside.all(area),
    forget: (before: EpochMs): number => forget.run(before).changes,
    lead: (area: string, day: string): void => {
      lead.run(area, day);
    },
    led: (area: string, day: string): boolean => led.get(area, day) !== undefined,
    /** How a scope (`area:<id>`, `gate:<id>`) stands until it is relaxed. */
    stand: (scope: string, standing: StandingRow['standing'], since: EpochMs, by: string): void => {
      const layer = layerOf(standing);
      stood.run({ scope, layer, at: since });
      stand.run(scope, layer, standing, since, by);
    },
    /** Returns whether anything was ordered. That a scope stood open until `at` stays known. */
    relax: (scope: string, layer: StandingLayer, at: EpochMs): boolean => {
      stood.run({ scope, layer, at });
      return relax.run(scope, layer).changes > 0;
    },
    /** By scope; a fire before what it stands over. */
    standings: (): readonly StandingRow[] => standings.all(),
  };
}
