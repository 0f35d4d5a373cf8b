import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import type { BrokerAccounts } from './accounts.ts';
import type { ExternalBroker } from './external.ts';
import type { TopicRights } from './rights.ts';
import { deviceRights } from './rights.ts';

const VHOST = '%2F';
const EXCHANGE = 'amq.topic';
const PATIENCE_MS = 10_000;

/**
 * Accounts at RabbitMQ through the HTTP interface of its management plugin: a user, its permissions on the queues of its
 * own client id, and its topic permissions. Deleting a user ends its connections, so that a new password begins with that.
 */
export function createRabbitmqAccounts({
  broker,
  managementUrls,
  campus,
}: {
  readonly broker: ExternalBroker;
  /** `https://` of the management plugin on the nodes; the first that answers is asked. */
  readonly managementUrls: readonly [string, ...string[]];
  readonly campus: string;
}): BrokerAccounts {
  const call = async (method: string, path: string, body?: unknown): Promise<Result<number>> => {
    let trouble = '';
    for (const url of managementUrls) {
      const answer = await send(new URL(`api/${path}`, url.endsWith('/') ? url : `${url}/`), broker, method, body);
      if (typeof answer === 'number') return ok(answer);
      trouble = answer;
    }
    return failure('E-DEV-0411', trouble);
  };
  const expecting = async (method: string, path: string, body?: unknown): Promise<Result<void>> => {
    const answer = await call(method, path, body);
    if (!answer.ok) return answer;
    const fine = (answer.value >= 200 && answer.value < 300) || (method === 'DELETE' && answer.value === 404);
    return fine ? ok() : failure('E-DEV-0412', `${method} ${path}: ${answer.value}`);
  };
  const inTurn = async (...steps: readonly (readonly [string, string, unknown?])[]): Promise<Result<void>> => {
    for (const [method, path, body] of steps) {
      const step = await expecting(method, path, body);
      if (!step.ok) return step;
    }
    return ok();
  };

  return {
    open: () => undefined,
    put: (id, password, rights = deviceRights(campus, id)) => {
      const queues = `mqtt-subscription-${rights.ownClientId ? id : '[A-Za-z0-9_-]+'}qos[01]`;
      const reach = `^(${queues}|amq\\.topic)$`;
      return inTurn(
        ['DELETE', `users/${id}`],
        ['PUT', `users/${id}`, { password, tags: '' }],
        ['PUT', `topic-permissions/${VHOST}/${id}`, { exchange: EXCHANGE, ...toPatterns(rights) }],
        // Last: without permissions the account can do nothing yet.
        ['PUT', `permissions/${VHOST}/${id}`, { configure: `^${queues}$`, write: reach, read: reach }],
      );
    },
    remove: (id) => inTurn(['DELETE', `users/${id}`]),
    close: () => Promise.resolve(),
  };
}

/** Topic permissions are regular expressions over routing keys, which are topics with `.` for `/` and `*` for `+`. */
export function toPatterns({ publish, neverPublish, subscribe, exactly }: TopicRights): {
  readonly write: string;
  readonly read: string;
} {
  const any = (filters: readonly string[]): string => `(${filters.map(toPattern).join('|')})$`;
  const never = neverPublish.length > 0 ? `(?!${any(neverPublish)})` : '';
  return {
    write: publish.length > 0 ? `^${never}${any(publish)}` : '^$',
    read: subscribe.length === 0 ? '^$' : exactly ? `^(${subscribe.map(toKey).join('|')})$` : `^${any(subscribe)}`,
  };
}

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\#]/g, '\\$&');

/** A filter as the pattern of all routing keys, and all narrower binding keys, below it. */
const toPattern = (filter: string): string =>
  filter
    .split('/')
    .map((level, index) => {
      if (level === '#') return index === 0 ? '.*' : '(\\..*)?';
      return `${index === 0 ? '' : '\\.'}${level === '+' ? '[^.#]*' : literal(level)}`;
    })
    .join('');

/** The binding key of exactly this filter. */
const toKey = (filter: string): string => literal(filter.replaceAll('/', '.').replaceAll('+', '*'));

/** The answer's status, or what went wrong in words. */
function send(url: URL, broker: ExternalBroker, method: string, body: unknown): Promise<number | string> {
  return new Promise((resolve) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(
      url,
      {
        method,
        auth: `${broker.username}:${broker.password}`,
        headers: { 'content-type': 'application/json', ...(text && { 'content-length': Buffer.byteLength(text) }) },
        timeout: PATIENCE_MS,
        ...(broker.ca !== undefined && { ca: broker.ca }),
      },
      (response) => {
        response.resume();
        response.once('end', () => {
          resolve(response.statusCode ?? 0);
        });
        response.once('error', (error) => {
          resolve(error.message);
        });
      },
    );
    request.once('timeout', () => request.destroy(new Error('no answer')));
    request.once('error', (error) => {
      resolve(`${url.host}: ${error.message}`);
    });
    request.end(text);
  });
}
