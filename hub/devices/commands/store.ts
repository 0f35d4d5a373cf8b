import type { CapabilityName } from '@hallhub/device-drivers/capabilities';
import type { Command } from '@hallhub/device-drivers/kit';
import type { Code, EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { recordable } from './policy.ts';
import type { CommandInput, CommandState, CommandStep } from './rules.ts';
import { advance } from './rules.ts';

/** A command and the capability of the device that is to carry it out. */
export interface Order {
  readonly deviceId: string;
  readonly capability: CapabilityName;
  readonly command: Command;
}

export interface CommandRow {
  readonly seq: number;
  readonly id: string;
  readonly deviceId: string;
  readonly capability: CapabilityName;
  readonly name: string;
  /** JSON of what of the arguments may be on record. */
  readonly args: string;
  readonly issuedBy: string;
  readonly issuedAt: EpochMs;
  readonly expiresAt: EpochMs;
  readonly state: CommandState;
  readonly code: Code | null;
  readonly sentAt: EpochMs | null;
  readonly digest: Uint8Array | null;
}

export interface StepRow {
  readonly at: EpochMs;
  readonly state: CommandState;
  readonly code: Code | null;
  readonly detail: string | null;
}

export interface CommandStore {
  /** Puts a new command on record; false when its id is there already. */
  add(order: Order, now: EpochMs, request?: { readonly key: string; readonly digest: Uint8Array }): boolean;
  /** Moves it on by the rules; undefined where nothing changed. Both run inside the caller's transaction. */
  move(id: string, input: CommandInput, now: EpochMs): CommandStep | undefined;
  get(id: string): CommandRow | undefined;
  byKey(key: string): CommandRow | undefined;
  steps(id: string): readonly StepRow[];
  /** Newest first. */
  ofDevice(deviceId: string, limit: number, before: number): readonly CommandRow[];
  unfinished(): readonly CommandRow[];
  purge(before: EpochMs): number;
}

const COLUMNS = `seq, id, device_id AS deviceId, capability, name, args, issued_by AS issuedBy, issued_at AS issuedAt,
  expires_at AS expiresAt, state, code, sent_at AS sentAt, digest`;

export function createCommandStore(db: Db): CommandStore {
  const insert = db.prepare(
    `INSERT INTO device_command (id, device_id, capability, name, args, issued_by, issued_at, expires_at, state, request_key, digest)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?) ON CONFLICT (id) DO NOTHING`,
  );
  const addStep = db.prepare(
    `INSERT INTO device_command_step (command_id, n, at, state, code, detail)
     VALUES (?, (SELECT count(*) FROM device_command_step WHERE command_id = ?), ?, ?, ?, ?)`,
  );
  const update = db.prepare(
    'UPDATE device_command SET state = ?, code = ?, sent_at = coalesce(sent_at, ?) WHERE id = ?',
  );
  const byId = db.prepare<[string], CommandRow>(`SELECT ${COLUMNS} FROM device_command WHERE id = ?`);
  const byKey = db.prepare<[string], CommandRow>(`SELECT ${COLUMNS} FROM device_command WHERE request_key = ?`);
  const steps = db.prepare<[string], StepRow>(
    'SELECT at, state, code, detail FROM device_command_step WHERE command_id = ? ORDER BY n',
  );
  const ofDevice = db.prepare<[string, number, number], CommandRow>(
    `SELECT ${COLUMNS} FROM device_command WHERE device_id = ? AND seq < ? ORDER BY seq DESC LIMIT ?`,
  );
  const unfinished = db.prepare<[], CommandRow>(
    `SELECT ${COLUMNS} FROM device_command WHERE state IN ('queued', 'sent') ORDER BY seq`,
  );
  const purge = db.prepare(`DELETE FROM device_command WHERE issued_at < ? AND state NOT IN ('queued', 'sent')`);

  return {
    add: ({ deviceId, capability, command }, now, request) => {
      const { id, name, args, issuedBy, issuedAt, expiresAt } = command;
      const kept = JSON.stringify(recordable(capability, name, args));
      const key = request?.key ?? null;
      const added = insert.run(
        ...[id, deviceId, capability, name, kept, issuedBy, issuedAt, expiresAt, key, request?.digest ?? null],
      );
      if (added.changes === 0) return false;
      addStep.run(id, id, now, 'queued', null, null);
      return true;
    },
    move: (id, input, now) => {
      const row = byId.get(id);
      const step = row && advance(standingOf(row), input, now);
      if (!step) return undefined;
      const { state, failure } = step;
      update.run(state, failure?.code ?? null, state === 'sent' ? now : null, id);
      addStep.run(id, id, now, state, failure?.code ?? null, failure?.detail?.slice(0, 500) ?? null);
      return step;
    },
    get: (id) => byId.get(id),
    byKey: (key) => byKey.get(key),
    steps: (id) => steps.all(id),
    ofDevice: (deviceId, limit, before) => ofDevice.all(deviceId, before, limit),
    unfinished: () => unfinished.all(),
    purge: (before) => purge.run(before).changes,
  };
}

export const standingOf = ({ state, code, expiresAt, sentAt }: CommandRow) => ({
  state,
  expiresAt,
  ...(code !== null && { code }),
  ...(sentAt !== null && { sentAt }),
});
