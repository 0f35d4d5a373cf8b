import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Result, failure } from '@hallhub/sync/base';
import { type Sound, readWav } from './wav.ts';
import type { VoicePack } from './ports.ts';

const ENDING = '.wav';

/** A voice pack on disk: `<folder>/<language or dialect>/<what is said>.wav`, and `<folder>/chime.wav`. */
export function folderPack(root: string): VoicePack {
  const read = async (file: string): Promise<Result<Sound> | undefined> => {
    try {
      return readWav(await readFile(file));
    } catch {
      return undefined;
    }
  };
  return {
    names: async (folder) => {
      try {
        const files = await readdir(join(root, folder));
        return new Set(
          files.filter((file) => file.endsWith(ENDING)).map((file) => file.slice(0, -ENDING.length).normalize('NFC')),
        );
      } catch {
        return new Set();
      }
    },
    clip: async (folder, name) =>
      (await read(join(root, folder, `${name}${ENDING}`))) ?? failure('E-VOICE-0101', 'it cannot be read'),
    chime: () => read(join(root, `chime${ENDING}`)),
  };
}
