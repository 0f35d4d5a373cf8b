import { readFileSync } from 'node:fs';
import type { Clock } from '@hallhub/sync/base';
import type { Config } from '../../config/index.ts';
import type { Channel, HttpSend } from './channel.ts';
import { dingtalkRobot } from './dingtalk.ts';
import { smtpChannel } from './smtp.ts';
import { webhookChannel } from './webhook.ts';
import { wecomApp, wecomRobot } from './wecom.ts';

type ChannelConfig = Config['notifications']['channels'][number];

/** The channels of the configuration, by id. Secrets are read from their files once, at the start. */
export const createChannels = (
  channels: readonly ChannelConfig[],
  deps: { readonly clock: Clock; readonly send?: HttpSend },
): ReadonlyMap<string, Channel> => {
  const send: HttpSend = deps.send ?? ((url, init) => fetch(url, init));
  return new Map(channels.map((channel) => [channel.id, create(channel, { clock: deps.clock, send })]));
};

function create(channel: ChannelConfig, { clock, send }: { readonly clock: Clock; readonly send: HttpSend }): Channel {
  if (channel.type === 'smtp') return mail(channel);
  const secret = readFileSync(channel.secretFile, 'utf8').trim();
  const at = channel.type !== 'webhook' && channel.baseUrl !== undefined ? { baseUrl: channel.baseUrl } : {};
  switch (channel.type) {
    case 'wecom-robot':
      return wecomRobot({ key: secret, send, ...at });
    case 'wecom-app':
      return wecomApp({ corpId: channel.corpId, agentId: channel.agentId, secret, send, clock, ...at });
    case 'dingtalk-robot': {
      const [token = '', sign = ''] = secret.split(/\s+/);
      return dingtalkRobot({ token, secret: sign, send, clock, ...at });
    }
    case 'webhook':
      return webhookChannel({ url: channel.url, secret, send, clock });
  }
}

function mail({
  host,
  port,
  tls,
  caFile,
  user,
  secretFile,
  from,
  to,
}: Extract<ChannelConfig, { type: 'smtp' }>): Channel {
  const login =
    user === undefined || secretFile === undefined
      ? undefined
      : { user, password: readFileSync(secretFile, 'utf8').trim() };
  return smtpChannel({
    host,
    port: port ?? (tls === 'implicit' ? 465 : 587),
    tls,
    from,
    to,
    ...(caFile !== undefined && { ca: readFileSync(caFile, 'utf8') }),
    ...(login && { login }),
  });
}
