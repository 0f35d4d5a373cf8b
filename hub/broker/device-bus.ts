import type { Cancel } from '@hallhub/sync/base';

/**
 * The pipe between the hub and what is not plugged into it. It may drop, repeat and reorder: whoever uses it brings ids,
 * expiry and acknowledgements of their own. What comes in is on the disk before the sender hears that it arrived.
 */
export interface DeviceBus {
  /** Starts listening; resolves with the port (useful when 0 was asked for). */
  start(): Promise<{ readonly port: number }>;
  stop(): Promise<void>;
  /** Hands a message to the device if it is connected now; nothing is kept for later, and nothing is retained. */
  send(deviceId: string, topic: string, payload: Uint8Array): Promise<void>;
  connected(): readonly string[];
  /** A device came or went. On coming it may be sent what waits for it. */
  onPresence(listener: (event: { readonly deviceId: string; readonly connected: boolean }) => void): Cancel;
  /** Ends a device's connection, e.g. when its credentials were withdrawn. */
  disconnect(deviceId: string): void;
}
