import { spawn } from 'node:child_process';
import { maybe } from './until.ts';

export interface ProgramOptions {
  readonly command: string;
  readonly arguments: readonly string[];
  /** Added to this process's environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program of its own, with what it has said so far. */
export interface Program {
  readonly pid: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Undefined while it runs. */
  readonly exit: Exit | undefined;
  /** Writes a line to its standard input. */
  tell(line: string): void;
  endInput(): void;
  /** What the first group of `pattern` matches, as soon as standard output or error holds it. @throws when it ends before that. */
  says(pattern: RegExp): Promise<string>;
  /** Sends the signal (by process id, while it runs) and waits for its end. */
  stop(signal: NodeJS.Signals): Promise<Exit>;
  ended(): Promise<Exit>;
}

export function runProgram({ command, arguments: args, env = {} }: ProgramOptions): Program {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let stdout = '';
  let stderr = '';
  let exit: Exit | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // A line to a program that was killed goes nowhere.
  child.stdin.on('error', () => undefined);
  const ended = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      exit = { code, signal };
      resolve(exit);
    });
  });
  ended.catch(() => undefined);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} could not be started`);
  return {
    pid,
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    get exit() {
      return exit;
    },
    tell: (line) => {
      child.stdin.write(`${line}\n`);
    },
    endInput: () => {
      child.stdin.end();
    },
    says: async (pattern) => {
      // Starting takes its time on a machine that does much else; a program that ended is told at once.
      const said = await maybe(
        () => {
          const match = pattern.exec(stdout) ?? pattern.exec(stderr);
          return match ? { text: match[1] ?? match[0] } : exit && { text: undefined };
        },
        { within: 90_000 },
      );
      if (said?.text === undefined)
        throw new Error(
          `${command} ${said ? 'ended' : 'runs'} and has not said ${String(pattern)}:\n${stdout.slice(-2_000)}\n${stderr.slice(-2_000)}`,
        );
      return said.text;
    },
    stop: (signal) => {
      if (!exit) child.kill(signal);
      return ended;
    },
    ended: () => ended,
  };
}
