import { spawn } from 'node:child_process';
import { failure } from '@hallhub/sync/base';
import { readWav } from './wav.ts';
import type { Synthesis } from './ports.ts';

/** No text of an announcement takes longer; a synthesis that hangs is ended. */
const LONGEST_MS = 10_000;

/** The Debian package `espeak-ng`: the text goes in by its standard input, a WAV file comes out. */
export const espeak =
  ({ wordsPerMinute }: { readonly wordsPerMinute: number }): Synthesis =>
  (text, voice) =>
    new Promise((resolve) => {
      const child = spawn('espeak-ng', ['--stdin', '--stdout', '-b', '1', '-v', voice, '-s', String(wordsPerMinute)], {
        stdio: ['pipe', 'pipe', 'pipe'],
        timeout: LONGEST_MS,
      });
      const out: Buffer[] = [];
      const complaints: Buffer[] = [];
      const settle = (result: ReturnType<typeof readWav>): void => {
        resolve(result);
      };
      child.on('error', (error: NodeJS.ErrnoException) => {
        settle(failure(error.code === 'ENOENT' ? 'E-VOICE-0201' : 'E-VOICE-0202', 'apt install espeak-ng'));
      });
      child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));
      child.stdin.on('error', () => undefined);
      child.on('close', (code) => {
        const complaint = Buffer.concat(complaints).toString().trim().split('\n')[0] ?? '';
        settle(
          code === 0
            ? spokenOf(Buffer.concat(out))
            : failure('E-VOICE-0202', complaint || `it ended with ${String(code)}`),
        );
      });
      child.stdin.end(text);
    });

function spokenOf(bytes: Uint8Array): ReturnType<typeof readWav> {
  const sound = readWav(bytes);
  if (!sound.ok || sound.value.samples.every((sample) => sample === 0))
    return failure('E-VOICE-0202', 'it said nothing');
  return sound;
}
