import type { CapabilityName, StateJson, StateValue } from '@hallhub/device-drivers/capabilities';
import { shapeOf, stateShapeOf } from '@hallhub/device-drivers/capabilities';
import type { EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';

/**
 * One lasting state of one device: what somebody wants of it and what it last reported, apart, each with a version that
 * grows when the value changes. Nothing here ever gives a command by itself.
 */
export interface TwinState {
  readonly capability: CapabilityName;
  readonly property: string;
  readonly desired?: {
    readonly value: StateJson;
    readonly version: number;
    readonly at: EpochMs;
    readonly by: string;
    readonly commandId: string;
  };
  readonly reported?: { readonly value: StateJson; readonly version: number; readonly at: EpochMs };
  /** `unknown`: only one side has spoken. */
  readonly standing: 'agrees' | 'differs' | 'unknown';
  /** Whether its capability has a command that brings the desired state about again. */
  readonly restorable: boolean;
}

export interface Desire {
  readonly deviceId: string;
  readonly capability: CapabilityName;
  readonly command: { readonly id: string; readonly name: string; readonly args: unknown; readonly issuedBy: string };
}

export interface Twin {
  /** What a command is to bring about, if it is a state; by its arguments. */
  settingOf(
    desire: Pick<Desire, 'capability'> & { readonly command: Pick<Desire['command'], 'name' | 'args'> },
  ): StateValue | undefined;
  /** The command leaves: what it sets is wanted from now on. Runs inside the caller's transaction. */
  desire(desire: Desire, now: EpochMs): void;
  /**
   * What a device reported. Runs inside the caller's transaction. Answers with the commands whose desired state this shows.
   */
  report(deviceId: string, capability: CapabilityName, values: readonly StateValue[], at: EpochMs): readonly string[];
  /** Whether the device has reported what this command set, at or after `since`. */
  shows(desire: Desire, since: EpochMs): boolean;
  list(deviceId: string): readonly TwinState[];
}

interface Row {
  readonly capability: CapabilityName;
  readonly property: string;
  readonly desired: string | null;
  readonly desiredVersion: number;
  readonly desiredAt: EpochMs | null;
  readonly desiredBy: string | null;
  readonly desiredCommand: string | null;
  readonly reported: string | null;
  readonly reportedVersion: number;
  readonly reportedAt: EpochMs | null;
}

/** Keys in one order, so that equal values are equal texts. */
const canonical = (value: StateJson): string =>
  typeof value === 'object'
    ? `{${Object.keys(value)
        .sort()
        .flatMap((key) => (value[key] === undefined ? [] : [`${JSON.stringify(key)}:${canonical(value[key])}`]))
        .join(',')}}`
    : JSON.stringify(value);

export function createTwin({ db }: { readonly db: Db }): Twin {
  const want = db.prepare(
    `INSERT INTO device_twin (device_id, capability, property, desired, desired_version, desired_at, desired_by, desired_command)
     VALUES (?, ?, ?, ?, 1, ?, ?, ?)
     ON CONFLICT DO UPDATE SET desired_version = desired_version + (desired IS NOT excluded.desired),
       desired = excluded.desired, desired_at = excluded.desired_at, desired_by = excluded.desired_by,
       desired_command = excluded.desired_command`,
  );
  const saw = db.prepare(
    `INSERT INTO device_twin (device_id, capability, property, reported, reported_version, reported_at)
     VALUES (?, ?, ?, ?, 1, ?)
     ON CONFLICT DO UPDATE SET reported_version = reported_version + (reported IS NOT excluded.reported),
       reported = excluded.reported, reported_at = excluded.reported_at
     WHERE reported_at IS NULL OR excluded.reported_at >= reported_at`,
  );
  const columns = `capability, property, desired, desired_version AS desiredVersion, desired_at AS desiredAt,
    desired_by AS desiredBy, desired_command AS desiredCommand, reported, reported_version AS reportedVersion,
    reported_at AS reportedAt`;
  const one = db.prepare<[string, string, string], Row>(
    `SELECT ${columns} FROM device_twin WHERE device_id = ? AND capability = ? AND property = ?`,
  );
  const all = db.prepare<[string], Row>(
    `SELECT ${columns} FROM device_twin WHERE device_id = ? ORDER BY capability, property`,
  );

  const settingOf: Twin['settingOf'] = ({ capability, command: { name, args } }) => {
    const sets = stateShapeOf(capability)?.sets[name];
    const parsed = sets && shapeOf(capability).commands[name]?.args.safeParse(args);
    return parsed?.success === true ? sets?.(parsed.data) : undefined;
  };
  const standingOf = ({ capability, desired, reported }: Row): TwinState['standing'] => {
    if (desired === null || reported === null) return 'unknown';
    const agrees = stateShapeOf(capability)?.agrees;
    const same =
      desired === reported || agrees?.(JSON.parse(desired) as StateJson, JSON.parse(reported) as StateJson) === true;
    return same ? 'agrees' : 'differs';
  };

  return {
    settingOf,
    desire: ({ deviceId, capability, command }, now) => {
      const state = settingOf({ capability, command });
      if (!state) return;
      want.run(deviceId, capability, state.property, canonical(state.value), now, command.issuedBy, command.id);
    },
    report: (deviceId, capability, values, at) =>
      values.flatMap(({ property, value }) => {
        saw.run(deviceId, capability, property, canonical(value), at);
        const row = one.get(deviceId, capability, property);
        const shown = row && standingOf(row) === 'agrees' ? row.desiredCommand : null;
        return shown === null ? [] : [shown];
      }),
    shows: ({ deviceId, capability, command }, since) => {
      const state = settingOf({ capability, command });
      const row = state && one.get(deviceId, capability, state.property);
      return (
        row?.desiredCommand === command.id && (row.reportedAt ?? -Infinity) >= since && standingOf(row) === 'agrees'
      );
    },
    list: (deviceId) =>
      all.all(deviceId).map((row) => {
        const { capability, property, desired, reported } = row;
        const value = desired === null ? undefined : (JSON.parse(desired) as StateJson);
        return {
          capability,
          property,
          ...(value !== undefined &&
            row.desiredAt !== null && {
              desired: {
                value,
                version: row.desiredVersion,
                at: row.desiredAt,
                by: row.desiredBy ?? '',
                commandId: row.desiredCommand ?? '',
              },
            }),
          ...(reported !== null &&
            row.reportedAt !== null && {
              reported: { value: JSON.parse(reported) as StateJson, version: row.reportedVersion, at: row.reportedAt },
            }),
          standing: standingOf(row),
          restorable: value !== undefined && stateShapeOf(capability)?.restore?.({ property, value }) !== undefined,
        };
      }),
  };
}
