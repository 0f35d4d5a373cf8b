import { type Failure } from '@hallhub/sync/base';
import { registersOf } from './display.ts';
import type { UnitParams } from './params.ts';
import { WORDS } from './registers.ts';

/** A part of a unit that one device alone may have. */
interface Claim {
  readonly of: 'coil' | 'holding register' | 'passage input';
  readonly first: number;
  readonly count: number;
}

const one = (of: Claim['of'], first: number): Claim => ({ of, first, count: 1 });

/**
 * What a device orders of its unit, and the contacts by which it counts people. Whatever is only read (buttons, a fire
 * contact, meters) any number of devices may read.
 */
function claimsOf({ relay, input, switch: board, cabinet, climate, display }: UnitParams): readonly Claim[] {
  const claims: Claim[] = [];
  for (const channel of [relay?.in, relay?.out]) if (channel !== undefined) claims.push(one('coil', channel));
  for (const channel of [input?.in, input?.out]) if (channel !== undefined) claims.push(one('passage input', channel));
  if (board) claims.push({ of: 'coil', first: board.firstCoil, count: board.channels });
  if (display) claims.push({ of: 'holding register', ...registersOf(display) });
  if (cabinet) claims.push({ of: 'coil', first: cabinet.firstRelay, count: cabinet.compartments });
  const control = climate?.control;
  if (control) {
    const { power, setpoint, mode } = control;
    claims.push('coil' in power ? one('coil', power.coil) : one('holding register', power.register));
    if (setpoint) claims.push({ of: 'holding register', first: setpoint.address, count: WORDS[setpoint.type] });
    if (mode) claims.push(one('holding register', mode.register));
  }
  return claims;
}

/** Two logical devices may be parts of one unit (two doors on one relay board). Error: `E-DEV-0306` where both want a part. */
export function conflictOf(params: UnitParams, other: UnitParams): Failure | undefined {
  if (params.unit !== other.unit) return undefined;
  for (const mine of claimsOf(params)) {
    for (const theirs of claimsOf(other)) {
      const shared = Math.max(mine.first, theirs.first);
      if (mine.of !== theirs.of || shared >= Math.min(mine.first + mine.count, theirs.first + theirs.count)) continue;
      return { code: 'E-DEV-0306', detail: `${mine.of} ${shared} of unit ${params.unit}` };
    }
  }
  return undefined;
}
