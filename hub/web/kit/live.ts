import { onScopeDispose, ref } from 'vue';
import type { Ref } from 'vue';

/** Whether the hub answers; `offline` shows as a banner, the page keeps what it last knew. */
export type LinkState = 'connecting' | 'online' | 'offline';

/**
 * A page's live stream: `load` reads the snapshot at first and whenever the stream says that something may have been
 * missed; `topics` take the changes in between. Ends with the component.
 */
export function useLive(
  url: string,
  load: () => void | Promise<void>,
  topics: Readonly<Record<string, (data: never) => void>>,
): Ref<LinkState> {
  const link = ref<LinkState>('connecting');
  const source = new EventSource(url);
  source.addEventListener('open', () => {
    link.value = 'online';
  });
  source.addEventListener('error', () => {
    link.value = 'offline';
  });
  source.addEventListener('reset', () => void load());
  for (const [topic, handle] of Object.entries(topics)) {
    source.addEventListener(topic, (event: MessageEvent<string>) => {
      handle(JSON.parse(event.data) as never);
    });
  }
  onScopeDispose(() => {
    source.close();
  });
  return link;
}
