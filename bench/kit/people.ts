import { residentIdCheckDigit } from '@hallhub/sync/contract';

/** The resident-ID number of the n-th fictional person: valid, distinct, of a region code that nobody lives in. */
export function residentNumber(n: number): string {
  const born = new Date(Date.UTC(1960, 0, 1) + (n % 15_000) * 86_400_000)
    .toISOString()
    .slice(0, 10)
    .replaceAll('-', '');
  const digits = `${990_000 + (Math.floor(n / 15_000) % 1_000)}${born}${String(Math.floor(n / 15_000_000) % 1_000).padStart(3, '0')}`;
  return `${digits}${residentIdCheckDigit(digits)}`;
}
