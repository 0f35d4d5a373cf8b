import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { epochMs, hours, manualClock, seconds, systemRandom } from '@hallhub/sync/base';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import { SMTPServer } from 'smtp-server';
import type { SMTPServerOptions } from 'smtp-server';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { issueCertificate } from '../../tls/issue.ts';
import { createVault } from '../../vault/index.ts';
import { createNotifications, notificationsSchema } from '../index.ts';
import type { SmtpOptions } from './smtp.ts';
import { smtpChannel } from './smtp.ts';

const folder = mkdtempSync(join(tmpdir(), 'hallhub-mail-'));
const files = {
  caKey: join(folder, 'ca.key'),
  caCert: join(folder, 'ca.crt'),
  key: join(folder, 'server.key'),
  cert: join(folder, 'server.crt'),
};
beforeAll(async () => {
  await issueCertificate({ files, names: ['127.0.0.1'], hubId: 'mail', now: epochMs(Date.now()) });
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const undo: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0)) await step();
});

interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly secure: boolean;
  readonly text: string;
}
/** A real mail server on loopback; `reply` is what it says to the next recipients, a code of three digits or nothing. */
async function mailServer(options: SMTPServerOptions = {}) {
  const mails: Mail[] = [];
  const state = { reply: undefined as number | undefined };
  const server = new SMTPServer({
    key: readFileSync(files.key),
    cert: readFileSync(files.cert),
    authOptional: true,
    disableReverseLookup: true,
    logger: false,
    onAuth: ({ username, password }, _session, done) => {
      if (username === 'hub' && password === 'good') done(null, { user: username });
      else done(Object.assign(new Error('no'), { responseCode: 535 }));
    },
    onRcptTo: (_address, _session, done) => {
      done(state.reply === undefined ? null : Object.assign(new Error('not now'), { responseCode: state.reply }));
    },
    onData: (stream, { envelope, secure }, done) => {
      const pieces: Buffer[] = [];
      stream.on('data', (piece: Buffer) => pieces.push(piece));
      stream.on('end', () => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        const to = envelope.rcptTo.map(({ address }) => address);
        mails.push({ from, to, secure, text: Buffer.concat(pieces).toString() });
        done(null);
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  undo.push(
    () =>
      new Promise((resolve) => {
        server.close(resolve);
      }),
  );
  return { mails, state, port: (server.server.address() as AddressInfo).port };
}
const channel = (port: number, options: Partial<SmtpOptions> = {}) =>
  smtpChannel({
    host: '127.0.0.1',
    port,
    tls: 'starttls',
    ca: readFileSync(files.caCert, 'utf8'),
    from: 'hub@example.edu',
    to: [],
    ...options,
  });
const MESSAGE = { id: '0190-1', to: 'li@example.edu', title: 'hallhub', text: '南门：门被强行打开\n第二行' };

describe('mail', () => {
  it('arrives under TLS, at the one whom it is for, with the same id when it is sent again', async () => {
    const { mails, port } = await mailServer();
    const to = channel(port, { login: { user: 'hub', password: 'good' } });
    expect([await to.send(MESSAGE), await to.send(MESSAGE)]).toEqual([{ ok: true }, { ok: true }]);
    expect(mails).toMatchObject([
      { from: 'hub@example.edu', to: ['li@example.edu'], secure: true },
      { to: ['li@example.edu'] },
    ]);
    for (const { text } of mails) expect(text).toContain('Message-ID: <0190-1@example.edu>');
    const [head = '', body = ''] = mails[0]?.text.split('\r\n\r\n') ?? [];
    const encoding = /Content-Transfer-Encoding: (\S+)/.exec(head)?.[1];
    const plain = encoding === 'base64' ? Buffer.from(body, 'base64').toString('utf8') : body;
    expect(plain.trim().replaceAll('\r\n', '\n')).toBe(MESSAGE.text);
  });

  it('goes to all of a group, under TLS from the first byte', async () => {
    const { mails, port } = await mailServer({ secure: true });
    const group = channel(port, { tls: 'implicit', to: ['a@example.edu', 'b@example.edu'] });
    expect(group.group).toBe(true);
    expect(await group.send({ ...MESSAGE, to: '' })).toEqual({ ok: true });
    expect(mails).toMatchObject([{ to: ['a@example.edu', 'b@example.edu'], secure: true }]);
  });

  it.each([
    ['offers no TLS', { hideSTARTTLS: true, disabledCommands: ['STARTTLS'] }, {}],
    ['has a certificate of an unknown authority', {}, { ca: undefined }],
  ])('never leaves for a server that %s', async (_, server, options) => {
    const { mails, port } = await mailServer(server);
    const { ca, ...rest } = { ca: readFileSync(files.caCert, 'utf8') as string | undefined, ...options };
    const to = smtpChannel({
      host: '127.0.0.1',
      port,
      tls: 'starttls',
      from: 'hub@example.edu',
      to: [],
      ...rest,
      ...(ca !== undefined && { ca }),
    });
    expect(await to.send(MESSAGE)).toMatchObject({ ok: false, error: { code: 'E-NOTE-0101' } });
    expect(mails).toEqual([]);
  });

  it('leaves in the clear only where that was said', async () => {
    const { mails, port } = await mailServer({ hideSTARTTLS: true, disabledCommands: ['STARTTLS'] });
    expect(await channel(port, { tls: 'off' }).send(MESSAGE)).toEqual({ ok: true });
    expect(mails).toMatchObject([{ secure: false }]);
  });

  it.each([
    [421, 'E-NOTE-0101'],
    [450, 'E-NOTE-0103'],
    [452, 'E-NOTE-0103'],
    [550, 'E-NOTE-0105'],
    [553, 'E-NOTE-0105'],
  ])('is told of a refusal with %i as %s, without an address', async (reply, code) => {
    const { state, port } = await mailServer();
    state.reply = reply;
    const answer = await channel(port).send(MESSAGE);
    expect(answer).toMatchObject({ ok: false, error: { code } });
    expect(JSON.stringify(answer)).not.toContain('li@');
  });

  it('waits where the log-in fails, and where nobody is there', async () => {
    const { port } = await mailServer();
    const bad = channel(port, { login: { user: 'hub', password: 'bad' } });
    expect(await bad.send(MESSAGE)).toMatchObject({ error: { code: 'E-NOTE-0102', detail: 'EAUTH 535' } });
    expect(await channel(1).send(MESSAGE)).toMatchObject({ error: { code: 'E-NOTE-0101' } });
  });

  it.each(['', 'nobody', 'a@b\r\nBcc: c@d.e', 'a@b.c, d@e.f', '<a@b.c>'])('has no such address as %j', async (to) => {
    const { mails, port } = await mailServer();
    expect(await channel(port).send({ ...MESSAGE, to })).toMatchObject({ error: { code: 'E-NOTE-0105' } });
    expect(mails).toEqual([]);
  });
});

describe('the outbox with mail', () => {
  it('tries again what is refused for now, gives up at once what is refused for good, and sends several as one', async () => {
    const { mails, state, port } = await mailServer();
    const db = openDatabase({ file: ':memory:' });
    migrate({ db, components: [notificationsSchema] });
    const clock = manualClock(epochMs(Date.UTC(2026, 10, 22, 2)));
    let logged = 0;
    const notifications = createNotifications({
      db,
      clock,
      random: systemRandom,
      vault: createVault(Buffer.alloc(32, 1)),
      channels: new Map([['mail', channel(port)]]),
      log: () => (logged += 1),
    });
    undo.push(() => {
      notifications.stop();
      return Promise.resolve();
    });
    notifications.start();
    /** Lets the clock of the outbox go on until something has come over the real socket. */
    const until = async (holds: () => boolean) => {
      for (let turn = 0; turn < 2_000 && !holds(); turn += 1) {
        await clock.advanceAsync(seconds(5));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      expect(holds()).toBe(true);
    };
    state.reply = 451;
    notifications.notify({ channel: 'mail', to: 'li@example.edu', text: 'one' });
    notifications.notify({ channel: 'mail', to: 'li@example.edu', text: 'two' });
    await until(() => logged === 1);
    expect(notifications.counts()).toEqual({ waiting: 2, failed: 0 });
    state.reply = undefined;
    await until(() => notifications.counts().waiting === 0);
    expect(mails).toHaveLength(1);
    expect(mails[0]?.text).toMatch(/one[\s\S]*two/);
    state.reply = 550;
    notifications.notify({ channel: 'mail', to: 'gone@example.edu', text: 'three' });
    await until(() => notifications.counts().failed === 1);
    state.reply = undefined;
    await clock.advanceAsync(hours(2));
    expect(mails).toHaveLength(1);
  });
});
