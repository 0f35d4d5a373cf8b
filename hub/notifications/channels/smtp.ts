import type { DurationMs, Failure, Result } from '@hallhub/sync/base';
import { err, failure, minutes, ok } from '@hallhub/sync/base';
import { createTransport } from 'nodemailer';
import type { Channel } from './channel.ts';

export interface SmtpOptions {
  readonly host: string;
  readonly port: number;
  /** `starttls`: refused where the server does not offer it. `implicit`: from the first byte. `off`: in the clear. */
  readonly tls: 'starttls' | 'implicit' | 'off';
  /** PEM of the authority that signed the server's certificate, where it is not a public one. */
  readonly ca?: string;
  readonly login?: { readonly user: string; readonly password: string };
  readonly from: string;
  /** A group's addresses, which get everything; empty: each message says whom it is for. */
  readonly to: readonly string[];
}

const TIMEOUT: DurationMs = 10_000 as DurationMs;
const LONGEST_SUBJECT = 60;
/** The mail server refused the sender, a recipient or the text. */
const OF_THE_MESSAGE: ReadonlySet<unknown> = new Set(['EENVELOPE', 'EMESSAGE']);
/** Mailbox busy, local trouble, no room: what greylisting and limits answer. */
const TOO_OFTEN: ReadonlySet<number> = new Set([450, 451, 452]);
const ADDRESS = /^[^\s@<>,;:"]{1,64}@[A-Za-z0-9.-]{1,255}$/;

/** Mail. A refusal for now (4xx) is tried again; one for good (5xx) of the message or its recipient is not. */
export function smtpChannel({ host, port, tls, ca, login, from, to }: SmtpOptions): Channel {
  const transport = createTransport({
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'off',
    tls: { minVersion: 'TLSv1.2', ...(ca !== undefined && { ca }) },
    ...(login && { auth: { user: login.user, pass: login.password } }),
    connectionTimeout: TIMEOUT,
    greetingTimeout: TIMEOUT,
    socketTimeout: TIMEOUT,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    rate: { burst: 30, per: minutes(1) },
    limit: 65_536,
    group: to.length > 0,
    send: async (message): Promise<Result<void>> => {
      const recipients = to.length > 0 ? [...to] : [message.to];
      if (!recipients.every((address) => ADDRESS.test(address))) return failure('E-NOTE-0105', 'no address');
      const [firstLine = ''] = message.text.split('\n');
      try {
        await transport.sendMail({
          from,
          to: recipients,
          subject: `[${message.title}] ${Array.from(firstLine).slice(0, LONGEST_SUBJECT).join('')}`,
          text: message.text,
          // The same when it is sent again, so that the other end can tell.
          messageId: `<${message.id}@${from.slice(from.lastIndexOf('@') + 1).replace(/>$/, '')}>`,
          headers: { 'Auto-Submitted': 'auto-generated' },
        });
        return ok();
      } catch (error) {
        return err(failureOf(error));
      }
    },
  };
}

/** By the reply's code alone: its words may repeat an address. */
function failureOf(error: unknown): Failure {
  const { responseCode, code } = error as { readonly responseCode?: unknown; readonly code?: unknown };
  const detail = `${typeof code === 'string' ? code : 'error'}${typeof responseCode === 'number' ? ` ${responseCode}` : ''}`;
  // What a log-in or the missing TLS is answered with is the configuration's fault and not the message's: it waits.
  if (code === 'EAUTH') return { code: 'E-NOTE-0102', detail };
  if (typeof responseCode !== 'number' || !OF_THE_MESSAGE.has(code)) return { code: 'E-NOTE-0101', detail };
  if (responseCode >= 500) return { code: 'E-NOTE-0105', detail };
  return { code: TOO_OFTEN.has(responseCode) ? 'E-NOTE-0103' : 'E-NOTE-0101', detail };
}
