import { z } from 'zod';

/** One measured value of a device and where it stands in its JSON: `["ENERGY", "Power"]`. */
export const valueSchema = z.strictObject({
  name: z.string().min(1),
  path: z.array(z.string().min(1)).min(1),
  unit: z.string(),
});
export type ValuePath = z.output<typeof valueSchema>;

export interface MeasuredValue {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

/** A device's topic in words that cannot be a filter and need no escape. */
export const topicName = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}(\/[A-Za-z0-9_-]{1,64}){0,3}$/, 'plain words with slashes between');

export type Json = Readonly<Record<string, unknown>>;

/** The object that a payload holds; undefined for anything else. */
export function parseObject(payload: Uint8Array): Json | undefined {
  const value = parseJson(payload);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

export function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** An object below a key; empty where there is none. */
export function objectAt(json: Json, key: string): Json {
  const value = Object.hasOwn(json, key) ? json[key] : undefined;
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

export const numberAt = (json: Json, key: string): number | undefined => {
  const value = Object.hasOwn(json, key) ? json[key] : undefined;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
};

export const textAt = (json: Json, key: string): string | undefined => {
  const value = Object.hasOwn(json, key) ? json[key] : undefined;
  return typeof value === 'string' ? value : undefined;
};

/** Those of the values that stand in this message. */
export function readValues(json: Json, values: readonly ValuePath[]): readonly MeasuredValue[] {
  return values.flatMap(({ name, path, unit }) => {
    const value = numberAt(
      path.slice(0, -1).reduce((inner: Json, key) => objectAt(inner, key), json),
      path.at(-1) ?? '',
    );
    return value === undefined ? [] : [{ name, value, unit }];
  });
}
