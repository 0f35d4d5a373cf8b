import type { EpochMs } from '@hallhub/sync/base';
import type { VisitorAccess } from '@hallhub/sync/contract';
import type { Requests } from '../../requests/service.ts';
import type { Vault } from '../../vault/index.ts';
import { maskName } from '../../vault/index.ts';
import type { Pass } from '../pass.ts';
import { normalisePlate } from '../plates.ts';
import type { PassStore } from '../store/passes.ts';
import type { Identity } from '../views.ts';
import { maskIdentity, personOf } from '../views.ts';
import type { DeskStore } from './store.ts';
import type { VisitorView } from './views.ts';

/** How a guard says whom they look for. */
export type Query =
  { readonly name: string } | { readonly number: string } | { readonly plate: string } | { readonly requestId: string };

const FOUND_MAX = 30;
/** So many approvals of a day are opened for a name at most. */
const SCANNED_MAX = 20_000;
/** So many are opened in one go: some milliseconds, in which a gate waits. */
const SLICE = 50;

/** Finds people of approvals. What is found is masked; who they are in full is for the caller to give away or not. */
export function createPeople(deps: {
  readonly requests: () => Pick<Requests, 'data' | 'get'>;
  readonly passes: Pick<PassStore, 'passesOf' | 'passesOfRequest' | 'pass'>;
  readonly store: Pick<DeskStore, 'expected'>;
  readonly vault: Pick<Vault, 'match'>;
}) {
  const { passes, store, vault } = deps;

  const personAt = (kind: string, requestId: string, person: number): (Identity & { host?: string }) | undefined => {
    const data = deps.requests().data(requestId);
    const who = data.ok ? personOf(kind, data.value, person) : undefined;
    if (!data.ok || !who) return undefined;
    const host = (data.value as Partial<VisitorAccess>).host?.name;
    return { ...who, ...(host !== undefined && { host }) };
  };
  const toView = (pass: Pass): VisitorView | undefined => {
    const who = personAt(pass.kind, pass.requestId, pass.person);
    if (!who) return undefined;
    const { requestId, person, kind, validFrom, validUntil, revoked, places } = pass;
    return {
      requestId,
      person,
      kind,
      name: maskName(who.name),
      number: maskIdentity(kind, who.number),
      ...(who.host !== undefined && { host: who.host }),
      validFrom,
      validUntil,
      revoked,
      blocked: passes
        .passesOf(Buffer.from(pass.identities[0], 'hex'))
        .some(({ effect, revoked: lifted }) => effect === 'deny' && !lifted),
      places,
    };
  };
  const visible = (found: readonly Pass[]): readonly VisitorView[] =>
    found
      .filter(({ effect, kind }) => effect === 'admit' && kind !== 'leave')
      .sort((one, other) => other.validUntil - one.validUntil)
      .flatMap((pass) => toView(pass) ?? [])
      .slice(0, FOUND_MAX);

  const byName = async (name: string, day: { from: EpochMs; until: EpochMs }): Promise<readonly VisitorView[]> => {
    const wanted = name.trim().toLocaleLowerCase();
    const found: Pass[] = [];
    const rows = store.expected(day.from, day.until, SCANNED_MAX);
    for (let start = 0; start < rows.length && found.length < FOUND_MAX; start += SLICE) {
      for (const { requestId, person, kind } of rows.slice(start, start + SLICE)) {
        if (personAt(kind, requestId, person)?.name.toLocaleLowerCase().includes(wanted) !== true) continue;
        const pass = passes.pass(`${requestId}#${person}`);
        if (pass) found.push(pass);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    return visible(found);
  };

  return {
    personAt,
    /** Whoever a query names, those whose approval holds longest first; by name only those of the day. */
    find: async (query: Query, day: { from: EpochMs; until: EpochMs }): Promise<readonly VisitorView[]> => {
      if ('requestId' in query) return visible(passes.passesOfRequest(query.requestId));
      if ('name' in query) return byName(query.name, day);
      if ('plate' in query) return visible(passes.passesOf(vault.match('plate', normalisePlate(query.plate))));
      const number = query.number.trim().toUpperCase();
      const found = (['resident-id', 'passport'] as const).flatMap((type) =>
        passes.passesOf(vault.match(type, number)),
      );
      return visible(found);
    },
  };
}
export type People = ReturnType<typeof createPeople>;
