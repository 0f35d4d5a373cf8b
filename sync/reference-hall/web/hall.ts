import { onMounted, onUnmounted, ref } from 'vue';

export interface RequestView {
  readonly id: string;
  readonly kind: string;
  readonly state: 'submitted' | 'approved' | 'declined' | 'revoked' | 'reported';
  readonly origin: 'online' | 'premises';
  readonly revision: number;
  readonly validFrom: string;
  readonly validUntil: string;
  readonly reason: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}
export interface EventView {
  readonly id: string;
  readonly hub: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly status: 'accepted' | 'rejected';
  readonly code: string | null;
  readonly reason: string | null;
  readonly data: Readonly<Record<string, unknown>> | null;
}
export interface FaultView {
  readonly unreachable: boolean;
  readonly delayMs: number;
  readonly status: number;
  readonly retryAfterSeconds: number;
  readonly answer: 'whole' | 'cut' | 'html' | 'half-json' | 'forged';
  readonly path: string;
}
export interface HallState {
  readonly now: number;
  readonly key: { readonly keyId: string; readonly publicKey: string };
  readonly requests: readonly RequestView[];
  readonly events: readonly EventView[];
  readonly deadLetters: readonly EventView[];
  readonly hubs: readonly { readonly id: string; readonly epoch: number; readonly seenAt: number }[];
  readonly faults: FaultView;
}
export interface ActionResult {
  readonly ok: boolean;
  readonly value?: unknown;
  readonly detail?: string;
  readonly text?: { readonly zh: string; readonly en: string };
}

/** Asks the hall to do something; the page shows what it answers. */
export async function act(method: 'POST' | 'PUT', path: string, body: unknown = {}): Promise<ActionResult> {
  const response = await fetch(`api/${path}`, {
    method,
    // The hall refuses what bears no such header: another site could have sent it.
    headers: { 'content-type': 'application/json', 'x-hall-page': '1' },
    body: JSON.stringify(body),
  });
  return (await response.json()) as ActionResult;
}

/** The hall's state, read again whenever the hall says that it changed. */
export function useHall() {
  const state = ref<HallState>();
  const connected = ref(true);
  let stream: EventSource | undefined;
  let asked = 0;
  let reading = false;

  /** Reads until nothing was asked for meanwhile, so that a burst of changes costs two reads and misses none. */
  const read = async (): Promise<void> => {
    reading = true;
    try {
      for (let seen = -1; seen !== asked;) {
        seen = asked;
        const response = await fetch('api/state');
        state.value = (await response.json()) as HallState;
      }
    } catch {
      connected.value = false;
    } finally {
      reading = false;
    }
  };
  const refresh = (): void => {
    asked += 1;
    if (!reading) void read();
  };
  onMounted(() => {
    stream = new EventSource('api/changes');
    stream.onopen = () => {
      connected.value = true;
    };
    stream.onmessage = refresh;
    stream.onerror = () => {
      connected.value = false;
    };
  });
  onUnmounted(() => stream?.close());
  return { state, connected };
}
