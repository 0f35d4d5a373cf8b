import type { Result } from '@hallhub/sync/base';
import { type DeclaredMessage, declaredCodec } from '../../kit/index.ts';
import { type Shown, shownLine } from '../shown-line.ts';
import type { BoardParams } from './params.ts';

export type { Shown };

/** What of a line a board of these parameters can show; see {@link shownLine}. */
export const shownOn = ({ shows, places, blank }: BoardParams, line: string): Result<Shown> =>
  shownLine({ shows, places, canBeDark: blank !== undefined }, line);

export function encodeBoard(params: BoardParams, shown: Shown): Uint8Array {
  const { frame, address, fields, blank } = params;
  const what = 'dark' in shown ? (typeof blank === 'string' ? { text: blank } : { number: blank ?? 0 }) : shown;
  const message: DeclaredMessage =
    'text' in what
      ? { fields: { ...fields, address }, data: Uint8Array.from(Buffer.from(what.text, 'latin1')) }
      : { fields: { ...fields, address, value: what.number }, data: new Uint8Array() };
  return declaredCodec(frame).encode(message);
}
