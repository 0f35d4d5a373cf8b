import { cardCodes, statusCode } from './codes.ts';

/** What a reply's status says, in words for the operator. */
export function statusMeaning(sw3: number): string {
  const hex = sw3.toString(16).padStart(2, '0').toUpperCase();
  if (sw3 === 0x90) return '90 ok';
  if (sw3 === 0x9f) return '9F card found';
  const code = statusCode(sw3);
  const text = code && code in cardCodes ? cardCodes[code as keyof typeof cardCodes].en : 'unknown status';
  return `${hex} ${text}`;
}
