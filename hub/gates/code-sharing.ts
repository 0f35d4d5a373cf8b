import type { EpochMs } from '@hallhub/sync/base';
import { epochMs, minutes } from '@hallhub/sync/base';
import type { FeedRecord } from '@hallhub/sync/sqlite';
import { isSignedPass } from './edge/signed-pass.ts';
import type { Pass } from './pass.ts';
import { visitorCodeSubject } from './qr/visitor-code.ts';
import type { TakenCode } from './store/codes.ts';
import type { EntryRow } from './store/entries.ts';
import type { GateStore } from './store/index.ts';

/** Longer than any dynamic code counts: what was taken before is refused everywhere for its age. */
const CODES_LIVE = minutes(15);
/** As many people as one visit may name; see the contract. */
const MOST_PEOPLE = 50;

/**
 * What gates that cannot see each other's entries must know of codes: which one of them has just taken, and whose approval was
 * taken back. While they are connected it reaches them in the time of a message; what happens meanwhile is found afterwards
 * (`doubles`).
 */
export function createCodeSharing(deps: {
  readonly store: Pick<GateStore, 'codes' | 'passes'>;
  readonly now: () => EpochMs;
  readonly agents: readonly string[];
  /** Agents that decide at a gate of an area. */
  readonly agentsIn: (area: string) => readonly string[];
  /** Whether an agent decides at a gate where codes are shown. */
  readonly scans: (agent: string) => boolean;
  /** Whether an agent decides at a gate where a signature alone lets in. */
  readonly trusting: (agent: string) => boolean;
  readonly covers: (agent: string, places: readonly string[]) => boolean;
  readonly put: (agent: string, record: FeedRecord) => void;
}) {
  const { store } = deps;

  const withdrawnRecord = ({ subject, until }: { readonly subject: string; readonly until: EpochMs }): FeedRecord => ({
    id: `code-withdrawn/${subject}`,
    kind: 'gate-code-withdrawn',
    schemaVersion: '1.0',
    validFrom: epochMs(0),
    validUntil: until,
    data: { subject, until },
  });
  const withdraw = (passId: string, until: EpochMs): void => {
    if (until <= deps.now()) return;
    const subject = visitorCodeSubject(passId);
    store.codes.withdraw(subject, until);
    for (const agent of deps.agents) if (deps.trusting(agent)) deps.put(agent, withdrawnRecord({ subject, until }));
  };

  /** Who must hear that a code was taken: whoever may be shown it next. */
  const concerned = (owner: string, area: string | undefined, source: string | null): readonly string[] => {
    const scanning = (area === undefined ? deps.agents : deps.agentsIn(area)).filter(
      (agent) => agent !== source && deps.scans(agent),
    );
    if (isSignedPass(owner)) return scanning.filter(deps.trusting);
    const places = store.passes.pass(owner)?.places;
    return places ? scanning.filter((agent) => deps.covers(agent, places)) : [];
  };
  const tell = (agents: readonly string[], code: TakenCode): void => {
    const until = epochMs(code.at + CODES_LIVE);
    if (until <= deps.now()) return;
    for (const agent of agents)
      deps.put(agent, {
        id: `code-taken/${code.id}`,
        kind: 'gate-code-taken',
        schemaVersion: '1.0',
        validFrom: epochMs(0),
        validUntil: until,
        data: { ...code },
      });
  };

  return {
    /** Somebody was let in by a code. */
    taken: (row: EntryRow): void => {
      const { id, codeOwner: owner, codeStep: step, method, gateId, area, way, at } = row;
      if (row.state === 'refused' || owner === null || step === null || method === null || !area || !way) return;
      const where = method === 'visitor-code' ? area : undefined;
      tell(concerned(owner, where, row.source), { id, owner, method, step, gateId, area, way, at });
    },
    /** A dynamic code was taken where there is no gate: at a check-in point. */
    takenAt: (place: string, code: Omit<TakenCode, 'gateId' | 'way' | 'area'>): void => {
      tell(concerned(code.owner, undefined, null), { ...code, gateId: place, area: '', way: 'in' });
    },
    /** An approval of visitors has changed: codes of people it no longer names, or names for a shorter time. */
    changed: (before: readonly Pass[], after: readonly Pass[]): void => {
      for (const pass of before) {
        const now = after.find(({ id }) => id === pass.id);
        if (pass.kind === 'visitor-access' && (!now || now.validUntil < pass.validUntil))
          withdraw(pass.id, pass.validUntil);
      }
    },
    /** An approval of visitors was taken back; one that never arrived here may have sent codes all the same. */
    revoked: (requestId: string, passes: readonly Pass[], until: EpochMs): void => {
      for (const { id, validUntil } of passes) withdraw(id, epochMs(Math.max(until, validUntil)));
      if (passes.length === 0)
        for (let person = 0; person < MOST_PEOPLE; person += 1) withdraw(`${requestId}#${person}`, until);
    },
    /** All that an agent with such gates must know when it comes. */
    withdrawnFor: (agent: string): readonly FeedRecord[] =>
      deps.trusting(agent) ? store.codes.withdrawn(deps.now()).map(withdrawnRecord) : [],
  };
}
