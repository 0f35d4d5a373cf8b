import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ms, ok, systemClock } from '@hallhub/sync/base';
import { type SimulatedPrinter, simulatedPrinter } from '@hallhub/device-drivers/protocols/ipp';
import type { AttemptState } from '../rules.ts';
import { type TestService, request, testService, tinyPdf } from './kit.ts';

const program = fileURLToPath(new URL('./edge-process.ts', import.meta.url));

/** Where a hub dies: in a state, or at one call of that state's effects. */
export type Death = readonly [place: AttemptState | `${AttemptState}/${string}`, moment: 'before' | 'during' | 'after'];

/** A printer, and a hub beside it that was allowed one copy; each `hub` is a process of its own over the same database. */
export interface KilledHub {
  readonly printer: SimulatedPrinter;
  /** What it said at its end, or `SIGKILL`. */
  readonly hub: (mode: 'print' | 'resume', death?: Death) => Promise<string>;
  /** As the last one left it. @throws while a hub runs on it. */
  readonly open: () => TestService;
  readonly close: () => Promise<void>;
}

export async function killedHub({ pages }: { readonly pages: number }): Promise<KilledHub> {
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-kill-'));
  const file = join(folder, 'hub.db');
  const clock = systemClock({ mode: 'test' });
  const printer = simulatedPrinter({ clock, perPage: ms(60) });
  const { uri, close } = await printer.listen();
  const open = (): TestService =>
    testService({
      file,
      clock,
      printers: [],
      change: {
        pdf: {
          render: () => Promise.resolve(ok({ pdf: tinyPdf(pages), pages })),
          inspect: () => Promise.resolve(ok({ pages })),
          overprint: (pdf) => Promise.resolve(ok({ pdf })),
          memory: undefined,
          stop: () => Promise.resolve(),
        },
      },
    });
  const before = open();
  before.service.upsert(request({ copiesAllowed: 1 }));
  const issued = await before.service.issue('request-1');
  await before.close();
  if (!issued.ok) throw new Error(issued.error.code);
  return {
    printer,
    hub: (mode, death = ['' as AttemptState, 'before']) =>
      new Promise((resolve, reject) => {
        const child = spawn(process.execPath, [program, file, uri, mode, ...death], {
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        let said = '';
        let failed = '';
        child.stdout.on('data', (text: Buffer) => (said += text.toString()));
        child.stderr.on('data', (text: Buffer) => (failed += text.toString()));
        child.once('error', reject);
        child.once('close', (code, signal) => {
          if (signal !== null) resolve(signal);
          else if (code === 0) resolve(said.trim());
          else reject(new Error(failed));
        });
      }),
    open,
    close: async () => {
      printer.close();
      await close();
      rmSync(folder, { recursive: true });
    },
  };
}
