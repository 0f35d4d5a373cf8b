import type { Confirmation } from '@hallhub/device-drivers/kit';
import type { EpochMs, Failure } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { onRollback, transact } from '@hallhub/sync/sqlite';
import type { CampusTime } from '../../calendar/index.ts';
import type { RefusalCode } from '../codes.ts';
import type { Pass } from '../pass.ts';
import { subjectOf } from '../pass.ts';
import type { Candidate, GateRules } from '../rules.ts';
import { isTwice } from '../store/codes.ts';
import type { CodeStore } from '../store/codes.ts';
import type { EntryInsert, EntryRow, EntryState, EntryStore } from '../store/entries.ts';
import type { PassStore } from '../store/passes.ts';
import type { PresenceStore } from '../store/presence.ts';
import type { Stranger } from './presentation.ts';
import type { SignedClaim } from './signed-pass.ts';
import { signedPass } from './signed-pass.ts';

export type GateAlarmKind =
  | 'forced'
  | 'tailgating'
  | 'wrong-direction'
  | 'climbing'
  | 'held-open'
  | 'fault'
  | 'duress'
  | 'fire'
  | 'not-released'
  | 'not-shut'
  | 'overused'
  | 'code-twice'
  | 'clock';

export interface NewEntry {
  readonly id: string;
  readonly gate: GateRules;
  readonly at: EpochMs;
  readonly local: CampusTime;
  readonly state: 'refused' | 'releasing' | 'unexpected' | 'free';
  readonly code?: RefusalCode;
  readonly warning?: RefusalCode;
  readonly pass?: Pass;
  readonly credential?: Uint8Array;
  /** What was shown. */
  readonly method?: string;
  /** The step of the code that was shown. */
  readonly codeStep?: number;
  /** Somebody who comes in on the visitor's card without a document of their own. */
  readonly companion?: boolean;
  /** What the guard may be shown of somebody whom no request names; sealed by the journal. */
  readonly stranger?: Stranger;
  /** Who admitted by hand, and why. */
  readonly byHand?: string;
  /** The terminal that decided by itself. */
  readonly source?: string;
}

/** A code as it was shown: whose it is, and of which step. */
export interface ShownCode {
  readonly credential: Uint8Array;
  readonly method: string;
  readonly codeStep: number;
  readonly at: EpochMs;
}

/** What became of an entry. */
export interface Evidence {
  readonly confirmation?: Confirmation;
  readonly failure?: Failure;
}

/**
 * The store of the process that decides: passes it may need, and the journal of what happened. Every call is durable when it
 * returns, or with the transaction that it joins.
 */
export interface GateJournal {
  /**
   * Every pass that a credential may call on, with what its holder has done so far. @param signed where nobody knows the
   * credential, what its own signature says
   */
  candidates(credential: Uint8Array, gate: GateRules, local: CampusTime, signed?: SignedClaim): readonly Candidate[];
  /**
   * Whether another gate has taken the same code of the same step, as far as is known here: a dynamic one anywhere, a lasting
   * one on the same way into the same area.
   */
  codeTaken(shown: ShownCode, pass: Pass, gate: GateRules): boolean;
  heads(area: string): number;
  led(area: string, day: string): boolean;
  add(entry: NewEntry): void;
  /** Moves an open entry on; does nothing when it has already moved past. Returns whether it did. */
  settle(id: string, state: Exclude<EntryState, NewEntry['state']>, at: EpochMs, evidence?: Evidence): boolean;
  alarm(alarm: {
    readonly id: string;
    readonly gateId: string;
    readonly alarm: GateAlarmKind;
    readonly at: EpochMs;
    readonly clear: boolean;
  }): void;
  /** Whether what happens now is told inside a transaction of the teller, who tells it again should that fail. */
  joined(): boolean;
  /** In such a transaction: takes back what the gate remembers of it, should it fail. */
  onUndone(undo: () => void): void;
}

export interface JournalDeps {
  readonly db: Db;
  readonly passes: PassStore;
  readonly entries: EntryStore;
  readonly presence: PresenceStore;
  readonly codes: CodeStore;
  readonly seal: (plain: Uint8Array, context: string) => Uint8Array;
  /** Both run inside the transaction that makes them true: what is told upward is written here. */
  readonly onAdded: (row: EntryRow) => void;
  readonly onSettled: (row: EntryRow, at: EpochMs, evidence: Evidence) => void;
  readonly onAlarm: GateJournal['alarm'];
}

/** The journal over the domain's own tables; the same at the hub and in an agent. */
export function createGateJournal(deps: JournalDeps): GateJournal {
  const { db, passes, entries, presence, codes } = deps;
  const ownerOf = ({ credential, method }: Pick<ShownCode, 'credential' | 'method'>, pass: Pass): string =>
    codes.ownerOf(credential, method) ?? pass.id;
  const codeOwnerOf = ({ credential, method, codeStep, pass }: NewEntry): Pick<EntryInsert, 'codeOwner'> =>
    codeStep === undefined || !credential || method === undefined || !pass
      ? {}
      : { codeOwner: ownerOf({ credential, method }, pass) };
  return {
    candidates: (credential, gate, local, signed) => {
      const known = passes.passesOf(credential);
      const alone = signed && { ...signedPass(signed), revoked: codes.isWithdrawn(signed.subject) };
      const all = known.length === 0 && alone ? [alone] : known;
      return all.map((pass) => candidate({ entries, presence }, pass, gate, local));
    },
    codeTaken: (shown, pass, gate) => {
      const { method, codeStep, at } = shown;
      const owner = ownerOf(shown, pass);
      return [
        ...entries.sameCode(owner, codeStep, method, gate.id),
        ...codes.takenElsewhere(owner, codeStep, method, gate.id),
      ].some((other) => isTwice(method, { area: gate.area, way: gate.direction, at }, other));
    },
    heads: (area) => presence.heads(area),
    led: (area, day) => presence.led(area, day),
    add: (entry) => {
      transact(db, () => {
        entries.add({
          ...entryOf(entry),
          ...codeOwnerOf(entry),
          ...(entry.stranger && {
            display: deps.seal(Buffer.from(JSON.stringify(entry.stranger)), `gate-entry/${entry.id}`),
          }),
        });
        const row = entries.entry(entry.id);
        if (row) deps.onAdded(row);
      });
    },
    settle: (id, state, at, evidence = {}) =>
      transact(db, () => {
        const code = evidence.failure ? 'E-GATE-0201' : undefined;
        const moved = entries.settle(id, state, at, {
          ...(code && { code }),
          ...(evidence.confirmation && { confirmation: evidence.confirmation }),
        });
        const row = moved ? entries.entry(id) : undefined;
        if (!row) return false;
        if (state === 'passed' || state === 'unconfirmed') walked({ passes, presence }, row, at);
        deps.onSettled(row, at, evidence);
        return true;
      }),
    alarm: deps.onAlarm,
    joined: () => db.inTransaction,
    onUndone: (undo) => {
      onRollback(db, undo);
    },
  };
}

function candidate(
  { entries, presence }: Pick<JournalDeps, 'entries' | 'presence'>,
  pass: Pass,
  gate: GateRules,
  local: CampusTime,
): Candidate {
  const subject = subjectOf(pass);
  const timed = gate.antiPassback && gate.antiPassback.scope !== 'in-out';
  const last = timed ? entries.last(subject, gate) : undefined;
  const whereabouts = gate.direction === 'out' || gate.antiPassback?.scope === 'in-out';
  const insideSince = whereabouts ? presence.insideSince(gate.area, subject) : undefined;
  return {
    pass,
    used: pass.uses ? entries.used(pass.account, local.date) : { ever: 0, today: 0 },
    slotTaken: pass.slot ? entries.slotTaken(pass.slot.id, subject) : 0,
    otherInside: pass.oneInside && presence.otherInside(pass.requestId, gate.area, subject),
    ...(last?.here !== undefined && { lastHere: last.here }),
    ...(last?.area !== undefined && { lastInArea: last.area }),
    ...(insideSince !== undefined && { insideSince }),
  };
}

function entryOf({ gate, local, pass, stranger: _stranger, ...entry }: NewEntry): EntryInsert {
  return {
    ...entry,
    gateId: gate.id,
    area: gate.area,
    way: gate.direction,
    day: local.date,
    ...(pass && {
      requestId: pass.requestId,
      person: pass.person,
      kind: pass.kind,
      passId: pass.id,
      subject: subjectOf(pass),
      ...(pass.uses && { account: pass.account }),
      ...(pass.slot && { slot: pass.slot.id }),
    }),
  };
}

/** Somebody went through (or may have): who is inside follows. */
export function walked(
  { passes, presence }: Pick<JournalDeps, 'passes' | 'presence'>,
  row: EntryRow,
  at: EpochMs,
): void {
  const { area, way, subject } = row;
  if (area === null || way === null || subject === null) return;
  presence.move({
    area,
    subject,
    way,
    at,
    companion: row.companion === 1,
    gateId: row.gateId,
    ...(row.requestId !== null && { requestId: row.requestId }),
    ...(row.person !== null && { person: row.person }),
    ...(row.kind !== null && { kind: row.kind }),
  });
  const leads = row.passId !== null && passes.pass(row.passId)?.may.includes('lead') === true;
  if (leads && way === 'in' && row.day !== null) presence.lead(area, row.day);
}
