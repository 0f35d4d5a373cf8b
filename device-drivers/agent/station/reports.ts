import { type Cancel, type Clock, type RandomBytes, plus, uuidv7 } from '@hallhub/sync/base';
import { type CapabilityName, listenerName, shapeOf } from '../../capabilities/index.ts';
import { followDevices } from '../follow.ts';
import type { AgentHost } from '../types.ts';
import type { Connection } from './connection.ts';
import {
  type ClockReading,
  LIVE_FOR,
  type LiveMessage,
  briefHealth,
  deviceReported,
  healthChanged,
  topics,
} from './contract.ts';
import type { HubTime } from './hub-time.ts';
import type { StationPart } from './part.ts';
import type { SheddingOutbox } from './shedding.ts';
import { encodeMessage } from './wire.ts';

/** Whatever devices report goes up: at once and only now where it is personal or soon stale, else for certain. */
export function reportDevices(deps: {
  readonly host: AgentHost;
  readonly parts: readonly StationPart[];
  readonly connection: Pick<Connection, 'send'>;
  readonly outbox: Pick<SheddingOutbox, 'append'>;
  readonly hubTime: Pick<HubTime, 'earliest'>;
  readonly clockReading: () => ClockReading;
  readonly clock: Clock;
  readonly random: RandomBytes;
}): void {
  const { host, parts, connection, outbox, clock, clockReading } = deps;
  const hear = (device: string, name: CapabilityName): readonly Cancel[] =>
    Object.entries(shapeOf(name).events).flatMap(([event, { personal, transient }]) => {
      const listen: unknown = Reflect.get(host.capability(device, name) ?? {}, listenerName(event));
      if (typeof listen !== 'function') return [];
      const report = (data: unknown): void => {
        if (personal === true && parts.some((part) => part.deals(device))) return;
        if (personal === true || transient === true) {
          const id = uuidv7(clock.now(), deps.random);
          const expiresAt = plus(deps.hubTime.earliest() ?? clock.now(), LIVE_FOR);
          const message: LiveMessage = { id, device, capability: name, event, data, clock: clockReading(), expiresAt };
          connection.send(topics.live, encodeMessage(message));
        } else {
          outbox.append('reports', {
            type: deviceReported,
            subject: device,
            data: { clock: clockReading(), capability: name, event, data },
          });
        }
      };
      return [(listen as (listener: (data: unknown) => void) => Cancel)(report)];
    });
  followDevices(host, () =>
    host.devices().flatMap(({ id, capabilities }) => capabilities.flatMap((name) => hear(id, name))),
  );
  host.onHealth(({ deviceId, health }) => {
    outbox.append('health', {
      type: healthChanged,
      subject: deviceId,
      data: { clock: clockReading(), health: briefHealth(health) },
    });
  });
}
