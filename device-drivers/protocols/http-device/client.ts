import { type Cancel, type RandomBytes, type Result, ok } from '@hallhub/sync/base';
import type { HttpCall, HttpClient, HttpReply } from '../../kit/index.ts';
import { type DigestChallenge, answerChallenge, clientNonce, readChallenge } from './digest.ts';

export interface DeviceClientOptions {
  readonly http: HttpClient;
  readonly random: RandomBytes;
  /** Origin of the device: `http://10.0.0.5`. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

/** Asks a device under Digest authentication; its password never leaves as it is. */
export interface DeviceClient {
  /**
   * `mayLeave` is asked right before each attempt. A challenge is answered once: a request that was refused was not done.
   * Errors: those of {@link HttpClient}, and what `mayLeave` says.
   */
  ask(
    path: string,
    call: Omit<HttpCall, 'url'>,
    mayLeave?: () => Result<void>,
  ): { readonly reply: Promise<Result<HttpReply>>; readonly cancel: Cancel };
}

export function createDeviceClient({ http, random, url, user, password }: DeviceClientOptions): DeviceClient {
  const origin = new URL(url).origin;
  let known: { readonly challenge: DigestChallenge; count: number } | undefined;

  return {
    ask: (path, call, mayLeave = ok) => {
      let cancelled = false;
      let cancel: Cancel = () => undefined;
      const attempt = async (): Promise<Result<HttpReply>> => {
        const may = mayLeave();
        if (!may.ok) return may;
        if (known) known.count += 1;
        const authorization =
          known &&
          answerChallenge(
            known.challenge,
            { user, password },
            { method: call.method, uri: path },
            { count: known.count, cnonce: clientNonce(random) },
          );
        const { reply, cancel: cancelCall } = http({
          ...call,
          url: `${origin}${path}`,
          headers: { ...call.headers, ...(authorization !== undefined && { authorization }) },
        });
        cancel = cancelCall;
        return reply;
      };
      const asked = async (): Promise<Result<HttpReply>> => {
        const first = await attempt();
        if (!first.ok || first.value.status !== 401 || cancelled) return first;
        const challenge = readChallenge(first.value.headers['www-authenticate']);
        if (!challenge.ok) return challenge;
        known = { challenge: challenge.value, count: 0 };
        return attempt();
      };
      return {
        reply: asked(),
        cancel: () => {
          cancelled = true;
          cancel();
        },
      };
    },
  };
}
