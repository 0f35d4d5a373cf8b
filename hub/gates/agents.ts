import type { EpochMs, Result } from '@hallhub/sync/base';
import { epochMs, failure, ok } from '@hallhub/sync/base';
import type { Db, FeedRecord, FeedStore } from '@hallhub/sync/sqlite';
import { afterCommit, transact } from '@hallhub/sync/sqlite';
import type { AreaConfig, DeviceConfig, GateConfig } from '../config/index.ts';
import { decidingAgent } from '../config/index.ts';
import type { Approved, Requests } from '../requests/service.ts';
import { keyedMatch } from '../vault/index.ts';
import type { CalendarConfig } from '../calendar/index.ts';
import type { AgentEvents } from './agent-intake.ts';
import { TYPED, createAgentIntake } from './agent-intake.ts';
import { createCodeSharing } from './code-sharing.ts';
import type { Place } from './counting.ts';
import { createCounting } from './counting.ts';
import { codeOf } from './enrol-passes.ts';
import type { Told } from './edge/gate.ts';
import type { Stranger, TypedCredential } from './edge/presentation.ts';
import { areaInput, gateInput } from './edge/wire.ts';
import type { Pass } from './pass.ts';
import type { Alone } from './rules.ts';
import { legacyCodeKey } from './qr/legacy-code.ts';
import type { Credential, GateKind, GateRequest } from './project.ts';
import { passDrafts } from './project.ts';
import type { LegacyCodes } from './qr/index.ts';
import type { GateStore } from './store/index.ts';
import type { StandingRow } from './store/presence.ts';

/** How the hub reaches the part of this domain that runs in agents. */
export interface GatePipe {
  readonly feeds: FeedStore;
  /** New records are in an agent's feed. */
  projected(agent: string): void;
  connected(agent: string): boolean;
  ask(agent: string, name: string, params: unknown): Promise<Result<unknown>>;
  /** Key of an agent's hashes; undefined for one that is not enrolled. */
  matchKey(agent: string): Buffer | undefined;
}

/** So many requests are projected in one go while an agent is brought up to date: the hub goes on beside it. */
const CHUNK = 200;
const FOR_EVER = epochMs(Date.UTC(9999, 0, 1));

/** The hub's end of the gates that agents decide at: what they must know goes down, what they did comes up. */
export function createGateAgents(deps: {
  readonly db: Db;
  readonly store: GateStore;
  readonly pipe: GatePipe;
  readonly requests: () => Pick<Requests, 'page' | 'change'>;
  /** The hub's own keyed hash. */
  readonly match: (type: string, value: string) => Buffer;
  readonly gates: readonly GateConfig[];
  readonly areas: readonly AreaConfig[];
  readonly devices: readonly DeviceConfig[];
  readonly calendar: CalendarConfig;
  /** Whose visitor codes are believed: Ed25519, raw, base64. */
  readonly visitorKeys: readonly string[];
  readonly legacyCodes?: LegacyCodes;
  readonly orders: () => readonly StandingRow[];
  readonly events: AgentEvents;
  readonly now: () => EpochMs;
}) {
  const { db, store, pipe, events } = deps;
  const agentOf = new Map<string, string>();
  for (const gate of deps.gates) {
    const agent = decidingAgent(gate, deps.devices);
    if (agent !== undefined) agentOf.set(gate.id, agent);
  }
  const agents = [...new Set(agentOf.values())];
  const gatesOf = (agent: string): readonly GateConfig[] => deps.gates.filter(({ id }) => agentOf.get(id) === agent);
  const agentsIn = (area: string): readonly string[] =>
    agents.filter((agent) => gatesOf(agent).some((gate) => gate.area === area));
  const covers = (agent: string, places: readonly string[]): boolean =>
    places.length === 0 || gatesOf(agent).some(({ id, area }) => places.includes(id) || places.includes(area));
  const trusting = (agent: string): boolean =>
    deps.areas.some(({ id, trust }) => trust === 'signed' && gatesOf(agent).some(({ area }) => area === id));
  const matchers = new Map<string, { readonly key: string; readonly match: ReturnType<typeof keyedMatch> }>();
  const matcherOf = (agent: string) => {
    const key = pipe.matchKey(agent);
    if (!key) return undefined;
    const text = key.toString('base64');
    const known = matchers.get(agent);
    if (known?.key === text) return known.match;
    const match = keyedMatch(key);
    matchers.set(agent, { key: text, match });
    return match;
  };
  const basis = db.prepare<[string], string>('SELECT basis FROM gate_agent WHERE agent = ?').pluck();
  const setBasis = db.prepare('INSERT OR REPLACE INTO gate_agent (agent, basis) VALUES (?, ?)');
  const dropBasis = db.prepare('DELETE FROM gate_agent WHERE agent = ?');
  const rebuilding = new Set<string>();

  /** Tells an agent once what one transaction put into its feed. */
  const told = new Set<string>();
  const tell = (agent: string): void => {
    if (told.has(agent)) return;
    told.add(agent);
    afterCommit(db, () => {
      told.delete(agent);
      pipe.projected(agent);
    });
  };
  const put = (agent: string, record: FeedRecord): void => {
    if (pipe.feeds.put(agent, record)) tell(agent);
  };
  const withdraw = (agent: string, id: string): void => {
    if (pipe.feeds.withdraw(agent, id)) tell(agent);
  };

  const sharing = { store, agents, agentsIn, trusting, covers, put, now: deps.now };
  const counting = createCounting({ ...sharing, areas: deps.areas });
  const codes = createCodeSharing({
    ...sharing,
    scans: (agent) => gatesOf(agent).some(({ scanner }) => scanner !== undefined),
  });

  /** Whom a roster names by this. A member's number stands in it as the id of their older codes. */
  const rostersOf = ({ type, value }: Credential): readonly Pass[] =>
    store.passes
      .passesOf(type === 'member' ? deps.match('legacy-code', legacyCodeKey(value)) : deps.match(type, value))
      .filter(({ kind }) => kind === 'roster');
  /** Under what else somebody is known whom a document or a number names. A card or a plate that is barred is that alone. */
  const whoElse = (identity: Credential): readonly Credential[] => {
    if (identity.type === 'uid' || identity.type === 'plate') return [];
    const others = [...new Set(rostersOf(identity).map(({ requestId }) => requestId))].flatMap((requestId) => {
      const change = deps.requests().change(requestId);
      return change?.kind === 'roster' ? passDrafts(change).flatMap(({ identities }) => [...identities]) : [];
    });
    return others.filter(({ type, value }) => type !== identity.type || value !== identity.value);
  };

  const projectTo = (agent: string, change: Approved<GateKind>, before: readonly string[]): void => {
    const match = matcherOf(agent);
    if (!match) return;
    const kept = new Set<string>();
    for (const pass of passesFor(change, match, whoElse)) {
      // Where a signature alone opens, a visitor whose pass is for elsewhere must be known, too: or the code would open here.
      const shows = trusting(agent) && pass.credentials.some(({ type }) => type === 'visitor-code');
      if (!shows && !covers(agent, pass.places)) continue;
      const id = `pass/${pass.id}`;
      kept.add(id);
      put(agent, {
        id,
        kind: 'gate-pass',
        schemaVersion: '1.0',
        validFrom: change.validFrom,
        validUntil: change.validUntil,
        data: { ...pass },
      });
    }
    for (const id of before) if (!kept.has(`pass/${id}`)) withdraw(agent, `pass/${id}`);
  };

  const project = (change: Approved<GateKind>, before: readonly string[]): void => {
    for (const agent of agents) projectTo(agent, change, before);
    if (change.kind === 'roster') denyAgain(change);
  };
  /** A deny list that names somebody names them under what their roster says now. */
  const denyAgain = (roster: Extract<GateRequest, { kind: 'roster' }>): void => {
    if (agents.length === 0) return;
    const denials = passDrafts(roster)
      .flatMap(({ identities }) => [...identities])
      .flatMap(({ type, value }) => store.passes.passesOf(deps.match(type, value)))
      .filter(({ effect }) => effect === 'deny');
    for (const requestId of new Set(denials.map((pass) => pass.requestId))) {
      const change = deps.requests().change(requestId);
      if (change?.kind !== 'block') continue;
      const ids = store.passes.passesOfRequest(requestId).map(({ id }) => id);
      for (const agent of agents) projectTo(agent, change, ids);
    }
  };
  const revoke = (passIds: readonly string[]): void => {
    for (const agent of agents) for (const id of passIds) withdraw(agent, `pass/${id}`);
  };

  /** Everything there is, in pieces: an agent was enrolled anew, or other gates hang on it. */
  const rebuild = (agent: string, wanted: string): void => {
    if (rebuilding.has(agent)) return;
    rebuilding.add(agent);
    type Step = () => Step | undefined;
    const requestsFrom =
      (after: string): Step =>
      () => {
        const page = deps.requests().page(after, CHUNK);
        for (const change of page.changes) {
          if (!isGateChange(change)) continue;
          const passes = store.passes.passesOfRequest(change.id);
          projectTo(
            agent,
            change,
            passes.map(({ id }) => id),
          );
          counting.again(agent, passes);
        }
        return page.next === undefined ? walksFrom() : requestsFrom(page.next);
      };
    // Behind the passes: an agent that knows whose a walk was knows what it counts for.
    const walksFrom =
      (from?: Place): Step =>
      () => {
        const next = counting.before(agent, from, CHUNK);
        if (next) return walksFrom(next);
        setBasis.run(agent, wanted);
        return undefined;
      };
    const take = (step: Step): void => {
      const next = transact(db, step);
      if (!next) rebuilding.delete(agent);
      else
        setImmediate(() => {
          if (db.open) take(next);
        });
    };
    take(requestsFrom(''));
  };

  const standingId = ({ scope, standing }: StandingRow): string =>
    `standing/${scope}${standing === 'fire' ? '/fire' : ''}`;
  const standingRecord = ({ scope, standing, since, by }: StandingRow, more: object = {}): FeedRecord => ({
    id: standingId({ scope, standing, since, by }),
    kind: 'gate-standing',
    schemaVersion: '1.0',
    validFrom: epochMs(0),
    validUntil: FOR_EVER,
    data: { scope, standing, since, by, ...more },
  });
  const correctionsOf = (areas: readonly string[]): readonly FeedRecord[] =>
    areas.flatMap((area) => {
      const correction = store.presence.correction(area);
      if (!correction) return [];
      const window = { validFrom: epochMs(0), validUntil: FOR_EVER };
      const kind = 'gate-count-correction';
      return [{ id: `correction/${area}`, kind, schemaVersion: '1.0', ...window, data: { area, ...correction } }];
    });
  const concerned = (scope: string): readonly string[] => {
    const [what, name = ''] = scope.split(':');
    if (what === 'area') return agentsIn(name);
    const agent = agentOf.get(name);
    return agent === undefined ? [] : [agent];
  };

  const assign = (agent: string): void => {
    if (!agents.includes(agent)) return;
    const mine = gatesOf(agent);
    transact(db, () => {
      const records = mine.flatMap((gate): FeedRecord[] => {
        const area = deps.areas.find(({ id }) => id === gate.area);
        if (!area) return [];
        return [
          {
            id: `gate/${gate.id}`,
            kind: 'gate',
            schemaVersion: '1.0',
            validFrom: epochMs(0),
            validUntil: FOR_EVER,
            data: {
              gate: gateInput(gate),
              area: areaInput(area),
              calendar: { ...deps.calendar },
              visitorKeys: [...deps.visitorKeys],
              ...(deps.legacyCodes && { legacyCodes: { ...deps.legacyCodes } }),
            },
          },
        ];
      });
      const orders = deps.orders().filter(({ scope }) => concerned(scope).includes(agent));
      const changes = [
        pipe.feeds.replaceKind(agent, 'gate', records),
        pipe.feeds.replaceKind(
          agent,
          'gate-standing',
          orders.map((row) => standingRecord(row)),
        ),
        pipe.feeds.replaceKind(agent, 'gate-code-withdrawn', codes.withdrawnFor(agent)),
        pipe.feeds.replaceKind(
          agent,
          'gate-count-correction',
          correctionsOf([...new Set(mine.map(({ area }) => area))]),
        ),
      ];
      if (changes.some(Boolean)) tell(agent);
    });
    const key = pipe.matchKey(agent);
    if (!key) {
      dropBasis.run(agent);
      return;
    }
    // A fingerprint of the key under itself: which enrolment the hashes belong to, without the key.
    const wanted = JSON.stringify([
      keyedMatch(key)('basis', agent).toString('hex'),
      mine.map(({ id, area }) => [id, area]),
      // What an area counts, it must have been told from the beginning.
      deps.areas
        .filter(({ id }) => mine.some(({ area }) => area === id))
        .map(({ id, limit, antiPassback, firstPerson }) => [id, limit !== undefined, antiPassback?.scope, firstPerson]),
      trusting(agent),
    ]);
    if (basis.get(agent) !== wanted) rebuild(agent, wanted);
  };

  const intake = createAgentIntake({ store, events, agentOf: (gateId) => agentOf.get(gateId) });
  const sealedFor = (stranger: Stranger): string =>
    Buffer.from(events.seal(Buffer.from(JSON.stringify(stranger)), TYPED)).toString('base64');

  return {
    agentOf: (gateId: string): string | undefined => agentOf.get(gateId),
    project,
    revoke,
    counted: counting.walked,
    /** A guard has set the count of an area right. */
    corrected: (area: string): void => {
      for (const agent of agentsIn(area)) for (const record of correctionsOf([area])) put(agent, record);
    },
    codes,
    /**
     * Hands an order against the schedule on to the agents that it concerns. A fire is handed on each time it is told, also
     * while it stands: an agent whose own contact told it must learn that this hub has heard, or it would hold on to the
     * fire when that is taken back.
     */
    ordered: (row: StandingRow): void => {
      const heard = row.standing === 'fire' ? { heard: deps.now() } : {};
      for (const agent of concerned(row.scope)) put(agent, standingRecord(row, heard));
    },
    relaxed: (row: StandingRow): void => {
      for (const agent of concerned(row.scope)) withdraw(agent, standingId(row));
    },
    /** Which agents that decide cannot be heard, as seen from this area. */
    unheard: (area: string): Alone => {
      const away = agents.filter((agent) => !pipe.connected(agent));
      if (away.length === 0) return false;
      return agentsIn(area).some((agent) => away.includes(agent)) ? 'area' : 'elsewhere';
    },
    admit: async (
      gateId: string,
      order: object,
      stranger: Stranger | undefined,
    ): Promise<Result<{ readonly entryId: string }>> => {
      const agent = agentOf.get(gateId);
      if (agent === undefined) return failure('E-GATE-0203', gateId);
      const answer = await pipe.ask(agent, 'admit', {
        gateId,
        ...order,
        ...(stranger && { sealed: sealedFor(stranger) }),
      });
      return answer.ok ? ok(answer.value as { readonly entryId: string }) : answer;
    },
    /** What was typed travels as a hash under the agent's own key, and beside it sealed under the hub's. */
    present: async (
      gateId: string,
      { method, stranger, ...whom }: TypedCredential,
      expiresAt: EpochMs,
    ): Promise<Result<Told>> => {
      const agent = agentOf.get(gateId);
      const match = agent === undefined ? undefined : matcherOf(agent);
      if (agent === undefined || !match) return failure('E-GATE-0203', gateId);
      const named = 'passId' in whom ? whom : { credential: match(whom.type, whom.value).toString('hex') };
      const answer = await pipe.ask(agent, 'present', {
        gateId,
        method,
        ...named,
        ...(stranger && {
          sealed: sealedFor(stranger),
        }),
        expiresAt,
      });
      return answer.ok ? ok(answer.value as Told) : answer;
    },
    part: { ...intake, assign },
  };
}

const GATE_KINDS: ReadonlySet<string> = new Set<GateKind>([
  ...(['visitor-access', 'vehicle-access', 'event-access', 'roster', 'leave', 'block'] as const),
]);
const isGateChange = (change: { readonly kind: string }): change is Approved<GateKind> => GATE_KINDS.has(change.kind);

/**
 * The passes of an approval under an agent's own key, in the form of `gate-pass` records. A deny list also names whoever the hub
 * knows the named ones to be (`whoElse`): what links a document to a member may be an approval that this agent has no use for.
 */
function passesFor(
  change: Approved<GateKind>,
  match: (type: string, value: string) => Buffer,
  whoElse: (identity: Credential) => readonly Credential[],
) {
  const hash = ({ type, value }: Credential): string => match(type, value).toString('hex');
  // A change names one kind and carries that kind's data: that is what its type says, kind by kind.
  return passDrafts(change as GateRequest).map(({ credentials, identities, behind, account, ...draft }) => {
    const id = `${change.id}#${draft.person}`;
    const [first, ...others] = identities;
    const forced = credentials.filter(({ duress }) => duress).map(hash);
    const named = draft.effect === 'deny' ? [...credentials, ...identities.flatMap(whoElse)] : credentials;
    return {
      ...draft,
      ...(behind && { behind: behind.map(hash) }),
      ...(forced.length > 0 && { duress: forced }),
      id,
      requestId: change.id,
      kind: change.kind,
      account: account === 'request' ? change.id : id,
      identities: [hash(first), ...others.map(hash)],
      validFrom: change.validFrom,
      validUntil: change.validUntil,
      credentials: [...named, ...codeOf(change.kind, id)].map((credential) => ({
        hash: hash(credential),
        type: credential.type,
        ...(credential.secret !== undefined && { secret: credential.secret }),
      })),
    };
  });
}
