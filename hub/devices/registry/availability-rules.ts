import type { OperatingState } from '@hallhub/device-drivers/kit';
import type { EpochMs } from '@hallhub/sync/base';

/** What is known of a device at a moment: `unknown` while no hub watched, `out-of-service` while somebody wanted it so. */
export type WatchedState = OperatingState | 'unknown' | 'out-of-service';

export interface StateChange {
  readonly at: EpochMs;
  readonly state: WatchedState;
}

/** Milliseconds spent in each state. */
export type Spans = Readonly<Partial<Record<WatchedState, number>>>;

/**
 * How long each state lasted between `from` and `to`. `changes` are in the order in which they were recorded; one whose clock
 * ran back counts from the latest instant before it, so that no time is counted twice. Before the first is `unknown`.
 */
export function spansOf(changes: readonly StateChange[], from: EpochMs, to: EpochMs): Spans {
  const spans: Partial<Record<WatchedState, number>> = {};
  const add = (state: WatchedState, begun: number, ended: number): void => {
    const length = Math.min(ended, to) - Math.max(begun, from);
    if (length > 0) spans[state] = (spans[state] ?? 0) + length;
  };
  let state: WatchedState = 'unknown';
  let since = -Infinity;
  for (const change of changes) {
    const at = Math.max(change.at, since);
    add(state, since, at);
    ({ state } = change);
    since = at;
  }
  add(state, since, Infinity);
  return spans;
}

/** From when to when; `until` is exclusive. */
export interface DarkSpan {
  readonly from: EpochMs;
  readonly until: EpochMs;
}

/** As if nobody had watched a device while its agent was away: it went on, and how is not known. */
export const asHeard = (changes: readonly (StateChange & { readonly code: string | null })[]): readonly StateChange[] =>
  changes.map(({ at, state, code }) => ({ at, state: code === AGENT_AWAY ? 'unknown' : state }));

const SEEING: ReadonlySet<WatchedState> = new Set(['ready', 'degraded']);
/** How the hub says that it does not hear the agent of a device. */
const AGENT_AWAY = 'E-AGENT-0103';

/**
 * When a device saw nothing between `from` and `to`. One on an agent goes on without the hub: that nobody watched, or that its
 * agent was away, makes it dark only while it lasts, because afterwards what it saw has been heard.
 */
export function darkSpans(
  changes: readonly (StateChange & { readonly code: string | null })[],
  { from, to, onAgent }: { readonly from: EpochMs; readonly to: EpochMs; readonly onAgent: boolean },
): readonly DarkSpan[] {
  const spans: DarkSpan[] = [];
  let since = -Infinity;
  let state: WatchedState = 'unknown';
  let code: string | null = null;
  const end = (at: number, lasts: boolean): void => {
    const heard = onAgent && !lasts && (state === 'unknown' || code === AGENT_AWAY);
    const span = { from: Math.max(since, from) as EpochMs, until: Math.min(at, to) as EpochMs };
    if (!SEEING.has(state) && !heard && span.until > span.from) spans.push(span);
  };
  for (const change of changes) {
    const at = Math.max(change.at, since);
    end(at, false);
    since = at;
    ({ state, code } = change);
  }
  end(Infinity, true);
  return spans;
}

export function addSpans(list: readonly Spans[]): Spans {
  const sum: Partial<Record<WatchedState, number>> = {};
  for (const spans of list) {
    for (const [state, length] of Object.entries(spans) as [WatchedState, number][]) {
      sum[state] = (sum[state] ?? 0) + length;
    }
  }
  return sum;
}

/**
 * The share of the time in which the device could be used, 0 to 1, of the time in which that was known and wanted: neither
 * while it starts nor out of service nor while no hub watched. Undefined where there was no such time.
 */
export function shareOf(spans: Spans): number | undefined {
  const usable = (spans.ready ?? 0) + (spans.degraded ?? 0);
  const wanted = usable + (spans.down ?? 0);
  return wanted === 0 ? undefined : usable / wanted;
}

const DAY = 86_400_000;

/** Days are counted from 1970-01-01 in the campus's own time, which is `offset` milliseconds ahead of UTC. */
export const dayOf = (at: EpochMs, offset: number): number => Math.floor((at + offset) / DAY);
export const startOfDay = (day: number, offset: number): EpochMs => (day * DAY - offset) as EpochMs;
