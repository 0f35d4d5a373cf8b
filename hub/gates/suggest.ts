import type { EpochMs, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
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
/** Candidates that are hashed and looked up in one turn: a millisecond's work, which is what a gate may have to wait. */
const SLICE = 20;
/** Questions that wait for the one that is being answered. */
const WAITING = 8;

/**
 * The approvals for plates one slip away from what was read, that count at a gate now. Plates are stored as keyed hashes, so
 * that every possible slip is hashed and looked up, at most some 900. The hub does so a few at a time and opens gates in
 * between, and answers one question after the other.
 */
export function createSuggestions({
  passes,
  match,
  nextTurn,
}: {
  readonly passes: Pick<PassStore, 'passesOf'>;
  readonly match: Match;
  /** Comes back when whatever else waited has had its turn. */
  readonly nextTurn: () => Promise<void>;
}) {
  let asked = 0;
  let last: Promise<unknown> = Promise.resolve();

  const search = async (plate: string, at: Place): Promise<readonly Near[]> => {
    const counts = ({ effect, revoked, validFrom, validUntil, places }: Pass): boolean =>
      effect === 'admit' &&
      !revoked &&
      validFrom <= at.now &&
      at.now < validUntil &&
      (places.length === 0 || places.includes(at.gate) || places.includes(at.area));
    const blocked = (found: readonly Pass[]): boolean =>
      found.some(({ effect, revoked }) => effect === 'deny' && !revoked);
    const near: Near[] = [];
    for (const [index, candidate] of [plate, ...nearPlates(plate)].entries()) {
      if (index > 0 && index % SLICE === 0) await nextTurn();
      const found = passes.passesOf(match('plate', candidate));
      if (blocked(found)) continue;
      for (const pass of found.filter(counts)) {
        near.push({ pass, plate: candidate, exact: candidate === plate });
        if (near.length === MOST) return near;
      }
    }
    return near;
  };

  return {
    /**
     * @param plate in its normal form
     * @returns at most ten. Errors: `E-GATE-0244` so many ask that this question is not taken.
     */
    near: async (plate: string, at: Place): Promise<Result<readonly Near[]>> => {
      if (asked > WAITING) return failure('E-GATE-0244');
      asked += 1;
      const mine = last.then(() => search(plate, at));
      // One that fails is told to who asked it, and holds up nobody.
      last = mine.catch(() => undefined);
      try {
        return ok(await mine);
      } finally {
        asked -= 1;
      }
    },
  };
}

interface Place {
  readonly gate: string;
  readonly area: string;
  readonly now: EpochMs;
}
