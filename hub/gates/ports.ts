import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { Cancel, Clock, DurationMs, EpochMs, RandomBytes, Result } from '@hallhub/sync/base';
import type { Outbox } from '@hallhub/sync/outbox';
import type { Db } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/service.ts';
import type { HubPart } from '../agents/index.ts';
import type { AreaConfig, DeviceConfig, GateConfig } from '../config/index.ts';
import type { KindHandler } from '../requests/service.ts';
import type { Vault } from '../vault/index.ts';
import type { CalendarConfig } from '../calendar/index.ts';
import type { GatePipe } from './agents.ts';
import type { Told } from './edge/gate.ts';
import type { TypedCredential } from './edge/presentation.ts';
import type { AreaView, Correction } from './occupancy.ts';
import { type PlateForm } from './plates.ts';
import type { GateKind } from './project.ts';
import type { LegacyCodes } from './qr/index.ts';
import type { TerminalView } from './terminals/index.ts';
import type { AlarmRow } from './store/alarms.ts';
import type { PresenceRow, StandingRow } from './store/presence.ts';
import type { Sighting, SightingStore, Span } from './store/sightings.ts';
import type { EntryState } from './store/entries.ts';
import type { EntryView, GateView, Identity } from './views.ts';

export interface GatesDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly vault: Vault;
  readonly audit: Audit;
  readonly outbox: Pick<Outbox, 'append'>;
  readonly host: Pick<AgentHost, 'capability' | 'health' | 'onDevices'>;
  readonly calendar: CalendarConfig;
  readonly areas: readonly AreaConfig[];
  readonly gates: readonly GateConfig[];
  readonly devices: readonly DeviceConfig[];
  /** The agents that decide at gates of theirs. */
  readonly agents: GatePipe;
  /** Whose visitor codes are believed beside this hub's own: Ed25519, raw, base64. */
  readonly visitorKeys?: readonly string[];
  /** What makes the codes of older campus systems; absent: they are none here. */
  readonly legacyCodes?: LegacyCodes;
  /** How long entries are kept; absent: for ever. */
  readonly entriesKept?: DurationMs;
  /** Age of the picture of the hall; undefined or infinite when it was never whole. */
  readonly pictureAge: () => DurationMs | undefined;
  readonly clockTrusted: () => boolean;
  /** When a device saw nothing between two instants, or what it saw has not been heard yet; absent: nobody keeps a record. */
  readonly dark?: (deviceId: string, from: EpochMs, until: EpochMs) => readonly Span[];
  /** Never given personal data. */
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** What approvals and revocations of each kind do at the gates. */
export type GateHandlers = { readonly [K in GateKind]: KindHandler<K> };

export interface Gates {
  /** Give them to the requests service before the first change arrives. */
  readonly handlers: GateHandlers;
  /** The hub's end of the gates that agents decide at; joined to the link before that starts. */
  readonly part: HubPart;
  start(): void;
  stop(): void;
  gates(): readonly GateView[];
  /** Newest first. */
  entries(options: { readonly limit: number; readonly after?: number; readonly gateId?: string }): readonly EntryView[];
  entriesOf(requestId: string): readonly EntryView[];
  /** Whose entry it was, in full; the look is in the audit log before the answer is out. Errors: `E-GATE-0202`. */
  look(entryId: string, by: { readonly id: string; readonly mayLookIn: (area: string) => boolean }): Result<Identity>;
  /**
   * For a plate that was refused as unknown or unsure: approved plates one character off. Shown to a guard, never acted on;
   * the look is in the audit log before the answer is out. Errors: `E-GATE-0202`, `E-GATE-0244` too many ask at once.
   */
  suggestions(
    entryId: string,
    by: { readonly id: string; readonly mayLookIn: (area: string) => boolean },
  ): Promise<Result<PlateSuggestions>>;
  /** How full every area is. */
  areas(): readonly AreaView[];
  /** Sets a count right by hand; who and why is in the audit log. Errors: `E-GATE-0203`. */
  correctCount(correction: Correction, staffId: string): Result<AreaView>;
  /** A count has changed. */
  onArea(listener: (area: AreaView) => void): Cancel;
  /** Lets one through by hand; who did and why is in the audit log before the barrier is told. Errors: `E-GATE-0202`, `E-GATE-0203`. */
  admit(order: AdmitRequest, staffId: string): Promise<Result<{ readonly entryId: string }>>;
  /**
   * Judges a credential that a guard typed or looked up as if it had been shown, where the gate is decided. Errors: `E-GATE-0203`,
   * those of a question to an agent.
   */
  present(gateId: string, shown: TypedCredential): Promise<Result<Told>>;
  /** What an approved visitor shows at a scanner, until the approval ends. Errors: `E-GATE-0242`. */
  visitorCode(requestId: string, person: number): Result<{ readonly text: string; readonly expiresAt: EpochMs }>;
  /**
   * Shuts a scope (`area:<id>`, `gate:<id>`) to all who may not override, until it is relaxed. Errors: `E-GATE-0203`,
   * `E-GATE-0121` a fire has released it.
   */
  lockDown(scope: string, staffId: string): Result<void>;
  /** Leaves a scope open, until it is relaxed. Errors: `E-GATE-0203`. */
  leaveOpen(scope: string, staffId: string): Result<void>;
  /** Back to the schedule, or from a fire to what was ordered before it; also how doors that a fire released are locked again. Errors: `E-GATE-0203`, `E-GATE-0204`, `E-GATE-0128` a contact still alarms. */
  relax(scope: string, staffId: string): Result<void>;
  /** What was ordered against the schedule. */
  orders(): readonly StandingRow[];
  /** Those that nobody has seen to, then the others; the newest of each first. */
  alarms(options: { readonly limit: number }): readonly AlarmRow[];
  /** Somebody has seen to it. Errors: `E-GATE-0202`. */
  seeAlarm(id: string, staffId: string): Result<void>;
  onEntry(listener: (entry: EntryView) => void): Cancel;
  onAlarm(listener: (alarm: AlarmRow) => void): Cancel;
  /** Somebody whom an approval names went through or was refused; told in the transaction that makes it true. */
  onSighting(listener: (sighting: Sighting) => void): Cancel;
  /** The course of one person, and who went unnamed. */
  readonly sightings: Pick<SightingStore, 'before' | 'after' | 'nameless'>;
  /**
   * Which member of the university something names that was shown away from any gate, and the roster request that says so,
   * where there is one; a dynamic code is taken as at a gate.
   * Errors: `E-GATE-0101`, those of codes (`E-GATE-0131` to `0135`).
   */
  identify(shown: ShownElsewhere): Result<{ readonly subject: string; readonly requestId?: string }>;
  /** Who somebody of an approval is, in full: for the caller to mask or to record. */
  person(kind: string, requestId: string, person: number): Identity | undefined;
  /** Who is inside an area, as far as its gates know; longest first. */
  inside(area: string): readonly PresenceRow[];
  /** When somebody may have gone through a gate of an area unseen: it stood open, or what would have seen them was away. */
  blind(area: string, from: EpochMs, until: EpochMs): readonly Span[];
  /** How far the terminals are that let people through by themselves. */
  terminals(): readonly TerminalView[];
  /** Puts everybody anew who should be on a terminal; who asked is in the audit log. Errors: `E-GATE-0203`. */
  putAllAgain(deviceId: string, staffId: string): Result<{ readonly people: number }>;
  summary(): GatesSummary;
  /** Forgets passes that ended long ago. */
  purge(before: EpochMs): number;
  /** Forgets who was refused before `before` and had no request. */
  forgetStrangers(before: EpochMs): number;
}

/** What a camera may have meant. */
export interface PlateSuggestions {
  readonly plate: string;
  readonly form: PlateForm;
  readonly near: readonly {
    readonly plate: string;
    readonly requestId: string;
    readonly validUntil: EpochMs;
    /** This very plate was read, and too unsurely. */
    readonly exact: boolean;
  }[];
}

/** Reasons from which a guard chooses when admitting by hand. */
export const ADMIT_REASONS = [
  'host-vouches',
  'document-checked',
  'device-fault',
  'emergency',
  'official-business',
] as const;

export interface AdmitRequest {
  readonly gateId: string;
  /** The refusal that is overruled; absent: somebody who showed nothing. */
  readonly entryId?: string | undefined;
  readonly reason: (typeof ADMIT_REASONS)[number];
}

export interface GatesSummary {
  readonly passes: number;
  readonly today: Readonly<Partial<Record<EntryState, number>>>;
  readonly gatesDown: number;
  readonly alarms: number;
}

/** What a member shows where there is no gate: at a check-in point. */
export interface ShownElsewhere {
  readonly method: 'campus-code' | 'campus-card' | 'resident-id' | 'face' | 'looked-up';
  /** The code, the card's UID in hex, the number of the document, the id on face terminals, 学号 or 工号. */
  readonly text: string;
  readonly at: EpochMs;
  /** Where; a code is taken once, at whichever place. */
  readonly place: string;
}
