import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { FetchBytes, FetchImage } from '@hallhub/device-drivers/agent/station';
import type { Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import { MOST_IMAGE_BYTES } from '../firmware/limits.ts';
import { authorityOf } from './authority.ts';
import type { Identity } from './identity.ts';

const SILENCE_MS = 15_000;

/**
 * Fetches images for devices that are fed by their drivers: only from the hub that this agent is enrolled in, whatever
 * host the order names, and with the authority that its enrolment code named.
 */
export function imageFetcher(identity: Pick<Identity, 'hubUrl' | 'hubCa' | 'mqtt'>): FetchImage {
  const { hubUrl } = identity;
  const ca = authorityOf(identity);
  return async ({ url, sha256 }) => {
    const { pathname } = new URL(url);
    const bytes = await get(new URL(pathname, hubUrl), { ca, most: MOST_IMAGE_BYTES });
    if (!bytes.ok) return bytes;
    const digest = createHash('sha256').update(bytes.value).digest('hex');
    return digest === sha256 ? bytes : failure('E-DEV-0305', `it is ${digest}`);
  };
}

/** Fetches from the same hub what it has ready for this agent under a token. Error: `E-AGENT-0106`. */
export function documentFetcher(identity: Pick<Identity, 'agent' | 'hubUrl' | 'hubCa' | 'mqtt'>): FetchBytes {
  const { agent, hubUrl } = identity;
  const ca = authorityOf(identity);
  return async (token, size) => {
    const url = new URL(`/api/agents/${encodeURIComponent(agent)}/document`, hubUrl);
    const bytes = await get(url, { ca, most: size, headers: { authorization: `Bearer ${token}` } });
    return bytes.ok ? bytes : failure('E-AGENT-0106', bytes.error.detail);
  };
}

function get(
  url: URL,
  wish: {
    readonly ca: string | undefined;
    readonly most: number;
    readonly headers?: Readonly<Record<string, string>>;
  },
): Promise<Result<Uint8Array>> {
  const { ca, most, headers = {} } = wish;
  const options = { timeout: SILENCE_MS, headers };
  return new Promise((resolve) => {
    const refuse = (detail: string): void => {
      resolve(failure('E-DEV-0304', `${url.host}: ${detail}`));
    };
    const request =
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, ...(ca !== undefined && { ca }) })
        : httpRequest(url, options);
    request.once('response', (response) => {
      if (response.statusCode !== 200) {
        response.resume();
        refuse(`status ${response.statusCode}`);
        return;
      }
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size > most) request.destroy(new Error('longer than it may be'));
      });
      response.once('error', (error) => {
        refuse(error.message);
      });
      response.once('end', () => {
        resolve(ok(Buffer.concat(chunks)));
      });
    });
    request.once('timeout', () => request.destroy(new Error('no answer')));
    request.once('error', (error: NodeJS.ErrnoException) => {
      refuse(error.code ?? error.message);
    });
    request.end();
  });
}
