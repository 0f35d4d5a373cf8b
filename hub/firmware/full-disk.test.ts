import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { Firmware } from '@hallhub/device-drivers/capabilities';
import { manualClock, minutes, ok, unwrap } from '@hallhub/sync/base';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { planSchema } from './plan.ts';
import { createFirmwareRig } from './testing/rig.ts';

const PROFILE = 'generic/osdp-reader';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hallhub-full-disk-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

it('a roll-out whose disk takes nothing orders nothing, and goes on when it does', async () => {
  const clock = manualClock();
  let ordered = 0;
  const firmware: Firmware = {
    source: () => Promise.resolve(ok({ from: 'bytes' })),
    installed: () => Promise.resolve(ok({ version: '1.0' })),
    progress: () => Promise.resolve(ok({ state: 'idle', sent: 0, total: 0, at: clock.now() })),
    update: ({ id }) => {
      ordered += 1;
      return Promise.resolve(ok({ commandId: id, confirmation: 'observed', at: clock.now() }));
    },
    cancel: ({ id }) => Promise.resolve(ok({ commandId: id, confirmation: 'acknowledged', at: clock.now() })),
    onProgress: () => () => undefined,
  };
  const health = { state: 'ready', since: clock.now() } as const;
  const never = () => () => undefined;
  const host = {
    devices: () => [{ id: 'reader', profile: PROFILE, line: 'memory', capabilities: ['firmware'], health }],
    capability: (_id: string, name: string) => (name === 'firmware' ? firmware : undefined),
    health: () => health,
    traffic: () => [],
    start: () => undefined,
    stop: () => Promise.resolve(),
    ...{ onHealth: never, onTraffic: never, onDevices: never },
  } as unknown as AgentHost;
  const rig = createFirmwareRig({ file: join(folder, 'hub.db'), clock, host, devices: [] });
  const sha256 = rig.upload(Uint8Array.of(1, 2, 3), { version: '2.0', profile: PROFILE });
  unwrap(rig.firmware.launch({ sha256, devices: ['reader'], plan: planSchema.parse({}) }, 'staff:op'));
  rig.db.pragma('query_only = 1');
  await clock.advanceAsync(minutes(5));
  expect(ordered).toBe(0);
  rig.db.pragma('query_only = 0');
  await clock.advanceAsync(minutes(5));
  expect(ordered).toBe(1);
  await rig.stop();
});
