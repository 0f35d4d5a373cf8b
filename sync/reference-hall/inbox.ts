import type { Clock } from '../base/index.ts';
import { iso } from '../base/index.ts';
import type { CloudEvent, EventAnswer } from '../contract/index.ts';
import {
  allEventTypes,
  cloudEventSchema,
  certificateVerification,
  deliveryRequested,
  equipmentFaultReported,
  walkInRequested,
  whereWrong,
} from '../contract/index.ts';
import type { Db } from '../sqlite/index.ts';
import { transact } from '../sqlite/index.ts';
import type { Papers } from './papers.ts';
import type { HallRequests } from './requests.ts';

export interface ReceivedEvent {
  readonly id: string;
  readonly hub: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly receivedAt: string;
  readonly status: 'accepted' | 'rejected';
  readonly code: string | null;
  readonly reason: string | null;
  readonly data: unknown;
}

export interface Sender {
  readonly hub: string;
  readonly epoch: number;
}

/** Takes events in: each id once, whatever is sent how often. */
export interface HallInbox {
  /** Deals with a batch in one transaction. */
  take(sender: Sender, batch: readonly unknown[]): { answers: readonly EventAnswer[]; highestContiguous: number };
  /** How far the sender has come, and what of it after `after` stands rejected. */
  position(sender: Sender, after: number): { answers: readonly EventAnswer[]; highestContiguous: number };
  list(options: { readonly limit: number; readonly status?: 'accepted' | 'rejected' }): readonly ReceivedEvent[];
  count(): number;
}

interface EventRow {
  readonly id: string;
  readonly hub: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly received_at: string;
  readonly status: 'accepted' | 'rejected';
  readonly code: string | null;
  readonly reason: string | null;
  readonly data: string;
}

interface Refusal {
  readonly code: string;
  readonly reason: string;
}

export function createInbox(options: {
  readonly db: Db;
  readonly clock: Clock;
  readonly requests: HallRequests;
  readonly papers: Papers;
  readonly received: () => void;
}): HallInbox {
  const { db, clock, requests } = options;
  const sql = statements(db);
  const types = new Map(allEventTypes.map((type) => [type.type as string, type]));

  const check = (sender: Sender, event: CloudEvent): Refusal | undefined => {
    const type = types.get(event.type);
    if (!type) return { code: 'unknown-type', reason: `the hall does not know ${event.type}` };
    if (event.source !== `/hubs/${sender.hub}`) return { code: 'wrong-source', reason: 'source is not this hub' };
    const data = type.schema.safeParse(event.data);
    if (!data.success) return { code: 'invalid-data', reason: whereWrong(data.error) };
    const holder = sql.holder.get(sender.hub, sender.epoch, event.hubsequence);
    if (holder && holder.event !== event.id) {
      return {
        code: 'sequence-reused',
        reason: 'another event came with this sequence; a restored hub needs a new epoch',
      };
    }
    if (type.direction === 'outcome' && !requests.get(event.subject)) {
      return { code: 'unknown-request', reason: 'the hall holds no request of this id' };
    }
    const files =
      'attachments' in (data.data as object) ? (data.data as { attachments: { sha256: string }[] }).attachments : [];
    if (files.some(({ sha256 }) => !requests.file(sha256))) {
      return { code: 'missing-attachment', reason: 'an attachment has not been uploaded' };
    }
    return undefined;
  };

  const begin = (event: CloudEvent): void => {
    if (requests.get(event.subject)) return;
    if (event.type === walkInRequested.type) {
      const { validFrom, validUntil, gate, people, companions, host, purpose } = walkInRequested.schema.parse(
        event.data,
      );
      const data = {
        people,
        companions,
        gates: [gate],
        areas: [],
        host,
        ...(purpose === undefined ? {} : { purpose }),
      };
      requests.receive({ id: event.subject, kind: 'visitor-access', validFrom, validUntil, data });
    } else if (event.type === deliveryRequested.type) {
      const { at, validUntil, ...data } = deliveryRequested.schema.parse(event.data);
      requests.receive({ id: event.subject, kind: 'document-delivery', validFrom: at, validUntil, data });
    } else if (event.type === equipmentFaultReported.type) {
      const data = equipmentFaultReported.schema.parse(event.data);
      requests.receive({
        id: event.subject,
        kind: 'equipment-fault',
        validFrom: data.at,
        validUntil: data.at,
        data,
      });
    }
  };

  const takeOne = (sender: Sender, raw: unknown): EventAnswer | undefined => {
    const parsed = cloudEventSchema.safeParse(raw);
    if (!parsed.success) {
      const id = typeof raw === 'object' && raw !== null && 'id' in raw ? raw.id : undefined;
      if (typeof id !== 'string') return undefined;
      return { id, status: 'rejected', code: 'invalid-event', reason: whereWrong(parsed.error) };
    }
    const event = parsed.data;
    const known = sql.byId.get(event.id);
    const refusal = known?.status === 'accepted' ? undefined : check(sender, event);
    if (refusal?.code !== 'sequence-reused') {
      sql.claim.run(sender.hub, sender.epoch, event.hubsequence, event.id);
    }
    if (known?.status === 'accepted') return { id: event.id, status: 'duplicate' };
    const arrival = (sql.lastArrival.get()?.arrival ?? 0) + 1;
    sql.put.run({
      id: event.id,
      hub: sender.hub,
      type: event.type,
      subject: event.subject,
      time: event.time,
      received_at: iso(clock.now()),
      arrival,
      status: refusal ? 'rejected' : 'accepted',
      code: refusal?.code ?? null,
      reason: refusal?.reason ?? null,
      data: JSON.stringify(event.data ?? null),
    });
    if (refusal) return { id: event.id, status: 'rejected', ...refusal };
    if (event.type === certificateVerification.type) {
      options.papers.keep(event.subject, certificateVerification.schema.parse(event.data).record);
    }
    begin(event);
    return { id: event.id, status: 'accepted' };
  };

  const advance = ({ hub, epoch }: Sender): number => {
    let highest = sql.contiguous.get(hub, epoch)?.highest ?? 0;
    const before = highest;
    while (sql.holder.get(hub, epoch, highest + 1)) highest += 1;
    if (highest !== before) sql.setContiguous.run(hub, epoch, highest);
    return highest;
  };

  return {
    take: (sender, batch) => {
      const result = transact(db, () => {
        const answers = batch.map((raw) => takeOne(sender, raw)).filter((answer) => answer !== undefined);
        return { answers, highestContiguous: advance(sender) };
      });
      options.received();
      return result;
    },
    position: (sender, after) => ({
      answers: sql.rejectedAfter
        .all(sender.hub, sender.epoch, after)
        .map(({ id, code, reason }) => ({ id, status: 'rejected', code: code ?? '', reason: reason ?? '' })),
      highestContiguous: sql.contiguous.get(sender.hub, sender.epoch)?.highest ?? 0,
    }),
    list: ({ limit, status }) =>
      (status === undefined ? sql.list.all(limit) : sql.listByStatus.all(status, limit)).map((row) => ({
        id: row.id,
        hub: row.hub,
        type: row.type,
        subject: row.subject,
        time: row.time,
        receivedAt: row.received_at,
        status: row.status,
        code: row.code,
        reason: row.reason,
        data: JSON.parse(row.data) as unknown,
      })),
    count: () => sql.count.get()?.size ?? 0,
  };
}

function statements(db: Db) {
  return {
    byId: db.prepare<[string], EventRow>('SELECT * FROM hall_event WHERE id = ?'),
    lastArrival: db.prepare<[], { arrival: number | null }>('SELECT max(arrival) AS arrival FROM hall_event'),
    put: db.prepare(
      `INSERT INTO hall_event
         (id, hub, type, subject, time, received_at, arrival, status, code, reason, data)
       VALUES (@id, @hub, @type, @subject, @time, @received_at, @arrival, @status, @code, @reason, @data)
       ON CONFLICT (id) DO UPDATE SET received_at = excluded.received_at, arrival = excluded.arrival,
         status = excluded.status, code = excluded.code, reason = excluded.reason, data = excluded.data`,
    ),
    holder: db.prepare<[string, number, number], { event: string }>(
      'SELECT event FROM hall_sequence WHERE hub = ? AND epoch = ? AND sequence = ?',
    ),
    claim: db.prepare('INSERT OR IGNORE INTO hall_sequence VALUES (?, ?, ?, ?)'),
    contiguous: db.prepare<[string, number], { highest: number }>(
      'SELECT highest FROM hall_contiguous WHERE hub = ? AND epoch = ?',
    ),
    setContiguous: db.prepare('INSERT OR REPLACE INTO hall_contiguous VALUES (?, ?, ?)'),
    rejectedAfter: db.prepare<[string, number, number], { id: string; code: string | null; reason: string | null }>(
      `SELECT event.id, event.code, event.reason FROM hall_sequence AS place JOIN hall_event AS event
         ON event.id = place.event
       WHERE place.hub = ? AND place.epoch = ? AND place.sequence > ? AND event.status = 'rejected'
       ORDER BY place.sequence LIMIT 10000`,
    ),
    list: db.prepare<[number], EventRow>('SELECT * FROM hall_event ORDER BY arrival DESC LIMIT ?'),
    listByStatus: db.prepare<[string, number], EventRow>(
      'SELECT * FROM hall_event WHERE status = ? ORDER BY arrival DESC LIMIT ?',
    ),
    count: db.prepare<[], { size: number }>(`SELECT count(*) AS size FROM hall_event WHERE status = 'accepted'`),
  };
}
