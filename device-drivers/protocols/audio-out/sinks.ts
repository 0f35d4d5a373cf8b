import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { type Clock, type Result, failure, ms, ok } from '@hallhub/sync/base';
import { lengthOf, writeWav } from '../../voice/index.ts';
import type { AudioOutParams } from './params.ts';
import type { Sink } from './ports.ts';

type Output = AudioOutParams['output'];

export function sinkFor(output: Output, clock: Clock): Sink {
  switch (output.via) {
    case 'aplay':
      return programSink('aplay', ['-q', '-D', output.device, '-t', 'wav', '-']);
    case 'paplay':
      return programSink('paplay', output.device === undefined ? [] : [`--device=${output.device}`]);
    case 'file':
      return fileSink(output.path);
    case 'null':
      return nullSink(clock);
  }
}

/** A program that plays the WAV file on its standard input and ends when it was played. */
export function programSink(program: string, args: readonly string[]): Sink {
  return {
    play: (sound) => {
      const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'] });
      let stopped = false;
      const complaints: Buffer[] = [];
      const done = new Promise<Result<void>>((resolve) => {
        child.on('error', (error: NodeJS.ErrnoException) => {
          resolve(
            failure(error.code === 'ENOENT' ? 'E-VOICE-0301' : 'E-VOICE-0302', `${program}: ${error.code ?? ''}`),
          );
        });
        child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));
        // It may end before it has read everything: what it ends with says why.
        child.stdin.on('error', () => undefined);
        child.on('close', (code) => {
          const complaint = Buffer.concat(complaints).toString().trim().split('\n').at(-1) ?? '';
          if (stopped) resolve(failure('E-VOICE-0303'));
          else if (code === 0) resolve(ok());
          else resolve(failure('E-VOICE-0302', complaint || `${program} ended with ${String(code)}`));
        });
      });
      child.stdin.end(writeWav(sound));
      return {
        done,
        stop: () => {
          stopped = true;
          child.kill();
        },
      };
    },
  };
}

function fileSink(path: string): Sink {
  return {
    play: (sound) => ({
      done: writeFile(path, writeWav(sound)).then(
        () => ok(),
        (error: unknown) => failure('E-VOICE-0302', (error as NodeJS.ErrnoException).code ?? 'not written'),
      ),
      stop: () => undefined,
    }),
  };
}

function nullSink(clock: Clock): Sink {
  return {
    play: (sound) => {
      let stop = (): void => undefined;
      const done = new Promise<Result<void>>((resolve) => {
        const cancel = clock.after(ms(lengthOf(sound)), () => {
          resolve(ok());
        });
        stop = () => {
          cancel();
          resolve(failure('E-VOICE-0303'));
        };
      });
      return { done, stop };
    },
  };
}
