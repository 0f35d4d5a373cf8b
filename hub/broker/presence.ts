import type { Cancel, Clock, DurationMs, MonoMs } from '@hallhub/sync/base';
import { seconds } from '@hallhub/sync/base';
import { z } from 'zod';

/** Below a device's `up/`: where it says that it is there, and where its last will says that it is not. Never retained. */
export const PRESENCE_TOPIC = 'presence';
/** How often a device says so. */
export const HEARTBEAT: DurationMs = seconds(10);
/** Three heartbeats may be lost, and the fourth be a little late. */
export const PRESENCE_LAPSE: DurationMs = seconds(35);

/**
 * What a device publishes on {@link PRESENCE_TOPIC}: `online` once it hears its `down/#` and every {@link HEARTBEAT} from
 * then on (QoS 0 is enough), `offline` as its last will (QoS 1) and before it leaves. `session` is new for each
 * connection, so that the will of a connection that was lost does not end the one that replaced it.
 *
 * The hub sends each back on `down/presence`. A device that hears none of them for {@link PRESENCE_LAPSE} connects anew
 * (with growing pauses): a broker may be there while the way through it to the hub is not.
 */
export const presenceSchema = z.object({
  state: z.enum(['online', 'offline']),
  session: z.string().min(1).max(64),
  /** By the device's clock; for people only. */
  at: z.number().optional(),
});
export type PresenceMessage = z.infer<typeof presenceSchema>;

/** A device that is there: with which connection, and when it was last heard of. */
export interface Present {
  readonly session: string;
  readonly heardAt: MonoMs;
}
export type PresenceChange = 'came' | 'went' | undefined;

/**
 * One device's presence after a message. A new session counts as coming anew even without a farewell of the old one: what
 * waits for the device must be offered again. A farewell counts only from the session that is there.
 */
export function heard(
  present: Present | undefined,
  message: PresenceMessage,
  now: MonoMs,
): { readonly present: Present | undefined; readonly change: PresenceChange } {
  const same = present?.session === message.session;
  if (message.state === 'online')
    return { present: { session: message.session, heardAt: now }, change: same ? undefined : 'came' };
  return same ? { present: undefined, change: 'went' } : { present, change: undefined };
}

export const hasLapsed = (present: Present, now: MonoMs): boolean => now - present.heardAt > PRESENCE_LAPSE;

export interface PresenceBook {
  /** Returns false when the payload is no presence message. */
  take(deviceId: string, payload: Uint8Array): boolean;
  /** It is known from elsewhere that the device has gone. */
  forget(deviceId: string): void;
  forgetAll(): void;
  present(): readonly string[];
  onChange(listener: (event: { readonly deviceId: string; readonly connected: boolean }) => void): Cancel;
  start(): void;
  stop(): void;
}

/** Who is there by their own word, for brokers that do not tell. Silence beyond {@link PRESENCE_LAPSE} is absence. */
export function createPresenceBook({ clock }: { readonly clock: Clock }): PresenceBook {
  const devices = new Map<string, Present>();
  const listeners = new Set<(event: { deviceId: string; connected: boolean }) => void>();
  let stopSweep: Cancel = () => undefined;

  const tell = (deviceId: string, connected: boolean): void => {
    for (const listener of listeners) listener({ deviceId, connected });
  };
  const forget = (deviceId: string): void => {
    if (devices.delete(deviceId)) tell(deviceId, false);
  };
  const sweep = (): void => {
    for (const [deviceId, present] of devices) if (hasLapsed(present, clock.monotonic())) forget(deviceId);
    stopSweep = clock.after(HEARTBEAT, sweep);
  };

  return {
    take: (deviceId, payload) => {
      const message = presenceSchema.safeParse(parseJson(payload));
      if (!message.success) return false;
      const { present, change } = heard(devices.get(deviceId), message.data, clock.monotonic());
      if (present) devices.set(deviceId, present);
      else devices.delete(deviceId);
      if (change) tell(deviceId, change === 'came');
      return true;
    },
    forget,
    forgetAll: () => {
      for (const deviceId of [...devices.keys()]) forget(deviceId);
    },
    present: () => [...devices.keys()],
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    start: () => {
      stopSweep();
      stopSweep = clock.after(HEARTBEAT, sweep);
    },
    stop: () => {
      stopSweep();
      devices.clear();
    },
  };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
