import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '@hallhub/device-drivers/kit';
import { createRelayBoardSimulator } from '@hallhub/device-drivers/protocols/modbus';
import { createMemoryLine, systemTransports } from '@hallhub/device-drivers/transports';
import { systemClock, unwrap } from '@hallhub/sync/base';
import type { Logger } from 'pino';
import { expect, test, vi } from 'vitest';
import { configSchema } from '../../config/index.ts';
import { createParts } from '../../parts.ts';
import { openDataDir } from '../../store/index.ts';

const PATIENCE = { timeout: 30_000, interval: 20 };
const WHO = { actor: 'staff:1', note: 'the board burnt' };

test('hardware that replaces another is in use at once, on the hub and on an agent', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-replace-'));
  const dir = openDataDir(folder);
  const clock = systemClock({ mode: 'test' });
  const lines = new Map(['old', 'new'].map((name) => [name, createMemoryLine({ name })]));
  lines.get('old')?.unplug();
  const line = lines.get('new');
  if (!line) throw new Error('no line');
  const board = createRelayBoardSimulator({ transport: line.device, clock });
  await board.start();
  const publicKey = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const parts = createParts(
    {
      clock,
      dataDir: folder,
      log: silentLog as unknown as Logger,
      transports: systemTransports({ clock, memoryLines: lines }),
      config: configSchema.parse({
        hub: { id: 'hub-1', label: { zh: '中心', en: 'Hub' }, campus: 'main' },
        http: { host: '127.0.0.1', port: 0, tls: { mode: 'off' } },
        hall: { url: 'http://127.0.0.1:1', token: 'a-token-that-is-long', keys: { k1: publicKey.toString('base64') } },
        mqtt: { host: '127.0.0.1', port: 0, tls: 'off' },
        agents: [{ id: 'gate-1', label: { zh: '代理', en: 'Agent' } }],
        devices: [
          {
            id: 'board',
            profile: 'generic/modbus-relay-flash',
            label: { zh: '继电器', en: 'Relays' },
            transport: { kind: 'memory', name: 'old', baudRate: 9_600 },
          },
        ],
      }),
    },
    dir,
  );
  const { registry, host, agents } = parts;
  const replaceBy = (place: { readonly agent?: string; readonly name: string }): void => {
    const { agent, name } = place;
    registry.discovery.found({
      source: 'test',
      identity: { port: `${agent ?? 'hub'}/${name}` },
      place: { ...(agent !== undefined && { agent }), transport: { kind: 'memory', name, baudRate: 9_600 } },
      about: name,
    });
    unwrap(registry.replace('board', { discovered: registry.discovered()[0]?.id ?? '' }, WHO));
  };
  try {
    host.start();
    await vi.waitFor(() => {
      expect(host.health('board')?.state).toBe('down');
    }, PATIENCE);
    replaceBy({ name: 'new' });
    await vi.waitFor(() => {
      expect(host.health('board')?.state).toBe('ready');
    }, PATIENCE);
    expect(parts.configured()[0]?.transport).toMatchObject({ name: 'new' });
    expect(agents.host.has('board')).toBe(false);

    replaceBy({ agent: 'gate-1', name: 'elsewhere' });
    expect(registry.list()).toMatchObject([{ id: 'board', agent: 'gate-1', line: 'gate-1: memory:elsewhere' }]);
    await vi.waitFor(() => {
      expect(host.devices().map(({ id, line: at }) => `${id} ${at}`)).toEqual(['board gate-1: memory:elsewhere']);
    }, PATIENCE);
  } finally {
    await host.stop();
    await board.stop();
    await parts.pdf.stop();
    parts.hall.close();
    parts.db.close();
    dir.release();
    rmSync(folder, { recursive: true });
  }
});
