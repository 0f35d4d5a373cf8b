import type { EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import type { Plan } from './plan.ts';
import type { Rollout, RolloutState, Target } from './rules.ts';
import { isOver } from './rules.ts';

/** A roll-out with what does not change about it. */
export interface RolloutRecord extends Rollout {
  readonly id: string;
  readonly sha256: string;
  readonly imageName: string;
  readonly createdAt: EpochMs;
  readonly createdBy: string;
  readonly endedAt: EpochMs | null;
}

export interface RolloutStore {
  add(record: RolloutRecord): void;
  get(id: string): RolloutRecord | undefined;
  /** Newest first. */
  list(): readonly RolloutRecord[];
  /** Those that still have something to do, oldest first. */
  open(): readonly RolloutRecord[];
  /** Writes what is different. */
  save(before: RolloutRecord, after: Rollout, now: EpochMs): void;
  purge(before: EpochMs): number;
}

interface Row {
  readonly id: string;
  readonly sha256: string;
  readonly imageName: string;
  readonly version: string;
  readonly plan: string;
  readonly state: RolloutState;
  readonly stage: number;
  readonly stageOpensAt: EpochMs;
  readonly forgiven: number;
  readonly createdAt: EpochMs;
  readonly createdBy: string;
  readonly endedAt: EpochMs | null;
}

const LISTED = 50;

export function createRolloutStore(db: Db): RolloutStore {
  const columns = `id, sha256, image_name AS imageName, version, plan, state, stage, stage_opens_at AS stageOpensAt, forgiven,
    created_at AS createdAt, created_by AS createdBy, ended_at AS endedAt FROM firmware_rollout`;
  const one = db.prepare<[string], Row>(`SELECT ${columns} WHERE id = ?`);
  const newest = db.prepare<[], Row>(`SELECT ${columns} ORDER BY created_at DESC, id DESC LIMIT ${LISTED}`);
  const open = db.prepare<[], Row>(`SELECT ${columns} WHERE over = 0 ORDER BY created_at, id`);
  const targets = db
    .prepare<[string], string>('SELECT standing FROM firmware_target WHERE rollout = ? ORDER BY position')
    .pluck();
  const insert = db.prepare('INSERT INTO firmware_rollout VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, NULL)');
  const update = db.prepare(
    `UPDATE firmware_rollout SET state = ?, stage = ?, stage_opens_at = ?, forgiven = ?, over = ?, ended_at = ? WHERE id = ?`,
  );
  const putTarget = db.prepare('INSERT OR REPLACE INTO firmware_target VALUES (?, ?, ?, ?, ?)');
  const forget = db.prepare('DELETE FROM firmware_rollout WHERE over = 1 AND ended_at < ?');

  const whole = (row: Row): RolloutRecord => ({
    ...row,
    plan: JSON.parse(row.plan) as Plan,
    targets: targets.all(row.id).map((standing) => JSON.parse(standing) as Target),
  });
  const put = (id: string, position: number, target: Target): void => {
    putTarget.run(id, position, target.deviceId, target.state, JSON.stringify(target));
  };

  return {
    add: (record) => {
      const { id, sha256, imageName, version, plan, state, stage, stageOpensAt, forgiven, createdAt, createdBy } =
        record;
      insert.run(
        ...[id, sha256, imageName, version, JSON.stringify(plan), state, stage, stageOpensAt, forgiven],
        createdAt,
        createdBy,
      );
      for (const [position, target] of record.targets.entries()) put(id, position, target);
    },
    get: (id) => {
      const row = one.get(id);
      return row && whole(row);
    },
    list: () => newest.all().map(whole),
    open: () => open.all().map(whole),
    save: (before, after, now) => {
      const over = isOver(after);
      const { state, stage, stageOpensAt, forgiven } = after;
      update.run(state, stage, stageOpensAt, forgiven, over ? 1 : 0, over ? now : null, before.id);
      for (const [position, target] of after.targets.entries()) {
        if (target !== before.targets[position]) put(before.id, position, target);
      }
    },
    purge: (before) => forget.run(before).changes,
  };
}
