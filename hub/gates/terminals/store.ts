import type { DurationMs, EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';

export interface ClaimRow {
  readonly passId: string;
  readonly validFrom: EpochMs;
  readonly validTo: EpochMs;
  readonly cards: Uint8Array;
}

export interface PersonRow {
  readonly deviceId: string;
  readonly personId: string;
  readonly wanted: string | null;
  readonly held: string | null;
  readonly cards: Uint8Array | null;
  readonly attempts: number;
  readonly code: string | null;
}

export interface TerminalRow {
  readonly terminal: string;
  readonly validity: string;
  readonly position: string | null;
  readonly comparedAt: EpochMs;
  readonly foreignPeople: number;
}

export interface Person {
  readonly deviceId: string;
  readonly personId: string;
}

/** An order left and nobody knows its end. */
export const IN_DOUBT = '?';

const PERSON = 'device_id AS deviceId, person_id AS personId, wanted, held, cards, attempts, code';

export type TerminalStore = ReturnType<typeof createTerminalStore>;

/** The SQL of terminals: claims, people desired and held, positions, events seen. */
export function createTerminalStore(db: Db) {
  const aliasOf = db.prepare<[string], number>('SELECT alias FROM gate_terminal_alias WHERE subject = ?').pluck();
  const newAlias = db
    .prepare<[string], number>('INSERT INTO gate_terminal_alias (subject) VALUES (?) RETURNING alias')
    .pluck();
  const claimsOf = db.prepare<[string, string], ClaimRow>(
    `SELECT pass_id AS passId, valid_from AS validFrom, valid_to AS validTo, cards FROM gate_terminal_claim
     WHERE device_id = ? AND person_id = ?`,
  );
  const insertClaim = db.prepare(
    `INSERT INTO gate_terminal_claim (device_id, person_id, pass_id, request_id, valid_from, valid_to, cards)
     VALUES (@deviceId, @personId, @passId, @requestId, @validFrom, @validTo, @cards)`,
  );
  const peopleOf = db.prepare<[string], Person>(
    'SELECT DISTINCT device_id AS deviceId, person_id AS personId FROM gate_terminal_claim WHERE request_id = ?',
  );
  const deleteClaims = db.prepare('DELETE FROM gate_terminal_claim WHERE request_id = ?');
  const deleteIdentities = db.prepare('DELETE FROM gate_terminal_identity WHERE request_id = ?');
  const insertIdentity = db.prepare(
    'INSERT OR IGNORE INTO gate_terminal_identity (identity, request_id) VALUES (?, ?)',
  );
  const deny = db.prepare(
    `INSERT INTO gate_terminal_denied (request_id, until) VALUES (?, ?)
     ON CONFLICT (request_id) DO UPDATE SET until = max(until, excluded.until)`,
  );
  const deleteDenied = db.prepare('DELETE FROM gate_terminal_denied WHERE request_id = ?');
  const deniedUntil = db
    .prepare<[number], string>('SELECT request_id FROM gate_terminal_denied WHERE until <= ?')
    .pluck();
  const requestsOf = db
    .prepare<[string], string>('SELECT request_id FROM gate_terminal_identity WHERE identity = ?')
    .pluck();
  const changing = db.prepare<{ since: number; now: number; near: number }, Person>(
    `SELECT DISTINCT device_id AS deviceId, person_id AS personId FROM gate_terminal_claim
     WHERE (valid_to > @since AND valid_to <= @now) OR (valid_from > @since AND valid_from <= @now)
       OR (valid_to > @since + @near AND valid_to <= @now + @near)`,
  );
  const everyClaim = db.prepare<[], Person>(
    'SELECT DISTINCT device_id AS deviceId, person_id AS personId FROM gate_terminal_claim',
  );
  const forgetClaims = db.prepare('DELETE FROM gate_terminal_claim WHERE valid_to < ?');
  const want = db.prepare(
    `INSERT INTO gate_terminal_person (device_id, person_id, wanted) VALUES (@deviceId, @personId, @wanted)
     ON CONFLICT (device_id, person_id) DO UPDATE SET wanted = excluded.wanted, attempts = 0, next_at = 0, code = NULL
     WHERE wanted IS NOT excluded.wanted`,
  );
  const sweepNobody = db.prepare(
    'DELETE FROM gate_terminal_person WHERE device_id = ? AND wanted IS NULL AND held IS NULL',
  );
  // Who must go goes first.
  const due = db.prepare<[string, number], PersonRow>(
    `SELECT ${PERSON} FROM gate_terminal_person WHERE device_id = ? AND wanted IS NOT held AND next_at <= ?
     ORDER BY wanted IS NOT NULL, next_at LIMIT 1`,
  );
  const nextAt = db
    .prepare<[string], EpochMs | null>(
      'SELECT min(next_at) FROM gate_terminal_person WHERE device_id = ? AND wanted IS NOT held',
    )
    .pluck();
  const person = db.prepare<[string, string], PersonRow>(
    `SELECT ${PERSON} FROM gate_terminal_person WHERE device_id = ? AND person_id = ?`,
  );
  const everybody = db.prepare<[string], PersonRow>(`SELECT ${PERSON} FROM gate_terminal_person WHERE device_id = ?`);
  const begin = db.prepare(
    `UPDATE gate_terminal_person SET held = '${IN_DOUBT}', cards = @cards WHERE device_id = @deviceId AND person_id = @personId`,
  );
  const done = db.prepare(
    `UPDATE gate_terminal_person SET held = @held, cards = @cards, attempts = 0, next_at = 0, code = NULL
     WHERE device_id = @deviceId AND person_id = @personId`,
  );
  const failed = db.prepare(
    `UPDATE gate_terminal_person SET attempts = attempts + 1, next_at = @nextAt, code = @code
     WHERE device_id = @deviceId AND person_id = @personId`,
  );
  const emptied = db.prepare(
    'UPDATE gate_terminal_person SET held = NULL, cards = NULL WHERE device_id = ? AND person_id = ?',
  );
  const lost = db.prepare(
    'UPDATE gate_terminal_person SET held = NULL, next_at = 0 WHERE device_id = ? AND person_id = ?',
  );
  const allLost = db.prepare(
    'UPDATE gate_terminal_person SET held = NULL, next_at = 0, attempts = 0 WHERE device_id = ?',
  );
  const allAgain = db.prepare(
    `UPDATE gate_terminal_person SET held = NULL, next_at = 0, attempts = 0, code = NULL WHERE device_id = ? AND wanted IS NOT NULL`,
  );
  const compareAgain = db.prepare('UPDATE gate_terminal SET compared_at = 0 WHERE device_id = ?');
  const problems = db.prepare<[string], { code: string; people: number }>(
    `SELECT code, count(*) AS people FROM gate_terminal_person WHERE device_id = ? AND code IS NOT NULL AND wanted IS NOT held
     GROUP BY code ORDER BY people DESC, code`,
  );
  const recorded = db.prepare<[string], { events: number; lastEventAt: EpochMs | null }>(
    'SELECT count(*) AS events, max(at) AS lastEventAt FROM gate_terminal_event WHERE terminal = ?',
  );
  const terminal = db.prepare<[string], TerminalRow>(
    `SELECT terminal, validity, position, compared_at AS comparedAt, foreign_people AS foreignPeople FROM gate_terminal WHERE device_id = ?`,
  );
  const meet = db.prepare(
    `INSERT INTO gate_terminal (device_id, terminal, validity, position) VALUES (@deviceId, @terminal, @validity, @position)
     ON CONFLICT (device_id) DO UPDATE SET terminal = excluded.terminal, validity = excluded.validity, position = excluded.position, compared_at = 0`,
  );
  const move = db.prepare('UPDATE gate_terminal SET position = ? WHERE device_id = ?');
  const compared = db.prepare('UPDATE gate_terminal SET compared_at = ?, foreign_people = ? WHERE device_id = ?');
  const see = db.prepare('INSERT OR IGNORE INTO gate_terminal_event (terminal, key, at) VALUES (?, ?, ?)');
  const forgetEvents = db.prepare('DELETE FROM gate_terminal_event WHERE at < ?');
  const orphans = db
    .prepare<[string], string>(`SELECT id FROM gate_entry WHERE source = ? AND state IN ('releasing', 'released')`)
    .pluck();
  const counts = db.prepare<[string], { wanted: number; held: number; waiting: number; refused: number }>(
    `SELECT count(wanted) AS wanted, count(*) FILTER (WHERE held IS NOT NULL AND held = wanted) AS held,
       count(*) FILTER (WHERE wanted IS NOT held) AS waiting, count(*) FILTER (WHERE wanted IS NOT held AND code IS NOT NULL) AS refused
     FROM gate_terminal_person WHERE device_id = ?`,
  );

  return {
    alias: (subject: string): number => aliasOf.get(subject) ?? newAlias.get(subject) ?? 0,
    claims: (deviceId: string, personId: string): readonly ClaimRow[] => claimsOf.all(deviceId, personId),
    addClaim: (claim: ClaimRow & Person & { readonly requestId: string }): void => {
      insertClaim.run(claim);
    },
    /** Drops what a request gave, and answers with whom that concerns. */
    dropClaims: (requestId: string): readonly Person[] => {
      const people = peopleOf.all(requestId);
      deleteClaims.run(requestId);
      deleteIdentities.run(requestId);
      deleteDenied.run(requestId);
      return people;
    },
    peopleOf: (requestId: string): readonly Person[] => peopleOf.all(requestId),
    addIdentity: (identity: string, requestId: string): void => {
      insertIdentity.run(identity, requestId);
    },
    requestsOf: (identity: string): readonly string[] => requestsOf.all(identity),
    /** A deny list that ends then speaks of a holder of the request. */
    deny: (requestId: string, until: EpochMs): void => {
      deny.run(requestId, until);
    },
    /** Of whom no deny list speaks any more, as far as was known when they were looked at. */
    deniedUntil: (now: EpochMs): readonly string[] => deniedUntil.all(now),
    /** Whose claims began, ended or came so near to their end in (since, now]. */
    changing: (since: EpochMs, now: EpochMs, near: DurationMs): readonly Person[] => changing.all({ since, now, near }),
    everyClaim: (): readonly Person[] => everyClaim.all(),
    forget: (before: EpochMs): number => forgetClaims.run(before).changes + forgetEvents.run(before).changes,
    want: (who: Person, wanted: string | null): void => {
      want.run({ deviceId: who.deviceId, personId: who.personId, wanted });
      if (wanted === null) sweepNobody.run(who.deviceId);
    },
    due: (deviceId: string, now: EpochMs): PersonRow | undefined => due.get(deviceId, now),
    nextAt: (deviceId: string): EpochMs | undefined => nextAt.get(deviceId) ?? undefined,
    person: (deviceId: string, personId: string): PersonRow | undefined => person.get(deviceId, personId),
    everybody: (deviceId: string): readonly PersonRow[] => everybody.all(deviceId),
    /** Before an order leaves: what may lie on the device from now on. */
    begin: ({ deviceId, personId }: Person, cards: Uint8Array): void => {
      begin.run({ deviceId, personId, cards });
    },
    done: ({ deviceId, personId }: Person, held: string | null, cards: Uint8Array | null): void => {
      done.run({ deviceId, personId, held, cards });
      if (held === null) sweepNobody.run(deviceId);
    },
    failed: ({ deviceId, personId }: Person, code: string, next: EpochMs): void => {
      failed.run({ deviceId, personId, code, nextAt: next });
    },
    /** The device has nothing of somebody whom it did not take. */
    emptied: ({ deviceId, personId }: Person): void => {
      emptied.run(deviceId, personId);
    },
    /** The device has not what it was thought to have. */
    lost: ({ deviceId, personId }: Person): void => {
      lost.run(deviceId, personId);
      sweepNobody.run(deviceId);
    },
    terminal: (deviceId: string): TerminalRow | undefined => terminal.get(deviceId),
    /** Other hardware than before: whatever the old one had, this one has not. */
    meet: (deviceId: string, who: Pick<TerminalRow, 'terminal' | 'validity' | 'position'>): void => {
      meet.run({ deviceId, ...who });
      allLost.run(deviceId);
      sweepNobody.run(deviceId);
    },
    move: (deviceId: string, position: string | null): void => {
      move.run(position, deviceId);
    },
    compared: (deviceId: string, at: EpochMs, foreign: number): void => {
      compared.run(at, foreign, deviceId);
    },
    /** False: it is on record already. */
    see: (serial: string, key: string, at: EpochMs): boolean => see.run(serial, key, at).changes > 0,
    /** Whoever should be there is put again, and everybody compared; who must go still goes. */
    putAllAgain: (deviceId: string): number => {
      compareAgain.run(deviceId);
      return allAgain.run(deviceId).changes;
    },
    /** Why people are not as they should be there, by the code of the last attempt. */
    problems: (deviceId: string) => problems.all(deviceId),
    /** Events of this hardware that are on record and not forgotten yet. */
    recorded: (serial: string) => recorded.get(serial) ?? { events: 0, lastEventAt: null },
    orphans: (deviceId: string): readonly string[] => orphans.all(deviceId),
    counts: (deviceId: string) => counts.get(deviceId) ?? { wanted: 0, held: 0, waiting: 0, refused: 0 },
  };
}
