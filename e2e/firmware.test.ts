import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPtyPair } from '@hallhub/device-drivers/kit/testing';
import type { OsdpReaderSimulator } from '@hallhub/device-drivers/protocols/osdp';
import { createOsdpReaderSimulator } from '@hallhub/device-drivers/protocols/osdp';
import { createTasmotaSimulator } from '@hallhub/device-drivers/protocols/tasmota';
import { createSerialTransport, mqttPeer } from '@hallhub/device-drivers/transports';
import { systemClock, unwrap } from '@hallhub/sync/base';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../hub/broker/testing/process.ts';
import type { RolloutDetail, TargetView } from '../hub/firmware/service.ts';
import { enrolAgent, startAgentProcess } from './testing/agent-process.ts';
import type { Campus } from './testing/campus.ts';
import { startCampus } from './testing/campus.ts';
import { cleanUp } from './testing/clean-up.ts';
import type { HttpClient } from './testing/http-client.ts';
import type { HubProcess } from './testing/hub-process.ts';
import type { Program } from './testing/program.ts';
import { logInAsFirst } from './testing/staff.ts';
import { until } from './testing/until.ts';

/*
 * New programs for two OSDP readers behind an agent and for a Tasmota plug on the hub's broker, which fetches its own without
 * TLS. Hub and agent are the programs that users start. Each test goes on from the one before.
 */

const AGENT = 'south-gate';
const READERS = ['north-reader', 'east-reader'] as const;
const OSDP = 'generic/osdp-reader';
const TASMOTA = 'tasmota/power-plug';
const API = { every: 100, within: 50_000 } as const;
/** 120 fragments or so. */
const program = Uint8Array.from({ length: 12_000 }, (_, index) => (index * 7) & 0xff);

const running = cleanUp();
const clock = systemClock({ mode: 'test' });
const readers: OsdpReaderSimulator[] = [];
const fetched: { url: string; bytes: Buffer; again: number }[] = [];
let campus: Campus;
let hub: HubProcess;
let agent: Program;
let staff: HttpClient;
let plainPort: number;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-e2e-firmware-'));
  running.later(() => {
    rmSync(folder, { recursive: true });
  });
  const devices: string[] = [];
  for (const id of READERS) {
    const pty = await createPtyPair(mkdtempSync(join(folder, `${id}-`)));
    running.later(() => pty.close());
    const reader = createOsdpReaderSimulator({
      transport: createSerialTransport({ path: pty.b, baudRate: 115_200 }),
      clock,
      files: { delayMs: 40, outcome: 2, version: [2, 0, 0] },
    });
    unwrap(await reader.start());
    running.later(() => reader.stop());
    readers.push(reader);
    devices.push(
      `  - { id: ${id}, profile: ${OSDP}, agent: ${AGENT}, label: { zh: 读卡器, en: Reader },`,
      `      transport: { kind: serial, path: ${pty.a}, baudRate: 115200 } }`,
    );
  }
  devices.push(
    `  - { id: plug, profile: ${TASMOTA}, label: { zh: 插座, en: Plug }, transport: { kind: mqtt }, params: { topic: plug } }`,
  );
  const [httpPort = 0, port = 0] = await freePorts(2);
  plainPort = port;
  campus = await startCampus({
    gateAgent: AGENT,
    httpPort,
    extra: {
      devices: devices.join('\n'),
      guests: '[{ id: plug, convention: tasmota, topic: plug }]',
      top: `firmware: { plain: { host: 127.0.0.1, port: ${plainPort} } }`,
    },
  });
  running.later(() => campus.stop());
  hub = await campus.startHub();
  staff = await logInAsFirst(() => hub);
  const { code } = await staff.ask<{ code: string }>('POST', `/api/agents/${AGENT}/code`);
  const enrolled = await enrolAgent({ dataDir: campus.agentDir, url: hub.url, code });
  expect(enrolled.exit?.code, enrolled.stderr).toBe(0);
  agent = await startAgentProcess(campus.agentDir);
  running.later(() => agent.stop('SIGKILL'));
  const { token } = await staff.ask<{ token: string }>('POST', '/api/devices/plug/token');
  const plug = createTasmotaSimulator({
    connect: mqttPeer({
      url: `mqtt://127.0.0.1:${hub.mqttPort}`,
      username: 'plug',
      password: token,
      clientId: 'DVES_1',
    }),
    clock,
    topic: 'plug',
    relays: 1,
    hasEnergyMeter: true,
    fetchProgram: fetchAsThePlug,
  });
  plug.start();
  running.later(() => plug.stop());
  await ready(...READERS, 'plug');
});
afterAll(() => running.run());

/** In two parts, as a device does whose line broke. */
async function fetchAsThePlug(url: string): Promise<boolean> {
  const first = await fetch(url, { headers: { range: 'bytes=0-4999' } });
  const rest = await fetch(url, { headers: { range: 'bytes=5000-', 'if-range': first.headers.get('etag') ?? '' } });
  const bytes = Buffer.concat([Buffer.from(await first.arrayBuffer()), Buffer.from(await rest.arrayBuffer())]);
  fetched.push({ url, bytes, again: (await fetch(url)).status });
  return first.status === 206 && rest.status === 206;
}

const ready = (...ids: readonly string[]): Promise<unknown> =>
  until(
    `${ids.join(' and ')} are ready`,
    async () => {
      const { devices } = await staff.ask<{ devices: { id: string; health: { state: string } }[] }>(
        'GET',
        '/api/devices',
      );
      return ids.every((id) => devices.find((device) => device.id === id)?.health.state === 'ready');
    },
    API,
  );

/** Uploads an image for devices of a profile and answers with its SHA-256. */
async function upload(bytes: Uint8Array, version: string, profile: string): Promise<string> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const image = { sha256, name: `tasmota-${version}.bin`, version, profiles: [profile], size: bytes.length };
  await staff.ask('POST', '/api/firmware/images', image);
  for (let start = 0; start < bytes.length; start += 5_000) {
    const part = Buffer.from(bytes.subarray(start, start + 5_000)).toString('base64');
    await staff.ask('POST', `/api/firmware/images/${sha256}/bytes`, { start, bytes: part });
  }
  return sha256;
}
const launch = async (sha256: string): Promise<string> =>
  (
    await staff.ask<RolloutDetail>('POST', '/api/firmware/rollouts', {
      sha256,
      plan: { stages: [{ devices: 1 }], pauseMs: 0, maxParallel: 1 },
    })
  ).id;
const rollout = (id: string): Promise<RolloutDetail> => staff.ask<RolloutDetail>('GET', `/api/firmware/rollouts/${id}`);
const steer = (id: string, what: 'pause' | 'resume' | 'cancel'): Promise<unknown> =>
  staff.ask('POST', `/api/firmware/rollouts/${id}/${what}`);
const target = async (id: string, device: string): Promise<TargetView | undefined> =>
  (await rollout(id)).targets.find(({ deviceId }) => deviceId === device);
const has = (id: string, device: string, bytes: number): Promise<unknown> =>
  until(`${device} has ${bytes} bytes`, async () => ((await target(id, device))?.progress?.sent ?? 0) >= bytes, API);
const over = (id: string): Promise<unknown> => until('the roll-out is over', async () => (await rollout(id)).over, API);
const report = async (id: string): Promise<readonly string[]> =>
  (await staff.ask<string>('GET', `/api/firmware/rollouts/${id}/report.csv`)).trim().split('\r\n');

test('a roll-out that is cancelled stops the reader’s transfer and begins no other', async () => {
  const id = await launch(await upload(program, '2.0.0', OSDP));
  await has(id, READERS[0], 1_000);
  expect((await target(id, READERS[1]))?.state).toBe('waiting');
  await steer(id, 'cancel');
  await over(id);
  expect((await rollout(id)).targets.map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
  expect(readers.flatMap(({ files }) => files)).toEqual([]);
});

test('the next goes on over a hub and an agent that are killed, stage by stage, and tells it in its report', async () => {
  await ready(...READERS);
  const sha256 = createHash('sha256').update(program).digest('hex');
  const id = await launch(sha256);
  await has(id, READERS[0], 1_000);
  // The first stage is under way: what is begun is finished, also without a hub, and nothing new is begun.
  await steer(id, 'pause');
  await hub.stop('SIGKILL');
  await until('the reader has it all', () => readers[0]?.files.length === 1);
  hub = await campus.startHub();
  await until('the hub knows', async () => (await target(id, READERS[0]))?.state === 'done', API);
  expect(await target(id, READERS[1])).toMatchObject({ state: 'waiting', tries: 0 });

  await steer(id, 'resume');
  await has(id, READERS[1], 3_000);
  await agent.stop('SIGKILL');
  agent = await startAgentProcess(campus.agentDir);
  await over(id);

  const { state, targets } = await rollout(id);
  expect(state).toBe('done');
  expect(targets).toMatchObject([
    { deviceId: READERS[0], state: 'done', from: '11.12.13', reported: '2.0.0', tries: 1 },
    { deviceId: READERS[1], state: 'done', from: '11.12.13', reported: '2.0.0', tries: 2 },
  ]);
  for (const { files } of readers) {
    expect(files).toHaveLength(1);
    expect(Buffer.from(files[0]?.content ?? []).equals(program)).toBe(true);
  }
  expect(targets[1]?.takenUpAt).toBeGreaterThanOrEqual(1_000);
  const [header, first, second] = await report(id);
  expect(header).toMatch(/^device,result,old_version,new_version,tries,.*,taken_up_at$/);
  expect(first).toMatch(/^north-reader,done,11\.12\.13,2\.0\.0,1,.*,$/);
  expect(second).toMatch(new RegExp(`^east-reader,done,11\\.12\\.13,2\\.0\\.0,2,.*,${targets[1]?.takenUpAt}$`));
});

test('a Tasmota fetches its own without TLS, in ranges, at a path that is over afterwards', async () => {
  await ready('plug');
  const image = Buffer.from(program).reverse();
  const id = await launch(await upload(image, '13.4.0', TASMOTA));
  await over(id);
  expect((await rollout(id)).targets).toMatchObject([
    { deviceId: 'plug', state: 'done', from: '13.1.0(tasmota)', reported: '13.4.0', tries: 1 },
  ]);
  expect(fetched).toHaveLength(1);
  const [{ url, bytes, again } = { url: '', bytes: Buffer.alloc(0), again: 0 }] = fetched;
  expect(url).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${plainPort}/firmware/[\\w-]{32}/tasmota-13\\.4\\.0\\.bin$`));
  expect(bytes.equals(image)).toBe(true);
  expect(again).toBe(404);
  expect((await fetch(`http://127.0.0.1:${plainPort}/api/instance`)).status).toBe(404);
  expect((await report(id))[1]).toMatch(/^plug,done,13\.1\.0\(tasmota\),13\.4\.0,1,/);
});
