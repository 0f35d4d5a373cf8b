import type { EpochMs } from '@hallhub/sync/base';
import type { Pass } from '../pass.ts';
import type { EdgeGate } from '../edge/gate.ts';

/**
 * Whether a terminal may let the holder through without asking: it knows who and until when, and nothing else. Whatever a
 * pass or a gate says beside that only the hub can weigh, so it is not given the person. How a gate stands is said to the device
 * itself; how old the picture of the hall is, and whether a clock can be believed, does not reach it.
 */
export function mayDecideAlone(pass: Pass, gate: EdgeGate, interlocked: boolean): boolean {
  return (
    pass.effect === 'admit' &&
    !pass.revoked &&
    covers(pass, gate) &&
    (pass.direction === undefined || pass.direction === gate.direction) &&
    pass.windows.length === 0 &&
    pass.uses === undefined &&
    pass.slot === undefined &&
    !pass.oneInside &&
    pass.companions === 0 &&
    !pass.escorted &&
    !gate.firstPerson &&
    !gate.twoPeople &&
    !interlocked &&
    gate.limit === undefined &&
    gate.curfew?.then !== 'refuse' &&
    gate.antiPassback?.mode !== 'strict'
  );
}

export const covers = (
  { places }: Pick<Pass, 'places'>,
  gate: { readonly id: string; readonly area: string },
): boolean => places.length === 0 || places.includes(gate.id) || places.includes(gate.area);

/** A time in which somebody may come in. */
export interface Claim {
  readonly validFrom: EpochMs;
  /** Exclusive. */
  readonly validTo: EpochMs;
}

/** A terminal holds one validity a person: the one that is now, the longest of several; else the one that begins first. */
export function foremost<C extends Claim>(claims: readonly C[], now: EpochMs): C | undefined {
  const left = claims.filter(({ validTo }) => validTo > now);
  const current = left.filter(({ validFrom }) => validFrom <= now).sort((a, b) => b.validTo - a.validTo);
  return current[0] ?? [...left].sort((a, b) => a.validFrom - b.validFrom || b.validTo - a.validTo)[0];
}
