/** `12.50`, or `-3.00`, from fen. Counted in whole numbers: a float has no place in money. */
export function yuan(fen: number): string {
  const whole = Math.trunc(Math.abs(fen) / 100);
  const rest = String(Math.abs(fen) % 100).padStart(2, '0');
  return `${fen < 0 ? '-' : ''}${whole}.${rest}`;
}
