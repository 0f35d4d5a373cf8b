import type { Clock, EpochMs } from '@hallhub/sync/base';
import { epochMs } from '@hallhub/sync/base';
import type { CampusClock } from '../calendar/index.ts';
import type { Gates } from '../gates/index.ts';
import { campusInstant } from '../calendar/index.ts';
import { maskName, maskNumber } from '../vault/index.ts';
import type { Building } from './building.ts';
import type { Nightly } from './nightly.ts';
import { eveningOf } from './nights.ts';
import type { People } from './people.ts';
import { counts } from './rules.ts';
import type { Night } from './rules.ts';
import type { AlertStore } from './store/alerts.ts';
import type { ResidentStore } from './store/residents.ts';
import type { ChangeRow, NightRow, ResultRow, ResultStore } from './store/results.ts';
import { effective } from './store/results.ts';
import { countOf } from './texts.ts';
import type {
  AlertView,
  BuildingView,
  ChangeView,
  NightSummary,
  NightView,
  ResidentView,
  ResultView,
} from './views.ts';

/** What tonight looks like is worked out for a whole building: so often at most. */
const FRESH_MS = 60_000;

/** What pages see of nights: masked. Writes nothing. */
export function createReader(deps: {
  readonly buildings: readonly Building[];
  readonly results: ResultStore;
  readonly residents: ResidentStore;
  readonly alerts: AlertStore;
  readonly people: People;
  readonly nightly: Pick<Nightly, 'look' | 'nightOf'>;
  readonly gates: Pick<Gates, 'sightings' | 'person'>;
  readonly campusClock: CampusClock;
  readonly clock: Pick<Clock, 'now'>;
}) {
  const { results, residents, campusClock } = deps;

  const masked = (requestId: string): Pick<ResultView, 'name' | 'number' | 'room'> => {
    const person = deps.people(requestId);
    return person
      ? {
          name: maskName(person.name),
          number: maskNumber(person.number),
          ...(person.room !== undefined && {
            room: person.bed === undefined ? person.room : `${person.room}-${person.bed}`,
          }),
        }
      : {};
  };
  const resultView = (row: ResultRow): ResultView => ({
    subject: row.subject,
    ...masked(row.requestId),
    night: row.night,
    status: effective(row),
    ...(row.setStatus !== null && { judged: row.status }),
    ground: row.ground,
    ...(row.at !== null && { at: row.at }),
    revision: row.revision,
    ...(row.setReason !== null &&
      row.setBy !== null &&
      row.setAt !== null && { set: { reason: row.setReason, by: row.setBy, at: row.setAt } }),
    ...(row.confirmedBy !== null &&
      row.confirmedAt !== null && { confirmed: { by: row.confirmedBy, at: row.confirmedAt } }),
  });
  const changeView = ({ seq: _seq, by, ...row }: ChangeRow): ChangeView => ({ ...row, ...(by !== null && { by }) });

  const summaryOf = ({ building, blind: _blind, ...night }: NightRow): NightSummary => {
    const rows = results.results(building, night.date);
    return {
      ...night,
      counts: countOf(rows.map(effective)),
      unconfirmed: rows.filter((row) => row.confirmedBy === null && counts(effective(row))).length,
      corrected: rows.filter(({ revision }) => revision > 0).length,
    };
  };
  /** Since the afternoon before: what went on unseen earlier is in the results where it matters. */
  const evening = (night: Night) => campusInstant(campusClock, night.date, 17 * 60);
  const byRoom = (one: ResultView, other: ResultView): number =>
    (one.room ?? '').localeCompare(other.room ?? '', 'zh', { numeric: true }) || (one.subject < other.subject ? -1 : 1);

  const live = (building: Building, night: Night, now: EpochMs): readonly ResultView[] =>
    deps.nightly.look(building, night, now).map(({ resident, judgement }) => ({
      subject: resident.subject,
      ...masked(resident.requestId),
      night: night.date,
      ...judgement,
      revision: 0,
    }));

  const kept = new Map<string, { readonly at: number; readonly counts: NightSummary['counts'] }>();
  const countsTonight = (building: Building, night: Night, now: EpochMs) => {
    const known = kept.get(building.area);
    if (known && now >= known.at && now - known.at < FRESH_MS) return known.counts;
    const counted = countOf(deps.nightly.look(building, night, now).map(({ judgement }) => judgement.status));
    kept.set(building.area, { at: now, counts: counted });
    return counted;
  };

  const latest = (area: string): NightSummary | undefined => {
    const row = results.latest(area);
    return row && summaryOf(row);
  };

  return {
    latest,
    buildings: (staff: { mayLook(area: string): boolean; mayAct(area: string): boolean }): readonly BuildingView[] => {
      const now = deps.clock.now();
      return deps.buildings
        .filter(({ area }) => staff.mayLook(area))
        .map((building) => {
          const { area, label } = building;
          const tonight = deps.nightly.nightOf(building, eveningOf(campusClock, now));
          const made = latest(area);
          const published = tonight !== undefined && made?.date === tonight.date;
          return {
            id: area,
            label,
            mayAct: staff.mayAct(area),
            residents: residents.living(area, now).length,
            ...(tonight && {
              tonight: {
                ...tonight,
                published,
                counts: published ? made.counts : countsTonight(building, tonight, now),
              },
            }),
            ...(made && { latest: made }),
            alerts: deps.alerts.unseen(area),
          };
        });
    },
    nights: ({ area }: Building, limit: number): readonly NightSummary[] => results.nights(area, limit).map(summaryOf),
    night: (building: Building, date: string, mayAct: boolean): NightView | undefined => {
      const { area, label } = building;
      const row = results.night(area, date);
      const now = deps.clock.now();
      const night = row ?? deps.nightly.nightOf(building, date);
      if (!night || (!row && date !== eveningOf(campusClock, now))) return undefined;
      const shown = row ? results.results(area, date).map(resultView) : live(building, night, now);
      const since = epochMs(Math.min(evening(night), now));
      return {
        ...(row
          ? summaryOf(row)
          : {
              ...night,
              counts: countOf(shown.map(({ status }) => status)),
              unconfirmed: 0,
              corrected: 0,
            }),
        building: area,
        label,
        mayAct: mayAct && row !== undefined,
        results: shown.toSorted(byRoom),
        changes: results.changes(area, date).map(changeView),
        nameless: deps.gates.sightings.nameless(area, since, epochMs(Math.min(now, night.close))),
        blind: (row?.blind ?? []).filter(({ until }) => until > since),
      };
    },
    resident: (
      { area, label }: Building,
      subject: string,
      month: string,
      mayAct: boolean,
    ): ResidentView | undefined => {
      const row = residents.ofSubject(subject).find(({ building }) => building === area);
      if (!row) return undefined;
      const [from, to] = [`${month}01`, `${month}31`];
      return {
        subject,
        building: area,
        label,
        mayAct,
        ...masked(row.requestId),
        month,
        results: results.ofSubject(subject, area, from, to).map(resultView),
        changes: results.changesOf(area, subject, from, to).map(changeView),
      };
    },
    alerts: (building: string, limit: number): readonly AlertView[] =>
      deps.alerts.recent(building, limit).map((row) => {
        const person = deps.gates.person(row.kind, row.requestId, row.person);
        return {
          id: row.id,
          type: row.type,
          building: row.building,
          at: row.at,
          kind: row.kind,
          ...(row.gateId !== null && { gateId: row.gateId }),
          ...(person && { name: maskName(person.name), number: maskNumber(person.number) }),
          ...(row.seenBy !== null && row.seenAt !== null && { seen: { by: row.seenBy, at: row.seenAt } }),
        };
      }),
  };
}
