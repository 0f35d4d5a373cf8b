import { createHmac } from 'node:crypto';
import type { Clock } from '@hallhub/sync/base';
import { minutes } from '@hallhub/sync/base';
import type { Channel, HttpSend } from './channel.ts';
import { askJson, errcodeOf } from './channel.ts';

/** "send too fast, exceed 20 times per minute". */
const TOO_OFTEN = [130_101, 410_100];

/** base64(HMAC-SHA-256(secret, timestamp + "\n" + secret)), before it is made part of an address. @param timestamp milliseconds */
export const dingtalkSign = (secret: string, timestamp: number): string =>
  createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64');

/** 钉钉群机器人 with a signing secret: markdown, 20 messages a minute (beyond it the robot is mute for ten). */
export function dingtalkRobot(options: {
  readonly token: string;
  readonly secret: string;
  readonly baseUrl?: string;
  readonly send: HttpSend;
  readonly clock: Pick<Clock, 'now'>;
}): Channel {
  return {
    // One less than it allows: ten minutes of silence are dearer than one message.
    rate: { burst: 19, per: minutes(1) },
    limit: 4_096,
    group: true,
    send: async ({ title, text }) => {
      const timestamp = options.clock.now();
      const query = new URLSearchParams({
        access_token: options.token,
        timestamp: String(timestamp),
        sign: dingtalkSign(options.secret, timestamp),
      });
      const url = `${options.baseUrl ?? 'https://oapi.dingtalk.com'}/robot/send?${query.toString()}`;
      const answer = await askJson(options.send, url, {
        method: 'POST',
        body: { msgtype: 'markdown', markdown: { title, text } },
      });
      return answer.ok ? errcodeOf(answer.value, TOO_OFTEN) : answer;
    },
  };
}
