import { openDatabase } from '@hallhub/sync/sqlite';

export interface StoredEntry {
  readonly seq: number;
  readonly requestId: string | null;
  readonly person: number | null;
  readonly state: string;
  readonly code: string | null;
  readonly at: number;
  readonly settledAt: number | null;
}

export interface StoredAttempt {
  readonly attemptId: string;
  readonly certificateId: string;
  readonly state: string;
  readonly copiesCounted: number;
}

export interface StoredCertificate {
  readonly certificateId: string;
  readonly state: string;
  readonly copiesAllowed: number;
  readonly documentSha256: string | null;
}

/** A hub's database, read from outside while the hub writes: what is found here has been committed. */
export interface HubDatabase {
  /** In order, after `seq`. */
  entriesAfter(seq: number): readonly StoredEntry[];
  lastEntry(): number;
  /** Whether this visit has been approved here. */
  hasPass(requestId: string): boolean;
  /** Whether the revocation of this visit has been committed here. */
  isRevoked(requestId: string): boolean;
  attempts(): readonly StoredAttempt[];
  certificates(): readonly StoredCertificate[];
  /** Outcomes that wait for the hall, and those that it rejected. */
  outbox(): { readonly waiting: number; readonly dead: number };
  /** As the device ids and event ids of the bus were committed. */
  deviceEvents(): readonly { readonly deviceId: string; readonly eventId: string }[];
  /** `ok`, or what is wrong. */
  integrity(): unknown;
  close(): void;
}

/** @throws when the file is not there yet. */
export function readHubDatabase(file: string): HubDatabase {
  const db = openDatabase({ file, readonly: true });
  const entries = db.prepare<[number], StoredEntry>(
    `SELECT seq, request_id AS requestId, person, state, code, at, settled_at AS settledAt FROM gate_entry
     WHERE seq > ? ORDER BY seq`,
  );
  const last = db.prepare<[], number>('SELECT coalesce(max(seq), 0) FROM gate_entry').pluck();
  const passes = db.prepare<[string], number>('SELECT count(*) FROM gate_pass WHERE request_id = ?').pluck();
  const revoked = db
    .prepare<[string], number>('SELECT count(*) FROM gate_pass WHERE request_id = ? AND revoked = 1')
    .pluck();
  const attempts = db.prepare<[], StoredAttempt>(
    `SELECT attempt_id AS attemptId, certificate_id AS certificateId, state, copies_counted AS copiesCounted
     FROM print_attempt ORDER BY requested_at`,
  );
  const certificates = db.prepare<[], StoredCertificate>(
    `SELECT certificate_id AS certificateId, state, copies_allowed AS copiesAllowed, document_sha256 AS documentSha256
     FROM certificate`,
  );
  const outbox = db.prepare<[], { waiting: number; dead: number }>(
    'SELECT (SELECT count(*) FROM outbox_event) AS waiting, (SELECT count(*) FROM outbox_dead) AS dead',
  );
  const deviceEvents = db.prepare<[], { deviceId: string; eventId: string }>(
    'SELECT device_id AS deviceId, event_id AS eventId FROM device_event ORDER BY seq',
  );
  return {
    entriesAfter: (seq) => entries.all(seq),
    lastEntry: () => last.get() ?? 0,
    hasPass: (requestId) => (passes.get(requestId) ?? 0) > 0,
    isRevoked: (requestId) => (revoked.get(requestId) ?? 0) > 0,
    attempts: () => attempts.all(),
    certificates: () => certificates.all(),
    outbox: () => outbox.get() ?? { waiting: 0, dead: 0 },
    deviceEvents: () => deviceEvents.all(),
    integrity: () => db.pragma('integrity_check', { simple: true }),
    close: () => {
      db.close();
    },
  };
}
