import type { Label } from '../config/schema.ts';
import type { GateView } from '../gates/views.ts';

export interface FloorPerson {
  readonly key: string;
  readonly name: string;
  readonly number: string;
  readonly requests: readonly { readonly id: string; readonly kind: string; readonly state: string }[];
}

export const KEYPAD_KEYS = ['next', 'recall', 'no-show', 'finish', 'break'] as const;
export type KeypadKey = (typeof KEYPAD_KEYS)[number];

/** The devices at a counter, and what the ticket machine printed. */
export interface CounterFloorState {
  /** On its LED screen. */
  readonly shows: string;
  readonly asksForRating: boolean;
  readonly paper: 'ok' | 'end';
  readonly tickets: number;
  /** The newest, as it is read. */
  readonly ticket: string | null;
  /** How many announcements were played. */
  readonly sounds: number;
}

/** What the hall floor shows. */
export interface FloorState {
  readonly people: readonly FloorPerson[];
  readonly readers: readonly { readonly id: string; readonly person: string | null }[];
  readonly turnstiles: readonly { readonly id: string; readonly released: 'in' | 'out' | null }[];
  readonly printers: readonly {
    readonly id: string;
    readonly state: 'idle' | 'processing' | 'stopped';
    readonly reasons: readonly string[];
    readonly sheets: number;
    readonly fault: string | null;
  }[];
  /** Codes on screens that wait for somebody's phone; amounts in fen. */
  readonly payments: readonly { readonly orderId: string; readonly amount: number }[];
  readonly hall: { readonly url: string; readonly plugged: boolean };
  readonly counter: CounterFloorState;
  readonly gates: readonly GateView[];
  readonly kiosks: readonly {
    readonly id: string;
    readonly label: Label;
    readonly reader: string;
    readonly printer: string;
    readonly url: string;
  }[];
}

export interface FloorFrame {
  readonly deviceId: string;
  readonly at: number;
  readonly direction: 'in' | 'out' | 'discarded';
  readonly meaning: string;
  readonly size: number;
  readonly hex: string;
}
