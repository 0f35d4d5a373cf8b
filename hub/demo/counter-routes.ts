import { z } from 'zod';
import type { Hub } from '../main.ts';
import type { CounterFloor } from './counter-floor.ts';
import { KEYPAD_KEYS } from './floor-state.ts';

/** What hands do at the counter of the demo's hall, and ears hear. */
export function counterRoutes({ api }: Pick<Hub, 'api'>, counter: CounterFloor): void {
  api.route({
    method: 'POST',
    url: '/api/floor/counter/keys',
    access: 'public',
    body: z.object({ key: z.enum(KEYPAD_KEYS) }),
    handler: ({ body }) => {
      counter.press(body.key);
    },
  });
  api.route({
    method: 'POST',
    url: '/api/floor/counter/rating',
    access: 'public',
    body: z.object({ score: z.int().min(1).max(5) }),
    handler: ({ body }) => {
      counter.rate(body.score);
    },
  });
  api.route({
    method: 'POST',
    url: '/api/floor/counter/paper',
    access: 'public',
    body: z.object({ paper: z.enum(['ok', 'end']) }),
    handler: ({ body }) => {
      counter.setPaper(body.paper);
    },
  });
  api.route({
    method: 'GET',
    url: '/api/floor/counter/sound',
    access: 'public',
    handler: ({ reply }) => {
      const sound = counter.sound();
      if (!sound) return reply.code(404).send();
      return reply.type('audio/wav').header('cache-control', 'no-store').send(Buffer.from(sound));
    },
  });
}
