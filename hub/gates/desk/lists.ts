import type { EpochMs } from '@hallhub/sync/base';
import type { AreaConfig, GateConfig } from '../../config/index.ts';
import type { CampusClock } from '../../calendar/index.ts';
import type { PresenceRow, PresenceStore } from '../store/presence.ts';
import { maskIdentity } from '../views.ts';
import { maskName } from '../../vault/index.ts';
import type { People } from './people.ts';
import type { DeskStore } from './store.ts';
import type { InsideView, PaperList, PaperRow } from './views.ts';

/** So many lines the list of a day holds: forty sheets of paper. Whoever is inside is on the other one, however many they are. */
const LINES_MAX = 2_000;

/** Midnight to midnight by the campus clock. A day may have 23 or 25 hours, so both ends are searched, not computed. */
export function campusDay(now: EpochMs, campusClock: CampusClock): { readonly from: EpochMs; readonly until: EpochMs } {
  const { date } = campusClock(now);
  const minute = 60_000;
  const edge = (step: 1 | -1): EpochMs => {
    let inside = Math.floor(now / minute) * minute;
    for (const stride of [60 * minute, minute])
      while (campusClock((inside + step * stride) as EpochMs).date === date) inside += step * stride;
    return (step === 1 ? inside + minute : inside) as EpochMs;
  };
  return { from: edge(-1), until: edge(1) };
}

/** Who is where, on the screen and on paper. */
export function createLists(deps: {
  readonly people: Pick<People, 'personAt'>;
  readonly presence: Pick<PresenceStore, 'inside' | 'heads'>;
  readonly store: Pick<DeskStore, 'expected'>;
  readonly areas: readonly AreaConfig[];
  readonly gates: readonly GateConfig[];
  readonly campusClock: CampusClock;
}) {
  const { people, presence, store, campusClock } = deps;
  const whose = ({ requestId, person, kind }: PresenceRow) =>
    requestId === null || person === null ? undefined : people.personAt(kind ?? 'visitor-access', requestId, person);

  const evacuation = (area: string): readonly PaperRow[] =>
    presence.inside(area).map((row) => {
      const who = whose(row);
      const kind = row.kind ?? '';
      const gate = deps.gates.find(({ id }) => id === row.gateId);
      return {
        name: who?.name ?? '',
        number: who ? maskIdentity(kind, who.number) : '',
        kind,
        heads: row.heads,
        ...(who?.host !== undefined && { host: who.host }),
        at: row.at,
        ...(gate && { gate: gate.label }),
      };
    });

  const expected = (area: string, now: EpochMs): readonly PaperRow[] => {
    const { from, until } = campusDay(now, campusClock);
    const here = new Set([area, ...deps.gates.filter((gate) => gate.area === area).map(({ id }) => id)]);
    const rows: PaperRow[] = [];
    for (const row of store.expected(from, until, 20_000)) {
      if (rows.length > LINES_MAX) break;
      if (row.revoked === 1) continue;
      const { places = [], companions = 0 } = JSON.parse(row.terms) as { places?: string[]; companions?: number };
      if (places.length > 0 && !places.some((place) => here.has(place))) continue;
      const who = people.personAt(row.kind, row.requestId, row.person);
      if (!who) continue;
      rows.push({
        name: who.name,
        number: maskIdentity(row.kind, who.number),
        kind: row.kind,
        heads: 1 + companions,
        ...(who.host !== undefined && { host: who.host }),
        validFrom: row.validFrom,
        validUntil: row.validUntil,
        places: places.filter((place) => here.has(place)),
      });
    }
    return rows;
  };

  return {
    inside: (area: string): readonly InsideView[] =>
      presence.inside(area).map((row) => {
        const who = whose(row);
        return {
          at: row.at,
          gateId: row.gateId,
          heads: row.heads,
          ...(row.kind !== null && { kind: row.kind }),
          ...(row.requestId !== null && { requestId: row.requestId }),
          ...(who && { name: maskName(who.name), number: maskIdentity(row.kind, who.number) }),
        };
      }),
    /** Undefined for an area that is not configured. */
    paper: (list: PaperList['list'], areaId: string, now: EpochMs): PaperList | undefined => {
      const area = deps.areas.find(({ id }) => id === areaId);
      if (!area) return undefined;
      const rows = list === 'evacuation' ? evacuation(areaId) : expected(areaId, now);
      return {
        list,
        area: areaId,
        label: area.label,
        madeAt: now,
        day: campusClock(now).date,
        heads: rows.reduce((sum, { heads }) => sum + heads, 0),
        rows: list === 'evacuation' ? rows : rows.slice(0, LINES_MAX),
        cut: list !== 'evacuation' && rows.length > LINES_MAX,
      };
    },
  };
}
