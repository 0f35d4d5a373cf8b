import { resolve } from 'node:path';
import { systemClock } from '@hallhub/sync/base';
import { joinHub, startAgentProgram } from '@hallhub/hub/agent';
import { hostAgent } from './host.ts';
import { parentOf } from './parent.ts';

/** The program around {@link hostAgent}: resolves with the exit code, when its parent has been told everything. */
export async function runAgent(): Promise<number> {
  const dataDir = resolve(process.argv[2] ?? process.env['HALLHUB_DATA_DIR'] ?? 'agent-data');
  const logLevel = process.env['HALLHUB_LOG_LEVEL'];
  const kioskPort = Number(process.env['HALLHUB_KIOSK_PORT'] ?? 0);
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
