import { resolve } from 'node:path';
import { transact } from '@hallhub/sync/sqlite';
import { FailureError, systemClock } from '@hallhub/sync/base';
import { refuse } from './refuse.ts';
import { createAudit } from './audit/index.ts';
import { loadConfig } from './config/index.ts';
import { createLog } from './log.ts';
import { raiseEpoch } from './hall/epoch.ts';
import { createHub } from './main.ts';
import { schemaComponents } from './parts.ts';
import { openDataDir, openStore } from './store/index.ts';
import { untilStopped } from './process.ts';

const USAGE = `hallhub <command>

  demo         hub, reference hall, simulated devices and pages on this machine (what "npm start" runs)
  run          the hub, from a configuration file
  agent        an agent, beside devices that are not plugged into the hub
  agent enrol <https://hub> <code>
               makes this machine an agent, with a one-time code from the hub's page
  check        reads the configuration file and says what is wrong with it
  certificate preview <template> [data.json] [--out file.pdf]
               draws a template with its sample data, or with yours
  verify-site  the page on which anybody checks a paper, alone on a machine that the internet may reach
  raise-epoch  after a restore or a take-over: this hub, and no other, speaks for its id from now on

Environment: HALLHUB_CONFIG (hallhub.yaml), HALLHUB_DATA_DIR (./data; an agent: ./agent-data),
HALLHUB_HTTP_PORT (overrides the file), HALLHUB_LOG_LEVEL (an agent: info).
`;

/** Runs one command; resolves with the exit code. Refusals are sentences on stderr, never stack traces. */
export async function runCli(arguments_: readonly string[]): Promise<number> {
  const [command] = arguments_;
  // Whatever the hub writes is its own: keys, databases, backups.
  process.umask(0o077);
  try {
    switch (command) {
      case 'demo':
        // Only here: a hub in production carries no simulators and no reference hall.
        return await (await import('./demo/demo.ts')).runDemo(process.env);
      case 'run':
        return await run();
      case 'agent':
        return await (await import('./agent/command.ts')).agentCommand(arguments_.slice(1), process.env);
      case 'check':
        return check();
      case 'certificate':
        return await (await import('./certificates/preview.ts')).certificateCommand(arguments_.slice(1), process.env);
      case 'verify-site':
        return await (await import('./verify-site-command.ts')).verifySiteCommand(arguments_.slice(1), process.env);
      case 'raise-epoch':
        return raise();
      default:
        process.stderr.write(USAGE);
        return command === undefined || command === 'help' || command === '--help' ? 0 : 64;
    }
  } catch (error) {
    if (error instanceof FailureError) return refuse(error.failure.code, error.failure.detail);
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
      return refuse('E-API-0107', error.message);
    throw error;
  }
}

async function run(): Promise<number> {
  const config = loadConfig(configFile(), process.env);
  if (!config.ok) return refuse(config.error.code, config.error.detail);
  const log = createLog({ level: config.value.log.level });
  const hub = await createHub({
    config: config.value,
    dataDir: dataDir(),
    clock: systemClock({ mode: 'production' }),
    log,
  });
  await hub.listen();
  const token = hub.staff.firstOperatorToken();
  if (token !== undefined) {
    process.stderr.write(
      `\nNobody may log in yet. Open this link once, within an hour, to become the first operator:\n  ${hub.url}/join#token=${token}\n\n`,
    );
  }
  for (const { id } of config.value.kiosks)
    process.stderr.write(`Page of kiosk ${id}: ${hub.url}/kiosk/${id}#token=${hub.selfService.kiosks.token(id)}\n`);
  await untilStopped();
  await hub.close();
  return 0;
}

function check(): number {
  const config = loadConfig(configFile(), process.env);
  if (!config.ok) return refuse(config.error.code, config.error.detail);
  process.stdout.write(`${configFile()} is fine\n`);
  return 0;
}

function raise(): number {
  const dir = openDataDir(dataDir());
  const clock = systemClock({ mode: 'production' });
  const db = openStore({ dir, components: schemaComponents, clock });
  const epoch = transact(db, () => {
    const raised = raiseEpoch(db);
    createAudit({ db, clock }).record({
      actor: 'hub',
      action: 'hall.raise-epoch',
      subject: 'hall',
      detail: { epoch: raised },
    });
    return raised;
  });
  db.close();
  dir.release();
  process.stdout.write(
    `The epoch is now ${epoch}. The hall will refuse every hub of this id that comes with a lower one.\n`,
  );
  return 0;
}

const configFile = (): string => resolve(process.env['HALLHUB_CONFIG'] ?? 'hallhub.yaml');
const dataDir = (): string => resolve(process.env['HALLHUB_DATA_DIR'] ?? 'data');
