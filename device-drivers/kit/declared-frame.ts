import { z } from 'zod';
import type { DiscardReason, Framer } from './framer.ts';
import { createFrameCutter } from './frame-cutter.ts';

/*
 * Frames of simple serial devices, declared in a profile: a run of fixed bytes, numbers and data, a length and a check.
 * One declaration gives encoder, framer and decoder.
 */
const order = z.enum(['big', 'little']).default('big');
const size = z.union([z.literal(1), z.literal(2)]).default(1);
const hex = z
  .string()
  .regex(/^([0-9a-f]{2})+$/)
  .describe('Lower-case hex');

const fixed = z.strictObject({ bytes: hex }).describe('Bytes that are always the same');
const field = z
  .strictObject({ field: z.string().regex(/^[a-z][a-zA-Z0-9]*$/), size, order })
  .describe('A number: an address, a command');
const data = z
  .strictObject({ data: z.union([z.int().min(1).max(64), z.literal('rest')]) })
  .describe('Bytes: so many, or as many as the length says, or up to the fixed bytes behind them');
const inner = z.union([fixed, field, data]);
const part = z.union([
  inner,
  z.strictObject({ body: z.array(inner).min(1) }).describe('The parts that the length counts'),
  z.strictObject({ length: size, order }).describe('How many bytes the body has'),
  z
    .strictObject({
      check: z.enum(['sum8', 'xor8', 'complement8']),
      over: z.enum(['before', 'body']).default('before'),
    })
    .describe('Of all bytes before it, or of the body: their sum, their exclusive or, the complement of their sum'),
]);

type Part = z.output<typeof part>;

/** The most bytes of `rest`. */
const LONGEST_REST = 64;

export const frameDeclarationSchema = z
  .array(part)
  .min(1)
  .superRefine((parts, context) => {
    const problem = problemOf(parts);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });

export type FrameDeclaration = z.output<typeof frameDeclarationSchema>;

/** What stands in a frame: its numbers by name, and its data. */
export interface DeclaredMessage {
  readonly fields: Readonly<Record<string, number>>;
  readonly data: Uint8Array;
}

export interface DeclaredFrame extends DeclaredMessage {
  /** As it came. */
  readonly bytes: Uint8Array;
}

export interface DeclaredCodec {
  readonly fieldNames: readonly string[];
  /** @throws {RangeError} for a field that is missing or too large, or data of another length: a bug of the caller. */
  encode(message: DeclaredMessage): Uint8Array;
  createFramer(): Framer<DeclaredFrame>;
}

const flat = (parts: readonly Part[]): readonly Part[] => parts.flatMap((one) => ('body' in one ? one.body : [one]));

function problemOf(parts: readonly Part[]): string | undefined {
  const all = flat(parts);
  const names = all.flatMap((one) => ('field' in one ? [one.field] : []));
  const bodies = parts.filter((one) => 'body' in one);
  const datas = all.filter((one) => 'data' in one);
  const hasLength = parts.some((one) => 'length' in one);
  if (new Set(names).size !== names.length) return 'two fields of one name';
  if (bodies.length > 1) return 'a frame has one body';
  if (datas.length > 1) return 'a frame has one run of data';
  if (bodies.length === 0 && (hasLength || parts.some((one) => 'check' in one && one.over === 'body')))
    return 'a length, or a check over the body, needs a body';
  const atBody = parts.findIndex((one) => 'body' in one);
  if (parts.some((one, at) => 'length' in one && at > atBody)) return 'the length stands before the body';
  if (parts.some((one, at) => 'check' in one && one.over === 'body' && at < atBody))
    return 'the check of the body stands behind it';
  const rest = all.findIndex((one) => 'data' in one && one.data === 'rest');
  if (rest === -1) return undefined;
  const inBody = parts.some((one) => 'body' in one && one.body.some((sub) => 'data' in sub));
  if (hasLength && !inBody) return 'data whose length is not fixed stands in the body';
  const behind = all[rest + 1];
  if (!hasLength && !(behind && 'bytes' in behind))
    return 'data whose length is not fixed needs a length before it or fixed bytes right behind it';
  return undefined;
}

type Check = 'sum8' | 'xor8' | 'complement8';

function checkOf(kind: Check, bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0;
    sum = kind === 'xor8' ? sum ^ byte : (sum + byte) & 0xff;
  }
  return kind === 'complement8' ? ~sum & 0xff : sum;
}

const unhex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

/** How many bytes a part takes when the rest takes `rest`. */
function sizeOf(one: Part, rest: number): number {
  if ('bytes' in one) return one.bytes.length / 2;
  if ('field' in one) return one.size;
  if ('data' in one) return one.data === 'rest' ? rest : one.data;
  if ('body' in one) return one.body.reduce((sum, sub) => sum + sizeOf(sub, rest), 0);
  return 'length' in one ? one.length : 1;
}

function put(into: Uint8Array, at: number, value: number, bytes: number, how: 'big' | 'little'): void {
  for (let index = 0; index < bytes; index += 1) {
    into[how === 'little' ? at + index : at + bytes - 1 - index] = (value >>> (8 * index)) & 0xff;
  }
}

function take(from: Uint8Array, at: number, bytes: number, how: 'big' | 'little'): number {
  let value = 0;
  for (let index = 0; index < bytes; index += 1) {
    value = value * 256 + (from[how === 'big' ? at + index : at + bytes - 1 - index] ?? 0);
  }
  return value;
}

/** The codec of a declaration that {@link frameDeclarationSchema} has accepted. */
export function declaredCodec(parts: FrameDeclaration): DeclaredCodec {
  const all = flat(parts);
  const hasRest = all.some((one) => 'data' in one && one.data === 'rest');
  const hasLength = parts.some((one) => 'length' in one);
  const sizeWith = (rest: number): number => parts.reduce((sum, one) => sum + sizeOf(one, rest), 0);
  const least = sizeWith(0);
  const limit = sizeWith(hasRest ? LONGEST_REST : 0);
  const bodySize = parts.reduce((sum, one) => sum + ('body' in one ? sizeOf(one, 0) : 0), 0);
  const first = all[0];
  const mark = first && 'bytes' in first ? unhex(first.bytes) : new Uint8Array();
  const restAt = all.findIndex((one) => 'data' in one);
  const beforeRest = all.slice(0, restAt).reduce((sum, one) => sum + sizeOf(one, 0), 0);
  const behindRest = all[restAt + 1];
  const tail = behindRest && 'bytes' in behindRest ? unhex(behindRest.bytes) : new Uint8Array();

  /** Goes through the parts with where each begins; true when all of them are taken. */
  const walk = (rest: number, visit: (one: Part, at: number, bodyAt: number) => boolean): boolean => {
    let at = 0;
    let bodyAt = 0;
    const step = (one: Part): boolean => {
      if ('body' in one) {
        bodyAt = at;
        return one.body.every(step);
      }
      const goesOn = visit(one, at, bodyAt);
      at += sizeOf(one, rest);
      return goesOn;
    };
    return parts.every(step);
  };
  const constants = new Map<Part, Uint8Array>(
    all.flatMap((one) => ('bytes' in one ? [[one, unhex(one.bytes)] as const] : [])),
  );
  const isConstant = (one: Part, bytes: Uint8Array, at: number): boolean =>
    (constants.get(one) ?? []).every((byte, index) => bytes[at + index] === byte);
  /** The check of a frame that begins at `start`, whose check stands at `at` and whose body at `bodyAt`. */
  const checkFor = (
    { check, over }: { readonly check: Check; readonly over: 'before' | 'body' },
    bytes: Uint8Array,
    { start, at, bodyAt, rest }: { readonly start: number; readonly at: number; bodyAt: number; rest: number },
  ): number =>
    over === 'body' ? checkOf(check, bytes, bodyAt, bodyAt + bodySize + rest) : checkOf(check, bytes, start, at);

  const encode = ({ fields, data: given }: DeclaredMessage): Uint8Array => {
    const rest = hasRest ? given.length : 0;
    const wanted = all.find((one) => 'data' in one);
    const due = wanted && wanted.data !== 'rest' ? wanted.data : rest;
    if (given.length !== due || rest > LONGEST_REST)
      throw new RangeError(`${given.length} bytes of data instead of ${due}`);
    const bytes = new Uint8Array(sizeWith(rest));
    walk(rest, (one, at, bodyAt) => {
      if ('bytes' in one) bytes.set(constants.get(one) ?? [], at);
      else if ('data' in one) bytes.set(given, at);
      else if ('length' in one) put(bytes, at, bodySize + rest, one.length, one.order);
      else if ('field' in one) {
        const value = fields[one.field];
        if (value === undefined || !Number.isInteger(value) || value < 0 || value >= 256 ** one.size)
          throw new RangeError(`field ${one.field}: ${String(value)}`);
        put(bytes, at, value, one.size, one.order);
      } else if ('check' in one) {
        bytes[at] = checkFor(one, bytes, { start: 0, at, bodyAt, rest });
      }
      return true;
    });
    return bytes;
  };

  const decode = (bytes: Uint8Array, start: number, end: number): DeclaredFrame | DiscardReason => {
    const rest = end - start - least;
    const fields: Record<string, number> = {};
    let [from, to] = [start, start];
    let why: DiscardReason = 'noise';
    const whole = walk(rest, (one, offset, bodyOffset) => {
      const at = start + offset;
      if ('bytes' in one) return isConstant(one, bytes, at);
      if ('field' in one) fields[one.field] = take(bytes, at, one.size, one.order);
      else if ('data' in one) [from, to] = [at, at + sizeOf(one, rest)];
      else if ('length' in one) return take(bytes, at, one.length, one.order) === bodySize + rest;
      else if ('check' in one) {
        if (checkFor(one, bytes, { start, at, bodyAt: start + bodyOffset, rest }) === bytes[at]) return true;
        why = 'checksum';
        return false;
      }
      return true;
    });
    return whole ? { fields, data: bytes.slice(from, to), bytes: bytes.slice(start, end) } : why;
  };

  /** How long the frame at `start` is; see `FrameShape.measure`. */
  const measure = (bytes: Uint8Array, start: number, end: number): number | 'invalid' | undefined => {
    if (!hasRest) return least;
    if (hasLength) {
      let told: number | undefined;
      // Every length must say the same, and whatever is fixed in front of them be there.
      const fits = walk(0, (one, offset, bodyOffset) => {
        const at = start + offset;
        const isBehind = bodyOffset > 0 || at + sizeOf(one, 0) > end;
        if (isBehind) return true;
        if ('bytes' in one) return isConstant(one, bytes, at);
        if (!('length' in one)) return true;
        const now = take(bytes, at, one.length, one.order);
        const agrees = told === undefined || told === now;
        told = now;
        return agrees;
      });
      if (!fits) return 'invalid';
      if (told === undefined) return undefined;
      const rest = told - bodySize;
      return rest < 0 || rest > LONGEST_REST ? 'invalid' : least + rest;
    }
    const from = start + beforeRest;
    for (let at = from; at + tail.length <= end; at += 1) {
      if (at - from > LONGEST_REST) return 'invalid';
      if (tail.every((byte, index) => bytes[at + index] === byte)) return least + (at - from);
    }
    return end - from > LONGEST_REST + tail.length ? 'invalid' : undefined;
  };

  return {
    fieldNames: all.flatMap((one) => ('field' in one ? [one.field] : [])),
    encode,
    createFramer: () =>
      createFrameCutter<DeclaredFrame>({
        limit,
        seek: (bytes, from, to) => {
          for (let at = from; at < to; at += 1) {
            if (mark.every((byte, index) => at + index >= to || bytes[at + index] === byte)) return at;
          }
          return to;
        },
        measure,
        decode,
      }),
  };
}
