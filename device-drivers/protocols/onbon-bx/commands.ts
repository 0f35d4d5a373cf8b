import iconv from 'iconv-lite';
import type { OnbonParams } from './params.ts';

/** What a card is told, in the protocol's own terms; see {@link encodeCommand}. */
export type CardCommand =
  | { readonly command: 'turn-on' }
  | {
      readonly command: 'show';
      /** One text for each area, from the first. */
      readonly texts: readonly string[];
      /** Whole seconds after which the card stops showing it; for ever where it is absent. */
      readonly seconds?: number;
    };

/** What a card answered. */
export type CardReply =
  | { readonly reply: 'acknowledged' }
  | { readonly reply: 'refused'; readonly error: number }
  | { readonly reply: 'unknown'; readonly group: number; readonly code: number };

const WANTS_REPLY = 1;
const RUN_ROUND = 0;
/** Shown again and again, and no longer once it was not renewed for as long as the timeout says. */
const RUN_UNTIL_TIMEOUT = 2;
const LONGEST_SECONDS = 0xffff;

/** The bytes of one dynamic area: layout of BxAreaDynamic in the vendor's SDK, without sound. */
function encodeArea(index: number, text: string, seconds: number | undefined, params: OnbonParams): Buffer {
  const area = params.areas[index] ?? { x: 0, y: 0, width: 0, height: 0 };
  const across = params.series === '5k' ? 8 : 1;
  const shown = iconv.encode(params.textPrefix + plain(text), 'gb18030');
  const head = Buffer.alloc(28);
  head.writeUInt16LE(area.x / across, 1);
  head.writeUInt16LE(area.y, 3);
  head.writeUInt16LE(area.width / across, 5);
  head.writeUInt16LE(area.height, 7);
  head[9] = index;
  head[11] = seconds === undefined ? RUN_ROUND : RUN_UNTIL_TIMEOUT;
  head.writeUInt16LE(seconds === undefined ? 5 : Math.min(seconds, LONGEST_SECONDS), 12);
  // No sound, no more parameters; to the left, one line, wrapped by the card, put up at once; the rest as the SDK has it.
  head.set([0, 0, 0, 1, 2, 2, 0, 0, 8], 14);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(shown.length);
  return Buffer.concat([head.subarray(0, 23), length, shown]);
}

/** A backslash begins an escape of the card: what people typed must not. An empty text leaves the old one standing. */
const plain = (text: string): string => text.replaceAll('\\', '＼').replaceAll(/\p{Cc}/gu, ' ') || ' ';

/** The data of a packet. */
export function encodeCommand(command: CardCommand, params: OnbonParams): Uint8Array {
  if (command.command === 'turn-on') return withLength([0xa3, 0x00, WANTS_REPLY], Buffer.of(1), params);
  const areas = command.texts.map((text, index) => encodeArea(index, text, command.seconds, params));
  const body = [0, areas.length, ...areas.flatMap((area) => [area.length & 0xff, area.length >>> 8, ...area])];
  return withLength([0xa3, 0x06, WANTS_REPLY], Buffer.from(body), params);
}

function withLength(head: readonly number[], body: Buffer, { lengthField }: OnbonParams): Uint8Array {
  const told = lengthField === 'remaining' ? body.length : 0;
  return Uint8Array.from([...head, told & 0xff, told >>> 8, ...body]);
}

const GROUP_OF_REPLIES = 0xa0;

/** Undefined for data that is no answer: group, command, error, two reserved bytes. */
export function decodeReply(data: Uint8Array): CardReply | undefined {
  const [group, code, error = 0] = data;
  if (group === undefined || code === undefined || data.length < 3) return undefined;
  if (group !== GROUP_OF_REPLIES) return { reply: 'unknown', group, code };
  return code === 0 && error === 0 ? { reply: 'acknowledged' } : { reply: 'refused', error };
}
