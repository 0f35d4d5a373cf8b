import type { Code } from '@hallhub/sync/base';
import { catalogue } from './codes.ts';

/** Says on stderr, as a sentence, why a command does not do what was asked; the exit code (EX_CONFIG of sysexits.h). */
export function refuse(code: Code, detail: string | undefined): number {
  process.stderr.write(`${catalogue[code]?.en ?? 'Refused'} (${code})${detail === undefined ? '' : `\n${detail}`}\n`);
  return 78;
}
