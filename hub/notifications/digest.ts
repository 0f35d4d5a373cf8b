/** A message that waits, as far as putting several into one is concerned. */
export interface Waiting {
  readonly id: string;
  readonly text: string;
}

const SEPARATOR = '\n\n';
const ELLIPSIS = '…';
const bytes = (text: string): number => Buffer.byteLength(text);

/**
 * As many of the oldest messages as fit into one of `limit` bytes (UTF-8); at least one, cut where it alone is too long,
 * never inside a character.
 */
export function digest(
  waiting: readonly [Waiting, ...Waiting[]],
  limit: number,
): { readonly text: string; readonly ids: readonly string[] } {
  const [first, ...others] = waiting;
  let text = cut(first.text, limit);
  const ids = [first.id];
  for (const { id, text: more } of others) {
    const longer = `${text}${SEPARATOR}${more}`;
    if (bytes(longer) > limit) break;
    text = longer;
    ids.push(id);
  }
  return { text, ids };
}

function cut(text: string, limit: number): string {
  if (bytes(text) <= limit) return text;
  let kept = '';
  let size = bytes(ELLIPSIS);
  for (const character of text) {
    size += bytes(character);
    if (size > limit) break;
    kept += character;
  }
  return kept + ELLIPSIS;
}
