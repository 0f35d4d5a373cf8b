import type { EpochMs, Result } from '@hallhub/sync/base';
import { epochMs, failure, ms, ok, plus } from '@hallhub/sync/base';
import type { CalendarConfig } from '../calendar/index.ts';
import { campusClock, campusInstant } from '../calendar/index.ts';
import type { RunConfig } from '../config/index.ts';
import type { BoxStop, Mac } from './rules/box-code.ts';
import { boxCode } from './rules/box-code.ts';
import type { RunRow, RunStore } from './store/runs.ts';

export interface Runs {
  /** Those of the day on which `at` falls, by the timetable; with bus and driver, where somebody has entered them. */
  of(at: EpochMs): readonly (RunRow & { readonly capacity: number; readonly label: RunConfig['label'] })[];
  /** Errors: `E-CUST-0412`. */
  get(id: string): Result<RunRow>;
  /** Errors: `E-CUST-0412`. */
  assign(id: string, what: { readonly bus: string; readonly driver: string }): Result<RunRow>;
  /**
   * With what the box on the bus is opened at a stop, while the bus should be there. Errors: `E-CUST-0412` no such run;
   * `E-CUST-0501` no such box.
   */
  code(run: string, box: string, stop: 'start' | 'end'): Result<BoxStop & { readonly code: string }>;
  /** What a box is told while it stands here. */
  stops(at: EpochMs): readonly BoxStop[];
}

const EARLY = ms(1_800_000);

export function createRuns(deps: {
  readonly me: string;
  readonly lines: readonly RunConfig[];
  readonly calendar: CalendarConfig;
  readonly lateAfter: number;
  readonly boxes: ReadonlyMap<string, Mac>;
  readonly store: RunStore;
}): Runs {
  const { store } = deps;
  const local = campusClock(deps.calendar);

  const planned = (line: RunConfig, at: EpochMs): RunRow | undefined => {
    const { date, weekday, kind } = local(at);
    const goes = line.weekdays ? line.weekdays.includes(weekday) : kind === 'workday';
    if (!goes) return undefined;
    const departsAt = campusInstant(local, date, line.departs);
    const id = `${line.id}-${date}`;
    const arrivesAt = plus(departsAt, line.takes);
    return { id, line: line.id, to: line.to, bus: null, driver: null, departsAt, arrivesAt };
  };
  const of: Runs['of'] = (at) =>
    deps.lines
      .flatMap((line) => {
        const run = planned(line, at);
        return run ? [{ ...run, ...store.get(run.id), capacity: line.capacity, label: line.label }] : [];
      })
      .toSorted((a, b) => a.departsAt - b.departsAt);
  const get: Runs['get'] = (id) => {
    const kept = store.get(id);
    if (kept) return ok(kept);
    const [, lineId = '', day = ''] = /^(.+)-(\d{8})$/.exec(id) ?? [];
    const line = deps.lines.find((one) => one.id === lineId);
    if (!line || day === '') return failure('E-CUST-0412', id);
    const found = planned(line, campusInstant(local, day, 12 * 60));
    return found ? ok(found) : failure('E-CUST-0412', id);
  };
  const stopsOf = ({ id, to, departsAt, arrivesAt }: RunRow): readonly BoxStop[] => [
    { run: id, stop: deps.me, from: epochMs(departsAt - EARLY), to: plus(departsAt, EARLY) },
    { run: id, stop: to, from: epochMs(arrivesAt - EARLY), to: plus(arrivesAt, ms(Math.max(EARLY, deps.lateAfter))) },
  ];
  return {
    of,
    get,
    assign: (id, { bus, driver }) => {
      const found = get(id);
      if (!found.ok) return found;
      const row = { ...found.value, bus, driver };
      store.put(row);
      return ok(row);
    },
    code: (id, box, where) => {
      const found = get(id);
      if (!found.ok) return found;
      const mac = deps.boxes.get(box);
      const stop = stopsOf(found.value).at(where === 'start' ? 0 : 1);
      return mac && stop ? ok({ ...stop, code: boxCode(mac, stop) }) : failure('E-CUST-0501', box);
    },
    stops: (at) => of(at).flatMap(stopsOf),
  };
}
