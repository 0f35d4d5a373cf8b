import type { Failure } from '@hallhub/sync/base';
import { type BusDevice, parseParams } from '../../kit/index.ts';
import { conflictOf } from './claims.ts';
import { unitSchema } from './params.ts';

/** With which of the devices already there it cannot be, and over what. Parameters that make no sense are told by `connect`. */
export function clashOf({ params }: BusDevice, others: readonly BusDevice[]): Failure | undefined {
  const mine = parseParams(unitSchema, params);
  if (!mine.ok) return undefined;
  for (const { deviceId, params: theirs } of others) {
    const other = parseParams(unitSchema, theirs);
    const conflict = other.ok ? conflictOf(mine.value, other.value) : undefined;
    if (conflict) return { ...conflict, detail: `${deviceId} has ${conflict.detail ?? ''}` };
  }
  return undefined;
}
