import type { Failure } from '@hallhub/sync/base';
import { type BusDevice, parseParams } from '../../kit/index.ts';
import { doorSchema } from './params.ts';

/** Two devices cannot be one door. Parameters that make no sense are told by `connect`. */
export function clashOf({ params }: BusDevice, others: readonly BusDevice[]): Failure | undefined {
  const mine = parseParams(doorSchema, params);
  if (!mine.ok) return undefined;
  const { serial, door } = mine.value;
  const same = others.find((other) => {
    const theirs = parseParams(doorSchema, other.params);
    return theirs.ok && theirs.value.serial === serial && theirs.value.door === door;
  });
  return same && { code: 'E-DEV-0306', detail: `${same.deviceId} has door ${door} of controller ${serial}` };
}
