import type { ClockReading } from '@hallhub/device-drivers/agent/station';
import type { DeviceHealth } from '@hallhub/device-drivers/kit';

/** The newest that one agent has said of its devices' health, in whatever order its messages came. */
export interface LastWords {
  /** The agent greets: a run that began is the one that counts from now on. */
  greets(reading: ClockReading): void;
  /** False: something newer was said before, and this is to be forgotten. */
  hear(deviceId: string, reading: ClockReading, health: DeviceHealth): boolean;
  of(deviceId: string): DeviceHealth | undefined;
  /** The agent went away: what it said no longer holds, but nothing older is believed later. */
  lapse(): void;
}

interface Word {
  readonly run: string;
  readonly mono: number;
  readonly health: DeviceHealth | undefined;
}

/** Greetings are asked again and events wait in an outbox, so that each may overtake the other. */
export function createLastWords(): LastWords {
  let current: string | undefined;
  const words = new Map<string, Word>();
  return {
    greets: ({ run }) => {
      current = run;
    },
    hear: (deviceId, { run, mono }, health) => {
      // Runs are named by UUIDs that rise with time (RFC 9562, version 7).
      if (current !== undefined && run < current) return false;
      const last = words.get(deviceId);
      if (last?.run === run && mono < last.mono) return false;
      words.set(deviceId, { run, mono, health });
      return true;
    },
    of: (deviceId) => words.get(deviceId)?.health,
    lapse: () => {
      for (const [deviceId, word] of words) words.set(deviceId, { ...word, health: undefined });
    },
  };
}
