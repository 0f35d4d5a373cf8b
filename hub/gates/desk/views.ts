import type { Code, EpochMs } from '@hallhub/sync/base';
import type { Label } from '../../config/index.ts';
import type { StandingRow } from '../store/presence.ts';
import type { AlarmRow } from '../store/alarms.ts';
import type { GateView } from '../views.ts';

/** What a guard's page shows beside the entries: gates and areas, what was ordered, alarms, visitors who wait. */
export interface DeskView {
  readonly at: EpochMs;
  readonly areas: readonly AreaView[];
  readonly gates: readonly GateView[];
  readonly orders: readonly StandingRow[];
  /** Newest first. */
  readonly alarms: readonly AlarmRow[];
  /** Newest first. */
  readonly walkIns: readonly WalkInView[];
}

export interface AreaView {
  readonly id: string;
  readonly label: Label;
  readonly campus: Label;
  readonly heads: number;
  readonly limit?: number;
  /** Whether the asking guard may act there, or only look. */
  readonly mayAct: boolean;
}

/** Somebody without an approval for whom one was asked: masked. */
export interface WalkInView {
  readonly id: string;
  readonly gateId: string;
  readonly at: EpochMs;
  readonly until: EpochMs;
  /** `lapsed`: nobody answered before it would have ended. */
  readonly state: 'waiting' | 'approved' | 'lapsed';
  readonly people: readonly { readonly name: string; readonly number: string }[];
  readonly host: string;
  readonly requestId?: string;
}

/** One person or car of an approval, as a search finds it: masked. */
export interface VisitorView {
  readonly requestId: string;
  readonly person: number;
  readonly kind: string;
  readonly name: string;
  readonly number: string;
  readonly host?: string;
  readonly validFrom: EpochMs;
  readonly validUntil: EpochMs;
  readonly revoked: boolean;
  readonly blocked: boolean;
  /** Gate and area ids; empty: everywhere. */
  readonly places: readonly string[];
}

/** Somebody inside an area: masked. */
export interface InsideView {
  readonly at: EpochMs;
  readonly gateId: string;
  readonly heads: number;
  readonly kind?: string;
  readonly requestId?: string;
  readonly name?: string;
  readonly number?: string;
}

/** What became of a credential that a guard presented. */
export interface PresentedView {
  readonly granted: boolean;
  readonly code?: Code;
  readonly companions?: number;
}

/** A list on paper: names in full, numbers masked. */
export interface PaperList {
  readonly list: 'evacuation' | 'expected';
  readonly area: string;
  readonly label: Label;
  readonly madeAt: EpochMs;
  /** YYYYMMDD, campus time. */
  readonly day: string;
  readonly heads: number;
  readonly rows: readonly PaperRow[];
  /** There are more than a list holds. */
  readonly cut: boolean;
}

export interface PaperRow {
  readonly name: string;
  readonly number: string;
  readonly kind: string;
  readonly heads: number;
  readonly host?: string;
  /** evacuation: since when inside, and through which gate. */
  readonly at?: EpochMs;
  readonly gate?: Label;
  /** expected: from when to when, and where beside the whole area. */
  readonly validFrom?: EpochMs;
  readonly validUntil?: EpochMs;
  readonly places?: readonly string[];
}
