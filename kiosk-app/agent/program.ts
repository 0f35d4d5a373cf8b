import { resolve } from 'node:path';
import { systemClock } from '@hallhub/sync/base';
import { joinHub, startAgentProgram } from '@hallhub/hub/agent';
import { hostAgent } from './host.ts';
import { parentOf } from './parent.ts';

/** The program around {@link hostAgent}: resolves with the exit code, when its parent has been told everything. */
export async function runAgent(): Promise<number> {
  const dataDir = resolve(process.argv[2] ?? process.env['HALLHUB_DATA_DIR'] ?? 'agent-data');
  const logLevel = process.env['HALLHUB_LOG_LEVEL'];
  const asked = Number(process.env['HALLHUB_KIOSK_PORT'] ?? 0);
  // The shell goes wherever it is told: a port that is none is as good as no wish.
  const kioskPort = Number.isInteger(asked) && asked >= 0 && asked <= 65_535 ? asked : 0;
  const parent = parentOf(process);
  const untilStopped = new Promise<void>((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  });
  const exitCode = await hostAgent({
    parent,
    start: () => startAgentProgram({ dataDir, kioskPort, ...(logLevel !== undefined && { logLevel }) }),
    join: ({ url, code }) => joinHub({ dataDir, url, code }),
    untilStopped,
    clock: systemClock({ mode: 'production' }),
  });
  await parent?.close();
  return exitCode;
}
