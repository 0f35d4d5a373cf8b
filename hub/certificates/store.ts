import type { Code, EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import type { CertificateState } from './ports.ts';
import type { PrinterCheck } from './printers.ts';
import type { SignatureLevel } from './signing/index.ts';
import { type PrintAttempt, copiesCounted } from './rules.ts';

export interface CertificateRow {
  readonly certificateId: string;
  readonly revision: number;
  readonly studentKey: string;
  readonly idKey: string | null;
  readonly pickUpKey: string | null;
  readonly template: string;
  readonly templateVersion: number | null;
  readonly sealed: Uint8Array;
  readonly copiesAllowed: number;
  readonly validFrom: EpochMs;
  readonly validUntil: EpochMs;
  readonly state: CertificateState;
  readonly number: string | null;
  readonly verificationCode: string | null;
  readonly documentSha256: string | null;
  readonly signature: SignatureLevel | null;
  readonly pages: number | null;
  readonly code: Code | null;
  readonly detail: string | null;
  readonly receivedAt: EpochMs;
}

export interface AttemptRow {
  readonly attempt: PrintAttempt;
  readonly resolution?: { readonly copiesFound: number; readonly staffId: string; readonly at: EpochMs };
  /** Copies that came out and were worth nothing. */
  readonly spoiled: number;
}

interface RawAttempt {
  readonly attempt: string;
  readonly copies_found: number | null;
  readonly resolved_by: string | null;
  readonly resolved_at: number | null;
  readonly copies_spoiled: number;
}

export interface Issued {
  readonly certificateId: string;
  readonly templateVersion: number | null;
  readonly documentSha256: string;
  readonly signature: SignatureLevel | null;
  readonly pages: number;
  readonly sealedDocument: Uint8Array;
}

/** How much of one template came out of a printer. */
export interface ItemCount {
  readonly template: string;
  readonly copies: number;
  readonly jobs: number;
}

export type CertificateStore = ReturnType<typeof certificateStore>;

const columns = `certificate_id AS certificateId, revision, student_key AS studentKey, id_key AS idKey, pick_up_key AS pickUpKey, template,
  template_version AS templateVersion, sealed, copies_allowed AS copiesAllowed, valid_from AS validFrom,
  valid_until AS validUntil, state, number, verification_code AS verificationCode, document_sha256 AS documentSha256,
  signature, pages, code, detail, received_at AS receivedAt`;
const attemptColumns = 'attempt, copies_found, resolved_by, resolved_at, copies_spoiled';

function attemptRow(raw: RawAttempt): AttemptRow {
  // Written by save() below and by nothing else.
  const attempt = JSON.parse(raw.attempt) as PrintAttempt;
  const { copies_spoiled: spoiled } = raw;
  if (raw.copies_found === null || raw.resolved_by === null || raw.resolved_at === null) return { attempt, spoiled };
  return {
    attempt,
    spoiled,
    resolution: { copiesFound: raw.copies_found, staffId: raw.resolved_by, at: raw.resolved_at as EpochMs },
  };
}

/** The SQL of this domain. Callers hold the transaction where several statements belong together. */
export function certificateStore(db: Db) {
  const upsert = db.prepare(
    `INSERT INTO certificate (certificate_id, revision, student_key, id_key, pick_up_key, template, sealed, copies_allowed,
       valid_from, valid_until, state, received_at)
     VALUES (@certificateId, @revision, @studentKey, @idKey, @pickUpKey, @template, @sealed, @copiesAllowed, @validFrom,
       @validUntil, 'pending', @receivedAt)
     ON CONFLICT (certificate_id) DO UPDATE SET revision = excluded.revision, student_key = excluded.student_key,
       id_key = excluded.id_key, pick_up_key = excluded.pick_up_key, template = excluded.template, sealed = excluded.sealed,
       copies_allowed = excluded.copies_allowed, valid_from = excluded.valid_from, valid_until = excluded.valid_until,
       received_at = excluded.received_at`,
  );
  const reopen = db.prepare(
    `UPDATE certificate SET state = 'pending', number = NULL, verification_code = NULL, document_sha256 = NULL,
       signature = NULL, pages = NULL, template_version = NULL, code = NULL, detail = NULL WHERE certificate_id = ?`,
  );
  const erase = db.prepare('DELETE FROM certificate_document WHERE certificate_id = ?');
  const revoke = db.prepare(
    `UPDATE certificate SET state = 'revoked', revision = MAX(revision, ?), document_sha256 = NULL
     WHERE certificate_id = ?`,
  );
  const get = db.prepare<[string], CertificateRow>(`SELECT ${columns} FROM certificate WHERE certificate_id = ?`);
  const byStudent = db.prepare<[string], CertificateRow>(
    `SELECT ${columns} FROM certificate WHERE student_key = ? ORDER BY received_at DESC`,
  );
  const byPickUp = db.prepare<[string], CertificateRow>(
    `SELECT ${columns} FROM certificate WHERE pick_up_key = ? ORDER BY received_at DESC`,
  );
  const byIdKey = db.prepare<[string], CertificateRow>(
    `SELECT ${columns} FROM certificate WHERE id_key = ? ORDER BY received_at DESC`,
  );
  const newest = db.prepare<[number], CertificateRow>(
    `SELECT ${columns} FROM certificate WHERE length(sealed) > 0 ORDER BY received_at DESC, rowid DESC LIMIT ?`,
  );
  const pending = db.prepare<[number, number], { id: string }>(
    `SELECT certificate_id AS id FROM certificate WHERE state = 'pending' AND valid_until > ?
     ORDER BY received_at LIMIT ?`,
  );
  const count = db.prepare<[number], { last: number }>(
    `INSERT INTO certificate_counter (year, last) VALUES (?, 1)
     ON CONFLICT (year) DO UPDATE SET last = last + 1 RETURNING last`,
  );
  const name = db.prepare('UPDATE certificate SET number = ?, verification_code = ? WHERE certificate_id = ?');
  const issue = db.prepare(
    `UPDATE certificate SET state = 'issued', template_version = @templateVersion, document_sha256 = @documentSha256,
       signature = @signature, pages = @pages, code = NULL, detail = NULL WHERE certificate_id = @certificateId`,
  );
  const keepDocument = db.prepare('INSERT OR REPLACE INTO certificate_document (certificate_id, sealed) VALUES (?, ?)');
  const document = db.prepare<[string], { sealed: Uint8Array }>(
    'SELECT sealed FROM certificate_document WHERE certificate_id = ?',
  );
  const fail = db.prepare('UPDATE certificate SET state = ?, code = ?, detail = ? WHERE certificate_id = ?');
  const retry = db.prepare("UPDATE certificate SET state = 'pending' WHERE certificate_id = ? AND state = 'refused'");
  const retryRefused = db.prepare<[string, number]>(
    `UPDATE certificate SET state = 'pending'
     WHERE state = 'refused' AND code IN (SELECT value FROM json_each(?)) AND valid_until > ?`,
  );
  const spoil = db.prepare('UPDATE print_attempt SET copies_spoiled = copies_spoiled + ? WHERE attempt_id = ?');
  const states = db.prepare<[], { state: CertificateState; n: number }>(
    'SELECT state, COUNT(*) AS n FROM certificate GROUP BY state',
  );

  const stuck = db.prepare<[], { n: number }>(
    `SELECT COUNT(*) AS n FROM certificate WHERE state = 'pending'
       AND code IN ('E-CERT-0303', 'E-CERT-0501', 'E-CERT-0503', 'E-CERT-0504', 'E-CERT-0505')`,
  );

  const saveAttempt = db.prepare(
    `INSERT INTO print_attempt (attempt_id, certificate_id, printer_id, state, copies_counted, orphan, attempt,
       requested_at, day, sheets, run)
     VALUES (@attemptId, @certificateId, @printerId, @state, @counted, @orphan, @body, @requestedAt, @day, @sheets,
       @run)
     ON CONFLICT (attempt_id) DO UPDATE SET state = excluded.state, copies_counted = COALESCE(copies_found, excluded.copies_counted),
       orphan = excluded.orphan, attempt = excluded.attempt, day = excluded.day`,
  );
  const getAttempt = db.prepare<[string], RawAttempt>(
    `SELECT ${attemptColumns} FROM print_attempt WHERE attempt_id = ?`,
  );
  const byOrder = db.prepare<[string], RawAttempt>(`SELECT ${attemptColumns} FROM print_attempt WHERE ordered_as = ?`);
  const nameOrder = db.prepare('UPDATE print_attempt SET ordered_as = ? WHERE attempt_id = ?');
  const used = db.prepare<[string], { n: number }>(
    'SELECT COALESCE(SUM(copies_counted - copies_spoiled), 0) AS n FROM print_attempt WHERE certificate_id = ?',
  );
  const open = `state NOT IN ('printed', 'not-printed', 'uncertain')`;
  const unfinished = db.prepare<[string], RawAttempt>(
    `SELECT ${attemptColumns} FROM print_attempt WHERE printer_id = ? AND ${open}
     ORDER BY state = 'queued', requested_at, rowid`,
  );
  const allUnfinished = db.prepare<[], RawAttempt>(`SELECT ${attemptColumns} FROM print_attempt WHERE ${open}`);
  const orphans = db.prepare<[string], RawAttempt>(
    `SELECT ${attemptColumns} FROM print_attempt WHERE printer_id = ? AND orphan = 1 AND NOT (${open})`,
  );
  const newestAttempts = db.prepare<[number], RawAttempt>(
    `SELECT ${attemptColumns} FROM print_attempt ORDER BY requested_at DESC, rowid DESC LIMIT ?`,
  );
  const unresolved = db.prepare<[], RawAttempt>(
    `SELECT ${attemptColumns} FROM print_attempt WHERE state = 'uncertain' AND resolved_at IS NULL
     ORDER BY requested_at DESC`,
  );
  const resolve = db.prepare(
    `UPDATE print_attempt SET copies_counted = @counted, copies_found = @found, resolved_by = @by, resolved_at = @at
     WHERE attempt_id = @attemptId`,
  );
  const sheetsOn = db.prepare<[string], { n: number }>(
    `SELECT COALESCE(SUM(sheets), 0) AS n FROM print_attempt WHERE day = ? AND state = 'printed'`,
  );
  const lastRun = db.prepare<[string], { last: number | null }>(
    `SELECT MAX(COALESCE(run, 0)) AS last FROM print_attempt
     WHERE certificate_id = ? AND state <> 'not-printed' AND (copies_found IS NULL OR copies_found > 0)`,
  );
  // Before runs were numbered they were as many as there are rows without a number.
  const unnumbered = db.prepare<[string], { n: number }>(
    `SELECT COUNT(*) AS n FROM print_attempt
     WHERE certificate_id = ? AND run IS NULL AND state <> 'not-printed' AND (copies_found IS NULL OR copies_found > 0)`,
  );
  const withdraw = db.prepare('UPDATE print_attempt SET withdrawn_by = ? WHERE attempt_id = ?');
  const withdrawn = db.prepare<[string], { by: string }>(
    'SELECT withdrawn_by AS by FROM print_attempt WHERE attempt_id = ? AND withdrawn_by IS NOT NULL',
  );
  const getCheck = db.prepare<[string], { printer_uuid: string; checked_at: number; verdict: string }>(
    'SELECT printer_uuid, checked_at, verdict FROM printer_check WHERE printer_id = ?',
  );
  const keepCheck = db.prepare('INSERT OR REPLACE INTO printer_check VALUES (?, ?, ?, ?)');

  const sheetsSince = db.prepare<[string, number], { n: number }>(
    `SELECT COALESCE(SUM(sheets), 0) AS n FROM print_attempt
     WHERE printer_id = ? AND requested_at >= ? AND state IN ('printed', 'uncertain')`,
  );
  const itemsOn = db.prepare<[string, string], { template: string; copies: number; jobs: number }>(
    `SELECT template, SUM(copies_counted) AS copies, COUNT(*) AS jobs FROM print_attempt JOIN certificate USING (certificate_id)
     WHERE printer_id = ? AND day = ? AND print_attempt.state = 'printed' GROUP BY template ORDER BY template`,
  );

  // Only what staff may still have to decide on keeps its person.
  const past = db
    .prepare<[number, number], string>(
      `SELECT certificate_id FROM certificate WHERE valid_until < ? AND length(sealed) > 0 AND NOT EXISTS (
         SELECT 1 FROM print_attempt AS one WHERE one.certificate_id = certificate.certificate_id AND (
           one.${open} OR one.orphan = 1 OR (one.state = 'uncertain' AND one.resolved_at IS NULL)))
       LIMIT ?`,
    )
    .pluck();
  const forget = db.prepare(
    `UPDATE certificate SET sealed = X'', student_key = '', id_key = NULL, pick_up_key = NULL, verification_code = NULL, detail = NULL
     WHERE certificate_id = ?`,
  );

  return {
    /**
     * Erases document, names, numbers and fields of certificates that ended before `before`, at most `limit`; how many. That
     * and how often they were printed stays, and so does what the verify page answers by.
     */
    forget: (before: EpochMs, limit: number): number => {
      const ids = past.all(before, limit);
      for (const id of ids) {
        erase.run(id);
        forget.run(id);
      }
      return ids.length;
    },
    upsert: (
      row: Pick<
        CertificateRow,
        | 'certificateId'
        | 'revision'
        | 'studentKey'
        | 'idKey'
        | 'pickUpKey'
        | 'template'
        | 'sealed'
        | 'copiesAllowed'
        | 'validFrom'
        | 'validUntil'
        | 'receivedAt'
      >,
    ): void => {
      upsert.run(row);
    },
    /** Its paper no longer says what the hall says: issue it anew. */
    reopen: (certificateId: string): void => {
      erase.run(certificateId);
      reopen.run(certificateId);
    },
    revoke: (certificateId: string, revision: number): void => {
      erase.run(certificateId);
      revoke.run(revision, certificateId);
    },
    get: (certificateId: string): CertificateRow | undefined => get.get(certificateId),
    ofStudent: (studentKey: string): readonly CertificateRow[] => byStudent.all(studentKey),
    ofPickUp: (pickUpKey: string): readonly CertificateRow[] => byPickUp.all(pickUpKey),
    ofIdKey: (idKey: string): readonly CertificateRow[] => byIdKey.all(idKey),
    newest: (limit: number): readonly CertificateRow[] => newest.all(limit),
    pending: (now: EpochMs, limit: number): readonly string[] => pending.all(now, limit).map(({ id }) => id),
    nextNumber: (year: number): number => count.get(year)?.last ?? 1,
    name: (certificateId: string, number: string, verificationCode: string): void => {
      name.run(number, verificationCode, certificateId);
    },
    issue: ({ sealedDocument, ...issued }: Issued): void => {
      issue.run(issued);
      keepDocument.run(issued.certificateId, sealedDocument);
    },
    document: (certificateId: string): Uint8Array | undefined => document.get(certificateId)?.sealed,
    fail: (certificateId: string, state: 'pending' | 'refused', code: Code, detail: string | undefined): void => {
      fail.run(state, code, detail ?? null, certificateId);
    },
    /** Make it again. Its number stays, and so does why it was refused, until something else is known. */
    retry: (certificateId: string): void => {
      retry.run(certificateId);
    },
    retryRefused: (codes: readonly Code[], now: EpochMs): void => {
      retryRefused.run(JSON.stringify(codes), now);
    },
    spoil: (attemptId: string, copies: number): void => {
      spoil.run(copies, attemptId);
    },
    /** Pending for what an operator must mend: fonts, key, certificate, PIN. */
    countStuck: (): number => stuck.get()?.n ?? 0,
    countByState: (): ReadonlyMap<CertificateState, number> => new Map(states.all().map(({ state, n }) => [state, n])),

    saveAttempt: (attempt: PrintAttempt, day: string): void => {
      const { attemptId, certificateId, printerId, state, requestedAt, copies, pages, duplex } = attempt;
      saveAttempt.run({
        attemptId,
        certificateId,
        printerId,
        state,
        requestedAt,
        day,
        counted: copiesCounted(attempt),
        orphan: attempt.orphan ? 1 : 0,
        body: JSON.stringify(attempt),
        sheets: copies * (duplex ? Math.ceil(pages / 2) : pages),
        run: attempt.run ?? null,
      });
    },
    attempt: (attemptId: string): AttemptRow | undefined => {
      const raw = getAttempt.get(attemptId);
      return raw && attemptRow(raw);
    },
    ordered: (orderedAs: string): AttemptRow | undefined => {
      const raw = byOrder.get(orderedAs);
      return raw && attemptRow(raw);
    },
    nameOrder: (attemptId: string, orderedAs: string): void => {
      nameOrder.run(orderedAs, attemptId);
    },
    copiesUsed: (certificateId: string): number => used.get(certificateId)?.n ?? 0,
    unfinished: (printerId?: string): readonly AttemptRow[] =>
      (printerId === undefined ? allUnfinished.all() : unfinished.all(printerId)).map(attemptRow),
    orphans: (printerId: string): readonly AttemptRow[] => orphans.all(printerId).map(attemptRow),
    newestAttempts: (limit: number): readonly AttemptRow[] => newestAttempts.all(limit).map(attemptRow),
    unresolved: (): readonly AttemptRow[] => unresolved.all().map(attemptRow),
    resolve: (attemptId: string, found: number, by: string, at: EpochMs): void => {
      resolve.run({ attemptId, counted: found, found, by, at });
    },
    sheetsSince: (printerId: string, since: EpochMs): number => sheetsSince.get(printerId, since)?.n ?? 0,
    itemsOn: (printerId: string, day: string): readonly ItemCount[] => itemsOn.all(printerId, day),
    /** The number of a certificate's next print run. */
    nextRun: (certificateId: string): number =>
      Math.max(lastRun.get(certificateId)?.last ?? 0, unnumbered.get(certificateId)?.n ?? 0) + 1,
    withdraw: (attemptId: string, by: string): void => {
      withdraw.run(by, attemptId);
    },
    isWithdrawn: (attemptId: string): boolean => withdrawn.get(attemptId) !== undefined,
    printerCheck: (printerId: string): PrinterCheck | undefined => {
      const raw = getCheck.get(printerId);
      // Written by keepPrinterCheck() below and by nothing else.
      return (
        raw && {
          printerUuid: raw.printer_uuid,
          at: raw.checked_at as EpochMs,
          verdict: JSON.parse(raw.verdict) as PrinterCheck['verdict'],
        }
      );
    },
    keepPrinterCheck: (printerId: string, { printerUuid, at, verdict }: PrinterCheck): void => {
      keepCheck.run(printerId, printerUuid, at, JSON.stringify(verdict));
    },
    sheetsOn: (day: string): number => sheetsOn.get(day)?.n ?? 0,
  };
}
