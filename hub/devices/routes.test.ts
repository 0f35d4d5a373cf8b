import { createHash } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '@hallhub/device-drivers/kit';
import { manualClock, ok, systemRandom } from '@hallhub/sync/base';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import type { FastifyInstance } from 'fastify';
import { beforeEach, expect, test } from 'vitest';
import { createApi } from '../api/api.ts';
import { createLive } from '../api/live.ts';
import { createServer } from '../api/server.ts';
import { auditSchema, createAudit } from '../audit/index.ts';
import { createLog } from '../log.ts';
import type { Staff } from '../staff/index.ts';
import { createDevices } from './index.ts';
import { createHardware } from './registry/hardware.ts';
import { createRegistry } from './registry/service.ts';
import { deviceRoutes } from './routes.ts';
import { devicesSchema } from './schema.ts';
import type { TestFleet } from './testing/fleet.ts';
import { createTestFleet } from './testing/fleet.ts';

let server: FastifyInstance;
let fleet: TestFleet;

beforeEach(async () => {
  const db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [auditSchema, devicesSchema] });
  const clock = manualClock();
  const audit = createAudit({ db, clock });
  fleet = createTestFleet(clock);
  const registry = createRegistry({
    db,
    clock,
    random: systemRandom,
    log: silentLog,
    audit,
    digest: (text) => createHash('sha256').update(text).digest(),
    timeZone: 'Asia/Shanghai',
    host: fleet.host,
    hardware: createHardware({ db, clock, audit }),
    configured: () => [],
    areaOf: () => undefined,
    profilesOf: () => undefined,
    profiles: () => [],
    serialPorts: () => Promise.resolve([]),
    usbDevices: () => Promise.resolve(ok([])),
  });
  registry.start();
  server = await createServer({
    log: createLog({ level: 'silent' }),
    webRoot: mkdtempSync(join(tmpdir(), 'hallhub-web-')),
  });
  const staff = {
    whoIs: (role: string) => ({ id: role, login: role, name: role, grants: [{ role, area: '*' }], disabled: false }),
  } as unknown as Staff;
  deviceRoutes(createApi({ server, staff, isKiosk: () => false }), {
    devices: createDevices({ db, clock, audit, framesOf: () => Promise.resolve(ok([])) }),
    registry,
    live: createLive({ epoch: 'e1', clock }),
    soon: (action) => clock.after(0 as Parameters<typeof clock.after>[0], action),
    admit: () => Promise.resolve(ok()),
    guests: [{ id: 'plug', convention: 'tasmota' }],
    agents: new Set(['gate-agent']),
  });
});

const ask = (
  method: 'GET' | 'POST' | 'DELETE',
  url: string,
  { role = 'operator', key, body }: { role?: string; key?: string; body?: object } = {},
) =>
  server.inject({
    method,
    url,
    headers: { 'x-hallhub': '1', ...(key !== undefined && { 'idempotency-key': key }) },
    cookies: { hallhub_session: role },
    ...(body && { payload: body }),
  });
const SWITCH_ON = { capability: 'switch', command: 'set', args: { channel: 0, on: true }, confirmed: true };

test('an operator gives a command once, however often the request arrives', async () => {
  const first = await ask('POST', '/api/devices/relay/commands', { key: 'press-0001', body: SWITCH_ON });
  const again = await ask('POST', '/api/devices/relay/commands', { key: 'press-0001', body: SWITCH_ON });
  expect([first.statusCode, again.json<{ id: string }>().id]).toEqual([200, first.json<{ id: string }>().id]);
  expect(fleet.reached).toHaveLength(1);
  const { id } = first.json<{ id: string }>();
  const steps = await ask('GET', `/api/devices/relay/commands/${id}`);
  expect(steps.json<{ steps: { state: string }[] }>().steps.map(({ state }) => state)).toEqual(['queued', 'sent']);
  expect((await ask('GET', `/api/devices/other/commands/${id}`)).statusCode).toBe(404);
  expect((await ask('DELETE', `/api/devices/relay/commands/${id}`)).json()).toMatchObject({ code: 'E-DEV-0422' });
});

test.each([
  ['without a key', undefined, SWITCH_ON, 400, 'E-API-0101'],
  ['without a confirmation', 'press-0001', { ...SWITCH_ON, confirmed: false }, 409, 'E-DEV-0407'],
  ['with wrong arguments', 'press-0001', { ...SWITCH_ON, args: { channel: -1, on: true } }, 400, 'E-DEV-0406'],
  ['of a capability that it lacks', 'press-0001', { ...SWITCH_ON, capability: 'curtain' }, 409, 'E-DEV-0404'],
  ['of a name from Object.prototype', 'press-0001', { ...SWITCH_ON, command: 'toString' }, 409, 'E-DEV-0404'],
])('a command %s is refused', async (_what, key, body, status, code) => {
  const answer = await ask('POST', '/api/devices/relay/commands', { ...(key !== undefined && { key }), body });
  expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([status, code]);
  expect(fleet.reached).toEqual([]);
});

test('an auditor reads and changes nothing', async () => {
  const role = 'auditor';
  expect((await ask('GET', '/api/devices', { role })).statusCode).toBe(200);
  expect((await ask('GET', '/api/devices/relay', { role })).statusCode).toBe(200);
  const body = { inService: false, reason: 'x' };
  const refused = await Promise.all([
    ask('POST', '/api/devices/relay/commands', { role, key: 'press-0001', body: SWITCH_ON }),
    ask('POST', '/api/devices/relay/service', { role, body }),
    ask('POST', '/api/devices/relay/replace', { role, body: { with: { answering: true }, note: 'x' } }),
    ask('GET', '/api/devices/relay/traffic', { role }),
  ]);
  expect(refused.map(({ statusCode }) => statusCode)).toEqual([403, 403, 403, 403]);
});

test('a desired state is restored only by somebody who has confirmed that it moves something', async () => {
  await ask('POST', '/api/devices/relay/commands', { key: 'press-0001', body: SWITCH_ON });
  const restore = (key: string, body: object) =>
    ask('POST', '/api/devices/relay/twin/restore', {
      key,
      body: { capability: 'switch', property: 'channel-0', ...body },
    });
  expect((await restore('again-0001', {})).json()).toMatchObject({ code: 'E-DEV-0407' });
  expect(fleet.reached).toHaveLength(1);
  expect((await restore('again-0002', { confirmed: true })).statusCode).toBe(200);
});

test('guests of the configuration wait for their tokens, and agents get theirs elsewhere', async () => {
  const onBus = async () => (await ask('GET', '/api/devices')).json<{ onBus: object[] }>().onBus;
  expect(await onBus()).toEqual([
    { id: 'plug', convention: 'tasmota', createdAt: null, revokedAt: null, lastEventAt: null },
  ]);
  expect((await ask('POST', '/api/devices/plug/token', { body: {} })).json()).toMatchObject({
    token: expect.any(String) as string,
  });
  expect((await ask('POST', '/api/devices/own/token', { body: {} })).statusCode).toBe(200);
  expect(await onBus()).toMatchObject([{ id: 'own' }, { id: 'plug', convention: 'tasmota', revokedAt: null }]);
  expect((await ask('DELETE', '/api/devices/plug/token')).statusCode).toBe(204);
  expect(await onBus()).toMatchObject([{ id: 'own' }, { id: 'plug', revokedAt: expect.any(Number) as number }]);
  for (const method of ['POST', 'DELETE'] as const)
    expect((await ask(method, '/api/devices/gate-agent/token')).json()).toMatchObject({ code: 'E-DEV-0423' });
});
