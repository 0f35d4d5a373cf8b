import type { Answer } from '@hallhub/hub/web/kit/http.ts';

/**
 * Names the orders of a page, so that one that is sent again because its answer was lost counts once. An order of something
 * else gets a name of its own, and so does the next one after an answer.
 */
export interface OrderKeys {
  /** @param wish what is ordered, as text */
  keyFor(wish: string): string;
  /** What came of the order with that key. */
  answered(answer: Answer<unknown>): void;
}

export function orderKeys(draw: () => string = () => crypto.randomUUID()): OrderKeys {
  let open: { readonly wish: string; readonly key: string } | undefined;
  return {
    keyFor: (wish) => {
      if (open?.wish !== wish) open = { wish, key: draw() };
      return open.key;
    },
    answered: (answer) => {
      // No answer at all, or one from somebody on the way: the order may have arrived.
      const isKnown = answer.ok || (answer.problem.status > 0 && answer.problem.status < 500);
      if (isKnown) open = undefined;
    },
  };
}
