import { type Result, err, failure, ok } from '@hallhub/sync/base';
import { type Framer, createFrameCutter } from '../../kit/index.ts';
import { type Mark, halfWidth, layLabel } from './label.ts';
import type { ZplParams } from './params.ts';

/** Asks how it does: three lines, each between STX and ETX. */
export const STATUS_QUESTION: Uint8Array = Uint8Array.from(Buffer.from('~HS\r\n', 'ascii'));

const MM_PER_INCH = 25.4;
const PLAIN = /^[\x20-\x7e]*$/;

/** Every byte but letters, digits and spaces in hex: no text can be a command. */
const escaped = (text: string): string =>
  [...Buffer.from(text, 'utf8')]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9 ]/.test(character) ? character : `_${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');

function command(mark: Mark, font: string | undefined): Result<string> {
  const at = `^FO${mark.x},${mark.y}`;
  switch (mark.type) {
    case 'box':
      return ok(`${at}^GB${mark.width},${mark.height},${mark.height}^FS`);
    case 'bitmap': {
      const { width, height, bits } = mark.bitmap;
      const row = Math.ceil(width / 8);
      const total = row * height;
      return ok(`${at}^GFA,${total},${total},${row},${Buffer.from(bits).toString('hex').toUpperCase()}^FS`);
    }
    case 'text': {
      const isPlain = PLAIN.test(mark.text);
      if (!isPlain && font === undefined) return failure('E-LBL-0104');
      // A font's size is that of a full-width character; the built-in one is told the width of a half-width one.
      const face = isPlain
        ? `^A0N,${mark.height},${halfWidth(mark.height)}`
        : `^A@N,${mark.height},${mark.height},${font ?? ''}`;
      return ok(`${at}${face}^FH_^FD${escaped(mark.text)}^FS`);
    }
  }
}

export interface LabelOrder {
  readonly template: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly copies: number;
}

/** The label as the printer's program. Errors: `E-LBL-0101` to `E-LBL-0104`; nothing was sent then. */
export function labelBytes({ template, fields, copies }: LabelOrder, params: ZplParams): Result<Uint8Array> {
  const design = Object.hasOwn(params.labels, template) ? params.labels[template] : undefined;
  if (!design) return failure('E-LBL-0101', template);
  const marks = layLabel(design, fields, params.dpi);
  if (!marks.ok) return marks;
  const dots = (value: number): number => Math.round((value * params.dpi) / MM_PER_INCH);
  const lines = ['^XA', '^CI28', `^PW${dots(design.width)}`, `^LL${dots(design.height)}`, '^LH0,0'];
  for (const mark of marks.value) {
    const line = command(mark, params.font);
    if (!line.ok) return err(line.error);
    lines.push(line.value);
  }
  return ok(Uint8Array.from(Buffer.from([...lines, `^PQ${copies}`, '^XZ', ''].join('\r\n'), 'ascii')));
}

export interface HostStatus {
  readonly paperOut: boolean;
  readonly paused: boolean;
  readonly headOpen: boolean;
  readonly ribbonOut: boolean;
  /** Labels that it has been told to print and has not printed. */
  readonly waiting: number;
}

export interface StatusFrame extends HostStatus {
  readonly bytes: Uint8Array;
}

const STX = 0x02;
const ETX = 0x03;
const LINES = 3;
const LONGEST = 160;
/** `aaa,b,c,dddd,eee,f,g,h,iii,j,k,l`, `mmm,n,o,p,q,r,s,t,uuuuuuuu,v,www`, `xxxx,y`. */
const FIRST = /^\d+,([01]),([01]),\d+,(\d+),[01],[01],[01],\d+,[01],[01],[01]$/;
const SECOND = /^\d+,\d,([01]),([01]),\d,\w,\d,[01],(\d+),[01],\d+$/;
const THIRD = /^\d+,[01]$/;

function decode(bytes: Uint8Array): HostStatus | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const [first = '', second = '', third = ''] = [...text.matchAll(/\x02([^\x02\x03]*)\x03/g)].map(
    ([, line = '']) => line,
  );
  const [one, two] = [FIRST.exec(first), SECOND.exec(second)];
  if (!one || !two || !THIRD.test(third)) return undefined;
  return {
    paperOut: one[1] === '1',
    paused: one[2] === '1',
    headOpen: two[1] === '1',
    ribbonOut: two[2] === '1',
    waiting: Number(one[3]) + Number(two[3]),
  };
}

/** The three lines of a status in one frame. */
export function createStatusFramer(): Framer<StatusFrame> {
  return createFrameCutter<StatusFrame>({
    limit: LONGEST,
    seek: (bytes, from, to) => {
      const at = bytes.indexOf(STX, from);
      return at === -1 || at > to ? to : at;
    },
    measure: (bytes, start, end) => {
      let ends = 0;
      let inLine = false;
      for (let at = start; at < end && at - start < LONGEST; at += 1) {
        if (bytes[at] === STX) {
          if (inLine) return 'invalid';
          inLine = true;
        } else if (bytes[at] === ETX) {
          if (!inLine) return 'invalid';
          inLine = false;
          ends += 1;
          if (ends === LINES) return at + 1 - start;
        }
      }
      return end - start >= LONGEST ? 'invalid' : undefined;
    },
    decode: (bytes, start, end) => {
      const status = decode(bytes.subarray(start, end));
      return status ? { ...status, bytes: bytes.slice(start, end) } : 'noise';
    },
  });
}
