import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './until.ts';

export interface PtyPair {
  readonly a: string;
  readonly b: string;
  /** Ends the pair: whoever has an end open sees the line break. */
  close(): Promise<void>;
}

/** Two ptys joined by socat (Debian package `socat`): a serial line without hardware. */
export async function createPtyPair(folder?: string): Promise<PtyPair> {
  const own = folder ?? (await mkdtemp(join(tmpdir(), 'pty-')));
  const [a, b] = [join(own, 'a'), join(own, 'b')];
  const socat = spawn('socat', [`pty,raw,echo=0,link=${a}`, `pty,raw,echo=0,link=${b}`], { stdio: 'ignore' });
  let failed: Error | undefined;
  socat.on('error', (error) => {
    failed = new Error(`socat is needed for this test: apt install socat (${error.message})`);
  });
  const ended = new Promise<void>((resolve) => {
    socat.on('close', () => {
      resolve();
    });
  });
  await until('socat makes its ptys', () => {
    if (failed) throw failed;
    return existsSync(a) && existsSync(b);
  });
  return {
    a,
    b,
    close: async () => {
      socat.kill();
      await ended;
      if (folder === undefined) await rm(own, { recursive: true, force: true });
    },
  };
}
