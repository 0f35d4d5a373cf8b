import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const packages: Readonly<Record<string, string>> = {
  pdfsig: 'poppler-utils',
  certutil: 'libnss3-tools',
  'softhsm2-util': 'softhsm2',
  'pkcs11-tool': 'opensc',
  pdffonts: 'poppler-utils',
  pdftotext: 'poppler-utils',
  pdftoppm: 'poppler-utils',
  qpdf: 'qpdf',
  zbarimg: 'zbar-tools',
  ipptool: 'cups-ipp-utils',
  mutool: 'mupdf-tools',
  gs: 'ghostscript',
};

/** Runs a program of the machine. A missing one fails the test with the line to type. */
export function run(program: string, args: readonly string[]): Buffer {
  try {
    return execFileSync(program, args, { maxBuffer: 64 << 20, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new Error(`${program} is missing: apt-get install ${packages[program] ?? program}`, { cause: error });
    }
    throw error;
  }
}

/** Hands `use` a path to the PDF, and removes it again. */
export function withPdf<T>(pdf: Uint8Array, use: (file: string, folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-pdf-'));
  try {
    const file = join(folder, 'page.pdf');
    writeFileSync(file, pdf);
    return use(file, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The text as another reader of PDF sees it, without white space. */
export function textIn(pdf: Uint8Array): string {
  return withPdf(pdf, (file) => run('pdftotext', [file, '-']).toString('utf8').replace(/\s/g, ''));
}

/** Ink on the first page: how many pixels are darker than half at 100 dpi. Nothing else notices glyphs without outlines. */
export function inkOn(pdf: Uint8Array): number {
  const pgm = withPdf(pdf, (file) => run('pdftoppm', ['-r', '100', '-gray', '-singlefile', file]));
  const header = /^P5\s+(\d+)\s+(\d+)\s+255\s/.exec(pgm.toString('latin1', 0, 64));
  if (!header) throw new Error('pdftoppm gave no PGM');
  return pgm.subarray(header[0].length).reduce((sum, pixel) => sum + (pixel < 128 ? 1 : 0), 0);
}

/** What the QR code on the page says, read at 150 dpi. */
export function qrOn(pdf: Uint8Array): string {
  return withPdf(pdf, (file, folder) => {
    run('pdftoppm', ['-r', '150', '-png', '-singlefile', file, join(folder, 'page')]);
    return run('zbarimg', ['-q', '--nodbus', '--raw', join(folder, 'page.png')])
      .toString('utf8')
      .trim();
  });
}
