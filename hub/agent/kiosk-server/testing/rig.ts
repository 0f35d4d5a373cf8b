import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@hallhub/sync/base';
import { systemRandom } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { aesGcmSealer, migrate, openDatabase } from '@hallhub/sync/sqlite';
import type { EdgeKiosk } from '../../../kiosks/edge/index.ts';
import { createKnownKiosks, edgeKioskSchema } from '../../../kiosks/edge/index.ts';
import { createHubClient } from '../hub-client.ts';
import type { KioskServer } from '../server.ts';
import { createKioskServer } from '../server.ts';

export const KIOSK: EdgeKiosk = {
  id: 'hall',
  label: { zh: '大厅', en: 'Hall' },
  token: 'the-hubs-token',
  timeZone: 'Asia/Shanghai',
  modes: ['print'],
  readers: [{ id: 'reader', kind: 'resident-id' }],
};

export interface ServerRig {
  readonly server: KioskServer;
  readonly db: Db;
  url(): string;
  /** As the page asks: with the token of this start. */
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  post(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  stop(): Promise<void>;
}

/** The server beside the screens of one kiosk, with its real port, database and line to the hub at `hubUrl`. */
export function openKioskServer(options: {
  readonly hubUrl: string;
  readonly hubCa?: string;
  readonly clock: Clock;
  readonly restart?: () => void;
}): ServerRig {
  const { hubUrl, hubCa, clock } = options;
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-kiosk-server-'));
  const db = openDatabase({ file: join(folder, 'agent.db') });
  migrate({ db, components: [edgeKioskSchema] });
  const kiosks = createKnownKiosks({ db, sealer: aesGcmSealer(randomBytes(32)) });
  const part = kiosks.part({} as never);
  part.project({ op: 'upsert', kind: 'kiosk', id: 'kiosk/hall', data: KIOSK });
  writeFileSync(join(folder, 'index.html'), '<!doctype html>');
  const server = createKioskServer({
    kiosks,
    hub: createHubClient({ hubUrl, mqtt: { port: 1, tls: false }, ...(hubCa !== undefined && { hubCa }) }, clock),
    host: () => undefined,
    hubNow: () => clock.now(),
    cabinets: () => undefined,
    hubId: 'hub',
    folder,
    port: 0,
    clock,
    random: systemRandom,
    log: () => undefined,
    logLines: () => ['a line\n'],
    restart: options.restart ?? (() => undefined),
  });
  server.start();
  const url = (): string => server.screens?.url ?? '';
  const cookie = (): string => `hallhub_kiosk=${server.screens?.token}`;
  return {
    server,
    db,
    url,
    get: (path, headers = {}) => fetch(`${url()}${path}`, { headers: { cookie: cookie(), ...headers } }),
    post: (path, headers = { 'x-hallhub': '1' }) =>
      fetch(`${url()}${path}`, { method: 'POST', headers: { cookie: cookie(), ...headers } }),
    stop: async () => {
      await server.stop();
      db.close();
      rmSync(folder, { recursive: true });
    },
  };
}
