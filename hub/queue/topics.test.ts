import { EventEmitter } from 'node:events';
import { manualClock, ms, seconds } from '@hallhub/sync/base';
import type { FastifyReply } from 'fastify';
import { expect, it } from 'vitest';
import { createTopics } from './topics.ts';

/** A page's end of a stream: what it was told, by topic. */
function page() {
  const told: string[] = [];
  const raw = Object.assign(new EventEmitter(), {
    writableLength: 0,
    writeHead: () => undefined,
    write: (text: string) => {
      const [, topic] = /^event: (.*)$/m.exec(text) ?? [];
      const [, view] = /"view":(.*)\}\n/.exec(text) ?? [];
      if (topic !== undefined) told.push(`${topic} ${view ?? ''}`);
    },
    end: () => undefined,
    destroy: () => undefined,
  });
  return { told, reply: { hijack: () => undefined, raw } as unknown as FastifyReply };
}

it('a long view is told once in a while and never misses its last state; the others are told at once', () => {
  const clock = manualClock();
  const topics = createTopics({ clock });
  const { told, reply } = page();
  let state = 0;
  const common = { view: () => state, may: () => true };
  topics.stream(reply, [
    { ...common, topic: 'board' },
    { ...common, topic: 'waiting', every: seconds(1) },
  ]);
  expect(told.splice(0)).toEqual(['board 0', 'waiting 0']);
  const change = (): void => {
    state += 1;
    topics.changed();
    clock.advance(ms(20));
  };
  change();
  expect(told.splice(0)).toEqual(['board 1', 'waiting 1']);
  for (let times = 0; times < 5; times += 1) change();
  expect(told.splice(0)).toEqual(['board 2', 'board 3', 'board 4', 'board 5', 'board 6']);
  clock.advance(ms(899));
  expect(told.splice(0)).toEqual([]);
  clock.advance(ms(1));
  expect(told.splice(0)).toEqual(['waiting 6']);
  // What came meanwhile waits for its second, and does not keep the others.
  change();
  expect(told.splice(0)).toEqual(['board 7']);
  clock.advance(ms(980));
  expect(told.splice(0)).toEqual(['waiting 7']);
  topics.close();
  expect(clock.pending).toBe(0);
});
