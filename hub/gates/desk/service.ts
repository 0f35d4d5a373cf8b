import type { Cancel, Clock, EpochMs, RandomBytes, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import type { PersonDocument } from '@hallhub/sync/contract';
import type { Outbox } from '@hallhub/sync/outbox';
import type { Db } from '@hallhub/sync/sqlite';
import type { Audit } from '../../audit/service.ts';
import type { AreaConfig, GateConfig, Label } from '../../config/index.ts';
import type { KindHandler, Requests } from '../../requests/service.ts';
import type { Vault } from '../../vault/index.ts';
import type { CalendarConfig } from '../../calendar/index.ts';
import { campusClock as campusClockOf } from '../../calendar/index.ts';
import { documentCredential } from '../project.ts';
import type { Gates } from '../service.ts';
import { createGateStore } from '../store/index.ts';
import { campusDay, createLists } from './lists.ts';
import type { Once } from './once.ts';
import { createOnce } from './once.ts';
import type { Query } from './people.ts';
import { createPeople } from './people.ts';
import { createDeskStore } from './store.ts';
import type { DeskView, InsideView, PaperList, PresentedView, VisitorView } from './views.ts';
import type { WalkIn } from './walk-ins.ts';
import { createWalkIns } from './walk-ins.ts';

export interface DeskDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly vault: Vault;
  readonly audit: Audit;
  readonly outbox: Pick<Outbox, 'append'>;
  readonly gates: Gates;
  readonly requests: () => Pick<Requests, 'get' | 'data'>;
  readonly hub: { readonly id: string; readonly label: Label };
  readonly calendar: CalendarConfig;
  readonly areas: readonly AreaConfig[];
  readonly gateConfigs: readonly GateConfig[];
}

/** Whom a guard presents: a document that was typed, or a person of an approval who was looked up. */
export type ByHand = { readonly document: PersonDocument } | { readonly requestId: string; readonly person: number };

/** What a guard does beside watching: looks people up, asks for approvals, makes lists. Which areas they may see is the routes' to say. */
export interface Desk {
  readonly once: Once;
  view(staff: { mayLook(area: string): boolean; mayAct(area: string): boolean }): DeskView;
  find(query: Query, staffId: string): Promise<readonly VisitorView[]>;
  /** Judged as if it had been shown at the gate. Errors: `E-GATE-0203`, `E-GATE-0242`, those of a question to an agent. */
  present(gateId: string, whom: ByHand, staffId: string): Promise<Result<PresentedView>>;
  /** What an approved visitor shows at a scanner; that it was made is on record. Errors: `E-GATE-0242`. */
  visitorCode(requestId: string, person: number, staffId: string): ReturnType<Gates['visitorCode']>;
  /** Asks the hall for an approval. Errors: `E-GATE-0203`. */
  registerWalkIn(walkIn: WalkIn, staffId: string): Result<{ readonly id: string }>;
  inside(area: string): readonly InsideView[];
  /** With names in full: that it was made is in the audit log before it is out. Errors: `E-GATE-0203`. */
  paper(list: PaperList['list'], area: string, staffId: string): Result<PaperList>;
  /** Wraps what approvals of visits do at the gates: they also answer who waits for them. */
  following(handler: KindHandler<'visitor-access'>): KindHandler<'visitor-access'>;
  /** Something beside the entries of this gate's area has changed. */
  onChange(listener: (gateId: string) => void): Cancel;
  forget(before: EpochMs): number;
}

const ALARMS_SHOWN = 50;
const WALK_INS_SHOWN = 50;
const WALK_INS_SHOWN_FOR_MS = 86_400_000;

export function createDesk(deps: DeskDeps): Desk {
  const { db, clock, vault, audit, gates } = deps;
  const { passes, presence } = createGateStore(db);
  const store = createDeskStore(db);
  const campusClock = campusClockOf(deps.calendar);
  const areaOf = new Map(deps.gateConfigs.map(({ id, area }) => [id, area]));
  const listeners = new Set<(gateId: string) => void>();
  const changed = (gateId: string): void => {
    for (const listener of listeners) listener(gateId);
  };
  const people = createPeople({ requests: deps.requests, passes, store, vault });
  const walkIns = createWalkIns({ ...deps, store, hub: deps.hub.id, changed });
  const lists = createLists({
    people,
    presence,
    store,
    areas: deps.areas,
    gates: deps.gateConfigs,
    campusClock,
  });
  const once = createOnce({ db, clock, digest: (text) => vault.match('gate-order', text) });

  return {
    once,
    view: (staff) => {
      const mayLook = (area: string): boolean => staff.mayLook(area);
      const seen = (gateId: string): boolean => {
        const area = areaOf.get(gateId);
        return area !== undefined && mayLook(area);
      };
      const now = clock.now();
      return {
        at: now,
        areas: deps.areas
          .filter(({ id }) => mayLook(id))
          .map(({ id, label, campus, limit }) => ({
            id,
            label,
            campus: campus ?? deps.hub.label,
            heads: presence.heads(id),
            ...(limit !== undefined && { limit }),
            mayAct: staff.mayAct(id),
          })),
        gates: gates.gates().filter(({ area }) => mayLook(area)),
        orders: gates.orders().filter(({ scope }) => {
          const [kind, id = ''] = scope.split(':');
          return kind === 'area' ? mayLook(id) : seen(id);
        }),
        alarms: gates.alarms({ limit: ALARMS_SHOWN }).filter(({ gateId }) => seen(gateId)),
        walkIns: walkIns
          .recent((now - WALK_INS_SHOWN_FOR_MS) as EpochMs, WALK_INS_SHOWN)
          .filter(({ gateId }) => seen(gateId)),
      };
    },
    find: async (query, staffId) => {
      // Whom was asked for is personal; that somebody asked, and how, is not.
      const [by = ''] = Object.keys(query);
      audit.record({ actor: `staff:${staffId}`, action: 'gate.search', subject: `visitors`, detail: { by } });
      return people.find(query, campusDay(clock.now(), campusClock));
    },
    present: async (gateId, whom, staffId) => {
      const shown = shownBy(whom);
      if (!shown) return failure('E-GATE-0242');
      audit.record({
        actor: `staff:${staffId}`,
        action: 'gate.present',
        subject: `gate:${gateId}`,
        detail: { method: shown.method },
      });
      return gates.present(gateId, shown);
    },
    visitorCode: (requestId, person, staffId) => {
      const code = gates.visitorCode(requestId, person);
      if (code.ok)
        audit.record({
          actor: `staff:${staffId}`,
          action: 'gate.code',
          subject: `request:${requestId}`,
          detail: { person },
        });
      return code;
    },
    registerWalkIn: (walkIn, staffId) => {
      if (!areaOf.has(walkIn.gateId)) return failure('E-GATE-0203', walkIn.gateId);
      return ok({ id: walkIns.register(walkIn, `staff:${staffId}`) });
    },
    inside: lists.inside,
    paper: (list, area, staffId) => {
      const paper = lists.paper(list, area, clock.now());
      if (!paper) return failure('E-GATE-0203', area);
      audit.record({
        actor: `staff:${staffId}`,
        action: 'gate.list',
        subject: `area:${area}`,
        detail: { list, rows: paper.rows.length },
      });
      return ok(paper);
    },
    following: walkIns.following,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    forget: (before) => walkIns.forget(before) + once.forget(before),
  };

  function shownBy(whom: ByHand): Parameters<Gates['present']>[1] | undefined {
    if ('document' in whom) {
      const { type, value } = documentCredential(whom.document);
      return {
        method: `typed-${type}`,
        type,
        value,
        stranger: { name: '', number: value },
      };
    }
    const pass = passes.pass(`${whom.requestId}#${whom.person}`);
    return pass && { method: 'looked-up', passId: pass.id };
  }
}
