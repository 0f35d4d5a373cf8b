import { resolve } from 'node:path';
import { untilStopped } from '../process.ts';
import { refuse } from '../refuse.ts';
import { AGENT_EXIT, joinHub, startAgentProgram } from './program.ts';

/** `hallhub agent` and `hallhub agent enrol <url> <code>`. Resolves with the exit code. */
export async function agentCommand(arguments_: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const dataDir = resolve(env['HALLHUB_DATA_DIR'] ?? 'agent-data');
  const [action, url, ...code] = arguments_;
  if (action === 'enrol' && url !== undefined) return join(dataDir, url, code.join(''));
  if (action !== undefined) return refuse('E-AGENT-0304', 'hallhub agent | hallhub agent enrol <https://hub> <code>');
  const logLevel = env['HALLHUB_LOG_LEVEL'];
  const kioskPort = env['HALLHUB_KIOSK_PORT'];
  if (kioskPort !== undefined && !isPort(kioskPort)) return refuse('E-AGENT-0306', `HALLHUB_KIOSK_PORT=${kioskPort}`);
  const started = startAgentProgram({
    dataDir,
    ...(logLevel !== undefined && { logLevel }),
    ...(kioskPort !== undefined && { kioskPort: Number(kioskPort) }),
  });
  if (!started.ok) return refuse(started.error.code, started.error.detail);
  const agent = started.value;
  agent.kiosks.onScreens(() => {
    const { screens } = agent.kiosks;
    for (const kiosk of screens?.kiosks ?? [])
      process.stdout.write(`The screen of ${kiosk}: ${screens?.url}/kiosk/${kiosk}#token=${screens?.token}\n`);
  });
  const how = await Promise.race([
    agent.ended,
    untilStopped().then(async () => {
      await agent.stop();
      return agent.ended;
    }),
  ]);
  return AGENT_EXIT[how];
}

const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) <= 65_535;

async function join(dataDir: string, url: string, code: string): Promise<number> {
  const joined = await joinHub({ dataDir, url, code });
  if (!joined.ok) return refuse(joined.error.code, joined.error.detail);
  const { agent, hub } = joined.value;
  process.stdout.write(`This machine is ${agent} of ${hub}. Start it with "hallhub agent".\n`);
  return 0;
}
