import type { AccessEvent } from '../../capabilities/index.ts';

/** Minor types of major type 5 that are somebody at the door, by the numbers of the maker's SDK. */
const ACCESSES: ReadonlyMap<number, Pick<AccessEvent, 'method' | 'granted' | 'reason'>> = new Map([
  [1, { method: 'card', granted: true }],
  [2, { method: 'card', granted: true }],
  [3, { method: 'card', granted: false, reason: 'wrong password' }],
  [6, { method: 'card', granted: false, reason: 'no right' }],
  [7, { method: 'card', granted: false, reason: 'not at this time' }],
  [8, { method: 'card', granted: false, reason: 'expired' }],
  [9, { method: 'card', granted: false, reason: 'unknown card' }],
  [38, { method: 'fingerprint', granted: true }],
  [39, { method: 'fingerprint', granted: false, reason: 'not recognised' }],
  [75, { method: 'face', granted: true }],
  [76, { method: 'face', granted: false, reason: 'not recognised' }],
  [117, { method: 'card', granted: false, reason: 'the door is left shut' }],
]);
/**
 * What it refuses for want of a record that the hub may not have given it, or because its door is left shut; the hub has the last
 * word.
 */
const LEFT_TO_HUB: ReadonlySet<number> = new Set([6, 7, 8, 9, 117]);

export const DOOR_OPENED = 25;
export const DOOR_CLOSED = 26;
export const DOOR_FORCED = 27;
export const DOOR_HELD = 28;
export const BUTTON_PRESSED = 23;

export const accessOfMinor = (minor: number) => ACCESSES.get(minor);
export const isLeftToHub = (minor: number): boolean => LEFT_TO_HUB.has(minor);
