/** Why a controller recorded an event, as far as the numbers are public. */
const REASONS: Readonly<Record<number, string>> = {
  1: 'swipe',
  5: 'denied: PC control',
  6: 'denied: no privilege',
  7: 'denied: wrong password',
  8: 'denied: anti-passback',
  9: 'denied: more cards needed',
  10: 'denied: first card needed',
  11: 'denied: door set closed',
  12: 'denied: interlock',
  13: 'denied: limited times',
  15: 'denied: time profile',
  18: 'denied',
  20: 'push button',
  23: 'door open',
  24: 'door closed',
  25: 'super password',
  28: 'power on',
  29: 'reset',
  31: 'button refused: forced lock',
  32: 'button refused: off line',
  33: 'button refused: interlock',
  34: 'threat',
  37: 'open too long',
  38: 'forced open',
  39: 'fire',
  40: 'forced closed',
  41: 'theft',
  42: 'round-the-clock zone',
  43: 'emergency call',
  44: 'remote open',
  45: 'remote open by USB reader',
};

/** Nobody told the controller of this card: the hub decides. Whoever it has other words for is refused by those. */
export const NO_PRIVILEGE = 6;
/** Left shut, for whoever may come in otherwise too. */
export const DOOR_SHUT = 11;
export const PUSH_BUTTON = 20;
export const OPEN_TOO_LONG = 37;
export const FORCED_OPEN = 38;

export const reasonText = (reason: number): string => REASONS[reason] ?? `reason ${reason}`;
