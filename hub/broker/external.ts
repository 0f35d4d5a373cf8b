import { Socket } from 'node:net';
import type { IClientOptions } from 'mqtt';

/** How to reach a broker outside. */
export interface ExternalBroker {
  /** `mqtt://` or `mqtts://`; the nodes of a cluster, tried in turn. */
  readonly urls: readonly [string, ...string[]];
  readonly username: string;
  readonly password: string;
  /** PEM of the authority that signed the broker's certificate, where it is not a public one. */
  readonly ca?: string;
}

const RECONNECT_MS = 1_000;

/** What every connection of the hub to a broker outside has in common. */
export function connectOptions({ urls, username, password, ca }: ExternalBroker): IClientOptions {
  return {
    username,
    password,
    ...(ca !== undefined && { ca }),
    ...serversOf(urls),
    manualConnect: true,
    resubscribe: false,
    queueQoSZero: false,
    keepalive: 15,
    connectTimeout: 10_000,
    reconnectPeriod: RECONNECT_MS,
    // A login during the start of a cluster is refused with "unavailable"; that is no reason to give up.
    reconnectOnConnackError: true,
  };
}

/** Small messages leave at once: an order must not wait for the answer to what went before it (Nagle, some 40 ms). */
export function sendAtOnce(stream: object): void {
  if (stream instanceof Socket) stream.setNoDelay(true);
}

/** The library's option for several addresses of one broker. */
export function serversOf(urls: readonly string[]): Pick<IClientOptions, 'servers'> {
  if (urls.length < 2) return {};
  return {
    servers: urls.map((url) => ({
      host: new URL(url).hostname,
      port: portOf(url),
      protocol: url.startsWith('mqtts:') ? 'mqtts' : 'mqtt',
    })),
  };
}

export function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return port !== '' ? Number(port) : protocol === 'mqtts:' ? 8883 : 1883;
}
