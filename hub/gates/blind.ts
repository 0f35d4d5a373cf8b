import type { DurationMs } from '@hallhub/sync/base';
import { epochMs, minutes, plus } from '@hallhub/sync/base';
import type { GateConfig } from '../config/index.ts';
import type { CampusClock } from '../calendar/index.ts';
import { campusInstant, neighbour } from '../calendar/index.ts';
import type { Window } from './pass.ts';
import type { ScheduledWindow } from './standing.ts';
import type { Span } from './store/sightings.ts';

/**
 * A device that was away for less hides nobody worth speaking of: while its reader is gone a gate stays shut, and it takes a
 * guard longer than this to come and open it.
 */
const BLINK: DurationMs = minutes(2);
const DAY = 1_440;

/** Spans in order, those that touch made into one. */
export function union(spans: readonly Span[]): readonly Span[] {
  const joined: Span[] = [];
  for (const span of spans.toSorted((one, other) => one.from - other.from)) {
    if (span.until <= span.from) continue;
    const last = joined.at(-1);
    if (last && span.from <= last.until)
      joined[joined.length - 1] = { from: last.from, until: epochMs(Math.max(last.until, span.until)) };
    else joined.push(span);
  }
  return joined;
}

const clip = (spans: readonly Span[], { from, until }: Span): readonly Span[] =>
  spans.map((span) => ({ from: epochMs(Math.max(span.from, from)), until: epochMs(Math.min(span.until, until)) }));

/** When a schedule left a gate open within a span: every day's windows by the campus clock. */
export function scheduledOpen(
  schedule: readonly ScheduledWindow[],
  campusClock: CampusClock,
  within: Span,
): readonly Span[] {
  const open = schedule.filter(({ standing }) => standing === 'open');
  if (open.length === 0) return [];
  const spans: Span[] = [];
  const last = neighbour(campusClock(within.until).date, 1);
  for (let date = campusClock(within.from).yesterday.date; date < last; date = neighbour(date, 1)) {
    const noon = campusClock(campusInstant(campusClock, date, 720));
    for (const window of open) {
      if (!fits(window, noon)) continue;
      spans.push({
        from: campusInstant(campusClock, date, window.from),
        until: campusInstant(campusClock, date, window.until + (window.until <= window.from ? DAY : 0)),
      });
    }
  }
  return union(clip(spans, within));
}

const fits = ({ weekdays, on }: Window, day: { readonly weekday: number; readonly kind: string }): boolean =>
  (weekdays === undefined || weekdays.includes(day.weekday)) && (on === undefined || on === day.kind);

/** When somebody may have gone through a gate unseen: it stood open, or what would have seen them was away. */
export function createBlindness(deps: {
  readonly gates: readonly GateConfig[];
  readonly campusClock: CampusClock;
  readonly stoodOpen: (gate: GateConfig, within: Span) => readonly Span[];
  /** When a device saw nothing, or what it saw has not been heard yet. */
  readonly dark: (deviceId: string, within: Span) => readonly Span[];
}) {
  const eyes = (gate: GateConfig): readonly string[] =>
    [gate.reader, gate.scanner, gate.faceTerminal, gate.terminal, gate.passageSensor, gate.barrier].filter(
      (device) => device !== undefined,
    );
  return (area: string, within: Span): readonly Span[] =>
    union(
      deps.gates
        .filter((gate) => gate.area === area)
        .flatMap((gate) => {
          const dark = eyes(gate).flatMap((device) => deps.dark(device, within));
          return [
            ...scheduledOpen(gate.schedule, deps.campusClock, within),
            ...clip(deps.stoodOpen(gate, within), within),
            ...union(clip(dark, within)).filter((span) => span.until >= plus(span.from, BLINK)),
          ];
        }),
    );
}
