import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAgentHost, loadBuiltInProtocols } from '@hallhub/device-drivers/agent';
import { silentLog } from '@hallhub/device-drivers/kit';
import { createTasmotaSimulator } from '@hallhub/device-drivers/protocols/tasmota';
import { mqttPeer } from '@hallhub/device-drivers/transports';
import { systemClock, systemRandom, unwrap } from '@hallhub/sync/base';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createApi } from '../api/api.ts';
import { createLive } from '../api/live.ts';
import { createServer } from '../api/server.ts';
import { busSchema, createAedesBus, createInbox, tasmotaRights } from '../broker/index.ts';
import { freePorts } from '../broker/testing/process.ts';
import { createLog } from '../log.ts';
import type { Staff } from '../staff/index.ts';
import { planSchema } from './plan.ts';
import { firmwareRoutes } from './routes.ts';
import type { FirmwareRig } from './testing/rig.ts';
import { createFirmwareRig } from './testing/rig.ts';

const protocols = await loadBuiltInProtocols();

const PROFILE = 'tasmota/power-plug';
const image = Uint8Array.from({ length: 30_000 }, (_, index) => (index * 11) & 0xff);
const clock = systemClock({ mode: 'test' });
const PATIENCE = { timeout: 30_000, interval: 50 };
const undo: (() => unknown)[] = [];
let rig: FirmwareRig;
let plug: ReturnType<typeof createTasmotaSimulator>;
let hubUrl = '';

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-tasmota-'));
  undo.push(() => {
    rmSync(folder, { recursive: true });
  });
  const [port = 0] = await freePorts(1);
  const busDb = openDatabase({ file: join(folder, 'bus.db') });
  migrate({ db: busDb, components: [busSchema] });
  const bus = await createAedesBus({
    host: '127.0.0.1',
    port,
    campus: 'south',
    inbox: createInbox({ db: busDb, clock, onFault: () => undefined }),
    authenticate: () => true,
    guest: (id) => (id === 'plug' ? tasmotaRights('plug') : undefined),
    maxConnectionsPerAddress: 100,
    log: () => undefined,
  });
  await bus.start();
  undo.push(
    () => {
      busDb.close();
    },
    () => bus.stop(),
  );
  plug = createTasmotaSimulator({
    connect: mqttPeer({
      url: `mqtt://127.0.0.1:${port}`,
      username: 'plug',
      password: 'secret',
      clientId: 'DVES_plug',
    }),
    clock,
    topic: 'plug',
    relays: 1,
    hasEnergyMeter: true,
  });
  plug.start();
  undo.push(() => plug.stop());
  const device = { id: 'plug', profile: PROFILE, transport: { kind: 'mqtt' as const }, params: { topic: 'plug' } };
  rig = createFirmwareRig({
    file: join(folder, 'hub.db'),
    clock,
    host: createAgentHost({
      clock,
      random: systemRandom,
      log: silentLog,
      protocols,
      mqtt: bus.channel,
      devices: [device],
    }),
    devices: [{ ...device, label: { zh: '插座', en: 'Plug' } }],
  });
  undo.push(() => rig.stop());
  const server = await createServer({ log: createLog({ level: 'silent' }), webRoot: join(folder, 'web') });
  const staff = { whoIs: () => undefined } as unknown as Staff;
  const live = createLive({ epoch: 'e1', clock });
  firmwareRoutes(createApi({ server, staff, isKiosk: () => false }), { firmware: rig.firmware, live, clock });
  hubUrl = await server.listen({ host: '127.0.0.1', port: 0 });
  undo.push(
    () => server.close(),
    () => {
      live.close();
    },
  );
}, 60_000);
afterAll(async () => {
  for (const one of undo.reverse()) await one();
});

it('a Tasmota fetches its program by itself and is done when it reports the version', { timeout: 60_000 }, async () => {
  await vi.waitFor(() => {
    expect(rig.registry.list()[0]?.health.state).toBe('ready');
  }, PATIENCE);
  const sha256 = rig.upload(image, { version: '13.4.0', profile: PROFILE });
  const { id } = unwrap(rig.firmware.launch({ sha256, plan: planSchema.parse({}) }, 'staff:op'));
  await vi.waitFor(() => {
    expect(unwrap(rig.firmware.rollout(id)).over).toBe(true);
  }, PATIENCE);
  expect(unwrap(rig.firmware.rollout(id))).toMatchObject({
    state: 'done',
    targets: [{ state: 'done', from: '13.1.0(tasmota)', reported: '13.4.0', tries: 1 }],
  });
  expect(plug.done('update')).toBe(1);
});

it('the address serves the image to the device whose order is under way, and nothing to others', async () => {
  const sha256 = rig.upload(image.subarray(1), { version: '13.5.0', profile: PROFILE });
  const stray = rig.firmware.downloads.link({ sha256, deviceId: 'plug', rollout: 'none', way: 'hub' });
  expect((await fetch(`${hubUrl}/firmware/${stray}/tasmota-13.5.0.bin`)).status).toBe(404);
  expect((await fetch(`${hubUrl}/firmware/${'A'.repeat(32)}/tasmota-13.5.0.bin`)).status).toBe(404);
  expect((await fetch(`${hubUrl}/api/firmware`)).status).toBe(401);

  const { id } = unwrap(rig.firmware.launch({ sha256, plan: planSchema.parse({}) }, 'staff:op'));
  await vi.waitFor(() => {
    expect(unwrap(rig.firmware.rollout(id)).targets).toMatchObject([{ state: 'sending', tries: 1 }]);
  }, PATIENCE);
  const token = rig.firmware.downloads.link({ sha256, deviceId: 'plug', rollout: id, way: 'hub' });
  const answer = await fetch(`${hubUrl}/firmware/${token}/tasmota-13.5.0.bin`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-length')).toBe(String(image.length - 1));
  expect(Buffer.from(await answer.arrayBuffer()).equals(image.subarray(1))).toBe(true);
  await vi.waitFor(() => {
    expect(unwrap(rig.firmware.rollout(id)).over).toBe(true);
  }, PATIENCE);
});
