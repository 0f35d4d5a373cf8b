import { onScopeDispose, ref } from 'vue';
import type { Ref } from 'vue';

/** Whether the hub answers; `offline` shows as a banner, the page keeps what it last knew. */
export type LinkState = 'connecting' | 'online' | 'offline';

export interface LiveOptions {
  readonly url: string;
  /** Reads the snapshot: at first, and whenever the stream says that something may have been missed. */
  readonly load: () => void | Promise<void>;
  /** Take the changes in between. */
  readonly topics: Readonly<Record<string, (data: never) => void>>;
  /** What must be done before the stream may be opened (a kiosk's browser proves itself first). */
  readonly after?: Promise<unknown>;
  /** The stream was opened, again perhaps, or was lost. */
  readonly opened?: (state: 'online' | 'offline') => void;
}

/** How soon a stream that was ended from the other side is opened again, in milliseconds. */
const REOPEN = 3_000;

/** A page's live stream; ends with the component. */
export function useLive({ url, load, topics, after = Promise.resolve(), opened }: LiveOptions): Ref<LinkState> {
  const link = ref<LinkState>('connecting');
  let source: EventSource | undefined;
  let ended = false;
  let reopening: ReturnType<typeof setTimeout> | undefined;
  const open = (): void => {
    if (ended) return;
    source = new EventSource(url);
    source.addEventListener('open', () => {
      link.value = 'online';
      opened?.('online');
    });
    source.addEventListener('error', () => {
      link.value = 'offline';
      opened?.('offline');
      // An answer that is no stream (a proxy whose hub restarts) ends an EventSource for good.
      if (source?.readyState !== EventSource.CLOSED) return;
      source.close();
      reopening = setTimeout(open, REOPEN);
    });
    source.addEventListener('reset', () => void load());
    for (const [topic, handle] of Object.entries(topics)) {
      source.addEventListener(topic, (event: MessageEvent<string>) => {
        handle(JSON.parse(event.data) as never);
      });
    }
  };
  void after.then(open);
  onScopeDispose(() => {
    ended = true;
    clearTimeout(reopening);
    source?.close();
  });
  return link;
}
