import type { MqttChannel } from '@hallhub/device-drivers/kit';
import type { MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { GuestRights } from '../guest.ts';
import { tasmotaRights } from '../guest.ts';
import { connectPatiently } from './patient.ts';

export interface ChannelUnderTest {
  readonly channel: MqttChannel;
  readonly url: string;
  readonly ca?: string;
  /** Lets a device of somebody else's convention in. */
  admit(username: string, password: string, rights: GuestRights): Promise<void>;
  /** Kills the broker and starts it again. */
  readonly restart?: () => Promise<void>;
  stop(): Promise<void>;
}

const PATIENCE = { timeout: 30_000, interval: 20 };

/** What drivers of other people's MQTT devices may rely on, whichever broker it is. */
export function channelContract(
  name: string,
  start: () => Promise<ChannelUnderTest>,
  { restarts }: { readonly restarts: boolean },
): void {
  describe(`MQTT channel over ${name}`, { timeout: 60_000 }, () => {
    let under: ChannelUnderTest;
    let unique = 0;
    const cleanUps: (() => unknown)[] = [];
    beforeAll(async () => {
      under = await start();
      await isUp();
    }, 60_000);
    afterEach(async () => {
      for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
    });
    afterAll(() => under.stop());

    const isUp = () =>
      vi.waitFor(() => {
        expect(under.channel.state.up).toBe(true);
      }, PATIENCE);
    const bytes = (text: string): Uint8Array => Buffer.from(text);
    /** What comes on `filter`, as `topic=payload`, with `!` in front of what was retained. */
    const listen = (filter: string): string[] => {
      const heard: string[] = [];
      cleanUps.push(
        under.channel.subscribe(filter, ({ topic, payload, retained }) =>
          heard.push(`${retained ? '!' : ''}${topic}=${Buffer.from(payload).toString()}`),
        ),
      );
      return heard;
    };
    /** Publishes until it comes back: a subscription takes effect when the broker says so, of which the channel tells nothing. */
    const settled = async (): Promise<void> => {
      const marker = `marker/${++unique}`;
      const heard = listen(marker);
      await vi.waitFor(async () => {
        await under.channel.publish(marker, bytes('x'));
        expect(heard.length).toBeGreaterThan(0);
      }, PATIENCE);
    };
    const guest = async (topic: string): Promise<MqttClient> => {
      await under.admit(topic, `secret of ${topic}`, tasmotaRights(topic));
      const client = await connectPatiently(under.url, {
        username: topic,
        password: `secret of ${topic}`,
        clientId: `DVES-${topic}`,
        ...(under.ca !== undefined && { ca: under.ca }),
      });
      client.on('error', () => undefined);
      cleanUps.push(() => client.endAsync(true));
      return client;
    };

    it('hands a message once to each subscription that it matches, overlapping or the same', async () => {
      const base = `overlap/${++unique}`;
      const heard = [`${base}/#`, `${base}/+/state`, `${base}/a/state`, `${base}/#`].map(listen);
      const other = listen(`${base}/b/#`);
      await settled();
      for (const text of ['1', '2', '3'])
        expect(await under.channel.publish(`${base}/a/state`, bytes(text))).toEqual({ ok: true });
      expect(await under.channel.publish(`${base}/b/end`, bytes('end'))).toEqual({ ok: true });
      await vi.waitFor(() => {
        expect(other).toEqual([`${base}/b/end=end`]);
        expect(heard[0]).toHaveLength(4);
      }, PATIENCE);
      const states = ['1', '2', '3'].map((text) => `${base}/a/state=${text}`);
      expect(heard).toEqual([[...states, `${base}/b/end=end`], states, states, [...states, `${base}/b/end=end`]]);
    });

    it('hears no more after the subscription was cancelled', async () => {
      const topic = `cancel/${++unique}`;
      const heard: string[] = [];
      const cancel = under.channel.subscribe(topic, () => heard.push('x'));
      const stays = listen(topic);
      await settled();
      cancel();
      cancel();
      await under.channel.publish(topic, bytes('1'));
      await vi.waitFor(() => {
        expect(stays).toHaveLength(1);
      }, PATIENCE);
      expect(heard).toEqual([]);
    });

    it('says whether a late subscriber of a wildcard hears what was retained, and that is so', async () => {
      const base = `late/${++unique}`;
      const { retainsMessages } = under.channel.state;
      await under.channel.publish(`${base}/state`, bytes('on'), { retain: true });
      const first = listen(`${base}/#`);
      await settled();
      const second = listen(`${base}/#`);
      await settled();
      const expected = retainsMessages ? [`!${base}/state=on`] : [];
      await vi.waitFor(() => {
        expect([first, second]).toEqual([expected, expected]);
      }, PATIENCE);
      await under.channel.publish(`${base}/state`, bytes(''), { retain: true });
      // Everything before this has arrived.
      await settled();
      const third = listen(`${base}/#`);
      await settled();
      expect(third).toEqual([]);
    });

    it('lets nobody leave an order behind', async () => {
      const retain = (topic: string) => () => under.channel.publish(topic, bytes('ON'), { retain: true });
      for (const topic of ['cmnd/plug/POWER', 'zigbee2mqtt/lamp/set', 'shelly-1/rpc'])
        await expect((async () => retain(topic)())()).rejects.toThrow(RangeError);
    });

    it('carries the talk of a guest and keeps it in its place', async () => {
      const topic = `plug-${++unique}`;
      const plug = await guest(topic);
      const other = `plug-${++unique}`;
      const stranger = await guest(other);
      const states = listen('stat/#');
      const orders = listen('cmnd/#');
      await settled();
      const heard: string[] = [];
      plug.on('message', (name, payload) => heard.push(`${name}=${payload.toString()}`));
      await plug.subscribeAsync(`cmnd/${topic}/#`, { qos: 0 });
      await under.channel.publish(`cmnd/${topic}/POWER`, bytes('ON'));
      await vi.waitFor(() => {
        expect(heard).toEqual([`cmnd/${topic}/POWER=ON`]);
      }, PATIENCE);
      const escapes = [`stat/${topic}/POWER`, `cmnd/${topic}/POWER`, `cmnd/${other}/POWER`, 'c/south/d/gate/up/event'];
      for (const escape of escapes) {
        const client = await guest(other);
        const closed = new Promise<void>((resolve) => {
          client.once('close', () => {
            resolve();
          });
        });
        const options = { qos: 1, retain: true } as const;
        await Promise.race([client.publishAsync(escape, 'stolen', options).catch(() => undefined), closed]);
        await client.endAsync(true);
      }
      for (const filter of ['#', 'cmnd/#', `stat/${topic}/#`, 'c/south/d/gate/down/#']) {
        const client = await guest(other);
        await expect(client.subscribeAsync(filter, { qos: 0 })).rejects.toThrow();
        await client.endAsync(true);
      }
      await plug.publishAsync(`stat/${topic}/POWER`, 'ON', { qos: 1 });
      await vi.waitFor(() => {
        expect(states).toEqual([`stat/${topic}/POWER=ON`]);
      }, PATIENCE);
      expect(orders).toEqual([`cmnd/${topic}/POWER=ON`]);
      await stranger.endAsync(true);
    });

    if (restarts) {
      it('comes back by itself with all its subscriptions, and sends nothing late', async () => {
        const states: boolean[] = [];
        cleanUps.push(under.channel.onState(({ up }) => states.push(up)));
        const heard = listen(`back/${++unique}`);
        const restarted = under.restart?.();
        await vi.waitFor(() => {
          expect(under.channel.state.up).toBe(false);
        }, PATIENCE);
        expect(await under.channel.publish(`back/${unique}`, bytes('late'))).toMatchObject({
          error: { code: 'E-DEV-0102' },
        });
        await restarted;
        await isUp();
        await under.channel.publish(`back/${unique}`, bytes('now'));
        await vi.waitFor(() => {
          expect(heard).toEqual([`back/${unique}=now`]);
        }, PATIENCE);
        expect(states).toEqual([false, true]);
      });
    }
  });
}
