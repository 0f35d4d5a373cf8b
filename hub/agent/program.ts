import { readFileSync } from 'node:fs';
import type { Result } from '@hallhub/sync/base';
import { FailureError, failure, ok, steerableClock } from '@hallhub/sync/base';
import pino from 'pino';
import type { Agent, AgentEnd } from '../agent.ts';
import { startAgent } from '../agent.ts';
import { createLog } from '../log.ts';
import { openDataDir } from '../store/index.ts';
import { enrol } from './enrol.ts';
import type { Identity } from './identity.ts';
import { writeIdentity } from './identity.ts';
import { recentLines } from './recent-lines.ts';

/*
 * What every program around an agent shares: `hallhub agent`, and the process beside a kiosk's screen.
 */

/** What a program ends with: a service manager starts one again that ends with 75; one that was withdrawn stays down. */
export const AGENT_EXIT: Readonly<Record<AgentEnd, number>> = { stopped: 0, restart: 75, withdrawn: 77 };

/**
 * Starts the agent that is enrolled in `dataDir`, with the system's clock and its log on standard output.
 * Errors: those of {@link startAgent}, and `E-STORE-01xx` when the folder is in use or damaged.
 */
export function startAgentProgram(options: {
  readonly dataDir: string;
  readonly logLevel?: string;
  /** Where on 127.0.0.1 the screens of its kiosks are served; absent: a port that the system chooses. */
  readonly kioskPort?: number;
}): Result<Agent> {
  const { dataDir, logLevel = 'info', kioskPort } = options;
  // Whatever an agent writes is its own: keys, databases.
  process.umask(0o077);
  const recent = recentLines(pino.destination(1));
  const log = createLog({ level: logLevel, destination: recent });
  try {
    return startAgent({
      dataDir,
      version: version(),
      clock: steerableClock({ mode: 'production' }),
      log,
      logLines: recent.lines,
      ...(kioskPort !== undefined && { kioskPort }),
    });
  } catch (error) {
    if (error instanceof FailureError) return failure(error.failure.code, error.failure.detail);
    throw error;
  }
}

/**
 * Trades a one-time code for an identity and keeps it in `dataDir`. Errors: `E-AGENT-0202`, `E-AGENT-0204`, `E-AGENT-03xx`;
 * `E-STORE-01xx` when the folder cannot be written: the code is used up then.
 */
export async function joinHub(options: {
  readonly dataDir: string;
  /** `https://hub.example.edu` */
  readonly url: string;
  readonly code: string;
}): Promise<Result<Pick<Identity, 'agent' | 'hub'>>> {
  const { dataDir, url, code } = options;
  if (!URL.canParse(url)) return failure('E-AGENT-0301', `${url} is no address`);
  const identity = await enrol(url, code);
  if (!identity.ok) return identity;
  try {
    const dir = openDataDir(dataDir);
    try {
      writeIdentity(dir, identity.value);
    } finally {
      dir.release();
    }
  } catch (error) {
    return error instanceof FailureError
      ? failure(error.failure.code, error.failure.detail)
      : failure('E-STORE-0101', dataDir);
  }
  return ok(identity.value);
}

function version(): string {
  const file = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return file.version;
}
