import type { EpochMs } from '@hallhub/sync/base';
import { epochMs, iso, plus } from '@hallhub/sync/base';
import { nightAttended } from '@hallhub/sync/contract';
import type { Outbox } from '@hallhub/sync/outbox';
import type { CampusClock } from '../calendar/index.ts';
import type { Sighting } from '../gates/index.ts';
import { neighbour } from '../calendar/index.ts';
import type { GateConfig } from '../config/index.ts';
import type { Requests } from '../requests/index.ts';
import type { Building } from './building.ts';
import { eveningOf, isoDate, nightOn, weighedFrom } from './nights.ts';
import type { Watch } from './people.ts';
import type { Judgement, Night, Passage, Span, Status } from './rules.ts';
import { counts, isMilder, judge } from './rules.ts';
import type { ResidentRow, ResidentStore } from './store/residents.ts';
import type { Cause, NightRow, ResultRow, ResultStore } from './store/results.ts';
import { effective } from './store/results.ts';

/** A change of what counts in a night whose list is out. */
export interface Correction {
  readonly subject: string;
  readonly requestId: string;
  readonly before: Status;
  readonly after: Status;
}

/** For so long after a night is over what the gates did not see is looked up again: their record of it is kept for a week. */
const WATCHED_AGAIN_MS = 5 * 86_400_000;

export type Nightly = ReturnType<typeof createNightly>;

/** Makes the lists of nights, and makes them again when more is known. Every call joins the caller's transaction. */
export function createNightly(deps: {
  readonly results: ResultStore;
  readonly residents: ResidentStore;
  readonly watch: Pick<Watch, 'sightings' | 'blind'>;
  readonly gateConfigs: readonly GateConfig[];
  readonly campusClock: CampusClock;
  readonly outbox: Pick<Outbox, 'append'>;
  readonly requests: () => Pick<Requests, 'get'>;
}) {
  const { results, residents, watch, campusClock } = deps;
  // A gate that cannot see passages has nothing better to say than that it let somebody through.
  const seesPassages = new Set(deps.gateConfigs.flatMap((gate) => (gate.passageSensor === undefined ? [] : [gate.id])));
  const passageOf = ({ at, way, state, gateId }: Sighting): Passage => ({
    at,
    way,
    sure: state === 'passed' || !seesPassages.has(gateId),
  });

  const passagesOf = ({ area }: Building, subject: string, night: Night, asOf: EpochMs): readonly Passage[] => {
    const moment = epochMs(Math.min(asOf, night.lateUntil));
    const before = watch.sightings.before(subject, area, moment);
    const after = asOf <= moment ? undefined : watch.sightings.after(subject, area, moment, night.close);
    return [before, after].flatMap((sighting) => (sighting ? [passageOf(sighting)] : []));
  };
  const blindIn = (building: Building, night: Night, asOf: EpochMs): readonly Span[] =>
    watch.blind(
      building.area,
      weighedFrom(night, building.staleAfter),
      epochMs(Math.max(weighedFrom(night, building.staleAfter), Math.min(asOf, night.close))),
    );
  const judgeOne = (
    building: Building,
    night: Night,
    resident: Pick<ResidentRow, 'subject' | 'category'>,
    { asOf, blind }: { readonly asOf: EpochMs; readonly blind: readonly Span[] },
  ): Judgement =>
    judge({
      night,
      asOf,
      passages: passagesOf(building, resident.subject, night, asOf),
      blind,
      leaves: residents.leaves(resident.subject, epochMs(Math.min(asOf, night.curfew)), night.lateUntil),
      exempt: building.exempt.some((category) => category === resident.category),
      staleAfter: building.staleAfter,
    });

  /** What the hall hears: what somebody has to answer for once it is confirmed, and what makes that milder at once. */
  const tell = (row: ResultRow, now: EpochMs): void => {
    const status = effective(row);
    const due =
      row.told === null
        ? row.confirmedBy !== null && counts(status)
        : status !== row.told && (row.confirmedBy !== null || isMilder(status, row.told));
    if (!due) return;
    deps.outbox.append({
      type: nightAttended,
      subject: row.requestId,
      time: now,
      data: {
        revision: deps.requests().get(row.requestId)?.revision ?? 1,
        at: iso(now),
        night: isoDate(row.night),
        building: row.building,
        status,
        ...(row.at !== null && counts(status) && row.ground !== 'went-out' && { returnedAt: iso(row.at) }),
        correction: row.toldTimes,
      },
    });
    results.told(row, status);
  };

  /** What counts has changed from `before`: it is written down, and told where it was told. */
  const changed = (before: ResultRow, cause: Cause, by: string | null, now: EpochMs): Correction | undefined => {
    const after = results.result(before.building, before.night, before.subject);
    if (!after) return undefined;
    const [was, is] = [effective(before), effective(after)];
    if (was === is) return undefined;
    results.revise(after);
    results.addChange({
      building: after.building,
      night: after.night,
      subject: after.subject,
      at: now,
      before: was,
      after: is,
      cause,
      by,
    });
    // What is held against somebody is looked at by a person again; what is taken back needs nobody's leave.
    if (by === null && after.confirmedBy !== null && !isMilder(is, was)) results.confirm(after, null, now);
    const now_ = results.result(after.building, after.night, after.subject);
    if (now_) tell(now_, now);
    return { subject: after.subject, requestId: after.requestId, before: was, after: is };
  };

  const put = (building: Building, night: Night, resident: ResidentRow, judgement: Judgement): void => {
    results.put({
      building: building.area,
      night: night.date,
      subject: resident.subject,
      requestId: resident.requestId,
      ...judgement,
    });
  };

  // An instant of the campus clock is searched for, and the same nights are asked for again and again.
  const nightsKept = new Map<string, Night | undefined>();
  const nightOf = (building: Building, date: string): Night | undefined => {
    const key = `${building.area}/${date}`;
    if (!nightsKept.has(key)) {
      if (nightsKept.size > 1_000) nightsKept.clear();
      nightsKept.set(key, nightOn(building.curfew, campusClock, date));
    }
    return nightsKept.get(key);
  };

  return {
    nightOf,
    tell,
    changed,
    /** Every resident of a night as things stand; writes nothing. */
    look: (building: Building, night: Night, asOf: EpochMs) => {
      const blind = blindIn(building, night, asOf);
      return residents
        .living(building.area, night.lateUntil)
        .map((resident) => ({ resident, judgement: judgeOne(building, night, resident, { asOf, blind }) }));
    },
    /** Nights whose time has come and whose list is not made yet, oldest first: also those that passed while the hub was down. */
    due: (building: Building, now: EpochMs, daysBack: number): readonly Night[] => {
      const tonight = eveningOf(campusClock, now);
      const latest = results.latest(building.area);
      const earliest = eveningOf(campusClock, epochMs(now - daysBack * 86_400_000));
      // A hub that has made no list yet begins with the night in which it is.
      const from = latest === undefined ? tonight : latest.date > earliest ? latest.date : earliest;
      const due: Night[] = [];
      for (let date = from; date <= tonight; date = neighbour(date, 1)) {
        const night = nightOf(building, date);
        if (!night || plus(night.lateUntil, building.publishAfter) > now) continue;
        if (!results.night(building.area, date)) due.push(night);
      }
      return due;
    },
    /** Makes the list of a night. Undefined where it was made before, or where nobody lives. */
    publish: (building: Building, night: Night, now: EpochMs): NightRow | undefined => {
      const living = residents.living(building.area, night.lateUntil);
      if (living.length === 0) return undefined;
      const blind = blindIn(building, night, now);
      const row: NightRow = { ...night, building: building.area, publishedAt: now, blind };
      if (!results.addNight(row)) return undefined;
      for (const resident of living)
        put(building, night, resident, judgeOne(building, night, resident, { asOf: now, blind }));
      return row;
    },
    /** Looks at the marked results of a night again. Doing it twice changes nothing more. */
    recompute: (building: Building, date: string, now: EpochMs): readonly Correction[] => {
      const marks = results.takeMarks(building.area, date);
      const night = results.night(building.area, date);
      if (!night || marks.length === 0) return [];
      const whole = marks.find(({ subject }) => subject === '');
      const causes = new Map(marks.map(({ subject, cause }) => [subject, cause]));
      const corrections: Correction[] = [];
      for (const resident of residents.living(building.area, night.lateUntil)) {
        const cause = causes.get(resident.subject) ?? whole?.cause;
        if (cause === undefined) continue;
        const before = results.result(building.area, date, resident.subject);
        const judgement = judgeOne(building, night, resident, { asOf: now, blind: night.blind });
        put(building, night, resident, judgement);
        const correction = before && changed(before, cause, null, now);
        if (correction) corrections.push(correction);
      }
      return corrections;
    },
    /** Marks nights of which the gates now say that they saw more, or less, than was thought. */
    watchAgain: (building: Building, now: EpochMs): void => {
      for (const night of results.nightsSince(building.area, epochMs(now - WATCHED_AGAIN_MS))) {
        const blind = blindIn(building, night, now);
        if (JSON.stringify(blind) === JSON.stringify(night.blind)) continue;
        results.setBlind(building.area, night.date, blind);
        results.mark(building.area, night.date, '', 'watch');
      }
    },
    /** Looks at all of a night once more when it is over: a clock beside a gate may have been ahead of this one. */
    close: (building: Building, now: EpochMs): void => {
      for (const night of results.nightsSince(building.area, epochMs(now - WATCHED_AGAIN_MS)))
        if (night.close <= now && results.startRound(building.area, 'close', night.date, now))
          results.mark(building.area, night.date, '', 'events');
    },
    /** Somebody was seen at `at`, or their leave or their place has changed from `at` on until `until`: marks the nights that rest on it. */
    mark: (building: Building, subject: string, span: Span, cause: Cause): boolean => {
      const nights = results
        .nightsSince(building.area, span.from)
        .filter((night) => weighedFrom(night, building.staleAfter) <= span.until);
      for (const night of nights) results.mark(building.area, night.date, subject, cause);
      return nights.length > 0;
    },
  };
}
