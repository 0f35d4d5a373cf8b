import type { Code, EpochMs } from '@hallhub/sync/base';
import type { EventAccess, Leave, Roster, VehicleAccess, VisitorAccess } from '@hallhub/sync/contract';
import type { Label } from '../config/index.ts';
import type { Vault } from '../vault/index.ts';
import { maskName, maskNumber } from '../vault/index.ts';
import type { Direction } from './pass.ts';
import type { Standing } from './rules.ts';
import type { ScheduledWindow } from './standing.ts';
import type { EntryRow, EntryState } from './store/entries.ts';

/** An entry as a guard sees it: masked. */
export interface EntryView {
  readonly seq: number;
  readonly id: string;
  readonly gateId: string;
  readonly at: EpochMs;
  readonly state: EntryState;
  readonly code?: Code;
  /** Let in, and yet something was odd. */
  readonly warning?: Code;
  readonly requestId?: string;
  readonly kind?: string;
  readonly direction?: Direction;
  /** What was shown. */
  readonly method?: string;
  /** Came in on this person's card. */
  readonly companion?: boolean;
  readonly name?: string;
  readonly number?: string;
  /** A guard admitted; `<staff>:<reason>`. */
  readonly byHand?: string;
  /** The agent that decided, where it was not the hub. */
  readonly agent?: string;
  readonly settledAt?: EpochMs;
}

export interface GateView {
  readonly id: string;
  readonly label: Label;
  readonly area: string;
  readonly direction: Direction;
  readonly standing: Standing;
  /** Hours at which it stands open or is closed; in between it asks everybody. */
  readonly schedule: readonly ScheduledWindow[];
  /** The agent that decides there; absent: the hub. */
  readonly agent?: string;
  readonly devices: readonly {
    readonly part: 'reader' | 'scanner' | 'plateReader' | 'faceTerminal' | 'terminal' | 'barrier' | 'passageSensor';
    readonly id: string;
    readonly state: string;
  }[];
}

/** Who somebody is, in full. */
export interface Identity {
  readonly name: string;
  readonly number: string;
}

/** Whose an entry of a request is, out of the request's own data. */
export function personOf(kind: string, data: unknown, person: number): Identity | undefined {
  switch (kind) {
    case 'visitor-access':
    case 'event-access': {
      const one = (data as Partial<VisitorAccess | EventAccess>).people?.[person];
      return one && { name: one.name, number: one.document.number };
    }
    case 'vehicle-access': {
      const { plates, driver } = data as Partial<VehicleAccess>;
      const plate = plates?.[person];
      return plate === undefined ? undefined : { name: driver?.name ?? '', number: plate };
    }
    case 'roster': {
      const one = (data as Partial<Roster>).person;
      return one && { name: one.name, number: one.number };
    }
    case 'leave':
      return (data as Partial<Leave>).student;
    default:
      return undefined;
  }
}

export const toEntryView = (row: EntryRow, person: Identity | undefined): EntryView => ({
  seq: row.seq,
  id: row.id,
  gateId: row.gateId,
  at: row.at,
  state: row.state,
  ...(row.code !== null && { code: row.code as Code }),
  ...(row.warning !== null && { warning: row.warning as Code }),
  ...(row.requestId !== null && { requestId: row.requestId }),
  ...(row.kind !== null && { kind: row.kind }),
  ...(row.way !== null && { direction: row.way }),
  ...(row.method !== null && { method: row.method }),
  ...(row.companion === 1 && { companion: true }),
  ...(person && { name: maskName(person.name), number: maskIdentity(row.kind, person.number) }),
  ...(row.byHand !== null && { byHand: row.byHand }),
  ...(row.source !== null && { agent: row.source }),
  ...(row.settledAt !== null && { settledAt: row.settledAt }),
});

/** A plate is read by everybody on the road; a guard needs all of it. */
export const maskIdentity = (kind: string | null, number: string): string =>
  kind === 'vehicle-access' ? number : maskNumber(number);

/** What a stranger's card said, sealed with the entry. */
export function strangerOf(row: EntryRow, vault: Pick<Vault, 'open'>): Identity | undefined {
  if (row.display === null) return undefined;
  const opened = vault.open(row.display, `gate-entry/${row.id}`);
  return opened.ok ? (JSON.parse(Buffer.from(opened.value).toString('utf8')) as Identity) : undefined;
}
