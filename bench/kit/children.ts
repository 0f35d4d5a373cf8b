import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** A program of the benchmark in a process of its own, which says one JSON object a line. */
export interface Child {
  readonly process: ChildProcess;
  /** The next line it says; rejects when it ends instead. */
  next(): Promise<Readonly<Record<string, unknown>>>;
  /** Ends it and waits until it is gone. */
  end(signal?: NodeJS.Signals): Promise<void>;
}

export function startChild(program: string, args: readonly string[], flags: readonly string[] = []): Child {
  const child = spawn(process.execPath, [...flags, program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const gone = once(child, 'exit');
  return {
    process: child,
    next: async () => {
      const line = await lines.next();
      if (line.done) throw new Error(`${program} ended without a word`);
      return JSON.parse(line.value) as Record<string, unknown>;
    },
    end: async (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await gone;
    },
  };
}

/** Says one line to the process that started this one. */
export function say(message: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/** Memory that a process holds now, and the most that it ever held, in bytes. */
export function memoryOf(pid: number | 'self'): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) * 1024;
  return { now: kilobytes('VmRSS'), peak: kilobytes('VmHWM') };
}

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

/** Processor time that a process has used since its start, its threads included; in hundredths of a second. */
export function cpuSecondsOf(pid: number): number {
  // Behind the name, which is in brackets and may hold anything: the 12th and 13th field (proc(5): utime, stime).
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
