import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { request } from 'node:https';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { pause } from './children.ts';

export interface HubProcess {
  readonly process: ChildProcess;
  readonly pid: number;
  /** From the start of the process until `/readyz` said 200. */
  readonly readyMs: number;
  end(): Promise<void>;
}

const program = join(import.meta.dirname, '../../hub/bin/hallhub.mjs');
const LONGEST_START_MS = 30_000;

/**
 * Starts `hallhub run` as an installation would: own certificates, broker, pages, two gates and a kiosk configured, with a
 * hall that is out of reach (a start must not wait for it).
 */
export async function startHub(dataDir: string): Promise<HubProcess> {
  const port = await freePort();
  const config = join(dataDir, 'hallhub.yaml');
  writeFileSync(config, JSON.stringify(configuration(port, dataDir)));
  const begun = performance.now();
  const child = spawn(process.execPath, [program, 'run'], {
    env: { ...process.env, HALLHUB_CONFIG: config, HALLHUB_DATA_DIR: dataDir },
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  const gone = once(child, 'exit');
  while (!(await isReady(port))) {
    if (child.exitCode !== null || performance.now() - begun > LONGEST_START_MS) {
      child.kill('SIGKILL');
      throw new Error(`the hub did not start (exit ${child.exitCode ?? 'none'})`);
    }
    await pause(5);
  }
  return {
    process: child,
    pid: child.pid ?? 0,
    readyMs: performance.now() - begun,
    end: async () => {
      child.kill('SIGTERM');
      await gone;
    },
  };
}

function configuration(port: number, dataDir: string): object {
  const label = { zh: '测试', en: 'Bench' };
  const serial = (name: string) => ({ kind: 'serial', path: join(dataDir, name), baudRate: 115_200 });
  return {
    hub: { id: 'hub-bench', label, campus: 'main' },
    http: { host: '127.0.0.1', port },
    hall: {
      url: 'http://127.0.0.1:9/',
      token: 'a-token-that-nobody-checks',
      keys: { 'hall-bench': randomBytes(32).toString('base64') },
    },
    mqtt: { host: '127.0.0.1', port: 0 },
    areas: [{ id: 'campus', label }],
    devices: ['east', 'west'].flatMap((side) => [
      { id: `${side}-reader`, profile: 'generic/resident-id-serial', label, transport: serial(`${side}-reader`) },
      { id: `${side}-board`, profile: 'generic/modbus-relay-flash', label, transport: serial(`${side}-board`) },
    ]),
    gates: ['east', 'west'].map((side) => ({
      ...{ id: side, label, area: 'campus' },
      ...{ reader: `${side}-reader`, barrier: `${side}-board`, passageSensor: `${side}-board` },
    })),
  };
}

function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const ask = request(
      // The certificate is the hub's own, made at its first start.
      { host: '127.0.0.1', port, path: '/readyz', rejectUnauthorized: false, agent: false },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode === 200);
      },
    );
    ask.on('error', () => {
      resolve(false);
    });
    ask.end();
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
