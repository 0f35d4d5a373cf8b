import { setTimeout as pause } from 'node:timers/promises';
import type { IClientOptions, MqttClient } from 'mqtt';
import { ErrorWithReasonCode, connectAsync } from 'mqtt';

/** MQTT 3.1.1, 3.2.2.3: "Connection Refused, Server unavailable". */
const SERVER_UNAVAILABLE = 3;
const PATIENCE_MS = 60_000;

/**
 * A connection of one attempt, as a test wants it. Only the word of a cluster that its nodes are busy electing each other is
 * not taken for an answer: whoever comes to a hall tries again, too.
 */
export async function connectPatiently(url: string, options: IClientOptions): Promise<MqttClient> {
  const begun = performance.now();
  for (;;) {
    try {
      return await connectAsync(url, { reconnectPeriod: 0, connectTimeout: 20_000, ...options });
    } catch (error) {
      const isBusy = error instanceof ErrorWithReasonCode && error.code === SERVER_UNAVAILABLE;
      if (!isBusy || performance.now() - begun > PATIENCE_MS) throw error;
      await pause(500);
    }
  }
}
