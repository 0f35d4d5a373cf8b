import type { Clock, EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { Audit } from '../../audit/service.ts';

/** What people decided about a device, apart from how it is doing. */
export interface AdminState {
  readonly inService: boolean;
  readonly reason: string;
  readonly by: string;
  readonly at: EpochMs;
}

export interface DeviceAdmin {
  /** Undefined: nobody ever decided anything, so it is in service. */
  of(deviceId: string): AdminState | undefined;
  inService(deviceId: string): boolean;
  /** Out of service it refuses commands and nobody is alarmed by its state. */
  set(deviceId: string, state: Pick<AdminState, 'inService' | 'reason' | 'by'>): AdminState;
}

export function createDeviceAdmin({
  db,
  clock,
  audit,
}: {
  readonly db: Db;
  readonly clock: Clock;
  readonly audit: Pick<Audit, 'record'>;
}): DeviceAdmin {
  const rows = db
    .prepare<[], { id: string; inService: number; reason: string; by: string; at: EpochMs }>(
      'SELECT device_id AS id, in_service AS inService, reason, by, at FROM device_admin',
    )
    .all();
  const put = db.prepare(
    'INSERT OR REPLACE INTO device_admin (device_id, in_service, reason, by, at) VALUES (?, ?, ?, ?, ?)',
  );
  // Asked before every command, so it is kept in memory; this process is the only one that writes it.
  const states = new Map(rows.map(({ id, inService, ...rest }) => [id, { ...rest, inService: inService === 1 }]));
  return {
    of: (deviceId) => states.get(deviceId),
    inService: (deviceId) => states.get(deviceId)?.inService ?? true,
    set: (deviceId, { inService, reason, by }) => {
      const state: AdminState = { inService, reason, by, at: clock.now() };
      transact(db, () => {
        put.run(deviceId, inService ? 1 : 0, reason, by, state.at);
        audit.record({
          actor: by,
          action: inService ? 'device.into-service' : 'device.out-of-service',
          subject: `device:${deviceId}`,
        });
      });
      states.set(deviceId, state);
      return state;
    },
  };
}
