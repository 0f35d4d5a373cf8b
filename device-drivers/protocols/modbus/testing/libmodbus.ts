import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../../kit/testing/index.ts';

const EXAMPLES = '/usr/share/doc/libmodbus-dev/examples';

export interface LibmodbusServer {
  /** Built anew for one address each: the example has its own written in. */
  readonly binary: string;
  dispose(): Promise<void>;
}

/** libmodbus's own unit-test server, compiled with another port and another serial path than the example's. */
export async function buildLibmodbusServer(at: {
  readonly port: number;
  readonly serial: string;
}): Promise<LibmodbusServer> {
  const source = join(EXAMPLES, 'unit-test-server.c');
  if (!existsSync(source))
    throw new Error('libmodbus is needed for this test: apt install libmodbus-dev gcc libc6-dev');
  const folder = await mkdtemp(join(tmpdir(), 'libmodbus-'));
  const text = readFileSync(source, 'utf8').replace('/dev/ttyUSB0', at.serial).replace('1502', String(at.port));
  await writeFile(join(folder, 'server.c'), text);
  await copyFile(join(EXAMPLES, 'unit-test.h'), join(folder, 'unit-test.h'));
  const binary = join(folder, 'server');
  const built = spawnSync('gcc', ['-o', binary, 'server.c', '-I.', '-I/usr/include/modbus', '-lmodbus'], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(`gcc is needed for this test: apt install gcc libc6-dev (${built.stderr})`);
  return { binary, dispose: () => rm(folder, { recursive: true, force: true }) };
}

export interface RunningServer {
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** Runs it. `tcp`: it ends by itself with its one client. */
export async function runLibmodbusServer(binary: string, kind: 'tcp' | 'rtu'): Promise<RunningServer> {
  // Its output goes through a pipe, and it speaks of each request: somebody must read.
  const child = spawn('stdbuf', ['-oL', binary, kind], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (text: Buffer) => {
    said += text.toString();
  });
  child.stderr.resume();
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => {
      resolve();
    });
  });
  if (kind === 'rtu') await until('the server has opened its port', () => said.includes('Opening'));
  return {
    process: child,
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** A TCP port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Whether something listens there; asks the system's own table, because the server takes one client only. */
export function isListening(port: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return readFileSync('/proc/net/tcp', 'utf8').includes(`0100007F:${hex} 00000000:0000 0A`);
}
