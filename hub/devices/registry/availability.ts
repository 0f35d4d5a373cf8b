import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { Cancel, Clock, Code, EpochMs } from '@hallhub/sync/base';
import { minutes } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { Behind } from '../behind.ts';
import type { DarkSpan, Spans, StateChange, WatchedState } from './availability-rules.ts';
import { asHeard, addSpans, darkSpans, dayOf, shareOf, spansOf, startOfDay } from './availability-rules.ts';

export interface AvailabilityView {
  /** 0 to 1; absent where nobody watched. */
  readonly lastDay?: number;
  readonly lastMonth?: number;
  /** The last 30 days, oldest first; today's so far. */
  readonly days: readonly { readonly start: EpochMs; readonly spans: Spans; readonly share?: number }[];
  /** Newest first. */
  readonly changes: readonly (StateChange & { readonly code?: Code })[];
}

/** Every change of every device's state, and what follows from them. */
export interface Availability {
  of(deviceId: string): AvailabilityView;
  /** How long each device was in each state between two instants of the last days; `unknown` also while its agent was away. */
  between(from: EpochMs, to: EpochMs): ReadonlyMap<string, Spans>;
  /** When a device saw nothing between two instants of the last days. */
  dark(
    deviceId: string,
    within: { readonly from: EpochMs; readonly to: EpochMs; readonly onAgent: boolean },
  ): readonly DarkSpan[];
  /** The device's state may have changed for a reason that the host does not tell (taken out of service). */
  note(deviceId: string): void;
  /** Says when nobody watched, then watches. */
  start(): void;
  stop(): void;
  /** Makes whole days before `before` into one row each. Answers with how many rows that freed. */
  compact(before: EpochMs): number;
}

const BEAT = minutes(1);
const MONTH = 30;
const CHANGES_SHOWN = 30;

interface ChangeRow extends StateChange {
  readonly code: Code | null;
}

export function createAvailability(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly behind: Behind;
  readonly host: Pick<AgentHost, 'devices' | 'health' | 'onHealth'>;
  readonly inService: (deviceId: string) => boolean;
  /** Milliseconds by which the campus's time is ahead of UTC. */
  readonly zoneOffset: (at: EpochMs) => number;
}): Availability {
  const { db, clock, behind, host } = deps;
  const insert = db.prepare('INSERT INTO device_health (device_id, at, state, code) VALUES (?, ?, ?, ?)');
  const last = db
    .prepare<[string], WatchedState>('SELECT state FROM device_health WHERE device_id = ? ORDER BY seq DESC LIMIT 1')
    .pluck();
  const changes = db.prepare<[string], ChangeRow>(
    'SELECT at, state, code FROM device_health WHERE device_id = ? ORDER BY seq',
  );
  const watched = db.prepare<[], EpochMs>('SELECT at FROM device_watch').pluck();
  const beat = db.prepare(
    'INSERT INTO device_watch (one, at) VALUES (1, ?) ON CONFLICT DO UPDATE SET at = excluded.at',
  );
  const ids = db.prepare<[], string>('SELECT DISTINCT device_id FROM device_health').pluck();
  const days = db.prepare<[string, number], { day: number; spans: string }>(
    'SELECT day, spans FROM device_health_day WHERE device_id = ? AND day >= ? ORDER BY day',
  );
  const addDay = db.prepare('INSERT OR IGNORE INTO device_health_day (device_id, day, spans) VALUES (?, ?, ?)');
  const drop = db.prepare('DELETE FROM device_health WHERE device_id = ? AND seq < ?');
  const moveUp = db.prepare('UPDATE device_health SET at = max(at, ?) WHERE seq = ?');
  const withSeq = db.prepare<[string], ChangeRow & { seq: number }>(
    'SELECT seq, at, state, code FROM device_health WHERE device_id = ? ORDER BY seq',
  );
  let stops: Cancel[] = [];

  const record = (deviceId: string, state: WatchedState, at: EpochMs, code: Code | undefined): void => {
    if (last.get(deviceId) !== state) insert.run(deviceId, at, state, code ?? null);
  };
  const note = (deviceId: string): void => {
    const health = host.health(deviceId);
    if (!health) return;
    const state = deps.inService(deviceId) ? health.state : 'out-of-service';
    const at = clock.now();
    behind.add(() => {
      record(deviceId, state, at, state === 'ready' ? undefined : health.reason?.code);
    });
  };
  const noteAll = (): void => {
    for (const { id } of host.devices()) note(id);
  };
  const keepBeating = (): void => {
    const at = clock.now();
    behind.add(() => {
      beat.run(at);
    });
    stops = [stops[0] ?? (() => undefined), clock.after(BEAT, keepBeating)];
  };
  const nobodyWatches = (since: EpochMs): void => {
    transact(db, () => {
      for (const id of ids.all()) record(id, 'unknown', since, undefined);
    });
  };

  return {
    note,
    of: (deviceId) => {
      behind.flush();
      const now = clock.now();
      const offset = deps.zoneOffset(now);
      const today = dayOf(now, offset);
      const rows = changes.all(deviceId);
      const compacted = new Map(
        days.all(deviceId, today - MONTH + 1).map(({ day, spans }) => [day, JSON.parse(spans) as Spans]),
      );
      const list = Array.from({ length: MONTH }, (_, index) => {
        const day = today - MONTH + 1 + index;
        const start = startOfDay(day, offset);
        const end = Math.min(now, startOfDay(day + 1, offset)) as EpochMs;
        const spans = compacted.get(day) ?? spansOf(rows, start, end);
        const share = shareOf(spans);
        return { start, spans, ...(share !== undefined && { share }) };
      });
      const lastDay = shareOf(spansOf(rows, (now - 86_400_000) as EpochMs, now));
      const lastMonth = shareOf(addSpans(list.map(({ spans }) => spans)));
      return {
        ...(lastDay !== undefined && { lastDay }),
        ...(lastMonth !== undefined && { lastMonth }),
        days: list,
        changes: rows
          .slice(-CHANGES_SHOWN)
          .reverse()
          .map(({ at, state, code }) => ({ at, state, ...(code !== null && { code }) })),
      };
    },
    between: (from, to) => {
      behind.flush();
      return new Map(ids.all().map((id) => [id, spansOf(asHeard(changes.all(id)), from, to)]));
    },
    dark: (deviceId, within) => {
      behind.flush();
      return darkSpans(changes.all(deviceId), within);
    },
    start: () => {
      // A process that was killed could not say when it stopped watching; its last beat is the best that is known.
      nobodyWatches(watched.get() ?? clock.now());
      stops = [
        host.onHealth(({ deviceId }) => {
          note(deviceId);
        }),
      ];
      noteAll();
      keepBeating();
    },
    stop: () => {
      for (const stop of stops) stop();
      behind.flush();
      nobodyWatches(clock.now());
    },
    compact: (before) =>
      transact(db, () => {
        let freed = 0;
        for (const id of ids.all()) {
          const rows = withSeq.all(id);
          const first = rows[0];
          if (!first) continue;
          const offset = deps.zoneOffset(before);
          const boundary = dayOf(before, offset);
          for (let day = dayOf(first.at, offset); day < boundary; day += 1) {
            const spans = spansOf(rows, startOfDay(day, offset), startOfDay(day + 1, offset));
            addDay.run(id, day, JSON.stringify(spans));
          }
          // The state in which the first day that is kept whole began stays, as of its beginning.
          const start = startOfDay(boundary, offset);
          const carried = rows.findLast(({ at }) => at <= start);
          if (!carried) continue;
          freed += drop.run(id, carried.seq).changes;
          moveUp.run(start, carried.seq);
        }
        return freed;
      }),
  };
}
