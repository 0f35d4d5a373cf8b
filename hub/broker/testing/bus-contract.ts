import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Clock } from '@hallhub/sync/base';
import { epochMs, systemClock } from '@hallhub/sync/base';
import type { Command } from '@hallhub/device-drivers/kit';
import { isLive } from '@hallhub/device-drivers/kit';
import type { Db } from '@hallhub/sync/sqlite';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import type { IClientOptions, MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BrokerAccounts } from '../accounts.ts';
import type { DeviceBus } from '../device-bus.ts';
import type { Inbox } from '../inbox.ts';
import { busSchema, createInbox } from '../inbox.ts';
import type { TestDeviceOptions } from './device.ts';
import { startDevice } from './device.ts';
import { connectPatiently } from './patient.ts';

export const CAMPUS = 'south';
export const HUB_ID = 'hub-test';

/** A broker that is running, and how to make a hub's bus over it. */
export interface BrokerUnderTest {
  readonly urls: readonly [string, ...string[]];
  readonly ca?: string;
  readonly accounts: BrokerAccounts;
  /** A hub's bus; a second one after the first was stopped is a hub that was restarted. */
  createBus(inbox: Inbox, clock: Clock): Promise<DeviceBus>;
  /** Kills the broker and starts it again. Absent where the broker is the hub: the restart of the hub is that. */
  readonly restart?: () => Promise<void>;
  /** Where the broker is a cluster: kills the node that everybody uses; `back` starts it again. */
  readonly loseNode?: () => Promise<{ back(): Promise<void> }>;
  /** It takes sessions that are to be kept; the embedded one refuses them. */
  readonly keepsSessions: boolean;
  stop(): Promise<void>;
}

/** Below the runner's own limit, so that what was waited for is named. */
const PATIENCE = { timeout: 25_000, interval: 20 };
const RESTART_PATIENCE = { timeout: 150_000, interval: 100 };

/** What every broker must do for the hub. `start` is called once; each test has devices and an inbox of its own. */
export function busContract(name: string, start: () => Promise<BrokerUnderTest>, startMs = 30_000): void {
  describe(`device bus over ${name}`, { timeout: 60_000 }, () => {
    const clock = systemClock({ mode: 'test' });
    let under: BrokerUnderTest;
    let bus: DeviceBus;
    let db: Db;
    let inbox: Inbox;
    let unique = 0;
    const cleanUps: (() => Promise<unknown>)[] = [];

    const startHub = async (): Promise<void> => {
      bus = await under.createBus(inbox, clock);
      await bus.start();
      await vi.waitFor(() => {
        expect(bus.up).toBe(true);
      }, RESTART_PATIENCE);
    };
    beforeAll(async () => {
      under = await start();
      under.accounts.open();
      db = openDatabase({ file: ':memory:' });
      migrate({ db, components: [busSchema] });
      inbox = createInbox({ db, clock, onFault: () => undefined });
      await startHub();
    }, startMs);
    afterEach(async () => {
      for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
    });
    afterAll(async () => {
      await bus.stop();
      await under.accounts.close();
      await under.stop();
    }, startMs);

    const enrol = async (): Promise<{ id: string; password: string }> => {
      const id = `device-${++unique}`;
      const password = `secret of ${id}`;
      expect(await under.accounts.put(id, password)).toEqual({ ok: true });
      return { id, password };
    };
    const optionsOf = (account: { id: string; password: string }, more: Partial<TestDeviceOptions> = {}) => ({
      urls: under.urls,
      ...(under.ca !== undefined && { ca: under.ca }),
      campus: CAMPUS,
      ...account,
      ...more,
    });
    const device = (account: { id: string; password: string }, more: Partial<TestDeviceOptions> = {}): MqttClient => {
      const client = startDevice(optionsOf(account, more));
      cleanUps.push(() => client.endAsync(true));
      return client;
    };
    const bare = async (account: { id: string; password: string }, more: IClientOptions = {}): Promise<MqttClient> => {
      const client = await connectPatiently(under.urls[0], {
        clientId: account.id,
        username: account.id,
        password: account.password,
        ...(under.ca !== undefined && { ca: under.ca }),
        ...more,
      });
      client.on('error', () => undefined);
      cleanUps.push(() => client.endAsync(true));
      return client;
    };
    const isHere = (id: string, here = true, patience = PATIENCE) =>
      vi.waitFor(() => {
        expect(bus.connected().includes(id)).toBe(here);
      }, patience);
    const up = (id: string, rest = 'event'): string => `c/${CAMPUS}/d/${id}/up/${rest}`;
    const event = (eventId: string): string => JSON.stringify({ id: eventId, type: 'passed', data: {} });
    const stored = (id: string) =>
      db.prepare<[string], string>('SELECT event_id FROM bus_inbox WHERE device_id = ? ORDER BY seq').pluck().all(id);
    const isStored = (id: string, events: readonly string[], patience = PATIENCE) =>
      vi.waitFor(() => {
        expect(stored(id)).toEqual(events);
      }, patience);

    it('takes in an event once, however often it is sent', async () => {
      const account = await enrol();
      const client = device(account);
      for (const id of ['e1', 'e1', 'e2']) await client.publishAsync(up(account.id), event(id), { qos: 1 });
      await isStored(account.id, ['e1', 'e2']);
    });

    it('does not let go of an event that it could not store', async () => {
      const account = await enrol();
      const client = device(account);
      db.exec("CREATE TRIGGER no_room BEFORE INSERT ON bus_inbox BEGIN SELECT raise(ABORT, 'no room'); END");
      const sent = client.publishAsync(up(account.id), event('e1'), { qos: 1 });
      try {
        await vi.waitFor(() => {
          // The embedded broker ends the device's connection; outside, the hub ends its own.
          expect(client.connected && bus.up).toBe(false);
        }, PATIENCE);
        expect(stored(account.id)).toEqual([]);
      } finally {
        db.exec('DROP TRIGGER no_room');
      }
      await sent;
      await isStored(account.id, ['e1']);
    });

    it('says who is there, hands them what is sent in order, and keeps nothing for who is not', async () => {
      const account = await enrol();
      await bus.send(account.id, 'command', Buffer.from('too early'));
      const heard: string[] = [];
      const client = device(account, { onDown: (topic, payload) => heard.push(`${topic} ${payload}`) });
      await isHere(account.id);
      const sent = Array.from({ length: 200 }, (_, index) => String(index));
      for (const text of sent) void bus.send(account.id, 'command', Buffer.from(text));
      await vi.waitFor(() => {
        expect(heard).toEqual(sent.map((text) => `command ${text}`));
      }, PATIENCE);
      await client.endAsync(true);
      await isHere(account.id, false);
    });

    it('notices a device that was killed, and that it came back', async () => {
      const account = await enrol();
      const seen: string[] = [];
      cleanUps.push(
        () =>
          new Promise((resolve) => {
            stopListening();
            resolve(undefined);
          }),
      );
      const stopListening = bus.onPresence(({ deviceId, connected }) => {
        if (deviceId === account.id) seen.push(connected ? 'came' : 'went');
      });
      const child = spawn(
        process.execPath,
        [join(import.meta.dirname, 'device-main.ts'), JSON.stringify(optionsOf(account))],
        { stdio: 'inherit' },
      );
      const gone = once(child, 'exit');
      try {
        await isHere(account.id);
      } finally {
        child.kill('SIGKILL');
        await gone;
      }
      await isHere(account.id, false);
      device(account);
      await isHere(account.id);
      expect(seen).toEqual(['came', 'went', 'came']);
    });

    it('loses no event over a restart of the hub, and knows again who is there', async () => {
      const account = await enrol();
      const client = device(account);
      await isHere(account.id);
      await bus.stop();
      const sent = ['a', 'b', 'c'].map((id) => client.publishAsync(up(account.id), event(id), { qos: 1 }));
      await startHub();
      await Promise.all(sent);
      await isStored(account.id, ['a', 'b', 'c']);
      await isHere(account.id);
    });

    it('cuts off who lost their credentials, and lets in who has new ones', async () => {
      const account = await enrol();
      const client = device(account);
      await isHere(account.id);
      expect(await under.accounts.remove(account.id)).toEqual({ ok: true });
      bus.disconnect(account.id);
      await vi.waitFor(() => {
        expect(client.connected).toBe(false);
      }, PATIENCE);
      await expect(bare(account)).rejects.toThrow();
      expect(await under.accounts.remove(account.id)).toEqual({ ok: true });
      expect(await under.accounts.put(account.id, 'another secret')).toEqual({ ok: true });
      await expect(bare(account)).rejects.toThrow();
      await client.endAsync(true);
      device({ id: account.id, password: 'another secret' });
      await isHere(account.id);
    });

    it('confines a device to its own branch', async () => {
      const victim = await enrol();
      const thief = await enrol();
      const heard: string[] = [];
      device(victim, { onDown: (_, payload) => heard.push(payload) });
      await isHere(victim.id);
      const topics = [
        up(victim.id),
        `c/${CAMPUS}/d/${victim.id}/down/command`,
        `c/${CAMPUS}/d/${thief.id}/down/command`,
        `c/north/d/${thief.id}/up/event`,
        `c/${CAMPUS}/d/${thief.id}/event`,
        '$CONTROL/dynamic-security/v1',
        'cmnd/plug/POWER',
      ];
      for (const topic of topics) {
        const client = await bare(thief);
        // Some brokers end the connection, mosquitto swallows it: MQTT 3.1.1, 3.3.5 leaves both open.
        const closed = whenClosed(client);
        await Promise.race([client.publishAsync(topic, event('stolen'), { qos: 1 }).catch(() => undefined), closed]);
        await client.endAsync(true);
      }
      const filters = [
        '#',
        'c/#',
        `c/${CAMPUS}/d/${victim.id}/down/#`,
        `c/${CAMPUS}/d/+/down/#`,
        `c/${CAMPUS}/d/${victim.id}/up/#`,
        `c/${CAMPUS}/d/${thief.id}/down/+`,
        '$SYS/#',
      ];
      for (const filter of filters) {
        const client = await bare(thief);
        await expect(client.subscribeAsync(filter, { qos: 1 })).rejects.toThrow();
        await client.endAsync(true);
      }
      const client = device(thief);
      await client.publishAsync(up(thief.id), event('own'), { qos: 1 });
      await isStored(thief.id, ['own']);
      await bus.send(victim.id, 'command', Buffer.from('from the hub'));
      await vi.waitFor(() => {
        expect(heard).toEqual(['from the hub']);
      }, PATIENCE);
      expect(stored(victim.id)).toEqual([]);
    });

    it('does not act on what was retained', async () => {
      const account = await enrol();
      const client = await bare(account);
      const closed = whenClosed(client);
      const options = { qos: 1, retain: true } as const;
      await Promise.race([client.publishAsync(up(account.id), event('kept'), options).catch(() => undefined), closed]);
      await client.endAsync(true);
      // Outside it also passes live, which is well; only what the broker hands out again must not count.
      if (under.keepsSessions) await isStored(account.id, ['kept']);
      await bus.stop();
      db.exec('DELETE FROM bus_inbox');
      await startHub();
      const sober = device(account);
      await sober.publishAsync(up(account.id), event('live'), { qos: 1 });
      await isStored(account.id, ['live']);
    });

    it('leaves no order alive for a session that was kept', async () => {
      const account = await enrol();
      if (!under.keepsSessions) {
        await expect(bare(account, { clean: false })).rejects.toThrow();
        return;
      }
      const sleeper = await bare(account, { clean: false });
      await sleeper.subscribeAsync(`c/${CAMPUS}/d/${account.id}/down/#`, { qos: 1 });
      await sleeper.endAsync();
      const now = clock.now();
      const command: Command = {
        id: 'open',
        name: 'release',
        args: {},
        issuedAt: now,
        expiresAt: epochMs(now + 50),
        issuedBy: 'the test',
      };
      await bus.send(account.id, 'command', Buffer.from(JSON.stringify(command)));
      await vi.waitFor(() => {
        expect(clock.now()).toBeGreaterThan(command.expiresAt);
      }, PATIENCE);
      const woken = await bare(account, { clean: false, manualConnect: false });
      const heard: string[] = [];
      woken.on('message', (_topic, payload) => heard.push(payload.toString()));
      // Whether the broker kept it or not: it is dead on arrival.
      await woken.subscribeAsync(`c/${CAMPUS}/d/${account.id}/down/#`, { qos: 1 });
      for (const text of heard) expect(isLive(JSON.parse(text) as Command, clock.now())).toBe(false);
      // The session must not outlive the test.
      await woken.endAsync();
      await bare(account, { clean: true });
    });

    it('goes on by itself after a restart of the broker', { timeout: 300_000 }, async () => {
      const account = await enrol();
      const heard: string[] = [];
      const client = device(account, { onDown: (_, payload) => heard.push(payload) });
      await isHere(account.id);
      await client.publishAsync(up(account.id), event('before'), { qos: 1 });
      await isStored(account.id, ['before']);
      const goesOn = async (word: string, events: readonly string[]): Promise<void> => {
        await client.publishAsync(up(account.id), event(word), { qos: 1 });
        await isStored(account.id, events, RESTART_PATIENCE);
        await vi.waitFor(async () => {
          await bus.send(account.id, 'command', Buffer.from(word));
          expect(heard).toContain(word);
        }, RESTART_PATIENCE);
        await isHere(account.id, true, RESTART_PATIENCE);
      };
      if (under.loseNode) {
        const node = await under.loseNode();
        await goesOn('one node less', ['before', 'one node less']);
        await node.back();
        db.prepare('DELETE FROM bus_inbox WHERE event_id <> ?').run('before');
      }
      if (under.restart) {
        await under.restart();
      } else {
        await bus.stop();
        await startHub();
      }
      await goesOn('after', ['before', 'after']);
    });
  });
}

const whenClosed = (client: MqttClient): Promise<void> =>
  new Promise((resolve) => {
    client.once('close', () => {
      resolve();
    });
  });
