import type { Clock, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import type { Audit } from '../audit/service.ts';
import type { AreaConfig, Label } from '../config/index.ts';
import type { PresenceStore } from './store/presence.ts';

/** How full an area is: people, or cars where it is a car park. */
export interface AreaView {
  readonly id: string;
  readonly label: Label;
  readonly inside: number;
  readonly limit?: number;
  readonly free?: number;
}

/** Why a count was set by hand. */
export const CORRECTION_REASONS = ['counted', 'sensor-fault', 'gate-stood-open', 'restart'] as const;

export interface Correction {
  readonly area: string;
  /** How many are really inside. */
  readonly inside: number;
  readonly reason: (typeof CORRECTION_REASONS)[number];
}

/** Counts of areas, and their correction by hand: sensors miss one, and every miss stays in the count. */
export function createOccupancy(deps: {
  readonly areas: readonly AreaConfig[];
  readonly presence: Pick<PresenceStore, 'heads' | 'correct'>;
  readonly audit: Audit;
  readonly clock: Clock;
}) {
  const { areas, presence } = deps;
  const view = ({ id, label, limit }: AreaConfig): AreaView => {
    const inside = presence.heads(id);
    return { id, label, inside, ...(limit !== undefined && { limit, free: Math.max(0, limit - inside) }) };
  };
  const of = (areaId: string): AreaView | undefined => {
    const area = areas.find(({ id }) => id === areaId);
    return area && view(area);
  };
  return {
    all: (): readonly AreaView[] => areas.map(view),
    of,
    /** What was said before and after stands in the audit log. Errors: `E-GATE-0203`. */
    correct: ({ area, inside, reason }: Correction, staffId: string): Result<AreaView> => {
      const before = of(area);
      if (!before) return failure('E-GATE-0203', area);
      deps.audit.record({
        actor: `staff:${staffId}`,
        action: 'gate.count',
        subject: `area:${area}`,
        detail: { before: before.inside, after: inside, reason },
      });
      presence.correct(area, inside - before.inside, deps.clock.now());
      return ok(of(area) ?? before);
    },
  };
}
