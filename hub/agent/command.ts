import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { FailureError, systemClock } from '@hallhub/sync/base';
import type { AgentEnd } from '../agent.ts';
import { startAgent } from '../agent.ts';
import { createLog } from '../log.ts';
import { untilStopped } from '../process.ts';
import { refuse } from '../refuse.ts';
import { openDataDir } from '../store/index.ts';
import { enrol } from './enrol.ts';
import { writeIdentity } from './identity.ts';

/** The service manager starts an agent again that ends with this; one that was withdrawn stays down. */
const EXIT: Readonly<Record<AgentEnd, number>> = { stopped: 0, restart: 75, withdrawn: 77 };

/** `hallhub agent` and `hallhub agent enrol <url> <code>`. Resolves with the exit code. */
export async function agentCommand(arguments_: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const dataDir = resolve(env['HALLHUB_DATA_DIR'] ?? 'agent-data');
  const [action, url, ...code] = arguments_;
  if (action === 'enrol' && url !== undefined) return join(dataDir, url, code.join(''));
  if (action !== undefined) return refuse('E-AGENT-0304', 'hallhub agent | hallhub agent enrol <https://hub> <code>');
  const log = createLog({ level: env['HALLHUB_LOG_LEVEL'] ?? 'info' });
  const started = startAgent({ dataDir, version: version(), clock: systemClock({ mode: 'production' }), log });
  if (!started.ok) return refuse(started.error.code, started.error.detail);
  const agent = started.value;
  const how = await Promise.race([
    agent.ended,
    untilStopped().then(async () => {
      await agent.stop();
      return agent.ended;
    }),
  ]);
  return EXIT[how];
}

async function join(dataDir: string, url: string, code: string): Promise<number> {
  if (!URL.canParse(url)) return refuse('E-AGENT-0301', `${url} is no address`);
  const identity = await enrol(url, code);
  if (!identity.ok) return refuse(identity.error.code, identity.error.detail);
  const dir = openDataDir(dataDir);
  try {
    writeIdentity(dir, identity.value);
  } catch (cause) {
    // The code is used up: whoever asked must know that a new one is needed.
    throw new FailureError({ code: 'E-STORE-0101', detail: dataDir }, { cause });
  } finally {
    dir.release();
  }
  const { agent, hub } = identity.value;
  process.stdout.write(`This machine is ${agent} of ${hub}. Start it with "hallhub agent".\n`);
  return 0;
}

function version(): string {
  const file = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return file.version;
}
