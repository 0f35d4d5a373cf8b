import type { z } from 'zod';

/** One type of event as data: its name, where it goes, and the schema of its `data`. */
export interface EventType<T extends string = string, S extends z.ZodType = z.ZodType> {
  readonly type: T;
  /** `outcome`: what became of a request. `request`: a request that begins on the premises. */
  readonly direction: 'outcome' | 'request';
  readonly schema: S;
}

export function defineEventType<const T extends string, S extends z.ZodType>(type: EventType<T, S>): EventType<T, S> {
  return type;
}
