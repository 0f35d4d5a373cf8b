/** What a device says and hears at its broker; a simulated device is given one and does not know which broker it is. */
export interface MqttPeer {
  /** Connects, and again for ever when the connection breaks. */
  open(): void;
  /** Lost while there is no connection. */
  publish(topic: string, payload: string, options?: { readonly retain?: boolean }): void;
  /** Goes away without a word: the broker speaks its last will. May be opened again. */
  drop(): void;
  /** Says good-bye; no last will. */
  close(): Promise<void>;
}

export interface MqttPeerOptions {
  readonly will: { readonly topic: string; readonly payload: string; readonly retain: boolean };
  readonly filters: readonly string[];
  /** Connected, and all filters are subscribed to. */
  readonly onUp: () => void;
  readonly onMessage: (topic: string, payload: string, retained: boolean) => void;
}

export type ConnectMqttPeer = (options: MqttPeerOptions) => MqttPeer;
