import { type Cancel, type Clock, type EpochMs, minutes, ms, seconds } from '@hallhub/sync/base';
import type { PlateReader } from '../../capabilities/index.ts';
import { type DeviceLog, type ListenerError, createEmitter } from '../../kit/index.ts';

type PlateEvent = Parameters<Parameters<PlateReader['onPlate']>[0]>[0];

/** What one message of a camera says of a car. */
export interface PlateRead {
  /** As the camera wrote it; empty where it saw a car and no plate. */
  readonly plate: string;
  /** 0 to 1. */
  readonly confidence?: number;
  readonly direction?: 'in' | 'out';
  /** The camera's own time, milliseconds since 1970. */
  readonly at?: number;
  readonly replayed: boolean;
  /** The same for the same car told again. */
  readonly key: string;
}

/** Longer than any plate of any country; the guard sees that much of what is none. */
const LONGEST = 32;
const REMEMBERED = 4_096;
const SKEW = seconds(5);
const TOLD_EVERY = minutes(60);

/** Text of a camera as far as it can be shown: no control characters, not long. A car without a plate is an empty text. */
export function plateText(text: string): string {
  const plain = Array.from(text.normalize('NFC').slice(0, 4 * LONGEST)).filter(
    (character) => !/[\p{C}\p{Zl}\p{Zp}]/u.test(character),
  );
  const shown = plain.slice(0, LONGEST).join('').trim();
  return /^_?无_?$|^无牌车?$|^unknown$/i.test(shown) ? '' : shown;
}

/** Cameras tell an event several times, and some of them days later. Each car is reported once. */
export function createPlateFeed(options: {
  readonly deviceId: string;
  readonly clock: Clock;
  readonly log: DeviceLog;
  readonly onListenerError: ListenerError;
}): {
  readonly onPlate: (listener: (event: PlateEvent) => void) => Cancel;
  /** False: it was told before. */
  take(read: PlateRead): boolean;
} {
  const { deviceId, clock, log } = options;
  const plates = createEmitter<PlateEvent>(options.onListenerError);
  const seen = new Set<string>();
  let toldAt = ms(Number.NEGATIVE_INFINITY) as number;
  return {
    onPlate: plates.on,
    take: ({ plate, confidence, direction, at, replayed, key }) => {
      if (seen.has(key)) return false;
      seen.add(key);
      for (const oldest of seen) {
        if (seen.size <= REMEMBERED) break;
        seen.delete(oldest);
      }
      const skew = at === undefined || replayed ? 0 : at - clock.now();
      if (Math.abs(skew) > SKEW && clock.monotonic() - toldAt > TOLD_EVERY) {
        toldAt = clock.monotonic();
        log.warn(
          { deviceId, code: 'E-DEV-0207', skew: Math.round(skew) },
          "a camera's clock is wrong: its cars are taken for history",
        );
      }
      plates.emit({
        plate,
        ...(plate === '' ? { confidence: 0 } : confidence === undefined ? {} : { confidence }),
        ...(direction && { direction }),
        at: at === undefined ? clock.now() : (at as EpochMs),
        // A car whose time nobody says may be yesterday's, sent when the camera's network came back.
        replayed: replayed || at === undefined,
      });
      return true;
    },
  };
}

/** A part of a hundred as a part of one; undefined for what is none. */
export const percent = (value: unknown): number | undefined => {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && number >= 0 && number <= 100 ? number / 100 : undefined;
};

/** A date with its time zone in milliseconds; undefined without one: whose noon it was cannot be guessed. */
export function instantOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)$/.test(text))
    return undefined;
  const at = Date.parse(text);
  return Number.isFinite(at) ? at : undefined;
}
