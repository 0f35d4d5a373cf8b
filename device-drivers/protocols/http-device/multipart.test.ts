import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unwrap } from '@hallhub/sync/base';
import { type Work, countWork, noise } from '../../kit/testing/index.ts';
import { createByteQueue } from './byte-queue.ts';
import { type Part, createMultipartReader } from './multipart.ts';

const PIECE = 1_000;
const MEGABYTE = 1_000_000;

const part = (body: Uint8Array, headers: readonly string[]): Buffer =>
  Buffer.concat([
    Buffer.from(`--b\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`),
    body,
    Buffer.from('\r\n'),
  ]);
const event = (text: string): Buffer => part(Buffer.from(text), ['Content-Type: text/plain']);

/** Pushes in pieces; what came of it, and what it cost. */
function read(stream: Uint8Array, piece = PIECE): { readonly parts: readonly Part[]; readonly work: Work } {
  const reader = createMultipartReader('b');
  const parts: Part[] = [];
  const work = countWork(() => {
    for (let at = 0; at < stream.length; at += piece)
      parts.push(...unwrap(reader.push(stream.subarray(at, at + piece))));
  });
  return { parts, work };
}

const textOf = ({ body }: Part): string => Buffer.from(body).toString();

describe('a multipart stream', () => {
  it.each([
    ['of stated length', [`Content-Length: ${MEGABYTE}`]],
    ['without a length', []],
    ['with a length that counts something else', [`Content-Length: ${MEGABYTE - 500}`]],
  ])('of a picture of 1 MB %s keeps nothing of it and finds the next part', (_what, lengths) => {
    const picture = part(noise(MEGABYTE, 5), ['Content-Type: image/jpeg', ...lengths]);
    const { parts, work } = read(Buffer.concat([picture, event('next'), Buffer.from('--b')]));
    expect(parts.map(textOf)).toEqual(['', 'next']);
    expect(work.largest).toBeLessThan(20 * PIECE);
  });

  it('of a picture whose stated length reaches over its boundary loses no event behind it', () => {
    const picture = part(noise(50_000, 6), ['Content-Type: image/jpeg', 'Content-Length: 60000']);
    const { parts } = read(Buffer.concat([picture, event('next'), noise(12_000, 8), Buffer.from('--b')]));
    expect(parts.map(textOf).map((text) => text.slice(0, 4))).toEqual(['', 'next']);
  });

  it('of noise is given up in bounded memory; one that begins with less of it finds the part behind', () => {
    const { parts, work } = read(Buffer.concat([noise(250_000, 9), event('next'), Buffer.from('--b')]));
    expect(parts.map(textOf)).toEqual(['next']);
    expect(work.largest).toBeLessThan(20 * PIECE);
    expect(() => read(noise(MEGABYTE, 10))).toThrow('no boundary');
  });

  it.each([
    ['a picture', part(new Uint8Array(MEGABYTE).fill(0x2d), ['Content-Type: image/jpeg'])],
    [
      'a picture of stated length',
      part(noise(MEGABYTE, 1), ['Content-Type: image/jpeg', `Content-Length: ${MEGABYTE}`]),
    ],
    ['a long event', part(new Uint8Array(250_000).fill(0x2d), ['Content-Type: text/plain'])],
    ['a long event of stated length', part(noise(250_000, 2), ['Content-Type: text/plain', 'Content-Length: 250000'])],
    ['many events', Buffer.concat(Array.from({ length: 5_000 }, (_each, at) => event(`event ${at}`)))],
    ['long headers', part(new Uint8Array(), [`X: ${'y'.repeat(8_000)}`])],
  ])('of %s is looked at and moved a few times, however small the pieces', (_what, stream) => {
    for (const piece of [50, 1_000, 65_536]) {
      const { copied, searched } = read(stream, piece).work;
      expect((copied + searched) / stream.length).toBeLessThan(8);
    }
  });
});

it('holds what was pushed and not dropped, whatever comes', () => {
  const steps = fc.array(fc.oneof(fc.uint8Array({ maxLength: 3_000 }), fc.nat({ max: 4_000 })), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (given) => {
      const queue = createByteQueue();
      let expected = Buffer.alloc(0);
      for (const step of given) {
        if (typeof step === 'number') {
          queue.drop(step);
          expected = expected.subarray(step);
        } else {
          queue.push(step);
          expected = Buffer.concat([expected, step]);
        }
        expect(queue.held.equals(expected)).toBe(true);
      }
    }),
  );
});
