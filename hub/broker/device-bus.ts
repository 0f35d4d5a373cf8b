import type { Cancel } from '@hallhub/sync/base';

/** Messages that are worth something to whoever waits for them now, and nothing on a disk. Below a device's `up/`. */
export const TRANSIENT_TOPICS: ReadonlySet<string> = new Set(['ask', 'answer', 'live']);

/** A message from a device that is handed on at once and kept nowhere. */
export interface TransientMessage {
  readonly deviceId: string;
  /** One of {@link TRANSIENT_TOPICS}. */
  readonly topic: string;
  readonly payload: Uint8Array;
}

/**
 * The pipe between the hub and what is not plugged into it, over the embedded broker, mosquitto or RabbitMQ alike
 * (`testing/bus-contract.ts` holds all three to it). It may drop, repeat and reorder: whoever uses it brings ids, expiry
 * and acknowledgements of their own. A message from a device is on the disk before the broker is told to forget it.
 *
 * What a device must do to be heard on any of them: a clean session, its own id as user name and client id, subscribe to
 * `c/{campus}/d/{id}/down/#` at QoS 0 (RabbitMQ 3.10 binds the queue of
 * a QoS 1 subscription to one node and refuses it while that node is lost; what is lost is repeated anyway), then say on `up/presence` that it is there (see `presence.ts`), publish events at
 * QoS 1 and keep each until the hub itself has confirmed it. An acknowledgement by the broker is not the hub's:
 * outside the hub it says only that the broker holds the message.
 */
export interface DeviceBus {
  /** Starts listening, or connecting; resolves with the broker's port. A broker outside that is away does not keep it from starting. */
  start(): Promise<{ readonly port: number }>;
  stop(): Promise<void>;
  /** Messages pass now. False while a broker outside cannot be reached; it is tried again for ever. */
  readonly up: boolean;
  onUp(listener: (up: boolean) => void): Cancel;
  /**
   * Hands a message to the device if it is connected now; nothing is kept for later, and nothing is retained. Settles when
   * it has left or has been dropped: only the device's own answer says that it arrived.
   */
  send(deviceId: string, topic: string, payload: Uint8Array): Promise<void>;
  /** What comes on {@link TRANSIENT_TOPICS} goes here and not into the inbox; whoever needs it to arrive asks again. */
  onTransient(listener: (message: TransientMessage) => void): Cancel;
  /** The devices that hear what is sent to them. */
  connected(): readonly string[];
  /** A device came (it hears what is sent to it from now on, and may be sent what waits) or went. */
  onPresence(listener: (event: { readonly deviceId: string; readonly connected: boolean }) => void): Cancel;
  /** The device's credentials were withdrawn: its connection ends. Outside, `BrokerAccounts.remove` is what ends it. */
  disconnect(deviceId: string): void;
}
