import type { EpochMs } from '@hallhub/sync/base';
import { epochMs, plus } from '@hallhub/sync/base';
import type { FeedRecord } from '@hallhub/sync/sqlite';
import type { AreaConfig } from '../config/index.ts';
import { isSignedPass } from './edge/signed-pass.ts';
import type { CountedWire } from './edge/wire.ts';
import type { Pass } from './pass.ts';
import type { EntryRow } from './store/entries.ts';
import { SIGNED_KEPT } from './store/entries.ts';
import type { GateStore } from './store/index.ts';

/** Ways through other gates count for so long where they count by day. */
const COUNTED_FOR_MS = 2 * 86_400_000;
/** Between the decision and the walk, with those who are told of late. */
const WALKS_WITHIN_MS = 900_000;

/** Where a piece of what was counted before ends. */
export interface Place {
  readonly at: EpochMs;
  readonly seq: number;
}

type Holder = Pick<Pass, 'places' | 'may' | 'uses' | 'slot' | 'oneInside' | 'validUntil'>;

/**
 * Which agents hear of a way through a gate that is not theirs. Uses and slots are counted wherever the pass opens; heads,
 * anti-passback, one permit's cars and the first person are counted in the area, so only its agents hear of those. A gate of an
 * area that counts nothing tells nobody of a pass that counts nothing: a campus of many gates is not told of every card.
 */
export function createCounting(deps: {
  readonly store: Pick<GateStore, 'entries' | 'passes' | 'presence'>;
  readonly now: () => EpochMs;
  readonly agents: readonly string[];
  readonly areas: readonly AreaConfig[];
  readonly agentsIn: (area: string) => readonly string[];
  readonly trusting: (agent: string) => boolean;
  readonly covers: (agent: string, places: readonly string[]) => boolean;
  readonly put: (agent: string, record: FeedRecord) => void;
}) {
  const { store, agents } = deps;

  /** What an agent is told of it; undefined: nothing. */
  const worth = (agent: string, row: EntryRow, pass: Holder): Pick<CountedWire, 'elsewhere' | 'leads'> | undefined => {
    const area = deps.areas.find(({ id }) => id === row.area);
    if (!area) return undefined;
    const holds = deps.covers(agent, pass.places);
    const sharesArea = deps.agentsIn(area.id).includes(agent);
    const leads = area.firstPerson && row.way === 'in' && pass.may.includes('lead');
    if (holds) {
      const spends = row.way === 'in' && (pass.uses !== undefined || pass.slot !== undefined);
      const rule = area.antiPassback;
      const moves =
        pass.oneInside ||
        leads ||
        area.limit !== undefined ||
        (rule !== undefined && (rule.scope !== 'gate' || row.source === agent));
      return spends || (sharesArea && moves) ? {} : undefined;
    }
    // It will never be shown this pass; a head inside is a head all the same, and whoever leads opens for all.
    const matters = sharesArea && (leads || area.limit !== undefined);
    return matters ? { elsewhere: true, ...(leads && { leads: true }) } : undefined;
  };

  const tell = (agent: string, row: EntryRow, passId: string, pass: Holder): void => {
    const { area, way, day, id, gateId } = row;
    // Who is inside follows the order of the walks, and not that of the cards: somebody may enter while an exit waits for them.
    const at = row.settledAt ?? row.at;
    const told = area === null || way === null || day === null ? undefined : worth(agent, row, pass);
    if (!told) return;
    const until = pass.uses?.per === 'request' || pass.slot ? pass.validUntil : epochMs(deps.now() + COUNTED_FOR_MS);
    deps.put(agent, {
      id: `counted/${id}`,
      kind: 'gate-counted',
      schemaVersion: '1.0',
      validFrom: epochMs(0),
      validUntil: until,
      data: { id, gateId, area, way, day, at, passId, companion: row.companion === 1, ...told },
    });
  };

  const tellOf = (row: EntryRow, listening: readonly string[]): void => {
    const { passId } = row;
    if (passId === null) return;
    const signed = isSignedPass(passId);
    const pass = signed ? signedHolder(deps.now()) : store.passes.pass(passId);
    if (!pass) return;
    for (const agent of listening) if (!signed || deps.trusting(agent)) tell(agent, row, passId, pass);
  };
  /** Areas of an agent that count heads, or who went where. */
  const countingAreas = (agent: string): readonly AreaConfig[] =>
    deps.areas.filter(({ id }) => deps.agentsIn(id).includes(agent));
  /** For so long back walks count in these areas by their time alone. */
  const lookBack = (areas: readonly AreaConfig[]): number =>
    Math.max(COUNTED_FOR_MS, ...areas.map(({ antiPassback }) => antiPassback?.within ?? 0));

  return {
    /** Somebody has walked through a gate, or may have. */
    walked: (row: EntryRow): void => {
      tellOf(
        row,
        agents.filter((agent) => agent !== row.source),
      );
    },
    /**
     * Who has gone where in an agent's areas before it knew of them, also through its own gates: its disk may be a new one, and it
     * decides on who is inside from its first card on. A piece at a time, oldest first; returns where to go on.
     */
    before: (agent: string, from: Place | undefined, most: number): Place | undefined => {
      const areas = countingAreas(agent);
      const start = from ?? { at: epochMs(deps.now() - lookBack(areas)), seq: 0 };
      if (!from)
        // Whoever came in longer ago, and is inside still.
        for (const { id } of areas)
          for (const { subject, at } of store.presence.inside(id))
            if (at < start.at)
              for (const row of store.entries.walksOf(subject, id, epochMs(at - WALKS_WITHIN_MS)))
                if ((row.settledAt ?? row.at) >= at) tellOf(row, [agent]);
      const rows = store.entries.walks(start, most);
      for (const row of rows) if (areas.some(({ id }) => id === row.area)) tellOf(row, [agent]);
      const last = rows.length < most ? undefined : rows.at(-1);
      return last && { at: last.at, seq: last.seq };
    },
    /** What was used of an approval before an agent knew of it, also at its own gates: its disk may be a new one. */
    again: (agent: string, passes: readonly Pass[]): void => {
      const [first] = passes;
      if (!first || !passes.some(isCounted)) return;
      for (const row of store.entries.ofRequest(first.requestId)) {
        const pass = passes.find(({ id }) => id === row.passId);
        if (pass && isCounted(pass) && (row.state === 'passed' || row.state === 'unconfirmed'))
          tell(agent, row, pass.id, pass);
      }
    },
  };
}

/** What a signature alone opened is worth one way in, for as long as entries are remembered by it. */
const signedHolder = (now: EpochMs): Holder => ({
  places: [],
  may: [],
  uses: { max: 1, per: 'request' },
  oneInside: false,
  validUntil: plus(now, SIGNED_KEPT),
});

/** Whether a pass itself says that ways through all gates are counted together. */
const isCounted = ({ uses, slot, oneInside }: Pass): boolean => uses !== undefined || slot !== undefined || oneInside;
