import type { EpochMs } from '@hallhub/sync/base';
import type { Match } from './edge/presentation.ts';
import type { Pass } from './pass.ts';
import { nearPlates } from './plates.ts';
import type { PassStore } from './store/passes.ts';

/** An approved plate that a camera may have meant. Never an order to open: a guard looks at the car. */
export interface Near {
  readonly pass: Pass;
  /** The approved one, in its normal form. */
  readonly plate: string;
  /** The plate itself was read, and too unsurely. */
  readonly exact: boolean;
}

const MOST = 10;

/**
 * The approvals for plates one slip away from what was read, that count at this gate now. Plates are stored as keyed hashes,
 * so that every possible slip is hashed and looked up, at most some 900: 713 of them among 200,000 plates took 28 ms (p50) on a
 * busy machine of two cores, for one guard's question, in which the hub does nothing else.
 * @param plate in its normal form
 */
export function nearPasses(
  plate: string,
  at: { readonly gate: string; readonly area: string; readonly now: EpochMs },
  { passes, match }: { readonly passes: Pick<PassStore, 'passesOf'>; readonly match: Match },
): readonly Near[] {
  const counts = ({ effect, revoked, validFrom, validUntil, places }: Pass): boolean =>
    effect === 'admit' &&
    !revoked &&
    validFrom <= at.now &&
    at.now < validUntil &&
    (places.length === 0 || places.includes(at.gate) || places.includes(at.area));
  const blocked = (found: readonly Pass[]): boolean =>
    found.some(({ effect, revoked }) => effect === 'deny' && !revoked);
  const near: Near[] = [];
  for (const candidate of [plate, ...nearPlates(plate)]) {
    const found = passes.passesOf(match('plate', candidate));
    if (blocked(found)) continue;
    for (const pass of found.filter(counts)) {
      near.push({ pass, plate: candidate, exact: candidate === plate });
      if (near.length === MOST) return near;
    }
  }
  return near;
}
