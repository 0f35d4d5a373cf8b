/** An event of a stream as the HTML standard has it (9.2.6), without its id. */
export interface StreamEvent {
  readonly event: string;
  readonly data: string;
}

/** Longer than any view; who sends more is no hub. */
const LONGEST = 1_000_000;

/** Takes pieces of a `text/event-stream` and returns the events that are whole. @throws RangeError for one without end. */
export function eventReader(): (piece: string) => readonly StreamEvent[] {
  let rest = '';
  return (piece) => {
    rest += piece;
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    if (rest.length > LONGEST) throw new RangeError('an event without end');
    return blocks.flatMap((block) => {
      let event = 'message';
      const data: string[] = [];
      for (const line of block.split('\n')) {
        const [, name, value = ''] = /^([^:]+)(?:: ?(.*))?$/.exec(line) ?? [];
        if (name === 'event') event = value;
        if (name === 'data') data.push(value);
      }
      return data.length === 0 ? [] : [{ event, data: data.join('\n') }];
    });
  };
}

export const eventText = (event: string, data: unknown): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
