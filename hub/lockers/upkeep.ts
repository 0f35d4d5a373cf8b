import type { Cancel, Clock, DurationMs, EpochMs } from '@hallhub/sync/base';
import { minutes } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { Notifications } from '../notifications/index.ts';
import type { Chain } from './chain.ts';
import type { Consignments } from './consignments.ts';
import type { Custody } from './custody.ts';
import { isHeldBy } from './rules/consignment.ts';
import type { ConsignmentStore } from './store/consignments.ts';

const EVERY = minutes(1);

/** What becomes due: reminders, what nobody came for, runs that should have arrived. */
export interface Upkeep {
  start(): void;
  stop(): void;
  /** Does now what is due now. */
  run(): void;
}

export function createUpkeep(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly chain: Chain;
  readonly custody: Custody;
  readonly rows: ConsignmentStore;
  readonly consignments: Pick<Consignments, 'people'>;
  readonly notifications: Pick<Notifications, 'notify'>;
  readonly notices: string | undefined;
  readonly alerts: readonly string[];
  readonly remindBefore: readonly DurationMs[];
  readonly lateAfter: DurationMs;
}): Upkeep {
  const { db, clock, chain, custody, rows } = deps;
  // The longest warning first.
  const warnings = deps.remindBefore.toSorted((a, b) => b - a);
  let cancel: Cancel = () => undefined;
  let running = false;

  const remind = (now: EpochMs): void => {
    for (const row of rows.waiting()) {
      const { expiresAt } = row;
      if (expiresAt === null) continue;
      const due = warnings.filter((before) => now >= expiresAt - before).length;
      if (due <= row.reminded) continue;
      rows.setReminded(row.id, due);
      const people = deps.consignments.people(row);
      const to = chain.known.item(row.id)?.returning === undefined ? people?.recipient.number : people?.sender.number;
      if (deps.notices === undefined || to === undefined) continue;
      deps.notifications.notify({
        ...{ channel: deps.notices, to, dedupe: `locker/remind/${row.id}/${due}/${expiresAt}` },
        text: '您有文件即将超过保管时间，请尽快领取。A document waits for you and will soon go back.',
      });
    }
  };
  const expire = (now: EpochMs): void => {
    for (const row of rows.waiting()) {
      if (row.expiresAt === null || now < row.expiresAt) continue;
      const item = chain.known.item(row.id);
      // What came back to its sender stays on the retention list: there is nowhere further back.
      if (item?.returning !== undefined || !item || !isHeldBy(item, chain.me)) continue;
      custody.sendBack({ id: row.id, why: 'expired' }, { id: `expired/${row.id}/${row.expiresAt}`, by: 'hub' });
    }
  };
  const run = (): void => {
    const now = clock.now();
    transact(db, () => {
      remind(now);
      expire(now);
      const late = custody.overdue((now - deps.lateAfter) as EpochMs);
      if (late === 0) return;
      for (const channel of deps.alerts)
        deps.notifications.notify({ channel, text: `${late} 个班次未按时到达。Runs that have not arrived: ${late}.` });
    });
  };
  const arm = (): void => {
    if (!running) return;
    cancel = clock.after(EVERY, () => {
      run();
      arm();
    });
  };
  return {
    start: () => {
      running = true;
      run();
      arm();
    },
    stop: () => {
      running = false;
      cancel();
    },
    run,
  };
}
