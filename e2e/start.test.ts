import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '@hallhub/sync/sqlite';
import type { EntryView } from '../hub/gates/views.ts';
import { cleanUp } from './testing/clean-up.ts';
import { httpClient } from './testing/http-client.ts';
import { LAUNCHER, launchHub, loopback, startHub } from './testing/hub-process.ts';
import type { Program } from './testing/program.ts';
import { runProgram } from './testing/program.ts';
import { until } from './testing/until.ts';

/* Starting and ending: the demo as a newcomer starts it, and everything that a hub refuses to start on. */

const running = cleanUp();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hallhub-start-'));
  running.later(() => {
    rmSync(folder, { recursive: true, force: true });
  });
});
afterAll(() => running.run());

function hallhub(command: string, env: Readonly<Record<string, string>>): Program {
  const program = runProgram({
    command: process.execPath,
    arguments: [LAUNCHER, command],
    env: { HALLHUB_HTTP_PORT: '0', HALLHUB_HALL_PORT: '0', ...env },
  });
  running.later(() => program.stop('SIGKILL'));
  return program;
}

interface Floor {
  readonly people: readonly { readonly key: string; readonly requests: readonly { readonly kind: string }[] }[];
  readonly turnstiles: readonly { readonly id: string; readonly released: string | null }[];
}

describe('the demo', () => {
  test('starts, lets somebody in, ends on Ctrl-C, and has kept everything', async () => {
    const dataDir = join(folder, 'demo');
    const demo = hallhub('demo', { HALLHUB_DATA_DIR: dataDir });
    const url = loopback(await demo.says(/(http\S+)\/floor/));
    expect(demo.stdout).toMatch(/Online hall\s+http\S+/);
    expect(demo.stdout).toMatch(/Kiosk\s+http\S+\/kiosk\/library#token=\S+/);
    expect(demo.stdout).toMatch(/First operator\s+http\S+\/join#token=\S+/);
    const client = httpClient(() => url);
    expect(await client.call('GET', '/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await client.call('GET', '/readyz')).toMatchObject({ status: 200, body: { status: 'ready' } });

    const visitor = await until('a visitor is there', async () => {
      const { people } = await client.ask<Floor>('GET', '/api/floor');
      return people.find(({ requests }) => requests.some(({ kind }) => kind === 'visitor-access'));
    });
    const entries = (): Promise<EntryView[]> => client.ask('GET', '/api/floor/entries');
    await until(
      'the gate lets the visitor in',
      async () => {
        await client.ask('POST', '/api/floor/readers/east-reader/card', { person: visitor.key });
        return (await entries()).some(({ state }) => state === 'released' || state === 'releasing');
      },
      { every: 300 },
    );
    const walked = async (): Promise<boolean> => {
      const path = '/api/floor/turnstiles/east-turnstile/walk';
      return (await client.ask<{ walked: boolean }>('POST', path)).walked;
    };
    await until('the visitor walks', walked, { every: 100 });
    await until('the passage is recorded', async () => (await entries())[0]?.state === 'passed', { every: 100 });

    const second = hallhub('demo', { HALLHUB_DATA_DIR: dataDir });
    expect(await second.ended()).toEqual({ code: 78, signal: null });
    expect(second.stderr).toContain('is in use; stop the other hub or set HALLHUB_DATA_DIR');

    const before = await entries();
    expect(await demo.stop('SIGINT')).toEqual({ code: 0, signal: null });
    expect(demo.stderr).toBe('');

    const again = hallhub('demo', { HALLHUB_DATA_DIR: dataDir });
    const later = httpClient(() => loopback(/(http\S+)\/floor/.exec(again.stdout)?.[1] ?? ''));
    await again.says(/(http\S+)\/floor/);
    const kept = await later.ask<EntryView[]>('GET', '/api/floor/entries');
    expect(kept.map(({ id, state }) => [id, state])).toEqual(before.map(({ id, state }) => [id, state]));
    expect(await again.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});

describe('a hub', () => {
  const config = (): string => {
    const file = join(folder, 'hallhub.yaml');
    writeFileSync(
      file,
      `hub: { id: hub-1, label: { zh: 一号, en: One }, campus: south }
http: { tls: { mode: off } }
hall: { url: 'http://127.0.0.1:9/', token: a-token-that-nobody-takes, keys: {} }
mqtt: { port: 0, tls: off }
`,
    );
    return file;
  };

  test('starts with the hall out of reach, and refuses a data folder that another one holds', async () => {
    const files = { configFile: config(), dataDir: join(folder, 'held') };
    const hub = await startHub(files);
    running.later(() => hub.stop('SIGKILL'));
    expect(await httpClient(() => hub.url).call('GET', '/readyz')).toMatchObject({ status: 200 });
    const second = launchHub(files);
    running.later(() => second.stop('SIGKILL'));
    expect(await second.ended()).toEqual({ code: 78, signal: null });
    expect(second.stderr).toContain('is in use; stop the other hub or set HALLHUB_DATA_DIR');
    expect(second.stderr).toContain('E-STORE-0103');
    expect(await hub.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    const third = await startHub(files);
    expect(await third.stop('SIGINT')).toEqual({ code: 0, signal: null });
  });

  test('takes over the data folder of one that was killed', async () => {
    const files = { configFile: config(), dataDir: join(folder, 'killed') };
    const hub = await startHub(files);
    expect(await hub.stop('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
    const next = await startHub(files);
    expect(await next.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  test('refuses a database that a newer version has written, and leaves it as it is', async () => {
    const files = { configFile: config(), dataDir: join(folder, 'newer') };
    const hub = await startHub(files);
    await hub.stop('SIGTERM');
    const database = join(files.dataDir, 'hub.db');
    const steps = (): unknown => {
      const db = openDatabase({ file: database });
      db.exec(`INSERT OR IGNORE INTO schema_step VALUES ('gates', 99, 'from the future', '0123456789abcdef')`);
      const rows = db.prepare('SELECT * FROM schema_step ORDER BY component, step').all();
      db.close();
      return rows;
    };
    const before = steps();
    const old = launchHub(files);
    running.later(() => old.stop('SIGKILL'));
    expect(await old.ended()).toEqual({ code: 78, signal: null });
    expect(old.stderr).toContain('E-STORE-0101');
    expect(old.stderr).toContain('gates step 99');
    expect(steps()).toEqual(before);
  });

  test('says which line of the configuration is wrong', async () => {
    const file = join(folder, 'wrong.yaml');
    writeFileSync(file, 'hub:\n  id: hub-1\n  colour: blue\n');
    const check = hallhub('check', { HALLHUB_CONFIG: file });
    expect(await check.ended()).toEqual({ code: 78, signal: null });
    expect(check.stderr).toMatch(/line 3: .*colour/);
  });

  test('says on an old Node which one it needs, before it reads any TypeScript', async () => {
    const launched = runProgram(oldNode());
    expect(await launched.ended()).toEqual({ code: 78, signal: null });
    expect(launched.stderr).toMatch(/hallhub needs Node 24 or newer; this is Node (?!24)\d+\./);
  });
});

/** The launcher on an older Node of this machine; where there is none, on one that says it were. */
function oldNode(): { command: string; arguments: readonly string[] } {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((path) => !path.includes('node_modules'));
  for (const path of folders) {
    const command = join(path, 'node');
    try {
      const version = execFileSync(command, ['--version'], { encoding: 'utf8', stdio: 'pipe' });
      if (Number(/^v(\d+)/.exec(version)?.[1]) < 24) return { command, arguments: [LAUNCHER, 'run'] };
    } catch {
      // No Node in this folder.
    }
  }
  const pretend =
    'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.19.0"}})';
  return { command: process.execPath, arguments: ['--import', pretend, LAUNCHER, 'run'] };
}
