import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** A broker's process; its last words are told when it does not come up. */
export interface BrokerProcess {
  /** Kills it with SIGKILL and waits until it is gone. */
  kill(): Promise<void>;
  /** Resolves when it has ended, for whatever reason. */
  readonly gone: Promise<unknown>;
}

export async function startProcess(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<BrokerProcess & { readonly output: () => string }> {
  if (!existsSync(command)) throw new Error(`${command} is not installed; node e2e/prepare.mjs says how to get it`);
  // In a group of its own: RabbitMQ's starter is a script with the server below it.
  const child: ChildProcess = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-4_000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  // When nobody holds its pipes any more, the last of the group has gone.
  const gone = once(child, 'close');
  // A test run that is cut short must not leave a broker behind.
  const atExit = (): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The group has gone by itself.
    }
  };
  process.once('exit', atExit);
  await once(child, 'spawn');
  return {
    output: () => output,
    gone,
    kill: async () => {
      atExit();
      await gone;
      process.off('exit', atExit);
    },
  };
}

/**
 * Ports that nobody listens on now, from below the range of which Linux gives outgoing connections theirs: a broker that is
 * killed and started again must find its port free, and not taken by the next client that tried to reach it.
 */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(10_000, 32_000);
    if (!ports.has(port) && (await isFree(port))) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

/** Resolves when `port` accepts connections. */
export async function whenListening(port: number, output: () => string, withinMs = 20_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await accepts(port))) {
    if (performance.now() > deadline) throw new Error(`nobody listens on ${port}:\n${output()}`);
    await pause(20);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
