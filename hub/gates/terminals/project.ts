import type { Clock, EpochMs } from '@hallhub/sync/base';
import { hours, plus } from '@hallhub/sync/base';
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
  /** One door of an air lock: whether it may open depends on the other. */
  readonly interlocked: boolean;
}

export const terminalGates = (gates: readonly GateConfig[], areas: readonly AreaConfig[]): readonly TerminalGate[] =>
  gates.flatMap((gate) => {
    const area = areas.find(({ id }) => id === gate.area);
    const interlocked = gate.interlock.length > 0 || gates.some(({ interlock }) => interlock.includes(gate.id));
    return gate.terminal === undefined || !area
      ? []
      : [{ deviceId: gate.terminal, gate, edge: edgeGate(gate, area), interlocked }];
  });

export const cardsContext = (deviceId: string, personId: string): string => `gate-terminal/${deviceId}/${personId}`;

/**
 * A terminal that keeps no validity is relieved of people so long before their end: the order must reach it, and nothing else ends
 * their right there.
 */
const NEAR_END = hours(24);

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
  /**
   * Until when a deny list speaks of this holder, in whatever way; then only the hub decides. One that begins later counts from
   * now on: a terminal that is cut off when it begins would go on.
   */
  const deniedUntil = (draft: PassDraft): EpochMs | undefined =>
    draft.credentials
      .flatMap(({ type, value }) => passes.passesOf(vault.match(type, value)))
      .filter((pass) => pass.effect === 'deny' && !pass.revoked && pass.validUntil > clock.now())
      .map(({ validUntil }) => validUntil)
      .reduce<EpochMs | undefined>(
        (latest, until) => (latest === undefined || until > latest ? until : latest),
        undefined,
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
    const denied = deniedUntil(draft);
    if (denied !== undefined) {
      store.deny(pass.requestId, denied);
      return;
    }
    for (const { deviceId, edge, interlocked } of terminals) {
      if (!mayDecideAlone(pass, edge, interlocked)) continue;
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
    const { validFrom, validTo } = chosen;
    const now = clock.now();
    if (store.terminal(who.deviceId)?.validity === 'none' && (validFrom > now || validTo <= plus(now, NEAR_END)))
      return undefined;
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
    /** Claims that began or ended in (since, now], and deny lists that ended. */
    timePassed: (since: EpochMs): void => {
      project(store.deniedUntil(clock.now()));
      // What begins later is decided too, once: a terminal that has just been met may keep no validity.
      decide(since === 0 ? store.everyClaim() : store.changing(since, clock.now(), NEAR_END));
    },
    target,
    seal,
    unseal,
  };
}
