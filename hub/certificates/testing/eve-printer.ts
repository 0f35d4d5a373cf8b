import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './tools.ts';

export type EveMode = 'ok' | 'paper-out' | 'jam' | 'abort' | 'slow';

/** ippeveprinter of Debian's cups-ipp-utils: an IPP printer not written here, its print command ours. */
export interface EvePrinter {
  readonly uri: string;
  set(mode: EveMode): void;
  /** SHA-256 of the document of every sheet that came out. */
  tray(): readonly string[];
  /** The bytes of a document of which a sheet came out. */
  sheet(sha256: string): Uint8Array;
  stop(): Promise<void>;
}

/** What the printer runs for each job. A sheet is a line in `tray`, its bytes lie beside it; faults are told on standard error. */
const printCommand = (folder: string): string => `#!/bin/sh
mode() { cat '${folder}/mode'; }
sheet() {
  sha=$(sha256sum "$1" | cut -d' ' -f1)
  cp "$1" '${folder}'/"$sha.pdf"
  echo "$sha" >> '${folder}/tray'
  echo 'ATTR: job-impressions-completed=1' >&2
}
echo 'ATTR: job-impressions=1' >&2
case "$(mode)" in
  abort) echo 'ERROR: aborted' >&2; exit 1 ;;
  jam) sheet "$1"; echo 'STATE: +media-jam-error' >&2; exit 1 ;;
  slow) sleep 1 ;;
  paper-out)
    echo 'STATE: +media-empty-error' >&2
    while [ "$(mode)" = paper-out ]; do sleep 0.05; done
    echo 'STATE: -media-empty-error' >&2 ;;
esac
sheet "$1"
`;

const a4 = `
ATTR mimeMediaType document-format-supported application/pdf,image/pwg-raster
ATTR keyword sides-supported one-sided,two-sided-long-edge
ATTR keyword sides-default one-sided
ATTR keyword media-default iso_a4_210x297mm
ATTR keyword media-supported iso_a4_210x297mm
ATTR keyword media-ready iso_a4_210x297mm
`;

/** Its DNS-SD insists on a system bus, so it gets a private one. */
const launch = (port: number, folder: string): string => `
export DBUS_SYSTEM_BUS_ADDRESS=$DBUS_SESSION_BUS_ADDRESS
exec ippeveprinter -p ${port} -r off -n localhost -d '${folder}/spool' -k -c '${folder}/print.sh' -a '${folder}/a4.conf' hall`;

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });
}

export async function evePrinter(): Promise<EvePrinter> {
  for (const program of ['ippeveprinter', 'dbus-run-session']) run('which', [program]);
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-eve-'));
  mkdirSync(join(folder, 'spool'));
  writeFileSync(join(folder, 'print.sh'), printCommand(folder), { mode: 0o755 });
  writeFileSync(join(folder, 'a4.conf'), a4);
  writeFileSync(join(folder, 'mode'), 'ok');
  const port = await freePort();
  // A group of its own, so that the bus ends with the printer.
  const child = spawn('dbus-run-session', ['--', 'bash', '-c', launch(port, folder)], {
    detached: true,
    stdio: 'ignore',
  });
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  return {
    uri: `ipp://localhost:${port}/ipp/print`,
    set: (mode) => {
      writeFileSync(join(folder, 'mode'), mode);
    },
    tray: () => {
      const file = join(folder, 'tray');
      return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    },
    sheet: (sha256) => readFileSync(join(folder, `${sha256}.pdf`)),
    stop: async () => {
      await killGroup(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function killGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  process.kill(-child.pid, 'SIGKILL');
  await gone;
}
