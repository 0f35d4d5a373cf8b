import type { DestinationStream } from 'pino';

/** So many lines of an agent's log are kept in memory. */
const MOST = 500;

/** Hands every line on and keeps the newest. */
export function recentLines(to: DestinationStream): DestinationStream & { readonly lines: () => readonly string[] } {
  const lines: string[] = [];
  return {
    write: (line) => {
      lines.push(line);
      if (lines.length > MOST) lines.shift();
      to.write(line);
    },
    lines: () => [...lines],
  };
}
