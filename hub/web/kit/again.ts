import type { Answer } from './answer.ts';

/** What the hub answers to whoever asks too much at once. */
const TOO_MUCH = 'E-API-0105';
/** Its count is of seconds. */
const PAUSE_MS = 1_000;
const MOST_TRIES = 4;

/** Asks again, after growing pauses and a few times only, where the hub had too much to answer. For what changes nothing. */
export async function againWhenBusy<T>(ask: () => Promise<Answer<T>>): Promise<Answer<T>> {
  for (let tries = 1; ; tries += 1) {
    const answer = await ask();
    if (answer.ok || answer.problem.code !== TOO_MUCH || tries === MOST_TRIES) return answer;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * tries));
  }
}
