import type { EpochMs } from '@hallhub/sync/base';
import { epochMs } from '@hallhub/sync/base';
import type { CampusClock } from '../calendar/index.ts';
import type { Sighting } from '../gates/index.ts';
import { campusInstant } from '../calendar/index.ts';
import type { Building } from './building.ts';
import { withinHours } from './nights.ts';
import type { Watch } from './people.ts';
import type { AlertRow } from './store/alerts.ts';
import type { ResidentStore } from './store/residents.ts';

type NewAlert = Omit<AlertRow, 'seenBy' | 'seenAt'>;

/** Somebody who came in longer ago than this has left unseen. */
const VISIT_MAX_MS = 86_400_000;
const WRONG_PLACE = 'E-GATE-0104';

/** What cannot wait for the list of a night. */
export function createAlertRules(deps: {
  readonly residents: Pick<ResidentStore, 'living' | 'ofSubject' | 'leaves'>;
  readonly watch: Pick<Watch, 'sightings' | 'inside'>;
  readonly campusClock: CampusClock;
}) {
  const { residents, watch, campusClock } = deps;
  const livesIn = ({ area }: Building, subject: string, at: EpochMs): boolean =>
    residents
      .ofSubject(subject)
      .some(({ building, validFrom, validUntil }) => building === area && validFrom <= at && at < validUntil);

  return {
    /** Somebody who does not live here came in outside visiting hours, or was turned away. */
    ofSighting: (building: Building, sighting: Sighting): NewAlert | undefined => {
      const { id, at, way, state, code, subject, requestId, person, kind, gateId } = sighting;
      if (way !== 'in' || livesIn(building, subject, at)) return undefined;
      const about = { building: building.area, subject, requestId, person, kind, gateId, at };
      if (state === 'refused')
        return code === WRONG_PLACE ? { id: `attempt/${id}`, type: 'attempt', ...about } : undefined;
      return withinHours(campusClock(at).minute, building.visitors)
        ? undefined
        : { id: `visitor-late/${id}`, type: 'visitor-late', ...about };
    },
    /** Whether today's visiting hours are over at `now`, and since when. */
    visitsOver: (building: Building, now: EpochMs): { readonly date: string; readonly at: EpochMs } | undefined => {
      const { date, minute } = campusClock(now);
      if (minute < building.visitors.until) return undefined;
      return { date, at: campusInstant(campusClock, date, building.visitors.until) };
    },
    /** Who does not live here and has not left by the end of visiting hours. */
    staying: (building: Building, over: { readonly date: string; readonly at: EpochMs }): readonly NewAlert[] =>
      watch
        .inside(building.area)
        .filter(
          ({ at, subject }) => over.at - at < VISIT_MAX_MS && at <= over.at && !livesIn(building, subject, over.at),
        )
        .map(({ subject, requestId, person, kind, gateId, at }) => ({
          id: `visitor-stays/${building.area}/${over.date}/${subject}`,
          type: 'visitor-stays',
          building: building.area,
          subject,
          requestId: requestId ?? '',
          person: person ?? 0,
          kind: kind ?? '',
          gateId,
          at,
        })),
    /**
     * Residents whom no gate of the building has seen for too long; each once for every time they vanish. Who was never seen
     * counts from when somebody began to look.
     */
    unseen: (building: Building, now: EpochMs, watchedSince: EpochMs): readonly NewAlert[] => {
      const since = epochMs(now - building.unseenAfter);
      return residents.living(building.area, now).flatMap((resident): NewAlert[] => {
        const { subject, requestId, validFrom, category } = resident;
        if (building.exempt.some((one) => one === category)) return [];
        const last =
          watch.sightings.before(subject, building.area, now)?.at ?? epochMs(Math.max(validFrom, watchedSince));
        if (last > since || residents.leaves(subject, since, now).length > 0) return [];
        return [
          {
            id: `unseen/${building.area}/${subject}/${last}`,
            type: 'unseen',
            building: building.area,
            subject,
            requestId,
            person: 0,
            kind: 'roster',
            gateId: null,
            at: last,
          },
        ];
      });
    },
  };
}
