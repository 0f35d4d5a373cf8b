import type { Cancel, Clock, EpochMs, Failure } from '@hallhub/sync/base';
import { epochMs, ms, parseInstant } from '@hallhub/sync/base';
import type { CloudEvent, EventData, EventType } from '@hallhub/sync/contract';
import type { Db, FeedRecord, FeedStore } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { HubPart } from '../agents/index.ts';
import type { CabinetConfig } from '../config/index.ts';
import { keyedMatch } from '../vault/index.ts';
import type { EdgeCabinet, LockerContent, LockerHold, LockerPass } from './cabinet-contract.ts';
import { cabinetEventTypes, lockerDoor, lockerEnded, lockerGuessed } from './cabinet-contract.ts';
import type { Cabinets, DoorReport } from './cabinets.ts';
import type { Chain } from './chain.ts';
import type { Consignments } from './consignments.ts';
import type { PickUpCodes } from './pick-up-codes.ts';
import { isHeldBy } from './rules/consignment.ts';
import type { CabinetStore } from './store/cabinets.ts';
import type { ConsignmentRow, ConsignmentStore } from './store/consignments.ts';

/** Changes that come close together are told as one. */
const SOON = ms(100);
const NEXT = ms(1);
const FOR_EVER = epochMs(Date.UTC(9999, 0, 1));

/** The hub's end of the cabinets that stand beside agents: whom they open for goes down, what happened at doors comes up. */
export interface CabinetAgents extends HubPart {
  /** Something changed for which a cabinet may open: its agent is told. */
  changed(): void;
  stop(): void;
}

type Keyed = (type: string, value: string) => Uint8Array;
type Credential = LockerPass['credentials'][number];

export function createCabinetAgents(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly pipe: {
    readonly feeds: Pick<FeedStore, 'replaceKind'>;
    projected(agent: string): void;
    /** Key of an agent's hashes; undefined for one that is not enrolled. */
    matchKey(agent: string): Buffer | undefined;
  };
  readonly cabinets: Cabinets;
  readonly doors: CabinetStore;
  readonly rows: ConsignmentStore;
  readonly consignments: Pick<Consignments, 'people'>;
  readonly codes: Pick<PickUpCodes, 'shown'>;
  readonly chain: Chain;
  /** Something that staff should know. */
  readonly alert: (text: string, dedupe: string) => void;
  readonly log: (level: 'warn', message: string, fields: Readonly<Record<string, unknown>>) => void;
}): CabinetAgents {
  const { clock, cabinets, doors, rows, consignments, chain, pipe } = deps;
  const agents = [...new Set(cabinets.all.flatMap(({ agent }) => agent ?? []))];
  const at = (agent: string): readonly CabinetConfig[] => cabinets.all.filter((one) => one.agent === agent);
  const agentOf = (cabinet: string): string | undefined => cabinets.all.find(({ id }) => id === cabinet)?.agent;
  let cancel: Cancel = () => undefined;

  const credential = (match: Keyed, kind: Credential['kind'], value: string): Credential => ({
    kind,
    hash: Buffer.from(match(kind, value)).toString('hex'),
  });
  /** Whoever sends something may put it into any compartment of any cabinet here. */
  const depositPasses = (match: Keyed, own: readonly CabinetConfig[], row: ConsignmentRow): LockerPass[] => {
    const people = consignments.people(row);
    if (!people) return [];
    const { dropOffCode } = people;
    const { residentId } = people.sender;
    const credentials = [
      ...(dropOffCode === undefined ? [] : [credential(match, 'locker-code', dropOffCode)]),
      ...(residentId === undefined ? [] : [credential(match, 'resident-id', residentId)]),
    ];
    if (credentials.length === 0) return [];
    return own.map(({ id: cabinet }) => ({
      ...{ id: `deposit/${row.id}/${cabinet}`, cabinet, purpose: 'deposit', item: row.id, size: row.size, credentials },
      ...{ validFrom: 0, validTo: row.validUntil },
    }));
  };
  /** Whoever collects something, or gets it back, takes it out of the compartment in which it lies. */
  const collectPasses = (match: Keyed, own: readonly CabinetConfig[], row: ConsignmentRow): LockerPass[] => {
    const item = chain.known.item(row.id);
    const people = consignments.people(row);
    const { readySince, expiresAt } = row;
    if (!item || !people || readySince === null || expiresAt === null || !isHeldBy(item, chain.me)) return [];
    const { place, ready, returning } = item;
    if (!ready || place?.at !== 'compartment' || !own.some(({ id }) => id === place.cabinet)) return [];
    const { residentId } = returning === undefined ? people.recipient : people.sender;
    const credentials = [
      ...deps.codes.shown(row.id).map(({ code }) => credential(match, 'locker-code', code)),
      ...(residentId === undefined ? [] : [credential(match, 'resident-id', residentId)]),
    ];
    if (credentials.length === 0) return [];
    return [
      {
        ...{ id: `collect/${row.id}/${readySince}`, cabinet: place.cabinet, compartment: place.compartment },
        ...{ purpose: returning === undefined ? 'collect' : 'return', item: row.id, size: row.size, credentials },
        ...{ validFrom: readySince, validTo: expiresAt },
      },
    ];
  };
  const assign = (agent: string): void => {
    const key = pipe.matchKey(agent);
    const own = at(agent).filter(({ kind }) => kind === 'doors');
    if (!key || own.length === 0) return;
    const match = keyedMatch(key);
    const now = clock.now();
    const places = own.flatMap(({ id }) => doors.active(id));
    const passes = [
      ...rows.expected(chain.me, now).flatMap((row) => depositPasses(match, own, row)),
      ...rows.waiting().flatMap((row) => collectPasses(match, own, row)),
    ];
    const holds = own.flatMap(({ id: cabinet }) =>
      doors
        .outOfUse(cabinet)
        .map(({ compartment, why }): LockerHold => ({ cabinet, compartment, why: why.slice(0, 64) })),
    );
    const contents = places.flatMap(({ cabinet, compartment, item }): LockerContent[] =>
      chain.known.item(item)?.place?.at === 'compartment' ? [{ cabinet, compartment, item }] : [],
    );
    const changed = transact(deps.db, () =>
      [
        pipe.feeds.replaceKind(
          agent,
          'locker-cabinet',
          own.flatMap(cabinetOf).map((one) => record('locker-cabinet', one.id, one)),
        ),
        pipe.feeds.replaceKind(
          agent,
          'locker-hold',
          holds.map((one) => record('locker-hold', placeName(one), one)),
        ),
        pipe.feeds.replaceKind(
          agent,
          'locker-content',
          contents.map((one) => record('locker-content', placeName(one), one)),
        ),
        pipe.feeds.replaceKind(
          agent,
          'locker-pass',
          passes.map((one) => record('locker-pass', one.id, one)),
        ),
      ].some(Boolean),
    );
    if (changed) pipe.projected(agent);
  };

  const read = <E extends EventType>(type: E, event: CloudEvent): EventData<E> | undefined => {
    if (event.type !== type.type) return undefined;
    const parsed = type.schema.safeParse(event.data);
    return parsed.success ? (parsed.data as EventData<E>) : undefined;
  };
  const refusal: HubPart['refusal'] = (agent, event) => {
    const isRead = cabinetEventTypes.some((type) => read(type, event) !== undefined);
    if (!isRead) return { code: 'E-AGENT-0102', detail: event.type };
    return agentOf(event.subject) === agent ? undefined : { code: 'E-AGENT-0101', detail: event.subject };
  };
  const take = (report: DoorReport): void => {
    const done = cabinets.report(report);
    if (done.ok) return;
    const { cabinet, compartment, id } = report;
    // It happened, whatever the rules say: it stands in the door's history, and somebody looks into it.
    deps.log('warn', 'what a cabinet told does not fit the chain', { cabinet, compartment, ...done.error });
    deps.alert(
      `柜门记录与交接链不符：${cabinet}/${compartment}。A cabinet told something that does not fit.`,
      `door/${id}`,
    );
  };
  const apply: HubPart['apply'] = (agent, event): Failure | undefined => {
    const refused = refusal(agent, event);
    if (refused) return refused;
    const cabinet = event.subject;
    const by = `cabinet:${cabinet}`;
    const ended = read(lockerEnded, event);
    if (ended) take({ ...common(ended, cabinet, by), what: endOf(ended) });
    const door = read(lockerDoor, event);
    if (door) {
      take({ ...common(door, cabinet, by), what: doorEvent(door) });
      if (door.what === 'opened-without-order' || door.what === 'not-closed')
        deps.alert(
          door.what === 'not-closed'
            ? `格口未关：${cabinet}/${door.compartment}。A door stands open.`
            : `格口被擅自打开：${cabinet}/${door.compartment}。A door was opened without an order.`,
          `door/${door.id}`,
        );
    }
    const guessed = read(lockerGuessed, event);
    if (guessed) deps.alert(`有人在试取件码：${cabinet}。Somebody guesses codes at a cabinet.`, `door/${guessed.id}`);
    return undefined;
  };

  return {
    types: cabinetEventTypes.map(({ type }) => type),
    refusal,
    apply,
    assign,
    changed: () => {
      cancel();
      if (agents.length === 0) return;
      // One after the other: gates are decided at between them.
      const each = (rest: readonly string[]): void => {
        const [agent, ...others] = rest;
        if (agent === undefined) return;
        assign(agent);
        cancel = clock.after(NEXT, () => {
          each(others);
        });
      };
      cancel = clock.after(SOON, () => {
        each(agents);
      });
    },
    stop: () => {
      cancel();
    },
  };
}

const record = (kind: string, name: string, data: object): FeedRecord => ({
  ...{ id: `${kind}/${name}`, kind, schemaVersion: '1.0', validFrom: epochMs(0), validUntil: FOR_EVER },
  data: { ...data },
});
const placeName = ({ cabinet, compartment }: { readonly cabinet: string; readonly compartment: string }): string =>
  `${cabinet}/${compartment}`;

/** As the agent needs it: a compartment without a lock on a board is none there. */
const cabinetOf = ({ id, label, compartments }: CabinetConfig): readonly EdgeCabinet[] => [
  {
    ...{ id, label },
    compartments: compartments.flatMap(({ id: door, size, device, lock, contacts, items }) =>
      device === undefined || lock === undefined ? [] : [{ id: door, size, device, lock, contacts, items }],
    ),
  },
];

const instantOf = (text: string): EpochMs => parseInstant(text) ?? epochMs(0);
const common = (
  { id, at, compartment }: { readonly id: string; readonly at: string; readonly compartment: string },
  cabinet: string,
  by: string,
) => ({ id, at: instantOf(at), compartment, cabinet, by });

function endOf({ outcome, item, sure, purpose }: EventData<typeof lockerEnded>): DoorReport['what'] {
  if (item === undefined) return { kind: 'seen', said: outcome };
  switch (outcome) {
    case 'stored':
      return { kind: 'stored', item, sure };
    case 'collected':
      return { kind: 'collected', item, sure, by: purpose === 'return' ? 'sender' : 'recipient' };
    case 'cancelled':
      return purpose === 'deposit' ? { kind: 'cancelled', item } : { kind: 'seen', said: outcome };
    default:
      return { kind: 'seen', said: outcome };
  }
}

function doorEvent({ what, why }: EventData<typeof lockerDoor>): DoorReport['what'] {
  if (what === 'held') return { kind: 'out-of-use', why: why ?? 'held' };
  return what === 'checked' ? { kind: 'checked' } : { kind: 'seen', said: what };
}
