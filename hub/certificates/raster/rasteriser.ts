import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Clock, type DurationMs, type Result, failure, seconds } from '@hallhub/sync/base';
import type { RasterWish } from '../suitability.ts';
import { completePwg } from './pwg.ts';

/** Makes page images of PDFs, for printers that take no PDF. */
export interface Rasteriser {
  /** Dots per inch where the printer has the choice. */
  readonly dpi: number;
  /**
   * All pages as PWG raster. Errors: `E-CERT-0611` the program cannot be started, `0612` it failed, was too slow or wanted
   * too much memory, `0613` what it made is not what was asked for.
   */
  rasterise(pdf: Uint8Array, wish: RasterWish & { readonly pages: number }): Promise<Result<Uint8Array>>;
}

export interface RasteriserOptions {
  /** `mutool` or `gs`, or a path to one of them: programs under the AGPL, which the operator installs. */
  readonly command: string;
  readonly dpi: number;
  readonly clock: Clock;
  readonly atMost?: DurationMs;
  /** Of address space, and of what comes out. */
  readonly memoryBytes?: number;
  readonly outputBytes?: number;
}

/** Read anew from its start by the program itself: both want to seek in a PDF, which a pipe does not let them. */
const INPUT = '/dev/stdin';
/** In memory, where the system has such a place: a paper says who somebody is. */
const MEMORY = '/dev/shm';
/** A limit on the address space (POSIX ulimit), then the program in the shell's place. */
const LIMITED = 'ulimit -v "$1" && shift && exec "$@"';
const NOT_STARTED = new Set([126, 127]);

export function externalRasteriser(options: RasteriserOptions): Rasteriser {
  const { command, dpi, clock, atMost = seconds(30), memoryBytes = 1 << 30, outputBytes = 256 << 20 } = options;
  return {
    dpi,
    rasterise: async (pdf, wish) => {
      const made = await run([command, ...argumentsOf(command, wish)], pdf, {
        clock,
        atMost,
        memoryKb: Math.ceil(memoryBytes / 1024),
        outputBytes: Math.min(outputBytes, wish.pages * pageBytes(wish)),
      });
      return made.ok ? completePwg(made.value, wish) : made;
    },
  };
}

/** Compressed lines grow by one octet in 128 at most; a page and a little for its header. */
const pageBytes = ({ type, dpi }: RasterWish): number =>
  Math.ceil((dpi * 8.5 * (dpi * 12) * (type === 'srgb_8' ? 3 : 1) * 130) / 128) + 10_000;

function argumentsOf(command: string, { type, dpi }: RasterWish): readonly string[] {
  const colour = type === 'srgb_8';
  if (basename(command).startsWith('mutool')) {
    return ['draw', '-q', '-F', 'pwg', '-r', String(dpi), '-c', colour ? 'rgb' : 'gray', '-o', '-', INPUT];
  }
  return [
    ...['-q', '-dSAFER', `--permit-file-read=${INPUT}`, '-dBATCH', '-dNOPAUSE', '-sDEVICE=pwgraster', `-r${dpi}`],
    ...[`-dcupsColorSpace=${colour ? 19 : 18}`, '-dcupsBitsPerColor=8', '-dcupsColorOrder=0', '-dPrinted=true'],
    ...['-sstdout=%stderr', '-sOutputFile=%stdout', INPUT],
  ];
}

function run(
  command: readonly string[],
  pdf: Uint8Array,
  limits: {
    readonly clock: Clock;
    readonly atMost: DurationMs;
    readonly memoryKb: number;
    readonly outputBytes: number;
  },
): Promise<Result<Uint8Array>> {
  const { clock, atMost, memoryKb, outputBytes } = limits;
  const input = unlinkedFile(pdf);
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', LIMITED, 'raster', String(memoryKb), ...command], {
      stdio: [input, 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], LANG: 'C' },
    });
    closeSync(input);
    let problem: string | undefined;
    const stop = (why: string): void => {
      problem ??= why;
      child.kill('SIGKILL');
    };
    const cancel = clock.after(atMost, () => {
      stop(`longer than ${atMost} ms`);
    });
    const parts: Buffer[] = [];
    let size = 0;
    child.stdout?.on('data', (part: Buffer) => {
      size += part.length;
      if (size > outputBytes) stop('more than so many pages can be');
      else parts.push(part);
    });
    // Not kept: what such a program complains of may quote the paper.
    child.stderr?.resume();
    child.once('error', (error: NodeJS.ErrnoException) => {
      problem ??= error.code ?? error.name;
    });
    child.once('close', (code, signal) => {
      cancel();
      if (NOT_STARTED.has(code ?? 0)) resolve(failure('E-CERT-0611', command[0]));
      else if (problem !== undefined || code !== 0) {
        resolve(failure('E-CERT-0612', problem ?? `ended with ${code ?? signal ?? 'nothing'}`));
      } else resolve({ ok: true, value: Buffer.concat(parts) });
    });
  });
}

/** An open file without a name: nothing is left of it when the processes that hold it are gone. */
function unlinkedFile(bytes: Uint8Array): number {
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'hallhub-raster-'));
  try {
    const file = openSync(join(folder, 'paper.pdf'), 'wx+', 0o600);
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    return file;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
