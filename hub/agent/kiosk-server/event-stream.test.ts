import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventReader, eventText } from './event-stream.ts';

const event = fc.record({ event: fc.stringMatching(/^[a-z][a-z/-]{0,20}$/), data: fc.jsonValue() });

/** Cut into pieces as a network cuts: at any place. */
function pieces(text: string, cuts: readonly number[]): readonly string[] {
  const at = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, index) => text.slice(from, at[index] ?? text.length));
}

describe('an event stream', () => {
  it('is read as it was written, however it arrives, with the heartbeats between', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 8 }), fc.array(fc.nat(5_000)), (events, cuts) => {
        const text = events
          .map(({ event: name, data }) => `: still here\n\n${eventText(name, data)}`)
          .join('retry: 2000\n\n');
        const read = eventReader();
        const seen = pieces(text, cuts).flatMap((piece) => read(piece));
        expect(seen.map(({ event: name, data }) => ({ event: name, data: JSON.parse(data) as unknown }))).toEqual(
          // JSON has one zero.
          JSON.parse(JSON.stringify(events)),
        );
      }),
    );
  });

  it('says nothing of an event that is not whole, and gives rubbish no name', () => {
    const read = eventReader();
    expect(read('event: reset\ndata: {}')).toEqual([]);
    expect(read('\n\nid: 7\nrubbish\n\ndata:a\ndata: b\n\n')).toEqual([
      { event: 'reset', data: '{}' },
      { event: 'message', data: 'a\nb' },
    ]);
  });

  it('takes any text without a fault, and refuses an event without end', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (texts) => {
        const read = eventReader();
        for (const text of texts) for (const { data } of read(text)) expect(data).not.toContain('\n\n');
      }),
    );
    const read = eventReader();
    expect(() => {
      for (let piece = 0; piece < 11; piece += 1) read('data: x'.padEnd(100_000, 'x'));
    }).toThrow(RangeError);
  });
});
