import { LAUNCHER } from './hub-process.ts';
import type { Program } from './program.ts';
import { runProgram } from './program.ts';

const run = (dataDir: string, env: Readonly<Record<string, string>>, ...more: string[]): Program =>
  runProgram({
    command: process.execPath,
    arguments: [LAUNCHER, 'agent', ...more],
    env: { HALLHUB_DATA_DIR: dataDir, NODE_ENV: 'production', ...env },
  });

/** `hallhub agent enrol`, to its end. */
export async function enrolAgent(options: {
  readonly dataDir: string;
  readonly url: string;
  readonly code: string;
}): Promise<Program> {
  const program = run(options.dataDir, {}, 'enrol', options.url, options.code);
  await program.ended();
  return program;
}

/** `hallhub agent`, not waited for. */
export const launchAgent = (dataDir: string, env: Readonly<Record<string, string>> = {}): Program => run(dataDir, env);

/** `hallhub agent`; resolves when it says that it is up. */
export async function startAgentProcess(dataDir: string, env: Readonly<Record<string, string>> = {}): Promise<Program> {
  const program = launchAgent(dataDir, env);
  await program.says(/(the agent is up)/);
  return program;
}
