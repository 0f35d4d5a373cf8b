import type { Clock, RandomBytes } from '../base/index.ts';
import { seconds, uuidv7 } from '../base/index.ts';
import { signHint } from '../adapters/webhook/index.ts';
import type { HubAccount } from '../hall-server/index.ts';

/** Tells hubs to pull now. Best effort: a hint that is lost costs nothing, hubs poll anyway. */
export function createHints(options: {
  readonly hubs: readonly HubAccount[];
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly closing: AbortSignal;
}): () => void {
  const { hubs, clock, random, closing } = options;
  return () => {
    for (const { webhook } of hubs) {
      if (!webhook) continue;
      const { headers, body } = signHint(webhook.secret, { id: uuidv7(clock.now(), random), at: clock.now() });
      const late = new AbortController();
      const cancel = clock.after(seconds(5), () => late.abort());
      const signal = AbortSignal.any([closing, late.signal]);
      fetch(webhook.url, { method: 'POST', headers, body: new Uint8Array(body), signal })
        .then((response) => response.body?.cancel())
        .catch(() => undefined)
        .finally(cancel);
    }
  };
}
