import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What zbarimg (Debian package `zbar-tools`) reads in a picture. @throws when it finds nothing. */
export function qrIn(png: Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), 'qr-'));
  try {
    const file = join(folder, 'picture.png');
    writeFileSync(file, png);
    return execFileSync('zbarimg', ['--quiet', '--raw', file], {
      encoding: 'utf8',
      // It tells of a message bus that it does not need.
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch (error) {
    throw new Error('zbarimg found nothing, or is not there: apt install zbar-tools', { cause: error });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
