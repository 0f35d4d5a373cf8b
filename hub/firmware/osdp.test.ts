import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAgentHost, loadBuiltInProtocols } from '@hallhub/device-drivers/agent';
import { silentLog } from '@hallhub/device-drivers/kit';
import type { FileBehaviour, OsdpReaderSimulator } from '@hallhub/device-drivers/protocols/osdp';
import { createOsdpReaderSimulator } from '@hallhub/device-drivers/protocols/osdp';
import type { MemoryLine } from '@hallhub/device-drivers/transports';
import { createMemoryLine } from '@hallhub/device-drivers/transports';
import type { ManualClock } from '@hallhub/sync/base';
import { failure, manualClock, minutes, ms, ok, seconds, systemRandom, unwrap } from '@hallhub/sync/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeviceConfig } from '../config/index.ts';
import { planSchema } from './plan.ts';
import { csvReport } from './report.ts';
import type { FirmwareRig } from './testing/rig.ts';
import { createFirmwareRig } from './testing/rig.ts';

const protocols = await loadBuiltInProtocols();

const image = Uint8Array.from({ length: 3_000 }, (_, index) => (index * 7) & 0xff);
const PROFILE = 'generic/osdp-reader';
const AT_ONCE = planSchema.parse({ stages: [], maxParallel: 1 });

let clock: ManualClock;
let folder: string;
let lines: Map<string, MemoryLine>;
let readers: OsdpReaderSimulator[];
let rig: FirmwareRig;

const ids = ['reader-1', 'reader-2', 'reader-3'];
const device = (id: string): DeviceConfig => ({
  id,
  profile: PROFILE,
  label: { zh: id, en: id },
  transport: { kind: 'memory', name: id, baudRate: 9_600 },
  params: { address: 1, firmware: {} },
});

async function open(files: FileBehaviour): Promise<void> {
  lines = new Map(ids.map((name) => [name, createMemoryLine({ name })]));
  readers = [];
  for (const line of lines.values()) {
    const reader = createOsdpReaderSimulator({ transport: line.device, clock, address: 1, files });
    unwrap(await reader.start());
    readers.push(reader);
  }
  startHub();
  await clock.advanceAsync(seconds(3));
}
/** The hub's process: its drivers, its registry, its roll-outs. */
function startHub(): void {
  const host = createAgentHost({
    clock,
    random: systemRandom,
    log: silentLog,
    protocols,
    devices: ids.map((id) => ({
      id,
      profile: PROFILE,
      transport: { kind: 'memory', name: id, baudRate: 9_600 },
      params: { address: 1, firmware: {} },
    })),
    transportFactory: (settings) => {
      const line = settings.kind === 'memory' ? lines.get(settings.name) : undefined;
      return line ? ok(line.host) : failure('E-DEV-0302');
    },
  });
  rig = createFirmwareRig({ file: join(folder, 'hub.db'), clock, host, devices: ids.map(device) });
}
const targets = (id: string) => unwrap(rig.firmware.rollout(id)).targets;
/** Lets time pass, 50 ms at a time, until it is so; a test that waits for nothing fails by the bound. */
async function until(isSo: () => boolean, most = minutes(40)): Promise<void> {
  for (let passed = 0; passed < most && !isSo(); passed += 50) await clock.advanceAsync(ms(50));
  expect(isSo()).toBe(true);
}

beforeEach(() => {
  clock = manualClock();
  folder = mkdtempSync(join(tmpdir(), 'hallhub-firmware-'));
});
afterEach(async () => {
  await rig.stop();
  for (const reader of readers) await reader.stop();
  rmSync(folder, { recursive: true });
});

describe('a roll-out over OSDP readers', () => {
  it('goes on after a broken line and after a restart, and sends every reader its image once', async () => {
    await open({ delayMs: 100, outcome: 2, version: [2, 0, 0] });
    const sha256 = rig.upload(image, { version: '2.0.0', profile: PROFILE });
    const { id } = unwrap(rig.firmware.launch({ sha256, plan: AT_ONCE }, 'staff:op'));
    const sentSome = (): boolean => (targets(id)[0]?.progress?.sent ?? 0) > 500;

    await until(sentSome);
    lines.get('reader-1')?.unplug();
    await clock.advanceAsync(seconds(1));
    lines.get('reader-1')?.plug();
    await until(() => targets(id)[0]?.state === 'done');

    await until(() => (targets(id)[1]?.progress?.sent ?? 0) > 500);
    rig.restart();
    expect(targets(id).map(({ state }) => state)).toEqual(['done', 'sending', 'waiting']);
    await until(() => unwrap(rig.firmware.rollout(id)).over);

    expect(readers.map(({ files }) => files.length)).toEqual([1, 1, 1]);
    for (const reader of readers) expect(reader.files[0]?.content).toEqual(image);
    expect(targets(id)).toMatchObject(
      ids.map((deviceId) => ({ deviceId, state: 'done', from: '11.12.13', reported: '2.0.0', tries: 1 })),
    );
    expect(unwrap(rig.firmware.rollout(id)).state).toBe('done');
    const report = csvReport(unwrap(rig.firmware.rollout(id))).split('\r\n');
    expect(report[1]).toMatch(/^reader-1,done,11\.12\.13,2\.0\.0,1,2026-/);
    expect(rig.audit.list({ limit: 9 }).map(({ action }) => action)).toContain('firmware.launch');
    // Each order is in the journal of its device, under the roll-out's name.
    const [order] = rig.registry.commands.ofDevice('reader-1', { limit: 5 });
    expect(order).toMatchObject({ name: 'update', issuedBy: `firmware:${id}`, state: 'observed' });
  });

  it.each([
    ['is taken up where it was by a reader that remembers', false, expect.any(Number)],
    ['begins again with a reader that has forgotten it, and says so', true, 0],
  ])('interrupted by a restart of the hub %s', async (_what, forgets, expected: unknown) => {
    await open({ delayMs: 100, outcome: 2, version: [2, 0, 0], forgets });
    const sha256 = rig.upload(image, { version: '2.0.0', profile: PROFILE });
    const { id } = unwrap(rig.firmware.launch({ sha256, devices: ['reader-1'], plan: AT_ONCE }, 'staff:op'));
    await until(() => (targets(id)[0]?.progress?.sent ?? 0) > 1_000);
    await rig.stop();
    await clock.advanceAsync(seconds(20));
    startHub();
    const least: number[] = [];
    await until(() => {
      const { progress, takenUpAt } = targets(id)[0] ?? {};
      if (progress && takenUpAt !== undefined) least.push(progress.sent);
      return unwrap(rig.firmware.rollout(id)).over;
    });
    expect(targets(id)).toMatchObject([{ state: 'done', tries: 2, takenUpAt: expected }]);
    const takenUpAt = targets(id)[0]?.takenUpAt ?? 0;
    if (!forgets) expect(takenUpAt).toBeGreaterThan(1_000);
    expect(least.length).toBeGreaterThan(0);
    if (!forgets) expect(Math.min(...least)).toBeGreaterThanOrEqual(takenUpAt);
    expect(readers[0]?.files.map(({ content }) => content)).toEqual([image]);
    expect(csvReport(unwrap(rig.firmware.rollout(id))).split('\r\n')[1]).toMatch(new RegExp(`,${takenUpAt}$`));
  });

  it('when cancelled stops the transfer under way and begins no other', async () => {
    await open({ delayMs: 200, outcome: 2, version: [2, 0, 0] });
    const sha256 = rig.upload(image, { version: '2.0.0', profile: PROFILE });
    const { id } = unwrap(rig.firmware.launch({ sha256, plan: AT_ONCE }, 'staff:op'));
    await until(() => (targets(id)[0]?.progress?.sent ?? 0) > 100);
    expect(rig.firmware.images.remove(sha256, 'staff:op')).toMatchObject({ error: { code: 'E-FW-0104' } });
    unwrap(rig.firmware.steer(id, 'cancel', 'staff:op'));
    await until(() => unwrap(rig.firmware.rollout(id)).over);
    await clock.advanceAsync(minutes(2));
    expect(targets(id).map(({ state }) => state)).toEqual(['cancelled', 'cancelled', 'cancelled']);
    expect(readers.flatMap(({ files }) => files)).toEqual([]);
    expect(rig.firmware.steer(id, 'resume', 'staff:op')).toMatchObject({ error: { code: 'E-FW-0204' } });
    expect(rig.firmware.images.remove(sha256, 'staff:op')).toEqual(ok());
    // The report outlives the image.
    expect(rig.firmware.rollout(id)).toMatchObject({ value: { image: { version: '2.0.0' } } });
  });

  it('skips what is out of service or another model, and halts when the first reader keeps its old version', async () => {
    await open({ outcome: 1 });
    const other = rig.upload(image, { version: '2.0.0', profile: PROFILE, models: ['another'] });
    const none = unwrap(rig.firmware.launch({ sha256: other, devices: ['reader-3'], plan: AT_ONCE }, 'staff:op'));
    await until(() => unwrap(rig.firmware.rollout(none.id)).over);
    expect(targets(none.id)).toMatchObject([{ state: 'skipped', code: 'E-FW-0302' }]);

    const sha256 = rig.upload(image.subarray(1), { version: '2.0.0', profile: PROFILE });
    unwrap(rig.registry.setService('reader-1', { inService: false, reason: 'painting', by: 'staff:op' }));
    const { id } = unwrap(rig.firmware.launch({ sha256, plan: AT_ONCE }, 'staff:op'));
    expect(rig.firmware.launch({ sha256, plan: AT_ONCE }, 'staff:op')).toMatchObject({ error: { code: 'E-FW-0203' } });
    await until(() => unwrap(rig.firmware.rollout(id)).state === 'halted');
    expect(targets(id)).toMatchObject([
      { state: 'skipped', code: 'E-DEV-0405' },
      { state: 'failed', code: 'E-FW-0303', reported: '11.12.13' },
      { state: 'waiting' },
    ]);
  });
});
