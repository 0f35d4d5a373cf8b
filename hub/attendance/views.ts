import type { EpochMs } from '@hallhub/sync/base';
import type { Label } from '../config/index.ts';
import type { Counts, Ground, Night, Status } from './rules.ts';
import type { AlertType } from './store/alerts.ts';
import type { Cause } from './store/results.ts';

/** A building as the overview shows it. */
export interface BuildingView {
  readonly id: string;
  readonly label: Label;
  /** Whether the asking member of staff may confirm and change, or only look. */
  readonly mayAct: boolean;
  readonly residents: number;
  /** The night under way; absent where it has no curfew. */
  readonly tonight?: Night & { readonly counts: Counts; readonly published: boolean };
  /** The last list that was made. */
  readonly latest?: NightSummary;
  readonly alerts: number;
}

export interface NightSummary extends Night {
  /** Absent: its list is not made yet, and this is how things stand now. */
  readonly publishedAt?: EpochMs;
  readonly counts: Counts;
  /** How many somebody has to answer for, and nobody has confirmed. */
  readonly unconfirmed: number;
  /** How many results have changed since the list was made. */
  readonly corrected: number;
}

/** One resident in one night: masked. */
export interface ResultView {
  readonly subject: string;
  readonly name?: string;
  readonly number?: string;
  readonly room?: string;
  readonly night: string;
  /** What counts. */
  readonly status: Status;
  /** What the gates say, where staff decided otherwise. */
  readonly judged?: Status;
  readonly ground: Ground;
  readonly at?: EpochMs;
  readonly revision: number;
  readonly set?: { readonly reason: string; readonly by: string; readonly at: EpochMs };
  readonly confirmed?: { readonly by: string; readonly at: EpochMs };
}

export interface ChangeView {
  readonly subject: string;
  readonly night: string;
  readonly at: EpochMs;
  readonly before: Status;
  readonly after: Status;
  readonly cause: Cause;
  readonly by?: string;
}

export interface NightView extends NightSummary {
  readonly building: string;
  readonly label: Label;
  readonly mayAct: boolean;
  readonly results: readonly ResultView[];
  /** Oldest first. */
  readonly changes: readonly ChangeView[];
  /** How many went through the building's gates since the afternoon of whom nobody knows who it was. */
  readonly nameless: number;
  /** When somebody may have gone unseen since that afternoon. */
  readonly blind: readonly { readonly from: EpochMs; readonly until: EpochMs }[];
}

/** One resident's nights: masked. */
export interface ResidentView {
  readonly subject: string;
  readonly building: string;
  readonly label: Label;
  readonly mayAct: boolean;
  readonly name?: string;
  readonly number?: string;
  readonly room?: string;
  /** YYYYMM. */
  readonly month: string;
  readonly results: readonly ResultView[];
  readonly changes: readonly ChangeView[];
}

export interface AlertView {
  readonly id: string;
  readonly type: AlertType;
  readonly building: string;
  readonly at: EpochMs;
  readonly kind: string;
  readonly gateId?: string;
  readonly name?: string;
  readonly number?: string;
  readonly seen?: { readonly by: string; readonly at: EpochMs };
}

/** Who a resident is, in full; for the caller to mask or to record. */
export interface Person {
  readonly name: string;
  /** 学号 or 工号. */
  readonly number: string;
  readonly unit?: string;
  readonly room?: string;
  readonly bed?: string;
}

/** How somebody said who they are. `face` names what a terminal recognised; no face is compared here. */
export type CheckInMethod = 'campus-code' | 'campus-card' | 'resident-id' | 'face' | 'looked-up';

/** What somebody shows at a check-in point, as it is read or typed. */
export interface Shown {
  readonly method: CheckInMethod;
  readonly text: string;
}

/** Who has come by at a device of a check-in point. */
export interface ArrivalView {
  readonly id: string;
  readonly device: string;
  readonly at: EpochMs;
  readonly method: CheckInMethod;
  /** Why what was shown names no new student. */
  readonly code?: string;
  readonly newcomer?: NewcomerView;
  /** Whether the terminal sent what its camera saw. */
  readonly snapshot: boolean;
}

/** A new student at a check-in point, in full: staff compare the person with what they see. */
export interface NewcomerView {
  readonly requestId: string;
  readonly name: string;
  readonly number: string;
  readonly college: string;
  /** Whether the hall has a picture of them. */
  readonly photo: boolean;
  /** What still stands in the way. */
  readonly steps: readonly string[];
  readonly building?: string;
  readonly room?: string;
  readonly method: CheckInMethod;
  readonly checked?: { readonly at: EpochMs; readonly point: string };
}
