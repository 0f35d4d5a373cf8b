/** Weights of GB 11643 (ISO 7064, MOD 11-2) for the first 17 digits. */
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2] as const;
const CHECK_CHARACTERS = '10X98765432';

/** The check character of the first 17 digits; undefined where they are no 17 digits. */
export function checkCharacter(digits: string): string | undefined {
  if (!/^\d{17}$/.test(digits)) return undefined;
  const sum = WEIGHTS.reduce((total, weight, index) => total + weight * (digits.charCodeAt(index) - 48), 0);
  return CHECK_CHARACTERS[sum % 11];
}

/** Whether an 18-character citizen number keeps to GB 11643. */
export function isCitizenNumber(number: string): boolean {
  return number.length === 18 && checkCharacter(number.slice(0, 17)) === number[17];
}
