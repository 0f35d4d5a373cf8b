import { z } from 'zod';

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

/** Foreign permanent resident's card, 2017 form: three letters of the country and twelve digits. It has no public check digit. */
const foreign2017 = /^[A-Z]{3}\d{12}$/;

/**
 * The number of a card that a resident-ID reader reads: 18 characters with a check digit (residents; Hong Kong, Macao and
 * Taiwan; foreign permanent residents of the 2023 form, which begin with 9), or the 15 of the 2017 form. Upper-cased on
 * reading, so that `x` and `X` are the same number.
 */
export const residentCardNumber = z
  .string()
  .trim()
  .toUpperCase()
  .regex(/^(?:\d{17}[\dX]|[A-Z]{3}\d{12})$/)
  .refine((number) => foreign2017.test(number) || isResidentIdNumber(number), { error: 'check digit' })
  .meta({
    description:
      'As on the card: 18 characters with the check digit of GB 11643, or the 15 (three letters, twelve digits) of the 2017 card of foreign permanent residents',
  });
