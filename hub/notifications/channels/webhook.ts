import { createHmac } from 'node:crypto';
import type { Clock } from '@hallhub/sync/base';
import { minutes, ok } from '@hallhub/sync/base';
import type { Channel, HttpSend } from './channel.ts';
import { askJson } from './channel.ts';

/**
 * Any service that takes a POST: JSON `{id, to, title, text}`, signed as Standard Webhooks 1.0 has it (`whsec_…`). The id is
 * the same when a message is sent again, so that the other end can tell.
 */
export function webhookChannel(options: {
  readonly url: string;
  readonly secret: string;
  readonly send: HttpSend;
  readonly clock: Pick<Clock, 'now'>;
}): Channel {
  const key = Buffer.from(options.secret.replace(/^whsec_/, ''), 'base64');
  return {
    rate: { burst: 60, per: minutes(1) },
    limit: 16_384,
    group: true,
    send: async (message) => {
      const timestamp = Math.floor(options.clock.now() / 1_000);
      const signed = `${message.id}.${timestamp}.${JSON.stringify(message)}`;
      const answer = await askJson(options.send, options.url, {
        method: 'POST',
        body: message,
        headers: {
          'webhook-id': message.id,
          'webhook-timestamp': String(timestamp),
          'webhook-signature': `v1,${createHmac('sha256', key).update(signed).digest('base64')}`,
        },
      });
      return answer.ok ? ok() : answer;
    },
  };
}
