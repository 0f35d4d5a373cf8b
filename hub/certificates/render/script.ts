/** Chinese and its own marks, or Western letters and figures. What both use (spaces, quotes, dots) is of neither. */
type Script = 'chinese' | 'western';

function scriptOf(cell: string): Script | undefined {
  if (
    /^[\p{Script=Han}\p{Script=Bopomofo}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\uff00-\uffef]/u.test(cell)
  ) {
    return 'chinese';
  }
  return /^[\p{L}\p{Nd}]/u.test(cell) ? 'western' : undefined;
}

/**
 * Cuts a run of cells where its script changes. What belongs to no script stays with what stands before it, at the very
 * start with what comes after. No cell is lost, added or moved.
 */
export function stretches(cells: readonly string[]): readonly (readonly string[])[] {
  const out: string[][] = [];
  let current: Script | undefined;
  for (const cell of cells) {
    const own = scriptOf(cell);
    const open = out.at(-1);
    if (open && (own === undefined || current === undefined || own === current)) open.push(cell);
    else out.push([cell]);
    current = own ?? current;
  }
  return out;
}
