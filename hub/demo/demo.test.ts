import { mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Demo } from './demo.ts';
import { startDemo } from './demo.ts';
import type { FloorState } from './floor-state.ts';

let demo: Demo;
const dataDir = mkdtempSync(join(tmpdir(), 'hallhub-demo-'));

beforeAll(async () => {
  demo = await startDemo({ dataDir, port: 0, hallPort: 0 });
}, 30_000);
afterAll(async () => {
  await demo.close();
});

const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
  const response = await fetch(`${demo.hub.url}${path}`, {
    method,
    headers: { 'x-hallhub': '1', ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
};
const floor = () => call<FloorState>('GET', '/api/floor');
const find = async (name: string) => (await floor()).people.find((person) => person.name === name)!;
const swipe = async (name: string, reader: string) =>
  call('POST', `/api/floor/readers/${reader}/card`, { person: (await find(name)).key });
const latest = () => demo.hub.gates.entries({ limit: 1 })[0];
const outcomes = (type: string) => demo.hall.inbox.list({ limit: 100 }).filter((event) => event.type.includes(type));
const soon = { timeout: 15_000, interval: 20 };

describe('the main job, on the floor of the demo', () => {
  it('takes in the approvals of the hall', async () => {
    await vi.waitFor(() => {
      expect(demo.hub.gates.summary().passes).toBeGreaterThan(5);
    }, soon);
  });

  it('opens for an approved visitor, and the hall hears of the passage', async () => {
    await swipe('张三', 'east-reader');
    await vi.waitFor(async () => {
      expect((await floor()).turnstiles.find(({ id }) => id === 'east-turnstile')?.released).toBe('in');
    }, soon);
    expect(await call('POST', '/api/floor/turnstiles/east-turnstile/walk')).toEqual({ walked: true });
    await vi.waitFor(() => {
      expect(latest()?.state).toBe('passed');
      expect(outcomes('entered')).toHaveLength(1);
    }, soon);
  });

  it('refuses from the moment of a revocation, in the hall and at the gate', async () => {
    const [request] = (await find('张三')).requests;
    await call('POST', `/api/floor/requests/${request!.id}/revoke`);
    await vi.waitFor(() => {
      expect(demo.hub.requests.get(request!.id)?.state).toBe('revoked');
    }, soon);
    await call('POST', '/api/floor/readers/east-reader/card', { person: null });
    await swipe('张三', 'west-reader');
    await vi.waitFor(() => {
      expect(latest()).toMatchObject({ gateId: 'west-1', state: 'refused', code: 'E-GATE-0105' });
    }, soon);
  });

  it('goes on with the hall unplugged, and tells it afterwards', async () => {
    await call('POST', '/api/floor/hall', { plugged: false });
    await swipe('李四', 'east-reader');
    await vi.waitFor(() => {
      expect(latest()?.state).toBe('released');
    }, soon);
    await call('POST', '/api/floor/turnstiles/east-turnstile/walk');
    await vi.waitFor(() => {
      expect(demo.hub.outbox.status().pending).toBeGreaterThan(0);
    }, soon);
    expect(outcomes('entered')).toHaveLength(1);
    await call('POST', '/api/floor/hall', { plugged: true });
    await vi.waitFor(() => {
      expect(outcomes('entered')).toHaveLength(2);
      expect(demo.hub.outbox.status().pending).toBe(0);
    }, soon);
  });

  it('prints an approved certificate, counts it, and shows what came out', async () => {
    const kiosk = '/api/kiosks/library';
    const cookie = `hallhub_kiosk=${demo.hub.selfService.kiosks.token('library')}`;
    const ask = async <T>(path: string, body?: unknown): Promise<T> => {
      const response = await fetch(`${demo.hub.url}${kiosk}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          cookie,
          'x-hallhub': '1',
          ...(body !== undefined && { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return (await response.json()) as T;
    };
    await swipe('刘一', 'kiosk-reader');
    await vi.waitFor(async () => {
      expect(await ask('/certificates')).toMatchObject([{ state: 'issued', copiesAllowed: 3, copiesUsed: 0 }]);
    }, soon);
    const [certificate] = await ask<{ certificateId: string }[]>('/certificates');
    const job = await ask<{ attemptId: string }>('/print', { certificateId: certificate!.certificateId, copies: 2 });
    await vi.waitFor(() => {
      expect(demo.hub.certificates.job(job.attemptId)?.state).toBe('printed');
      expect(outcomes('certificate.printed')).toMatchObject([{ data: { copies: 2, copiesLeft: 1 } }]);
    }, soon);
    expect(demo.floor.printers.get('kiosk-printer')?.tray).toHaveLength(2);
    const sheet = await fetch(`${demo.hub.url}/api/floor/printers/kiosk-printer/sheets/1`);
    expect(
      Buffer.from(await sheet.arrayBuffer())
        .subarray(0, 5)
        .toString(),
    ).toBe('%PDF-');
    expect(await ask('/print', { certificateId: certificate!.certificateId, copies: 2 })).toMatchObject({
      code: 'E-CERT-0401',
    });
  });

  it('refuses a name that no font covers, by its character', () => {
    const refused = demo.hub.certificates.listAll().find(({ state }) => state === 'refused');
    expect(refused).toMatchObject({ code: 'E-CERT-0203', detail: expect.stringContaining('U+20BB7') as string });
  });

  it('leaves nobody readable on the disk of the hub', () => {
    const folder = join(dataDir, 'hub');
    for (const file of readdirSync(folder).filter((name) => name.startsWith('hub.db'))) {
      const bytes = readFileSync(join(folder, file));
      for (const secret of ['张三', '李四', '刘一', '110101199003070011'])
        expect([file, secret, bytes.includes(secret)]).toEqual([file, secret, false]);
    }
  });
});
