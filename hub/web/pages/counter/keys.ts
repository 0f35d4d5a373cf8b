import type { OrderName } from './orders.ts';
import { ORDERS, ORDER_NAMES } from './orders.ts';

/** A key that went down, and where. */
export interface KeyPress {
  /** `KeyboardEvent.code`. */
  readonly code: string;
  /** It is held down and says so again. */
  readonly repeat: boolean;
  /** Together with Control, Alt or the system's key: the browser's own. */
  readonly chord: boolean;
  /** Something is being written. */
  readonly inField: boolean;
}

export interface Desk {
  readonly available: ReadonlySet<OrderName>;
  /** How many choices are shown; none: no question is asked. */
  readonly choices: number | undefined;
}

export type KeyMeaning =
  | { readonly does: 'nothing' }
  /** Nothing, and the browser does nothing either. */
  | { readonly does: 'block' }
  | { readonly does: 'order'; readonly name: OrderName }
  | { readonly does: 'choose'; readonly index: number }
  | { readonly does: 'leave' };

const NOTHING: KeyMeaning = { does: 'nothing' };
const PRESSES = new Set(['Enter', 'NumpadEnter', 'Space']);
const DIGIT = /^(?:Digit|Numpad)([1-9])$/;

/** What a key means at a counter. A key that is held down means nothing the second time, whatever has the focus. */
export function meaning(press: KeyPress, desk: Desk): KeyMeaning {
  if (press.chord) return NOTHING;
  if (press.code === 'Escape') return desk.choices === undefined ? NOTHING : { does: 'leave' };
  if (press.inField) return NOTHING;
  if (press.repeat) return PRESSES.has(press.code) ? { does: 'block' } : NOTHING;
  if (desk.choices !== undefined) {
    const digit = DIGIT.exec(press.code)?.[1];
    const index = Number(digit) - 1;
    return digit !== undefined && index < desk.choices ? { does: 'choose', index } : NOTHING;
  }
  const name = ORDER_NAMES.find((one) => ORDERS[one].code === press.code && desk.available.has(one));
  return name ? { does: 'order', name } : NOTHING;
}
