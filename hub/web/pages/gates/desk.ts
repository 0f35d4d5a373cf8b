import { computed, onScopeDispose, reactive, ref } from 'vue';
import type { DeskView, EntryView, GateView } from '../../../api/types.ts';
import { call } from '../../kit/http.ts';
import { say } from '../../kit/i18n.ts';
import { useLive } from '../../kit/live.ts';

/** So many entries of a gate are kept on the page. */
const SHOWN = 60;
/** Standings follow the clock and devices come and go: what no event tells is read again so often, in milliseconds. */
const REFRESH = 15_000;
/** What the hub refused to answer (too many asked at once, it was just starting) is asked again so soon, in milliseconds. */
const ASK_AGAIN = 1_000;
const CHOSEN = 'hallhub.gates.chosen';

/** What a guards' page knows, kept up to date; what it last knew stays when the hub is away. */
export function useDesk() {
  const view = ref<DeskView>();
  const readAt = ref<number>();
  const entries = reactive(new Map<string, readonly EntryView[]>());
  const chosen = ref<readonly string[]>(JSON.parse(localStorage.getItem(CHOSEN) ?? '[]') as string[]);

  /** The gates of the two halves of the screen, left then right: as chosen on this device before, else the first two. */
  const lanes = computed((): readonly GateView[] => {
    const gates = view.value?.gates ?? [];
    const found: GateView[] = [];
    for (const side of [0, 1]) {
      const free = (gate: GateView): boolean => !found.includes(gate);
      const gate = gates.find(({ id }) => id === chosen.value[side]) ?? gates.find(free);
      if (gate && free(gate)) found.push(gate);
    }
    return found;
  });

  async function loadEntries(gateId: string): Promise<void> {
    const answer = await call<readonly EntryView[]>('GET', `/api/gates/entries?gate=${gateId}&limit=${SHOWN}`);
    if (answer.ok) entries.set(gateId, answer.value);
    else askAgain();
  }
  async function refresh(): Promise<void> {
    const answer = await call<DeskView>('GET', '/api/gates/desk');
    if (!answer.ok) {
      askAgain();
      return;
    }
    view.value = answer.value;
    readAt.value = Date.now();
    // A half of the screen whose entries could not be read would stay empty, whoever comes.
    await Promise.all(lanes.value.filter(({ id }) => !entries.has(id)).map(({ id }) => loadEntries(id)));
  }
  let again: ReturnType<typeof setTimeout> | undefined;
  function askAgain(): void {
    clearTimeout(again);
    again = setTimeout(() => void refresh(), ASK_AGAIN);
  }
  async function load(): Promise<void> {
    await refresh();
    await Promise.all(lanes.value.map(({ id }) => loadEntries(id)));
  }
  function take(entry: EntryView): void {
    readAt.value = Date.now();
    const known = entries.get(entry.gateId);
    if (!known) return;
    const others = known.filter(({ id }) => id !== entry.id);
    entries.set(entry.gateId, [entry, ...others].sort((one, other) => other.seq - one.seq).slice(0, SHOWN));
    if (['passed', 'unconfirmed', 'free'].includes(entry.state)) void refresh();
  }

  const link = useLive({ url: '/api/events', load, topics: { gates: take, 'gate-desk': () => void refresh() } });
  const timer = setInterval(() => void refresh(), REFRESH);
  onScopeDispose(() => {
    clearInterval(timer);
    clearTimeout(again);
  });

  return {
    view,
    readAt,
    entries,
    lanes,
    link,
    refresh,
    choose: async (side: number, gateId: string): Promise<void> => {
      const next = lanes.value.map(({ id }) => id);
      // Choosing what the other half shows swaps the two.
      const other = next.indexOf(gateId);
      if (other >= 0 && other !== side) next[other] = next[side] ?? '';
      next[side] = gateId;
      chosen.value = next;
      localStorage.setItem(CHOSEN, JSON.stringify(next));
      await loadEntries(gateId);
    },
    gateLabel: (id: string): string => {
      const gate = view.value?.gates.find((one) => one.id === id);
      return gate ? say(gate.label) : id;
    },
    placeLabel: (id: string): string => {
      const place = [...(view.value?.gates ?? []), ...(view.value?.areas ?? [])].find((one) => one.id === id);
      return place ? say(place.label) : id;
    },
    mayAct: (gate: Pick<GateView, 'area'> | undefined): boolean =>
      gate !== undefined && view.value?.areas.find(({ id }) => id === gate.area)?.mayAct === true,
  };
}
export type DeskPage = ReturnType<typeof useDesk>;
