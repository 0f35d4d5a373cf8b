import type { EpochMs } from '@hallhub/sync/base';
import { hours } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { ownerOf } from '../pass-id.ts';
import type { Direction } from '../pass.ts';
import type { Showing } from './codes.ts';
import { sameSteps } from './codes.ts';

/**
 * The life of one entry. `releasing`: committed, the order to the barrier is about to leave. `released`: the barrier took
 * it. Then `passed` (somebody walked through), `lapsed` (nobody did; a passage that is told late may still make it `passed`), `unconfirmed` (this gate cannot tell, or the process
 * died in between) or `blocked` (the barrier did not take the order). `refused`, `unexpected` (a passage that nobody was let
 * through for) and `free` (a passage while the gate stood open) end at once.
 */
export type EntryState =
  'refused' | 'releasing' | 'released' | 'passed' | 'lapsed' | 'unconfirmed' | 'blocked' | 'unexpected' | 'free';

/** How long it is remembered that a code was used whose approval is not known: longer than any such code lives. */
export const SIGNED_KEPT = hours(400 * 24);

/** In what somebody may have come in: a grant not walked through yet counts, because its holder stands in the gate. */
const COUNTED = `state IN ('releasing', 'released', 'passed', 'unconfirmed')`;

export interface EntryRow {
  readonly seq: number;
  readonly id: string;
  readonly gateId: string;
  readonly at: EpochMs;
  readonly state: EntryState;
  readonly code: string | null;
  readonly requestId: string | null;
  readonly person: number | null;
  readonly kind: string | null;
  readonly passId: string | null;
  readonly companion: number;
  readonly display: Uint8Array | null;
  readonly area: string | null;
  readonly way: Direction | null;
  readonly day: string | null;
  readonly subject: string | null;
  readonly method: string | null;
  readonly warning: string | null;
  /** Who admitted by hand, and why: `<staff>:<reason>`. */
  readonly byHand: string | null;
  readonly codeStep: number | null;
  /** The pass that the code belongs to. */
  readonly codeOwner: string | null;
  /** The agent that decided; null: the hub itself. */
  readonly source: string | null;
  readonly settledAt: EpochMs | null;
}

export interface EntryInsert {
  readonly id: string;
  readonly gateId: string;
  readonly area: string;
  readonly way: Direction;
  /** Campus date. */
  readonly day: string;
  readonly at: EpochMs;
  readonly state: EntryState;
  readonly code?: string;
  readonly warning?: string;
  readonly requestId?: string;
  readonly person?: number;
  readonly kind?: string;
  readonly passId?: string;
  readonly subject?: string;
  /** Set where uses are counted. */
  readonly account?: string;
  readonly slot?: string;
  readonly companion?: boolean;
  readonly credential?: Uint8Array;
  readonly method?: string;
  readonly display?: Uint8Array;
  readonly byHand?: string;
  readonly codeStep?: number;
  readonly codeOwner?: string;
  readonly source?: string;
}

const COLUMNS = `seq, id, gate_id AS gateId, at, state, code, request_id AS requestId, person, kind, pass_id AS passId, companion,
  display, area, way, day, subject, method, warning, by_hand AS byHand, code_step AS codeStep, code_owner AS codeOwner, source, settled_at AS settledAt`;

export type EntryStore = ReturnType<typeof createEntryStore>;

/** The SQL of entries, and of what is counted in them. */
export function createEntryStore(db: Db) {
  const insert = db.prepare(
    `INSERT INTO gate_entry (id, gate_id, area, way, day, at, state, code, warning, request_id, person, kind, pass_id, subject, account,
       slot, companion, credential, method, display, by_hand, code_step, code_owner, source)
     VALUES (@id, @gateId, @area, @way, @day, @at, @state, @code, @warning, @requestId, @person, @kind, @passId, @subject, @account,
       @slot, @companion, @credential, @method, @display, @byHand, @codeStep, @codeOwner, @source)
     ON CONFLICT (id) DO NOTHING`,
  );
  const settle = db.prepare(
    `UPDATE gate_entry SET state = @state, settled_at = @at, code = coalesce(@code, code), confirmation = coalesce(@confirmation, confirmation)
     WHERE id = @id AND (state = 'releasing' OR (state = 'released' AND @state <> 'released') OR (state = 'lapsed' AND @state = 'passed'))`,
  );
  const open = db.prepare<[], EntryRow>(
    `SELECT ${COLUMNS} FROM gate_entry WHERE state IN ('releasing', 'released') AND source IS NULL`,
  );
  const byId = db.prepare<[string], EntryRow>(`SELECT ${COLUMNS} FROM gate_entry WHERE id = ?`);
  const ofRequest = db.prepare<[string], EntryRow>(
    `SELECT ${COLUMNS} FROM gate_entry WHERE request_id = ? ORDER BY seq`,
  );
  const recent = db.prepare<[number, number], EntryRow>(
    `SELECT ${COLUMNS} FROM gate_entry WHERE seq > ? ORDER BY seq DESC LIMIT ?`,
  );
  const recentAt = db.prepare<[string, number], EntryRow>(
    `SELECT ${COLUMNS} FROM gate_entry WHERE gate_id = ? ORDER BY seq DESC LIMIT ?`,
  );
  const countStates = db.prepare<[number], { state: EntryState; count: number }>(
    'SELECT state, count(*) AS count FROM gate_entry WHERE at >= ? GROUP BY state',
  );
  const used = db.prepare<{ account: string; day: string }, { ever: number; today: number }>(
    `SELECT count(*) AS ever, count(*) FILTER (WHERE day = @day) AS today FROM gate_entry
     WHERE account = @account AND way = 'in' AND companion = 0 AND ${COUNTED}`,
  );
  const slotTaken = db
    .prepare<{ slot: string; subject: string }, number>(
      `SELECT count(DISTINCT CASE companion WHEN 0 THEN subject ELSE id END) FROM gate_entry
       WHERE slot = @slot AND way = 'in' AND subject <> @subject AND ${COUNTED}`,
    )
    .pluck();
  const slotOwn = db
    .prepare<{ slot: string; subject: string }, number>(
      `SELECT count(*) FROM gate_entry WHERE slot = @slot AND way = 'in' AND subject = @subject AND companion = 1 AND ${COUNTED}`,
    )
    .pluck();
  const last = db.prepare<
    { subject: string; way: string; gateId: string; area: string },
    { here: EpochMs | null; area: EpochMs | null }
  >(
    `SELECT max(at) FILTER (WHERE gate_id = @gateId) AS here, max(at) AS area FROM gate_entry
     WHERE subject = @subject AND way = @way AND area = @area AND ${COUNTED}`,
  );
  const sameCode = db.prepare<[string, number, number, string, string], Showing>(
    `SELECT area, way, at FROM gate_entry
     WHERE code_owner = ? AND code_step BETWEEN ? AND ? AND method = ? AND gate_id <> ? AND companion = 0 AND ${COUNTED}`,
  );
  const ownerless = db.prepare<[string, string], EntryRow>(
    `SELECT ${COLUMNS} FROM gate_entry WHERE request_id = ? AND pass_id = ? AND subject IS NULL ORDER BY at`,
  );
  const setOwner = db.prepare(
    'UPDATE gate_entry SET kind = @kind, subject = @subject, account = @account, slot = @slot WHERE id = @id',
  );
  const walks = db.prepare<[number, number, number], EntryRow>(
    `SELECT ${COLUMNS} FROM gate_entry WHERE (at, seq) > (?, ?) AND state IN ('passed', 'unconfirmed') ORDER BY at, seq LIMIT ?`,
  );
  const walksOf = db.prepare<[string, number, string], EntryRow>(
    `SELECT ${COLUMNS} FROM gate_entry WHERE subject = ? AND at >= ? AND area = ? AND state IN ('passed', 'unconfirmed') ORDER BY at, seq`,
  );
  const renameOn = db.prepare(
    'UPDATE gate_entry SET subject = @to WHERE request_id = @requestId AND pass_id = @passId AND subject = @from',
  );
  const forgetStrangers = db.prepare(
    'UPDATE gate_entry SET display = NULL, credential = NULL WHERE at < ? AND display IS NOT NULL',
  );
  const old = db.prepare<
    { before: number; at: number; seq: number; limit: number; signedBefore: number },
    { seq: number; at: EpochMs; counted: number }
  >(
    `SELECT seq, at, (account IS NOT NULL OR slot IS NOT NULL)
         AND (EXISTS (SELECT 1 FROM gate_pass WHERE id = pass_id) OR (account LIKE 'code:%' AND at > @signedBefore)) AS counted
     FROM gate_entry WHERE at < @before AND (at, seq) > (@at, @seq) ORDER BY at, seq LIMIT @limit`,
  );
  const drop = db.prepare('DELETE FROM gate_entry WHERE seq = ?');

  return {
    /** Returns whether it was new: an agent may tell of an entry twice. */
    add: (entry: EntryInsert): boolean =>
      insert.run({
        ...entry,
        code: entry.code ?? null,
        warning: entry.warning ?? null,
        requestId: entry.requestId ?? null,
        person: entry.person ?? null,
        kind: entry.kind ?? null,
        passId: entry.passId ?? null,
        subject: entry.subject ?? null,
        account: entry.account ?? null,
        slot: entry.slot ?? null,
        companion: entry.companion === true ? 1 : 0,
        credential: entry.credential ?? null,
        method: entry.method ?? null,
        display: entry.display ?? null,
        byHand: entry.byHand ?? null,
        codeStep: entry.codeStep ?? null,
        codeOwner: entry.codeOwner ?? null,
        source: entry.source ?? null,
      }).changes > 0,
    /** Moves an open entry on; does nothing when it has already moved past. Returns whether it did. */
    settle: (
      id: string,
      state: EntryState,
      at: EpochMs,
      extra: { readonly code?: string; readonly confirmation?: string } = {},
    ): boolean =>
      settle.run({ id, state, at, code: extra.code ?? null, confirmation: extra.confirmation ?? null }).changes > 0,
    /** Grants of this process's gates that nobody has walked through yet. */
    open: (): readonly EntryRow[] => open.all(),
    entry: (id: string): EntryRow | undefined => byId.get(id),
    ofRequest: (requestId: string): readonly EntryRow[] => ofRequest.all(requestId),
    /** Ways in and out that other gates gave the same code, as far as steps say. */
    sameCode: (owner: string, step: number, method: string, gateId: string): readonly Showing[] =>
      sameCode.all(owner, ...sameSteps(method, step), method, gateId),
    /** Gives entries that came before their pass to whom it belongs. Returns them, oldest first. */
    own: (
      passId: string,
      { kind, subject, account, slot }: Pick<EntryInsert, 'kind' | 'subject' | 'account' | 'slot'>,
    ): readonly EntryRow[] =>
      ownerless.all(ownerOf(passId).requestId, passId).flatMap(({ id }) => {
        setOwner.run({ id, kind, subject, account: account ?? null, slot: slot ?? null });
        return byId.get(id) ?? [];
      }),
    /** Whoever a pass is of is called otherwise from now on. */
    renameOn: (passId: string, from: string, to: string): void => {
      renameOn.run({ requestId: ownerOf(passId).requestId, passId, from, to });
    },
    /** Newest first. */
    recent: (limit: number, after = 0): readonly EntryRow[] => recent.all(after, limit),
    recentAt: (gateId: string, limit: number): readonly EntryRow[] => recentAt.all(gateId, limit),
    /** Ways through all gates from a place in time on, oldest first. */
    walks: (from: { readonly at: EpochMs; readonly seq: number }, limit: number): readonly EntryRow[] =>
      walks.all(from.at, from.seq, limit),
    /** Those of one subject in an area, oldest first. */
    walksOf: (subject: string, area: string, since: EpochMs): readonly EntryRow[] => walksOf.all(subject, since, area),
    countStates: (since: EpochMs) => countStates.all(since),
    used: (account: string, day: string) => used.get({ account, day }) ?? { ever: 0, today: 0 },
    /** Heads in a slot without the subject's own; those who came in on the subject's document count. */
    slotTaken: (slot: string, subject: string): number =>
      (slotTaken.get({ slot, subject }) ?? 0) + (slotOwn.get({ slot, subject }) ?? 0),
    /** When the subject last went this way, here and anywhere in the area. */
    last: (subject: string, gate: { readonly id: string; readonly area: string; readonly direction: Direction }) => {
      const row = last.get({ subject, way: gate.direction, gateId: gate.id, area: gate.area });
      return { here: row?.here ?? undefined, area: row?.area ?? undefined };
    },
    /**
     * Looks at `limit` entries before `before`, from a place on, and forgets those that nothing is counted by any more. `next` is
     * where to go on; undefined at the end.
     */
    forget: (
      before: EpochMs,
      from: { readonly at: EpochMs; readonly seq: number },
      limit: number,
    ): { readonly forgotten: number; readonly next: { readonly at: EpochMs; readonly seq: number } | undefined } => {
      const rows = old.all({ before, ...from, limit, signedBefore: before - SIGNED_KEPT });
      const past = rows.filter(({ counted }) => counted === 0);
      for (const { seq } of past) drop.run(seq);
      const last = rows.length < limit ? undefined : rows.at(-1);
      return { forgotten: past.length, next: last && { at: last.at, seq: last.seq } };
    },
    /** Forgets what strangers' cards said; that somebody was refused stays. */
    forgetStrangers: (before: EpochMs): number => forgetStrangers.run(before).changes,
  };
}
