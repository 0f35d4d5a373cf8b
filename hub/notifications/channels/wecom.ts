import type { Clock, EpochMs, Result } from '@hallhub/sync/base';
import { failure, minutes, ok, plus, seconds } from '@hallhub/sync/base';
import type { Channel, HttpSend } from './channel.ts';
import { askJson, errcodeOf } from './channel.ts';

const WECOM = 'https://qyapi.weixin.qq.com';
/** "api freq out of limit". */
const TOO_OFTEN = [45_009, 45_033];
/** "invalid access_token", "access_token expired". */
const TOKEN_GONE = new Set([40_014, 42_001]);

/** 企业微信群机器人: a group's robot, markdown of 4,096 bytes, 20 messages a minute. */
export function wecomRobot(options: {
  readonly key: string;
  readonly baseUrl?: string;
  readonly send: HttpSend;
}): Channel {
  const url = `${options.baseUrl ?? WECOM}/cgi-bin/webhook/send?key=${encodeURIComponent(options.key)}`;
  return {
    rate: { burst: 20, per: minutes(1) },
    limit: 4_096,
    group: true,
    send: async ({ text }) => {
      const answer = await askJson(options.send, url, {
        method: 'POST',
        body: { msgtype: 'markdown', markdown: { content: text } },
      });
      return answer.ok ? errcodeOf(answer.value, TOO_OFTEN) : answer;
    },
  };
}

/**
 * 企业微信应用消息: to one person, by their account. A token lives two hours and is asked for again when the service no longer
 * takes it. The service's own duplicate check covers a send whose answer was lost.
 */
export function wecomApp(options: {
  readonly corpId: string;
  readonly secret: string;
  readonly agentId: number;
  readonly baseUrl?: string;
  readonly send: HttpSend;
  readonly clock: Pick<Clock, 'now'>;
}): Channel {
  const base = options.baseUrl ?? WECOM;
  let token: { readonly text: string; readonly until: EpochMs } | undefined;
  const tokenNow = async (): Promise<Result<string>> => {
    if (token && options.clock.now() < token.until) return ok(token.text);
    const query = new URLSearchParams({ corpid: options.corpId, corpsecret: options.secret });
    const answer = await askJson(options.send, `${base}/cgi-bin/gettoken?${query.toString()}`, { method: 'GET' });
    if (!answer.ok) return answer;
    const checked = errcodeOf(answer.value, TOO_OFTEN);
    if (!checked.ok) return checked;
    const { access_token: text, expires_in: lives } = answer.value;
    if (typeof text !== 'string') return failure('E-NOTE-0102', 'no token');
    // Ends a minute early: a message on its way must not meet its end.
    const life = seconds(Math.max(60, (typeof lives === 'number' ? lives : 7_200) - 60));
    token = { text, until: plus(options.clock.now(), life) };
    return ok(text);
  };
  const once = async (to: string, text: string): Promise<Result<void> | 'token gone'> => {
    const granted = await tokenNow();
    if (!granted.ok) return granted;
    const url = `${base}/cgi-bin/message/send?access_token=${encodeURIComponent(granted.value)}`;
    const answer = await askJson(options.send, url, {
      method: 'POST',
      body: {
        touser: to,
        msgtype: 'text',
        agentid: options.agentId,
        text: { content: text },
        enable_duplicate_check: 1,
        duplicate_check_interval: 1_800,
      },
    });
    if (!answer.ok) return answer;
    if (typeof answer.value['errcode'] === 'number' && TOKEN_GONE.has(answer.value['errcode'])) return 'token gone';
    return errcodeOf(answer.value, TOO_OFTEN);
  };
  return {
    // 30 a minute for each member; all members share this, which is less.
    rate: { burst: 30, per: minutes(1) },
    limit: 2_048,
    group: false,
    send: async ({ to, text }) => {
      const sent = await once(to, text);
      if (sent !== 'token gone') return sent;
      token = undefined;
      const again = await once(to, text);
      return again === 'token gone' ? failure('E-NOTE-0102', 'the token is refused') : again;
    },
  };
}
