/**
 * A plate in the form in which plates are compared: full-width letters and digits made half-width, upper case, without
 * spaces, dots and hyphens. Nothing is corrected: what a camera is unsure of goes to the guard.
 */
export function normalisePlate(text: string): string {
  return text
    .normalize('NFKC')
    .toUpperCase()
    .replaceAll(/[\s·•．.\-－—_]/gu, '');
}
