import type { Clock, EpochMs, RandomBytes } from '@hallhub/sync/base';
import { iso, uuidv7 } from '@hallhub/sync/base';
import type { EventData } from '@hallhub/sync/contract';
import { walkInRequested } from '@hallhub/sync/contract';
import type { Outbox } from '@hallhub/sync/outbox';
import type { Db } from '@hallhub/sync/sqlite';
import { afterCommit, transact } from '@hallhub/sync/sqlite';
import type { Approved, KindHandler } from '../../requests/service.ts';
import type { Vault } from '../../vault/index.ts';
import { maskName, maskNumber } from '../../vault/index.ts';
import { documentCredential } from '../project.ts';
import type { DeskStore, WalkInRow } from './store.ts';
import type { WalkInView } from './views.ts';

type Asked = Pick<EventData<typeof walkInRequested>, 'people' | 'companions' | 'host' | 'purpose'>;

export interface WalkIn extends Asked {
  readonly gateId: string;
  readonly until: EpochMs;
}

const contextOf = (id: string): string => `gate-walk-in/${id}`;

/** Visitors who stand at a gate without an approval: asked for at the hall, and shown as waiting until its approval comes. */
export function createWalkIns(deps: {
  readonly db: Db;
  readonly store: DeskStore;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly vault: Pick<Vault, 'match' | 'seal' | 'open'>;
  readonly outbox: Pick<Outbox, 'append'>;
  /** Names the request at the hall: `W-<hub>-<id>`. */
  readonly hub: string;
  readonly changed: (gateId: string) => void;
}) {
  const { db, store, clock, vault } = deps;
  const hashes = (people: Asked['people']): readonly string[] =>
    people.map(({ document }) => {
      const { type, value } = documentCredential(document);
      return vault.match(type, value).toString('hex');
    });

  /** Joins the transaction of the approval; one approval answers everybody it names. */
  const answer = ({ id, data, validFrom, validUntil }: Approved<'visitor-access'>): void => {
    const waiting = store.waiting(clock.now());
    if (waiting.length === 0) return;
    const named = new Set(hashes(data.people));
    for (const { id: walkIn, gateId, until, credentials } of waiting) {
      const meant = credentials.split(' ').some((hash) => named.has(hash)) && validFrom < until;
      if (!meant || validUntil <= clock.now()) continue;
      store.answer(walkIn, id, clock.now());
      afterCommit(db, () => {
        deps.changed(gateId);
      });
    }
  };

  const toView = (row: WalkInRow): WalkInView => {
    const opened = vault.open(row.sealed, contextOf(row.id));
    const asked = opened.ok ? (JSON.parse(Buffer.from(opened.value).toString('utf8')) as Asked) : undefined;
    const { id, gateId, at, until, requestId } = row;
    const state = requestId !== null ? 'approved' : until <= clock.now() ? 'lapsed' : 'waiting';
    return {
      id,
      gateId,
      at,
      until,
      state,
      people: (asked?.people ?? []).map(({ name, document }) => ({
        name: maskName(name),
        number: maskNumber(document.number),
      })),
      host: asked?.host.name ?? '',
      ...(requestId !== null && { requestId }),
    };
  };

  return {
    /** Registers and asks the hall, in one commit. Returns the walk-in's id. */
    register: ({ gateId, until, ...asked }: WalkIn, by: string): string => {
      const at = clock.now();
      const id = uuidv7(at, deps.random);
      transact(db, () => {
        store.insert({
          id,
          gateId,
          at,
          until,
          by,
          credentials: hashes(asked.people).join(' '),
          sealed: vault.seal(Buffer.from(JSON.stringify(asked)), contextOf(id)),
        });
        deps.outbox.append({
          type: walkInRequested,
          subject: `W-${deps.hub}-${id}`,
          time: at,
          data: { ...asked, at: iso(at), gate: gateId, validFrom: iso(at), validUntil: iso(until), attachments: [] },
        });
      });
      deps.changed(gateId);
      return id;
    },
    /** Newest first. */
    recent: (since: EpochMs, limit: number): readonly WalkInView[] => store.recent(since, limit).map(toView),
    /** Wraps what approvals do at the gates: they also answer who waits for them. */
    following: (handler: KindHandler<'visitor-access'>): KindHandler<'visitor-access'> => ({
      ...handler,
      approve: (change) => {
        const projected = handler.approve(change);
        if (projected?.ok !== false) answer(change);
        return projected;
      },
    }),
    forget: (before: EpochMs): number => store.forget(before),
  };
}
