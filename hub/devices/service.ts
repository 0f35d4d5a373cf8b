import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Traffic } from '@hallhub/device-drivers/kit';
import type { Cancel, Clock, EpochMs, Result } from '@hallhub/sync/base';
import { FailureError, failure, ok } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/service.ts';
import type { InboxMessage } from '../broker/index.ts';
import { busEventSchema } from '../broker/index.ts';

/** A device that comes over the bus, with credentials of its own. */
export interface BusDeviceView {
  readonly id: string;
  readonly createdAt: EpochMs;
  readonly revokedAt: EpochMs | null;
  readonly lastEventAt: EpochMs | null;
}

export interface DeviceEvent {
  readonly seq: number;
  readonly deviceId: string;
  readonly type: string;
  readonly at: EpochMs;
  readonly data: unknown;
}

export interface Devices {
  /**
   * The last frames, asked of its agent where the device hangs on one. They may hold what a card said of its holder, so the
   * look is recorded. Errors: `E-AGENT-0103` the agent is away.
   */
  traffic(deviceId: string, by: string): Promise<Result<readonly Traffic[]>>;
  /** What comes over the bus. */
  busDevices(): readonly BusDeviceView[];
  /** A new token for a device on the bus, shown once; an earlier one stops working. */
  issueToken(deviceId: string, by: string): string;
  /** Errors: `E-DEV-0401` no such credential. */
  revokeToken(deviceId: string, by: string): Result<void>;
  /** A device's credentials were withdrawn or replaced: whoever is connected with the old ones must go. */
  onRevoked(listener: (deviceId: string) => void): Cancel;
  /** Whether a device has credentials that nobody has withdrawn. */
  isAdmitted(deviceId: string): boolean;
  /** Whether the token is the device's; as slow for an unknown device as for a known one. */
  authenticate(deviceId: string, token: string): boolean;
  /** Takes a message of the bus's inbox. @throws {FailureError} `E-DEV-0402` when it is no event. */
  receive(message: InboxMessage): void;
  /** Newest first; of one device, or of all. */
  events(limit: number, deviceId?: string): readonly DeviceEvent[];
  onBusCount(): number;
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

export function createDevices(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly audit: Audit;
  /** The last frames of a device, wherever it hangs. */
  readonly framesOf: (deviceId: string) => Promise<Result<readonly Traffic[]>>;
}): Devices {
  const { db, clock, audit } = deps;
  const credential = db.prepare<[string], { tokenHash: Uint8Array; revokedAt: number | null }>(
    'SELECT token_hash AS tokenHash, revoked_at AS revokedAt FROM device_credential WHERE device_id = ?',
  );
  const setCredential = db.prepare(
    'INSERT OR REPLACE INTO device_credential (device_id, token_hash, created_at, revoked_at) VALUES (?, ?, ?, NULL)',
  );
  const revoke = db.prepare('UPDATE device_credential SET revoked_at = ? WHERE device_id = ? AND revoked_at IS NULL');
  const onBus = db.prepare<[], BusDeviceView>(
    `SELECT device_id AS id, created_at AS createdAt, revoked_at AS revokedAt,
       (SELECT max(received_at) FROM device_event WHERE device_event.device_id = device_credential.device_id) AS lastEventAt
     FROM device_credential ORDER BY device_id`,
  );
  const insertEvent = db.prepare(
    'INSERT INTO device_event (device_id, event_id, type, at, received_at, data) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const events = db.prepare<[number], { seq: number; deviceId: string; type: string; at: EpochMs; data: string }>(
    'SELECT seq, device_id AS deviceId, type, at, data FROM device_event ORDER BY seq DESC LIMIT ?',
  );
  const eventsOf = db.prepare<
    [string, number],
    { seq: number; deviceId: string; type: string; at: EpochMs; data: string }
  >(
    'SELECT seq, device_id AS deviceId, type, at, data FROM device_event WHERE device_id = ? ORDER BY seq DESC LIMIT ?',
  );
  const decoy = randomBytes(32);
  const revokedListeners = new Set<(deviceId: string) => void>();
  const cutOff = (deviceId: string): void => {
    for (const listener of revokedListeners) listener(deviceId);
  };

  return {
    traffic: (deviceId, by) => {
      audit.record({ actor: by, action: 'device.look-frames', subject: `device:${deviceId}` });
      return deps.framesOf(deviceId);
    },
    busDevices: () => onBus.all(),
    issueToken: (deviceId, by) => {
      const token = randomBytes(32).toString('base64url');
      transact(db, () => {
        setCredential.run(deviceId, hashOf(token), clock.now());
        audit.record({ actor: by, action: 'device.issue-token', subject: `device:${deviceId}` });
      });
      cutOff(deviceId);
      return token;
    },
    revokeToken: (deviceId, by) => {
      const result = transact(db, () => {
        if (revoke.run(clock.now(), deviceId).changes === 0) return failure('E-DEV-0401', deviceId);
        audit.record({ actor: by, action: 'device.revoke-token', subject: `device:${deviceId}` });
        return ok();
      });
      if (result.ok) cutOff(deviceId);
      return result;
    },
    onRevoked: (listener) => {
      revokedListeners.add(listener);
      return () => revokedListeners.delete(listener);
    },
    isAdmitted: (deviceId) => credential.get(deviceId)?.revokedAt === null,
    authenticate: (deviceId, token) => {
      const row = credential.get(deviceId);
      const right = timingSafeEqual(row?.tokenHash ?? decoy, hashOf(token));
      return right && row?.revokedAt === null;
    },
    receive: (message) => {
      const parsed = busEventSchema.safeParse(parseJson(message.payload));
      if (!parsed.success)
        throw new FailureError({ code: 'E-DEV-0402', detail: `${message.deviceId} ${message.topic}` });
      const { type, at, data } = parsed.data;
      insertEvent.run(
        message.deviceId,
        message.eventId,
        type,
        at ?? message.at,
        message.at,
        JSON.stringify(data ?? null),
      );
    },
    events: (limit, deviceId) =>
      (deviceId === undefined ? events.all(limit) : eventsOf.all(deviceId, limit)).map((row) => ({
        ...row,
        data: JSON.parse(row.data) as unknown,
      })),
    onBusCount: () => onBus.all().filter(({ revokedAt }) => revokedAt === null).length,
  };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
