/** Milliseconds since 1970-01-01T00:00Z; what is stored and sent. */
export type EpochMs = number & { readonly __unit: 'epoch-ms' };
/** Milliseconds of the monotonic clock; for durations only, meaningless in another process. */
export type MonoMs = number & { readonly __unit: 'mono-ms' };
/** A length of time in milliseconds. */
export type DurationMs = number & { readonly __unit: 'duration-ms' };

export const epochMs = (value: number): EpochMs => value as EpochMs;
export const ms = (value: number): DurationMs => value as DurationMs;
export const seconds = (value: number): DurationMs => (value * 1_000) as DurationMs;
export const minutes = (value: number): DurationMs => (value * 60_000) as DurationMs;
export const hours = (value: number): DurationMs => (value * 3_600_000) as DurationMs;

export const plus = (at: EpochMs, duration: DurationMs): EpochMs => (at + duration) as EpochMs;
export const iso = (at: EpochMs): string => new Date(at).toISOString();

/** RFC 3339 text to {@link EpochMs}; NaN-free: returns undefined for text that is no instant. */
export function parseInstant(text: string): EpochMs | undefined {
  const value = Date.parse(text);
  return Number.isNaN(value) ? undefined : (value as EpochMs);
}
