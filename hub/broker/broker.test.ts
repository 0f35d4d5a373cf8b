import { mkdtempSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { epochMs, manualClock, seconds } from '@hallhub/sync/base';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import fc from 'fast-check';
import type { MqttClient } from 'mqtt';
import { connectAsync } from 'mqtt';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openDataDir } from '../store/index.ts';
import { ownCertificate } from '../tls/index.ts';
import { FramingGuard } from './framing-guard.ts';
import type { InboxMessage } from './index.ts';
import { busSchema, createAedesBus, createInbox, mayUseTopic } from './index.ts';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function setUp(maxConnectionsPerAddress = 50, clock = manualClock()) {
  const db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [busSchema] });
  const faults: unknown[] = [];
  const inbox = createInbox({ db, clock, onFault: (error) => faults.push(error) });
  const bus = await createAedesBus({
    host: '127.0.0.1',
    port: 0,
    campus: 'south',
    inbox,
    authenticate: (deviceId, token) => token === `secret of ${deviceId}`,
    maxConnectionsPerAddress,
    log: () => undefined,
  });
  const { port } = await bus.start();
  cleanUps.push(() => bus.stop());
  const connect = async (
    deviceId: string,
    options: { password?: string; clientId?: string; clean?: boolean } = {},
  ): Promise<MqttClient> => {
    const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
      clientId: options.clientId ?? deviceId,
      username: deviceId,
      password: options.password ?? `secret of ${deviceId}`,
      clean: options.clean ?? true,
      reconnectPeriod: 0,
      connectTimeout: 2_000,
    });
    cleanUps.push(() => client.endAsync(true));
    return client;
  };
  return { db, inbox, bus, port, connect, faults };
}

const rows = (db: ReturnType<typeof openDatabase>) =>
  db.prepare<[], { event_id: string; topic: string }>('SELECT event_id, topic FROM bus_inbox ORDER BY seq').all();

describe('device bus', () => {
  it('has an event on the disk before the device hears that it arrived, once however often it is sent', async () => {
    const { db, connect } = await setUp();
    const client = await connect('gate-1');
    const send = () =>
      client.publishAsync('c/south/d/gate-1/up/event', JSON.stringify({ id: 'e1', type: 'passed', data: {} }), {
        qos: 1,
      });
    await send();
    expect(rows(db)).toEqual([{ event_id: 'e1', topic: 'event' }]);
    await send();
    expect(rows(db)).toHaveLength(1);
  });

  it('does not acknowledge what it could not store', async () => {
    const { db, connect, faults } = await setUp();
    db.exec("CREATE TRIGGER full BEFORE INSERT ON bus_inbox BEGIN SELECT raise(ABORT, 'no room'); END");
    const client = await connect('gate-1');
    client.on('error', () => undefined);
    let acknowledged = false;
    void client.publishAsync('c/south/d/gate-1/up/event', '{"id":"e1"}', { qos: 1 }).then(
      () => (acknowledged = true),
      () => undefined,
    );
    await vi.waitFor(() => {
      expect(client.connected).toBe(false);
    });
    expect(acknowledged).toBe(false);
    expect(faults).toHaveLength(1);
  });

  it('hands events on in order, sets a bad one aside, and goes on after a restart where it was', async () => {
    const { inbox, connect } = await setUp();
    const client = await connect('gate-1');
    for (const id of ['a', 'bad', 'c'])
      await client.publishAsync('c/south/d/gate-1/up/event', JSON.stringify({ id }), { qos: 1 });
    const handled: string[] = [];
    inbox.consume((message: InboxMessage) => {
      if (message.eventId === 'bad') throw new Error('cannot');
      handled.push(message.eventId);
    });
    inbox.resume();
    await vi.waitFor(() => {
      expect(handled).toEqual(['a', 'c']);
    });
    expect(inbox.counts()).toEqual({ waiting: 0, failed: 1 });
    expect(inbox.purge(epochMs(Number.MAX_SAFE_INTEGER))).toBe(3);
  });

  it('keeps events while the disk is full, and hands them on when there is room', async () => {
    const clock = manualClock();
    const { db, inbox, connect, faults } = await setUp(50, clock);
    const client = await connect('gate-1');
    await client.publishAsync('c/south/d/gate-1/up/event', '{"id":"a"}', { qos: 1 });
    db.exec('CREATE TABLE ballast (x BLOB) STRICT');
    db.pragma(`max_page_count = ${db.pragma('page_count', { simple: true }) as number}`);
    const handled: string[] = [];
    inbox.consume((message: InboxMessage) => {
      db.prepare('INSERT INTO ballast VALUES (zeroblob(9000))').run();
      handled.push(message.eventId);
    });
    inbox.resume();
    await vi.waitFor(() => {
      expect(faults).toHaveLength(1);
    });
    expect(inbox.counts()).toEqual({ waiting: 1, failed: 0 });
    db.pragma('max_page_count = 100000');
    clock.advance(seconds(6));
    await vi.waitFor(() => {
      expect(handled).toEqual(['a']);
    });
    expect(inbox.counts()).toEqual({ waiting: 0, failed: 0 });
  });

  it.each<[string, Parameters<Awaited<ReturnType<typeof setUp>>['connect']>]>([
    ['a wrong token', ['gate-1', { password: 'guess' }]],
    ['another client id', ['gate-1', { clientId: 'gate-2' }]],
    ['a session to be kept', ['gate-1', { clean: false }]],
  ])('refuses %s', async (_, arguments_) => {
    const { connect, bus } = await setUp();
    await expect(connect(...arguments_)).rejects.toThrow();
    expect(bus.connected()).toEqual([]);
  });

  it('speaks TLS to those who trust its authority, and to nobody else', async () => {
    const dir = openDataDir(mkdtempSync(join(tmpdir(), 'hallhub-bus-')));
    const tls = await ownCertificate({ dir, clock: manualClock(epochMs(Date.now())), names: [], hubId: 'hub-1' });
    const db = openDatabase({ file: ':memory:' });
    migrate({ db, components: [busSchema] });
    const inbox = createInbox({ db, clock: manualClock(), onFault: () => undefined });
    const bus = await createAedesBus({
      host: '127.0.0.1',
      port: 0,
      tls,
      campus: 'south',
      inbox,
      authenticate: () => true,
      maxConnectionsPerAddress: 10,
      log: () => undefined,
    });
    const { port } = await bus.start();
    cleanUps.push(() => bus.stop());
    const connect = (ca?: string) =>
      connectAsync(`mqtts://127.0.0.1:${port}`, {
        clientId: 'gate-1',
        username: 'gate-1',
        password: 'x',
        reconnectPeriod: 0,
        ...(ca !== undefined && { ca }),
      });
    await expect(connect()).rejects.toThrow();
    const client = await connect(tls.ca);
    cleanUps.push(() => client.endAsync(true));
    await client.publishAsync('c/south/d/gate-1/up/event', '{"id":"e1"}', { qos: 1 });
    expect(rows(db)).toHaveLength(1);
    dir.release();
  });

  it('lets a device hear its own orders and nothing else', async () => {
    const { bus, connect } = await setUp();
    const one = await connect('gate-1');
    const two = await connect('gate-2');
    const heard: string[] = [];
    two.on('message', (topic) => heard.push(topic));
    await expect(two.subscribeAsync('c/south/d/gate-1/down/#')).rejects.toThrow();
    await expect(two.subscribeAsync('#')).rejects.toThrow();
    await two.subscribeAsync('c/south/d/gate-2/down/#', { qos: 1 });
    await one.subscribeAsync('c/south/d/gate-1/down/#', { qos: 1 });
    await bus.send('gate-1', 'command', Buffer.from('1'));
    await bus.send('gate-2', 'command', Buffer.from('2'));
    await vi.waitFor(() => {
      expect(heard).toEqual(['c/south/d/gate-2/down/command']);
    });
  });

  it.each([
    ['for another device', 'c/south/d/gate-2/up/event', {}],
    ['on its own orders', 'c/south/d/gate-1/down/command', {}],
    ['to be retained', 'c/south/d/gate-1/up/event', { retain: true }],
  ])('ends the connection of a device that publishes %s', async (_, topic, options) => {
    const { db, connect } = await setUp();
    const client = await connect('gate-1');
    client.on('error', () => undefined);
    client.publish(topic, '{"id":"x"}', { qos: 1, ...options });
    await vi.waitFor(() => {
      expect(client.connected).toBe(false);
    });
    expect(rows(db)).toEqual([]);
  });

  it('loses nothing of a burst in one tick', async () => {
    const { bus, connect } = await setUp();
    const client = await connect('gate-1');
    await client.subscribeAsync('c/south/d/gate-1/down/#', { qos: 1 });
    const heard: string[] = [];
    client.on('message', (_topic, payload) => heard.push(payload.toString()));
    const sent = Array.from({ length: 300 }, (_, index) => String(index));
    await Promise.all(sent.map((text) => bus.send('gate-1', 'command', Buffer.from(text))));
    await vi.waitFor(() => {
      expect(heard).toEqual(sent);
    });
  });

  it('closes a socket that announces more than it may send, and turns away the one too many', async () => {
    const { port, bus } = await setUp(1);
    const greedy = connectSocket(port, '127.0.0.1');
    greedy.on('error', () => undefined);
    const closed = new Promise((resolve) => greedy.once('close', resolve));
    greedy.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]));
    await closed;
    const first = connectSocket(port, '127.0.0.1');
    await new Promise((resolve) => first.once('connect', resolve));
    const second = connectSocket(port, '127.0.0.1');
    second.on('error', () => undefined);
    await new Promise((resolve) => second.once('close', resolve));
    first.destroy();
    expect(bus.connected()).toEqual([]);
  });
});

describe('framing guard', () => {
  const run = (guard: FramingGuard, chunks: readonly Uint8Array[]) =>
    new Promise<{ out: Buffer; failed: boolean }>((resolve) => {
      const out: Buffer[] = [];
      guard.on('data', (chunk: Buffer) => out.push(chunk));
      guard.once('error', () => {
        resolve({ out: Buffer.concat(out), failed: true });
      });
      guard.once('end', () => {
        resolve({ out: Buffer.concat(out), failed: false });
      });
      for (const chunk of chunks) guard.write(Buffer.from(chunk));
      guard.end();
    });
  const packet = (size: number): Buffer => {
    const header = [0x30];
    for (let left = size; ; left = Math.floor(left / 128)) {
      header.push((left % 128) | (left >= 128 ? 0x80 : 0));
      if (left < 128) break;
    }
    return Buffer.concat([Buffer.from(header), Buffer.alloc(size, 0xff)]);
  };

  it('passes packets within the limit untouched, however they are cut, and stops at the first beyond it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(300), { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 50 }),
        async (sizes, cuts) => {
          const bytes = Buffer.concat(sizes.map(packet));
          const chunks: Buffer[] = [];
          for (let at = 0, index = 0; at < bytes.length; index++) {
            const size = cuts[index % cuts.length] ?? 1;
            chunks.push(bytes.subarray(at, at + size));
            at += size;
          }
          const { out, failed } = await run(new FramingGuard({ beforeLogin: 200, afterLogin: 300 }), chunks);
          expect(failed).toBe(sizes.some((size) => size > 200));
          if (!failed) expect(out).toEqual(bytes);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('refuses a length field of five bytes', async () => {
    expect(await run(new FramingGuard(), [Buffer.from([0x10, 0x80, 0x80, 0x80, 0x80, 0x01])])).toMatchObject({
      failed: true,
    });
  });
});

describe('topic rule', () => {
  it('never lets a device out of its own branch', () => {
    const identity = { campus: 'south', deviceId: 'gate-1' };
    const part = fc.constantFrom(
      'c',
      'south',
      'north',
      'd',
      'gate-1',
      'gate-2',
      'up',
      'down',
      '#',
      '+',
      '',
      '..',
      '$SYS',
      'event',
      '\0',
    );
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 8 }),
        fc.constantFrom('publish', 'subscribe', 'forward'),
        (parts, action) => {
          const topic = parts.join('/');
          if (mayUseTopic(identity, action, topic)) expect(topic.startsWith('c/south/d/gate-1/')).toBe(true);
          if (action !== 'subscribe' && /[#+$\0]/.test(topic)) expect(mayUseTopic(identity, action, topic)).toBe(false);
        },
      ),
    );
  });
});
