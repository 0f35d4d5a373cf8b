const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2] as const;
const checkDigits = '10X98765432';

/** GB 11643-1999: 17 digits and a check digit (ISO 7064 MOD 11-2), `X` in upper case. */
export function isResidentIdNumber(text: string): boolean {
  return /^\d{17}[\dX]$/.test(text) && text.at(17) === residentIdCheckDigit(text.slice(0, 17));
}

/** The check digit that belongs to the first 17 digits. */
export function residentIdCheckDigit(digits17: string): string {
  const sum = weights.reduce((total, weight, index) => total + weight * Number(digits17.charAt(index)), 0);
  return checkDigits.charAt(sum % 11);
}
