/** How the hall misbehaves towards hubs; the page is never affected. */
export interface FaultSettings {
  /** Connections end without an answer. */
  readonly unreachable: boolean;
  /** Every answer waits so long first. */
  readonly delayMs: number;
  /** Answers with this HTTP status instead; 0: none. */
  readonly status: number;
  /** `Retry-After` beside `status`; 0: none. */
  readonly retryAfterSeconds: number;
  /**
   * What becomes of the answer after the work was done: `cut` in the middle, an `html` page, `half-json`, `forged` (signed
   * with a key that nobody pinned).
   */
  readonly answer: 'whole' | 'cut' | 'html' | 'half-json' | 'forged';
  /** Only paths that begin so, for example `/v1/outcomes`; empty: all. */
  readonly path: string;
}

const none: FaultSettings = {
  unreachable: false,
  delayMs: 0,
  status: 0,
  retryAfterSeconds: 0,
  answer: 'whole',
  path: '',
};

/** The switchboard of the hall's faults. */
export interface Faults {
  readonly settings: FaultSettings;
  set(change: Partial<FaultSettings>): void;
  clear(): void;
  /** The settings as they bear on one path. */
  forPath(path: string): FaultSettings;
  subscribe(listener: () => void): void;
}

export function createFaults(): Faults {
  let settings = none;
  const listeners: (() => void)[] = [];
  const become = (next: FaultSettings): void => {
    settings = next;
    for (const listener of listeners) listener();
  };
  return {
    get settings() {
      return settings;
    },
    set: (change) => become({ ...settings, ...change }),
    clear: () => become(none),
    forPath: (path) => (path.startsWith(settings.path) ? settings : none),
    subscribe: (listener) => {
      listeners.push(listener);
    },
  };
}
