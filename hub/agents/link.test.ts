import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBundle } from '@hallhub/firmware-profiles/bundle';
import { builtInFiles } from '@hallhub/firmware-profiles/schema';
import type { ManualClock } from '@hallhub/sync/base';
import { manualClock, minutes, ms, plus, seconds } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AgentLink } from './link.ts';
import { createPair } from './testing/pair.ts';

let folder: string;
let clock: ManualClock;
let pair: ReturnType<typeof createPair>;
let domains: (link: AgentLink, db: Db) => void;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'agent-link-'));
  clock = manualClock();
  domains = () => undefined;
  pair = createPair({
    clock,
    hubFile: join(folder, 'hub.db'),
    agentFile: join(folder, 'agent.db'),
    domains: (link, db) => {
      domains(link, db);
    },
  });
  pair.connect();
  await clock.advanceAsync(seconds(5));
  expect(pair.station.host?.devices()).toHaveLength(1);
});
afterEach(async () => {
  await pair.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A domain that counts passages on the disk, and remembers when they were. */
function countPassages(options: { throws?: () => boolean } = {}): { readonly at: number[] } {
  const at: number[] = [];
  domains = (link, db) => {
    db.exec('CREATE TABLE IF NOT EXISTS passed (at INTEGER) STRICT');
    link.host.capability('arm', 'passageSensor')?.onPassage((passage) => {
      db.prepare('INSERT INTO passed (at) VALUES (?)').run(passage.at);
      if (options.throws?.() === true) throw new Error('a domain that throws');
      at.push(passage.at);
    });
  };
  pair.restartHub();
  return { at };
}
const passed = (): unknown => pair.hubDb.prepare('SELECT count(*) FROM passed').pluck().get();
const nothingWaits = async (): Promise<void> => {
  await clock.advanceAsync(minutes(3));
  expect(pair.station.status().outbox).toMatchObject({ pending: 0, deadLetters: 0 });
};

describe('what an agent reports for certain', () => {
  it('has its effects once, although answers are lost and the hub dies between receiving and telling', async () => {
    countPassages();
    let answers = 0;
    let restarted = false;
    pair.down = ({ topic }) => {
      if (topic !== 'down/answer') return 1;
      answers += 1;
      if (!restarted && pair.link.inbox().waiting > 0) {
        // Received in this turn of the event loop; nobody has been told yet.
        restarted = true;
        queueMicrotask(() => {
          pair.restartHub();
        });
      }
      return answers <= 3 ? 0 : 1;
    };
    for (let walk = 0; walk < 5; walk += 1) pair.arm.walk();
    await nothingWaits();
    expect(restarted).toBe(true);
    expect(passed()).toBe(5);
  });

  it('waits for a domain that throws, is seen to wait, and has its effects once when that is mended', async () => {
    let broken = true;
    countPassages({ throws: () => broken });
    pair.arm.walk();
    await nothingWaits();
    expect(passed()).toBe(0);
    expect(pair.link.inbox()).toEqual({ waiting: 0, failed: 1 });
    broken = false;
    pair.restartHub();
    await clock.advanceAsync(seconds(1));
    expect(passed()).toBe(1);
    expect(pair.link.inbox()).toEqual({ waiting: 0, failed: 0 });
  });
});

describe('an agent whose disk is put back to an older state', () => {
  const walk = async (times: number): Promise<void> => {
    for (let count = 0; count < times; count += 1) pair.arm.walk();
    await clock.advanceAsync(seconds(5));
  };

  it.each([
    ['and then has fewer events than it had', 4, 2],
    ['and then has more events than it had', 4, 9],
  ])('loses none of what is new %s, and nothing counts twice', async (_what, before, after) => {
    countPassages();
    await walk(2);
    // Two wait when the picture of the disk is taken; the hub will have had them.
    pair.disconnect();
    await walk(2);
    const image = join(folder, 'image.db');
    pair.agentDb.exec(`VACUUM INTO '${image}'`);
    pair.connect();
    await walk(before);
    await nothingWaits();
    expect(passed()).toBe(4 + before);
    pair.disconnect();
    await pair.restartAgent(image);
    await clock.advanceAsync(seconds(1));
    await walk(after);
    pair.connect();
    await nothingWaits();
    expect(passed()).toBe(4 + before + after);
    await walk(1);
    expect(passed()).toBe(4 + before + after + 1);
  });

  it('is noticed although the hub has forgotten the single events', async () => {
    countPassages();
    const image = join(folder, 'image.db');
    pair.agentDb.exec(`VACUUM INTO '${image}'`);
    await walk(3);
    pair.link.purge(plus(clock.now(), minutes(1)));
    await pair.restartAgent(image);
    await clock.advanceAsync(seconds(1));
    await walk(1);
    await nothingWaits();
    expect(passed()).toBe(4);
  });
});

describe('what an agent could not keep', () => {
  it('is told when there is room again, and known here until it is withdrawn', async () => {
    const counts = { logs: 40, health: 3, refusals: 0, reports: 7, entries: 0 };
    pair.agentDb.prepare('UPDATE station_store SET shed = ?').run(JSON.stringify({ since: clock.now(), counts }));
    await pair.restartAgent();
    await nothingWaits();
    expect(pair.link.state('gate-1').shed).toMatchObject(counts);
    pair.restartHub();
    expect(pair.link.state('gate-1').shed).toMatchObject(counts);
    const withdrawn = pair.link.withdraw('gate-1');
    await clock.advanceAsync(seconds(5));
    await withdrawn;
    expect(pair.link.state('gate-1').shed).toBeUndefined();
  });
});

describe('when it was', () => {
  it('is told in the hub’s time, however the agent’s clock is set meanwhile', async () => {
    const { at } = countPassages();
    const truly: number[] = [];
    const walk = async (): Promise<void> => {
      truly.push(clock.now());
      pair.arm.walk();
      await clock.advanceAsync(seconds(2));
    };
    pair.agentSkew = 7_200_000;
    await walk();
    pair.disconnect();
    await walk();
    pair.agentSkew = -86_400_000;
    await walk();
    await clock.advanceAsync(minutes(30));
    pair.connect();
    await nothingWaits();
    expect(at).toHaveLength(3);
    at.forEach((told, index) => {
      expect(Math.abs(told - (truly[index] ?? 0))).toBeLessThan(10);
    });
  });

  it('is told in the hub’s time by a hub that has not been greeted yet', async () => {
    pair.agentSkew = 3_600_000;
    const { at } = countPassages();
    const truly = clock.now();
    pair.arm.walk();
    await clock.advanceAsync(seconds(2));
    expect(Math.abs((at[0] ?? 0) - truly)).toBeLessThan(10);
  });

  it('decides whether an order is late by the hub’s time, however the agent’s clock is set meanwhile', async () => {
    const open = pair.link.host.capability('arm', 'barrier')?.open;
    const order = (id: string) =>
      open?.({
        ...{ id, name: 'open', args: { hold: ms(700), direction: 'in' }, issuedBy: 'request:1' },
        ...{ issuedAt: clock.now(), expiresAt: plus(clock.now(), seconds(2)) },
      });
    pair.agentSkew = 3_600_000;
    const first = order('c1');
    await clock.advanceAsync(seconds(5));
    expect(await first).toMatchObject({ ok: true });
    // It comes late, and by the agent's wall clock, set back, in time.
    pair.agentSkew = -3_600_000;
    let late: Uint8Array | undefined;
    pair.down = ({ topic, payload }) => {
      if (topic !== 'down/command') return 1;
      late = payload;
      return 0;
    };
    const second = order('c2');
    await clock.advanceAsync(seconds(5));
    expect(await second).toMatchObject({ error: { code: 'E-DEV-0202' } });
    pair.deliver('down/command', late ?? new Uint8Array());
    await clock.advanceAsync(seconds(5));
    expect(pair.arm.opened.map(({ id }) => id)).toEqual(['c1']);
  });
});

describe('an order', () => {
  const order = (id: string, life = seconds(2)) =>
    pair.link.host.capability('arm', 'barrier')?.open({
      ...{ id, name: 'open', args: { hold: ms(700), direction: 'in' }, issuedBy: 'request:1' },
      ...{ issuedAt: clock.now(), expiresAt: plus(clock.now(), life) },
    });
  const commandsSent = (): number => pair.reachedAgent.filter((topic) => topic === 'down/command').length;

  it('that was begun in time and takes longer than its expiry is waited for, and not asked for again', async () => {
    let finish: () => void = () => undefined;
    pair.arm.answer = (command) =>
      new Promise((resolve) => {
        finish = () => {
          resolve({ ok: true, value: { commandId: command.id, confirmation: 'observed', at: clock.now() } });
        };
      });
    const given = order('c1');
    await clock.advanceAsync(seconds(90));
    expect(commandsSent()).toBe(1);
    finish();
    await clock.advanceAsync(seconds(5));
    expect(await given).toMatchObject({ ok: true, value: { confirmation: 'observed' } });
  });

  it('that was begun and of which nothing more is heard fails when it should have been over', async () => {
    pair.arm.answer = () => new Promise(() => undefined);
    let ended: unknown;
    void order('c1')?.then((receipt) => {
      ended = receipt;
    });
    await clock.advanceAsync(minutes(2));
    expect(ended).toBeUndefined();
    await clock.advanceAsync(seconds(10));
    expect(ended).toMatchObject({ error: { code: 'E-DEV-0202' } });
  });

  it('that fails for a reason of many words has failed for it', async () => {
    pair.arm.answer = () =>
      Promise.resolve({ ok: false, error: { code: 'E-DEV-0203', detail: 'the motor says no; '.repeat(100) } });
    const given = order('c1');
    await clock.advanceAsync(seconds(5));
    expect(await given).toMatchObject({ ok: false, error: { code: 'E-DEV-0203' } });
    await nothingWaits();
  });

  it('that ends while the agent’s disk takes nothing is told when it does', async () => {
    let finish: () => void = () => undefined;
    pair.arm.answer = (command) =>
      new Promise((resolve) => {
        finish = () => {
          resolve({ ok: true, value: { commandId: command.id, confirmation: 'observed', at: clock.now() } });
        };
      });
    const given = order('c1');
    await clock.advanceAsync(seconds(2));
    pair.agentDb.pragma('query_only = 1');
    finish();
    await clock.advanceAsync(seconds(30));
    pair.agentDb.pragma('query_only = 0');
    await clock.advanceAsync(minutes(1));
    expect(await given).toMatchObject({ ok: true, value: { confirmation: 'observed' } });
    expect(pair.arm.opened).toHaveLength(1);
  });

  it('of which no word comes is sent again at growing intervals, and never after its expiry', async () => {
    pair.up = () => 0;
    pair.arm.answer = () => new Promise(() => undefined);
    const given = order('c1', minutes(5));
    await clock.advanceAsync(minutes(20));
    expect(commandsSent()).toBeLessThan(16);
    expect(await given).toMatchObject({ error: { code: 'E-DEV-0202' } });
    expect(pair.arm.opened).toHaveLength(1);
  });
});

describe('an agent that does not come after a restart of the hub', () => {
  it('is given a while, and then its devices are down', async () => {
    pair.disconnect();
    pair.restartHub();
    expect(pair.link.host.health('arm')).toMatchObject({ state: 'starting' });
    await clock.advanceAsync(minutes(1));
    expect(pair.link.host.health('arm')).toMatchObject({ state: 'down', reason: { code: 'E-AGENT-0103' } });
    pair.connect();
    await clock.advanceAsync(seconds(5));
    expect(pair.link.host.health('arm')).toMatchObject({ state: 'ready' });
  });
});

describe('an agent whose disk takes nothing for a while', () => {
  it('goes on greeting', async () => {
    pair.agentDb.pragma('query_only = 1');
    await clock.advanceAsync(minutes(3));
    pair.agentDb.pragma('query_only = 0');
    const before = clock.now();
    await clock.advanceAsync(minutes(3));
    expect(pair.link.state('gate-1').heardAt).toBeGreaterThan(before);
  });
});

describe('an agent with a device that is down for a reason of many words', () => {
  it('is heard all the same, and its other orders are carried out', async () => {
    pair.arm.health = { state: 'down', reason: { code: 'E-DEV-0302', detail: 'params: not this; '.repeat(100) } };
    pair.disconnect();
    await pair.restartAgent();
    pair.connect();
    await clock.advanceAsync(seconds(5));
    expect(pair.link.host.health('arm')).toMatchObject({ state: 'down', reason: { code: 'E-DEV-0302' } });
    expect(pair.station.status().hubOffset).toBeDefined();
  });
});

describe('what an agent reports for now', () => {
  it('counts once, however often the pipe carries it', async () => {
    let cards = 0;
    domains = (link) => {
      link.host.capability('arm', 'cardReader')?.onCard(() => {
        cards += 1;
      });
    };
    pair.restartHub();
    pair.up = ({ topic }) => (topic === 'up/live' ? 3 : 1);
    pair.arm.card();
    await clock.advanceAsync(seconds(1));
    expect(cards).toBe(1);
    pair.arm.card();
    await clock.advanceAsync(seconds(1));
    expect(cards).toBe(2);
  });

  it('is dropped when it comes late, and when it claims to live for ever', async () => {
    let cards = 0;
    domains = (link) => {
      link.host.capability('arm', 'cardReader')?.onCard(() => {
        cards += 1;
      });
    };
    pair.restartHub();
    const kept: Uint8Array[] = [];
    pair.up = ({ topic, payload }) => {
      if (topic !== 'up/live') return 1;
      kept.push(payload);
      return 0;
    };
    pair.arm.card();
    await clock.advanceAsync(seconds(11));
    const [payload = new Uint8Array()] = kept;
    pair.link.host.live('gate-1', payload);
    const forEver = { ...(JSON.parse(Buffer.from(payload).toString()) as object), id: 'x', expiresAt: 9e15 };
    pair.link.host.live('gate-1', Buffer.from(JSON.stringify(forEver)));
    expect(cards).toBe(0);
  });
});

describe('whose profiles an agent believes', () => {
  const maker = () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    return {
      publicKey: (publicKey.export({ format: 'der', type: 'spki' }) as Buffer).subarray(-32).toString('base64'),
      sign: (version: string, keyId: string) => ({
        version,
        bytes: createBundle({ version, createdAt: 1, files: builtInFiles(), keyId, privateKey }),
      }),
    };
  };
  const [first, second] = [maker(), maker()];
  const use = async (state: Partial<Pick<typeof pair, 'keySet' | 'bundle'>>): Promise<string | undefined> => {
    Object.assign(pair, state);
    pair.link.assignAll();
    await clock.advanceAsync(seconds(5));
    return pair.link.state('gate-1').hello?.profiles;
  };

  it('follows the hub’s keys: one that is new is believed, one that was taken out is not, over a restart', async () => {
    const byFirst = first.sign('1', 'first');
    const bySecond = second.sign('2', 'second');
    expect(await use({ bundle: byFirst })).toBe('built-in');
    const rotating = { first: first.publicKey, second: second.publicKey };
    expect(await use({ keySet: { issuedAt: 2, keys: rotating } })).toBe('1');
    expect(await use({ bundle: bySecond })).toBe('2');
    expect(await use({ bundle: byFirst, keySet: { issuedAt: 3, keys: { second: second.publicKey } } })).toBe(
      'built-in',
    );
    await pair.restartAgent();
    await clock.advanceAsync(minutes(1));
    expect(await use({})).toBe('built-in');
    expect(await use({ bundle: bySecond })).toBe('2');
  });

  it('does not take back what was once true', async () => {
    const rotating = { first: first.publicKey };
    expect(await use({ bundle: first.sign('1', 'first'), keySet: { issuedAt: 5, keys: rotating } })).toBe('1');
    expect(await use({ keySet: { issuedAt: 6, keys: {} } })).toBe('built-in');
    expect(await use({ keySet: { issuedAt: 5, keys: rotating } })).toBe('built-in');
  });
});

describe('what an agent says of its devices when it greets', () => {
  it('is no older than the greeting, however long the machine looked for its ports', async () => {
    pair.portsTake = seconds(2);
    pair.disconnect();
    pair.connect();
    await clock.advanceAsync(seconds(1));
    pair.arm.health = { state: 'down', reason: { code: 'E-DEV-0102' } };
    await clock.advanceAsync(seconds(10));
    expect(pair.link.host.health('arm')).toMatchObject({ state: 'down', reason: { code: 'E-DEV-0102' } });
  });
});

describe('what is plugged into an agent', () => {
  it('is known at the hub, as far as it has a name that stays, and bounded', async () => {
    pair.ports = [
      { path: '/dev/ttyUSB0', byId: '/dev/serial/by-id/usb-a', vendorId: '1a86', productId: '7523' },
      { path: '/dev/ttyAMA0' },
      ...Array.from({ length: 100 }, (_, n) => ({ path: `/dev/ttyUSB${n + 1}`, byId: `/dev/serial/by-id/usb-${n}` })),
    ];
    await clock.advanceAsync(minutes(2));
    const ports = pair.link.state('gate-1').hello?.ports;
    expect(ports?.[0]).toEqual({
      path: '/dev/ttyUSB0',
      byId: '/dev/serial/by-id/usb-a',
      vendorId: '1a86',
      productId: '7523',
    });
    expect(ports).toHaveLength(64);
  });
});
