import type { EpochMs } from '@hallhub/sync/base';
import { epochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import type { Direction } from '../pass.ts';
import type { EntryRow } from './entries.ts';

/** Somebody whom an approval names went through a gate, or was refused there. */
export interface Sighting {
  readonly id: string;
  readonly gateId: string;
  readonly area: string;
  readonly way: Direction;
  readonly at: EpochMs;
  /** `unconfirmed`: let through, and nobody can say whether they went. */
  readonly state: 'passed' | 'unconfirmed' | 'refused';
  readonly code?: string;
  /** Keyed hash: whose. */
  readonly subject: string;
  readonly kind: string;
  readonly requestId: string;
  readonly person: number;
  /** Somebody else who came in on the subject's document. */
  readonly companion: boolean;
}

/** A time in which somebody may have gone unseen. */
export interface Span {
  readonly from: EpochMs;
  /** Exclusive. */
  readonly until: EpochMs;
}

interface Row {
  readonly id: string;
  readonly gateId: string;
  readonly area: string;
  readonly way: Direction;
  readonly at: number;
  readonly state: Sighting['state'];
  readonly code: string | null;
  readonly subject: string;
  readonly kind: string;
  readonly requestId: string;
  readonly person: number;
  readonly companion: number;
}

const COLUMNS = `id, gate_id AS gateId, area, way, at, state, code, subject, kind, request_id AS requestId, person, companion`;
const NAMED = 'subject IS NOT NULL AND way IS NOT NULL AND request_id IS NOT NULL AND companion = 0';
const WENT = `state IN ('passed', 'unconfirmed')`;

export type SightingStore = ReturnType<typeof createSightingStore>;

/** Reads entries as the course of one person, and when gates stood open to everybody. */
export function createSightingStore(db: Db) {
  const before = db.prepare<[string, number, string], Row>(
    `SELECT ${COLUMNS} FROM gate_entry WHERE subject = ? AND at <= ? AND area = ? AND ${NAMED} AND ${WENT} ORDER BY at DESC, seq DESC LIMIT 1`,
  );
  const after = db.prepare<[string, number, number, string], Row>(
    `SELECT ${COLUMNS} FROM gate_entry WHERE subject = ? AND at > ? AND at <= ? AND area = ? AND ${NAMED} AND ${WENT} ORDER BY at, seq LIMIT 1`,
  );
  const nameless = db
    .prepare<[string, number, number], number>(
      `SELECT count(*) FROM gate_entry WHERE area = ? AND at >= ? AND at < ?
         AND (state IN ('free', 'unexpected') OR (${WENT} AND (subject IS NULL OR companion = 1)))`,
    )
    .pluck();
  const stood = db.prepare<[string, string, number, number], { from: number; until: number }>(
    'SELECT since AS "from", until FROM gate_stood_open WHERE (scope = ? OR scope = ?) AND until > ? AND since < ? ORDER BY since',
  );
  const forget = db.prepare('DELETE FROM gate_stood_open WHERE until < ?');
  const read = ({ at, code, companion, ...row }: Row): Sighting => ({
    ...row,
    at: epochMs(at),
    ...(code !== null && { code }),
    companion: companion === 1,
  });

  return {
    /** The last time that somebody went through a gate of an area, at `at` at the latest. */
    before: (subject: string, area: string, at: EpochMs): Sighting | undefined => {
      const row = before.get(subject, at, area);
      return row && read(row);
    },
    /** The first time after `from`, at `until` at the latest. */
    after: (subject: string, area: string, from: EpochMs, until: EpochMs): Sighting | undefined => {
      const row = after.get(subject, from, until, area);
      return row && read(row);
    },
    /** How many went through of whom nobody knows who it was. */
    nameless: (area: string, from: EpochMs, until: EpochMs): number => nameless.get(area, from, until) ?? 0,
    /** When orders that have ended had left a gate open. */
    stoodOpen: (gate: { readonly id: string; readonly area: string }, from: EpochMs, until: EpochMs): readonly Span[] =>
      stood
        .all(`gate:${gate.id}`, `area:${gate.area}`, from, until)
        .map((span) => ({ from: epochMs(span.from), until: epochMs(span.until) })),
    forget: (until: EpochMs): number => forget.run(until).changes,
  };
}

/** An entry as a sighting; undefined where it names nobody or nothing came of it. */
export function sightingOf(row: EntryRow): Sighting | undefined {
  const { state, area, way, subject, kind, requestId, person } = row;
  if (state !== 'passed' && state !== 'unconfirmed' && state !== 'refused') return undefined;
  if (area === null || way === null || subject === null || kind === null || requestId === null || person === null)
    return undefined;
  return {
    id: row.id,
    gateId: row.gateId,
    area,
    way,
    at: row.at,
    state,
    ...(row.code !== null && { code: row.code }),
    subject,
    kind,
    requestId,
    person,
    companion: row.companion === 1,
  };
}
