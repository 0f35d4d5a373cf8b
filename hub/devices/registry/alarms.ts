import type { AgentHost } from '@hallhub/device-drivers/agent';
import { followDevices } from '@hallhub/device-drivers/agent';
import type { CapabilityName } from '@hallhub/device-drivers/capabilities';
import { capabilityNames, listenerName } from '@hallhub/device-drivers/capabilities';
import type { Cancel, Clock, RandomBytes } from '@hallhub/sync/base';
import { uuidv7 } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import type { Behind } from '../behind.ts';

/** What a device notices that somebody may want to know next week. None of it says anything about a person. */
const ALARMS: Readonly<Partial<Record<CapabilityName, string>>> = {
  tamper: 'tamper',
  gateAlarm: 'alarm',
  fireInput: 'fire',
};

/** Puts the alarms of all devices among their events, except of those that are out of service. */
export function recordAlarms(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly behind: Behind;
  readonly host: Pick<AgentHost, 'devices' | 'capability' | 'onDevices'>;
  readonly inService: (deviceId: string) => boolean;
  readonly changed: (deviceId: string) => void;
}): Cancel {
  const { db, clock, random, behind, host } = deps;
  const insert = db.prepare(
    'INSERT INTO device_event (device_id, event_id, type, at, received_at, data) VALUES (?, ?, ?, ?, ?, ?)',
  );
  return followDevices(host, () =>
    host.devices().flatMap(({ id, capabilities }) =>
      capabilityNames.flatMap((name) => {
        const event = ALARMS[name];
        if (event === undefined || !capabilities.includes(name)) return [];
        const on: unknown = Reflect.get(host.capability(id, name) ?? {}, listenerName(event));
        if (typeof on !== 'function') return [];
        return [
          (on as (listener: (data: unknown) => void) => Cancel)((data) => {
            if (!deps.inService(id)) return;
            const now = clock.now();
            behind.add(() => {
              insert.run(id, uuidv7(now, random), `${name}.${event}`, now, now, JSON.stringify(data));
              deps.changed(id);
            });
          }),
        ];
      }),
    ),
  );
}
