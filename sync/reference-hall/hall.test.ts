import { hash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { epochMs, failure, iso, systemClock, unwrap } from '../base/index.ts';
import type { Change } from '../contract/index.ts';
import { certificatePrinted, equipmentFaultReported, visitorEntered, walkInRequested } from '../contract/index.ts';
import { startTestHub, temporaryFolder, testToken } from '../testing/hub.ts';
import type { TestHub } from '../testing/hub.ts';
import { until } from '../testing/until.ts';
import { startReferenceHall } from './index.ts';
import type { ReferenceHall } from './index.ts';

const clock = systemClock({ mode: 'test' });
const folder = temporaryFolder();
let hall: ReferenceHall;
let hub: TestHub | undefined;
let round = 0;

const startHall = (port = 0): Promise<ReferenceHall> =>
  startReferenceHall({
    dataDir: join(folder.path, `hall-${round}`),
    port,
    clock,
    hubs: [{ id: 'hub-1', token: testToken }],
    seed: true,
  });
const startHub = (options: Partial<Parameters<typeof startTestHub>[1]> = {}): TestHub => {
  hub = startTestHub(hall, { file: join(folder.path, `hub-${round}.sqlite`), ...options });
  hub.replica.start();
  hub.outbox.start();
  return hub;
};
const upToDate = (): Promise<void> => until(() => hub?.replica.status().upToDate === true, 'the replica is up to date');
const live = (): string[] =>
  [...(hub?.projected.values() ?? [])].filter(({ op }) => op === 'upsert').map(({ id }) => id);
const anApproved = (kind = 'visitor-access'): string => {
  const found = hall.requests.list(100).find((request) => request.kind === kind && request.state === 'approved');
  if (!found) throw new Error('the seed holds no such request');
  return found.id;
};
const visit = (id: string, revision: number, more: Partial<Change> = {}): Omit<Change, 'committedAt'> => ({
  id,
  kind: 'visitor-access',
  schemaVersion: '1.0',
  revision,
  op: 'upsert',
  validFrom: '2026-01-01T00:00:00+08:00',
  validUntil: '2099-01-01T00:00:00+08:00',
  data: {
    people: [{ name: '张三', document: { type: 'passport', number: 'E12345678' } }],
    gates: ['east-1'],
    host: { name: '李老师' },
  },
  ...more,
});

beforeEach(async () => {
  round += 1;
  hall = await startHall();
});
afterEach(async () => {
  await hub?.close();
  hub = undefined;
  await hall.close();
});
afterAll(() => folder.remove());

describe('requests on their way down', () => {
  it('brings every approved request and none that is not', async () => {
    startHub();
    await upToDate();
    const approved = hall.requests.list(100).filter(({ state }) => state === 'approved');
    expect(live().sort()).toEqual(approved.map(({ id }) => id).sort());
    expect(live().length).toBeGreaterThan(8);
  });

  it('brings a revocation without waiting for the next poll', async () => {
    startHub();
    await upToDate();
    const id = anApproved();
    unwrap(hall.requests.revoke(id, '取消'));
    await until(() => hub?.projected.get(id)?.op === 'revoke', 'the revocation arrives');
    expect(hub?.projected.get(id)).toMatchObject({ data: { reason: '取消' }, because: 'hall', revision: 2 });
  });

  it('goes on where it was after a restart of both ends', async () => {
    startHub();
    await upToDate();
    await hub?.close();
    const { port } = hall;
    await hall.close();
    hall = await startHall(port);
    const id = anApproved();
    unwrap(hall.requests.revoke(id, ''));
    startHub();
    await upToDate();
    await until(() => hub?.projected.has(id) === true, 'the change made meanwhile arrives');
    expect([...(hub?.projected.keys() ?? [])]).toEqual([id]);
  });

  it('loads a complete image when its cursor is too old, and revokes what the image does not hold', async () => {
    startHub();
    await upToDate();
    await hub?.close();
    const id = anApproved();
    unwrap(hall.requests.revoke(id, ''));
    hall.requests.dropTombstones();
    startHub();
    await until(() => hub?.projected.get(id)?.op === 'revoke', 'the lost revocation is inferred');
    expect(hub?.projected.get(id)).toMatchObject({ because: 'absent' });
    await upToDate();
  });

  it('quarantines a poison change, suspends the older revision, and goes on', async () => {
    hall.requests.commit([visit('P-1', 1), visit('P-2', 1)]);
    startHub();
    await upToDate();
    hall.requests.commit([
      visit('P-1', 2, { schemaVersion: '9.0' }),
      visit('P-2', 2, { data: { people: [] } }),
      visit('P-3', 1, { kind: 'locker-loan' }),
      visit('P-4', 1),
    ]);
    await until(() => hub?.projected.has('P-4') === true, 'the feed goes on');
    expect(hub?.projected.get('P-1')).toMatchObject({ op: 'revoke', because: 'quarantined' });
    expect(hub?.projected.has('P-3')).toBe(false);
    const codes = hub?.replica.quarantined().map(({ id, failure: { code } }) => [id, code]);
    expect(codes).toEqual([
      ['P-1', 'E-SYNC-0202'],
      ['P-2', 'E-SYNC-0203'],
    ]);
    hall.requests.commit([visit('P-1', 3)]);
    await until(() => hub?.projected.get('P-1')?.revision === 3, 'a newer revision heals it');
    expect(hub?.replica.quarantined().map(({ id }) => id)).toEqual(['P-2']);
  });

  it('undoes what a refusing projection wrote, keeps the rest of its page, and applies it on retry', async () => {
    let broken = true;
    hall.requests.commit([visit('Q-1', 1), visit('Q-2', 1), visit('Q-3', 1)]);
    startHub({
      project: (change) => {
        hub?.db.exec('CREATE TABLE IF NOT EXISTS pass (id TEXT PRIMARY KEY)');
        hub?.db.prepare('INSERT OR REPLACE INTO pass VALUES (?)').run(change.id);
        return change.id === 'Q-2' && broken ? failure('E-TEST-0001', 'not today') : undefined;
      },
    });
    await upToDate();
    const passes = (): unknown[] | undefined =>
      hub?.db.prepare(`SELECT id FROM pass WHERE id LIKE 'Q-%' ORDER BY id`).pluck().all();
    expect(passes()).toEqual(['Q-1', 'Q-3']);
    const [entry] = hub?.replica.quarantined() ?? [];
    expect(entry).toMatchObject({ id: 'Q-2', failure: { code: 'E-TEST-0001', detail: 'not today' } });
    expect(hub?.replica.retry(entry!.key).ok).toBe(false);
    broken = false;
    expect(hub?.replica.retry(entry!.key).ok).toBe(true);
    expect(passes()).toEqual(['Q-1', 'Q-2', 'Q-3']);
    expect(hub?.replica.quarantined()).toEqual([]);
  });

  it('proves that it holds the same set, and mends what was lost or is too much', async () => {
    startHub();
    await upToDate();
    expect(unwrap(await hub!.replica.verify())).toMatchObject({ inStep: true, repaired: 0, revoked: 0 });
    const lost = anApproved();
    hub!.db.prepare('DELETE FROM replica_record WHERE id = ?').run(lost);
    hub!.projected.delete(lost);
    hub!.db
      .prepare(
        `INSERT INTO replica_record SELECT source, 'ghost', kind, op, revision, valid_from, valid_until,
           committed_at, standing, generation FROM replica_record WHERE op = 'upsert' LIMIT 1`,
      )
      .run();
    expect(unwrap(await hub!.replica.verify())).toMatchObject({ inStep: false, repaired: 1, revoked: 1 });
    expect(hub!.projected.get(lost)?.op).toBe('upsert');
    expect(hub!.projected.get('ghost')).toMatchObject({ op: 'revoke', because: 'absent' });
    expect(unwrap(await hub!.replica.verify())).toMatchObject({ inStep: true });
  });

  it('keeps no name and no number in plain, not even of a quarantined change', async () => {
    const marked = { name: 'Zaphod-Marker', document: { type: 'passport', number: 'MARKER777' } };
    hall.requests.commit([visit('S-1', 1, { schemaVersion: '9.0', data: { people: [marked] } })]);
    startHub();
    await upToDate();
    expect(hub?.replica.quarantined()).toHaveLength(1);
    hub!.db.pragma('wal_checkpoint(TRUNCATE)');
    expect(hub!.db.serialize().includes('Zaphod')).toBe(false);
    expect(hub!.db.serialize().includes('MARKER777')).toBe(false);
  });
});

const entered = (revision = 1) => ({
  revision,
  at: iso(epochMs(Date.now())),
  person: 0,
  gate: 'east-1',
  passage: 'observed' as const,
});
const settled = (): Promise<void> => until(() => hub?.outbox.status().pending === 0, 'everything is acknowledged');

describe('events on their way up', () => {
  it('delivers outcomes and requests once, in the order of their subject', async () => {
    startHub();
    const visitId = anApproved();
    const certificateId = anApproved('certificate');
    for (let copy = 0; copy < 3; copy++) {
      hub!.outbox.append({ type: visitorEntered, subject: visitId, data: { ...entered(), companions: copy } });
      hub!.outbox.append({
        type: certificatePrinted,
        subject: certificateId,
        data: { revision: 1, at: iso(clock.now()), copies: 1, copiesLeft: 2 - copy, printer: 'kiosk-1' },
      });
    }
    await settled();
    const bySubject = hall.inbox.list({ limit: 100 }).filter(({ subject }) => subject === visitId);
    expect(bySubject.map(({ data }) => (data as { companions: number }).companions)).toEqual([2, 1, 0]);
    expect(hall.inbox.count()).toBe(6);
  });

  it('turns a walk-in request with a photo into an application, and an approval comes back down', async () => {
    startHub();
    const bytes = Buffer.from('not really a photo');
    const sha256 = hash('sha256', bytes, 'hex');
    hub!.outbox.append({
      type: walkInRequested,
      subject: 'W-hub-1-1',
      data: {
        at: iso(clock.now()),
        people: [{ name: '访客', document: { type: 'passport', number: 'E99999999' } }],
        gate: 'east-1',
        host: { name: '李老师' },
        validFrom: '2026-01-01T00:00:00+08:00',
        validUntil: '2099-01-01T00:00:00+08:00',
        attachments: [{ sha256, mediaType: 'image/jpeg', name: 'photo.jpg', size: bytes.length }],
      },
      files: [{ sha256, mediaType: 'image/jpeg', bytes }],
    });
    await settled();
    expect(hall.requests.get('W-hub-1-1')).toMatchObject({ state: 'submitted', origin: 'premises' });
    expect(hall.requests.file(sha256)?.bytes).toEqual(bytes);
    unwrap(hall.requests.approve('W-hub-1-1'));
    await until(() => hub?.projected.has('W-hub-1-1') === true, 'the approval comes down');
  });

  it('reports an equipment fault', async () => {
    startHub();
    hub!.outbox.append({
      type: equipmentFaultReported,
      subject: 'F-1',
      data: { at: iso(clock.now()), device: 'gate-east-1', description: '读卡器离线' },
    });
    await settled();
    expect(hall.requests.get('F-1')).toMatchObject({ kind: 'equipment-fault', state: 'reported' });
  });

  it('puts a rejected event among the dead letters, lets the rest pass, and delivers it on retry', async () => {
    startHub();
    const id = hub!.outbox.append({ type: visitorEntered, subject: 'nobody', data: entered() });
    hub!.outbox.append({ type: visitorEntered, subject: anApproved(), data: entered() });
    await settled();
    expect(hub!.outbox.deadLetters()).toMatchObject([{ id, code: 'unknown-request' }]);
    expect(hall.inbox.count()).toBe(1);
    hall.requests.commit([visit('nobody', 1)]);
    expect(hub!.outbox.retry(id)).toBe(true);
    await until(() => hall.inbox.count() === 2, 'the retried event arrives');
    await settled();
    expect(hub!.outbox.deadLetters()).toEqual([]);
  });

  it('counts nothing twice and loses nothing when answers are cut', async () => {
    startHub();
    const subject = anApproved();
    for (let index = 0; index < 30; index++) {
      if (index % 5 === 0) hall.faults.set({ answer: 'cut', path: '/v1/outcomes' });
      hub!.outbox.append({ type: visitorEntered, subject, data: entered() });
      if (index % 5 === 0) {
        await until(() => hub!.outbox.status().link.state === 'offline', 'the cut is noticed');
        hall.faults.clear();
      }
      await settled();
    }
    expect(hall.inbox.count()).toBe(30);
  });
});

describe('a hall that misbehaves', () => {
  it.each([
    ['answer', 'html', 'E-SYNC-0104'],
    ['answer', 'half-json', 'E-SYNC-0104'],
    ['answer', 'cut', 'E-SYNC-0101'],
    ['answer', 'forged', 'E-SYNC-0106'],
    ['status', 503, 'E-SYNC-0103'],
    ['status', 429, 'E-SYNC-0103'],
    ['unreachable', true, 'E-SYNC-0101'],
  ] as const)('%s %s: says %s, applies nothing, and recovers', async (name, value, code) => {
    hall.faults.set({ [name]: value });
    startHub();
    await until(() => hub?.replica.status().feed.state === 'offline', 'the replica is offline');
    expect(hub?.replica.status().feed).toMatchObject({ state: 'offline', failure: { code } });
    expect(hub?.projected.size).toBe(0);
    expect(hub?.replica.staleness()).toBe(Infinity);
    hall.faults.clear();
    await upToDate();
    expect(hub?.replica.staleness()).toBeLessThan(10_000);
    expect(live().length).toBeGreaterThan(8);
  });

  it('notices that the hall has gone in the middle of a long-poll', async () => {
    startHub();
    await upToDate();
    hall.faults.set({ unreachable: true });
    await until(() => hub?.replica.status().feed.state === 'offline', 'the cut is noticed');
    const id = anApproved();
    unwrap(hall.requests.revoke(id, ''));
    hall.faults.clear();
    await until(() => hub?.projected.get(id)?.op === 'revoke', 'the revocation arrives afterwards');
  });

  it('refuses a hub whose token is wrong', async () => {
    startHub({ link: { token: 'not the token' } });
    await until(() => hub?.replica.status().feed.state === 'offline', 'the replica is refused');
    expect(hub?.replica.status().feed).toMatchObject({ failure: { code: 'E-SYNC-0107', class: 'authentication' } });
  });

  it('fences off the hub that has been replaced', async () => {
    startHub();
    await upToDate();
    const response = await fetch(`${hall.url}v1/digest`, {
      headers: {
        authorization: `Bearer ${testToken}`,
        'hallhub-hub': 'hub-1',
        'hallhub-epoch': '2',
        'hallhub-nonce': 'abcdefghijklmnop',
      },
    });
    expect(response.status).toBe(200);
    hub!.outbox.append({ type: visitorEntered, subject: anApproved(), data: entered() });
    await until(() => hub?.outbox.status().link.state === 'fenced', 'the outbox is fenced');
    unwrap(hall.requests.revoke(anApproved(), ''));
    await until(() => hub?.replica.status().revocations.state === 'fenced', 'the replica is fenced');
    expect(hall.inbox.count()).toBe(0);
  });
});
