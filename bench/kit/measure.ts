/** One line of the benchmark's output. `ratio` is `value / baselineValue`: which way is better depends on the unit. */
export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is measured against, in words. */
  readonly baseline: string;
  readonly baselineValue: number;
  /** What the ratio (or the value) should be, in words. */
  readonly aim?: string;
  readonly [extra: string]: unknown;
}

/** Writes one measurement to stdout, as one JSON object on one line. */
export function report(measurement: Measurement): void {
  const { name, value, unit, baseline, baselineValue, ...extra } = measurement;
  const ratio = baselineValue === 0 ? null : rounded(value / baselineValue);
  const line = { name, value: rounded(value), unit, baseline, baselineValue: rounded(baselineValue), ratio };
  process.stdout.write(`${JSON.stringify({ ...line, ...roundedAll(extra) })}\n`);
}

/** A remark for whoever watches. */
export function remark(text: string): void {
  process.stderr.write(`  ${text}\n`);
}

/** The q-quantile (0 to 1) of the samples by nearest rank; NaN of none. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

/** Four significant digits: more would pretend a precision that a shared machine does not have. */
export function rounded(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(4)) : value;
}

function roundedAll(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, typeof value === 'number' ? rounded(value) : value]),
  );
}

export const MiB = 1024 * 1024;
