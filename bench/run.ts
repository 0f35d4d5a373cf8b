import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

/*
 *   node bench/run.ts [filter]
 *
 * Runs every benchmark whose name contains the filter, one after the other and each in a process of its own, so that none
 * measures what another left behind. Measurements go to stdout, one JSON object a line; remarks to stderr.
 */
const LONGEST_MS = 300_000;

const filter = process.argv[2] ?? '';
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -'.ts'.length))
  .filter((name) => name.includes(filter));
if (names.length === 0) {
  process.stderr.write(`no benchmark is called ${filter}\n`);
  process.exit(64);
}

process.stderr.write(`${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}\n`);
let failed = false;
for (const name of names) {
  const begun = performance.now();
  process.stderr.write(`${name}\n`);
  const problem = await run(name);
  if (problem !== undefined) {
    failed = true;
    process.stderr.write(`  failed: ${problem}\n`);
  }
  process.stderr.write(`  ${((performance.now() - begun) / 1_000).toFixed(1)} s\n`);
}
process.exitCode = failed ? 1 : 0;

/** Resolves with what went wrong, if anything did. */
function run(name: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    // In a group of its own: whatever a benchmark started goes with it.
    const child = spawn(process.execPath, [join(import.meta.dirname, `${name}.ts`)], {
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true,
    });
    const endGroup = (): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // Everybody in the group has gone.
      }
    };
    const timer = setTimeout(() => {
      endGroup();
      resolve(`not done after ${LONGEST_MS / 1_000} s`);
    }, LONGEST_MS);
    process.once('SIGINT', endGroup);
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      process.off('SIGINT', endGroup);
      endGroup();
      resolve(code === 0 ? undefined : `exit ${code ?? signal ?? ''}`);
    });
  });
}
