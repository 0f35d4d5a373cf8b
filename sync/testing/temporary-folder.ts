import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whatever the tests of a run leave in the folder for temporary files goes with the run: all of them are given one of its own. */
export default function setup(): () => void {
  // Short: the paths of sockets below it may have 107 bytes altogether.
  const folder = mkdtempSync(join(tmpdir(), 'hh-'));
  process.env['TMPDIR'] = folder;
  return () => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
}
