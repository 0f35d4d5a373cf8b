import type { Clock, EpochMs } from '@hallhub/sync/base';
import type { AreaConfig, GateConfig } from '../../config/index.ts';
import type { Requests } from '../../requests/service.ts';
import type { Vault } from '../../vault/index.ts';
import { edgeGate } from '../edge/parts.ts';
import type { EdgeGate } from '../edge/gate.ts';
import type { Pass } from '../pass.ts';
import { subjectOf } from '../pass.ts';
import type { GateKind, GateRequest, PassDraft } from '../project.ts';
import { passDrafts } from '../project.ts';
import type { PassStore } from '../store/passes.ts';
import { foremost, mayDecideAlone } from './rules.ts';
import type { Person, TerminalStore } from './store.ts';

/** A gate that a terminal stands at. */
export interface TerminalGate {
  readonly deviceId: string;
  readonly gate: GateConfig;
  readonly edge: EdgeGate;
}

export const terminalGates = (gates: readonly GateConfig[], areas: readonly AreaConfig[]): readonly TerminalGate[] =>
  gates.flatMap((gate) => {
    const area = areas.find(({ id }) => id === gate.area);
    return gate.terminal === undefined || !area ? [] : [{ deviceId: gate.terminal, gate, edge: edgeGate(gate, area) }];
  });

export const cardsContext = (deviceId: string, personId: string): string => `gate-terminal/${deviceId}/${personId}`;

/** What somebody is to have on a terminal: the target that the device is brought to. */
export interface Target {
  /** Keyed digest of all below. */
  readonly digest: string;
  readonly cards: readonly string[];
  readonly validFrom: EpochMs;
  readonly validTo: EpochMs;
}

export type TerminalProjection = ReturnType<typeof createTerminalProjection>;

/**
 * Who belongs on which terminal. Every call runs inside the transaction that changed a pass, so that a revocation is on its
 * way the moment it is known. Card numbers are read out of the sealed request and sealed again: passes have only their hashes.
 */
export function createTerminalProjection(deps: {
  readonly terminals: readonly TerminalGate[];
  readonly store: TerminalStore;
  readonly passes: Pick<PassStore, 'passesOf' | 'passesOfRequest'>;
  readonly requests: () => Pick<Requests, 'data' | 'get'>;
  readonly vault: Pick<Vault, 'match' | 'seal' | 'open'>;
  readonly clock: Clock;
}) {
  const { terminals, store, passes, vault, clock } = deps;

  const seal = (who: Person, cards: readonly string[]): Uint8Array =>
    vault.seal(Buffer.from(JSON.stringify(cards)), cardsContext(who.deviceId, who.personId));
  const unseal = (who: Person, sealed: Uint8Array | null): readonly string[] => {
    const opened = sealed && vault.open(sealed, cardsContext(who.deviceId, who.personId));
    return opened?.ok ? (JSON.parse(Buffer.from(opened.value).toString('utf8')) as readonly string[]) : [];
  };

  const draftsOf = (requestId: string): readonly PassDraft[] => {
    const kind = deps.requests().get(requestId)?.kind;
    const data = deps.requests().data(requestId);
    // Only kinds that become passes are asked for.
    return kind !== undefined && data.ok ? passDrafts({ kind: kind as GateKind, data: data.value } as GateRequest) : [];
  };
  /** A deny list speaks of this holder, in whatever way: then only the hub decides. */
  const isDenied = (draft: PassDraft): boolean =>
    draft.credentials.some(({ type, value }) =>
      passes
        .passesOf(vault.match(type, value))
        .some((pass) => pass.effect === 'deny' && !pass.revoked && pass.validUntil > clock.now()),
    );
  const claim = (pass: Pass, draft: PassDraft): void => {
    const cards = draft.credentials.flatMap(({ type, value, duress }) =>
      // A terminal would open and tell nobody: the hub decides on it, as on any card that the terminal does not know.
      type === 'uid' && !duress ? [value] : [],
    );
    const face = draft.credentials.find(({ type }) => type === 'face');
    if ((cards.length === 0 && !face) || pass.validUntil <= clock.now()) return;
    const named = draft.credentials.map(({ type, value }) => vault.match(type, value).toString('hex'));
    for (const identity of [...pass.identities, ...named]) store.addIdentity(identity, pass.requestId);
    if (isDenied(draft)) return;
    for (const { deviceId, edge } of terminals) {
      if (!mayDecideAlone(pass, edge)) continue;
      const personId = face?.value ?? String(store.alias(subjectOf(pass)));
      store.addClaim({
        deviceId,
        personId,
        passId: pass.id,
        requestId: pass.requestId,
        validFrom: pass.validFrom,
        validTo: pass.validUntil,
        cards: seal({ deviceId, personId }, cards),
      });
    }
  };
  const target = (who: Person): Target | undefined => {
    const chosen = foremost(store.claims(who.deviceId, who.personId), clock.now());
    if (!chosen) return undefined;
    const isLater = chosen.validFrom > clock.now();
    if (isLater && store.terminal(who.deviceId)?.validity === 'none') return undefined;
    const { validFrom, validTo } = chosen;
    const cards = unseal(who, chosen.cards);
    const digest = vault.match('terminal-person', JSON.stringify([cards, validFrom, validTo])).toString('hex');
    return { digest, cards, validFrom, validTo };
  };
  const decide = (people: Iterable<Person>): void => {
    for (const who of people) store.want(who, target(who)?.digest ?? null);
  };
  const project = (requestIds: Iterable<string>): void => {
    const touched = new Map<string, Person>();
    const touch = (people: readonly Person[]): void => {
      for (const who of people) touched.set(`${who.deviceId}/${who.personId}`, who);
    };
    for (const requestId of requestIds) {
      touch(store.dropClaims(requestId));
      const drafts = new Map(draftsOf(requestId).map((draft) => [draft.person, draft]));
      for (const pass of passes.passesOfRequest(requestId)) {
        const draft = drafts.get(pass.person);
        if (draft && pass.effect === 'admit' && !pass.revoked) claim(pass, draft);
      }
      touch(store.peopleOf(requestId));
    }
    decide(touched.values());
  };

  return {
    /** A request was approved, changed or revoked, after its passes were written; `identities` are those before and after. */
    changed: (requestId: string, identities: readonly string[]): void => {
      if (terminals.length === 0) return;
      project(new Set([requestId, ...identities.flatMap((identity) => store.requestsOf(identity))]));
    },
    /** Claims that began or ended in (since, now]. */
    timePassed: (since: EpochMs): void => {
      // What begins later is decided too, once: a terminal that has just been met may keep no validity.
      decide(since === 0 ? store.everyClaim() : store.changing(since, clock.now()));
    },
    target,
    seal,
    unseal,
  };
}
