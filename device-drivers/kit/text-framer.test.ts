import fc from 'fast-check';
import { expect, it } from 'vitest';
import { framerConformance } from './testing/index.ts';
import { createTextFramer } from './text-framer.ts';

const CR = Uint8Array.of(0x0d);
const CRLF = Uint8Array.of(0x0d, 0x0a);
const payload = fc.uint8Array({ min: 0x20, minLength: 1, maxLength: 40 });

framerConformance('lines ended by CR', {
  create: () => createTextFramer({ suffix: CR, limit: 64 }),
  frames: payload.map((bytes) => Uint8Array.from([...bytes, ...CR])),
  bytesOf: ({ bytes }) => bytes,
  falseStart: new Uint8Array(63).fill(0x41),
});

framerConformance('lines between STX and CRLF', {
  create: () => createTextFramer({ prefix: Uint8Array.of(2), suffix: CRLF, limit: 64 }),
  frames: payload.map((bytes) => Uint8Array.from([2, ...bytes, ...CRLF])),
  bytesOf: ({ bytes }) => bytes,
  falseStart: Uint8Array.of(2),
});

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const lines = (framed: ReturnType<ReturnType<typeof createTextFramer>['push']>): string[] =>
  framed.flatMap((item) => (item.kind === 'frame' ? [text(item.frame.payload)] : []));

it('ends a line at a pause where the suffix is missing', () => {
  const framer = createTextFramer({ suffix: CR, limit: 64 });
  expect(lines(framer.push(Buffer.from('ABC')))).toEqual([]);
  expect(lines(framer.flush())).toEqual(['ABC']);
});

it('never makes a shorter line of one that is too long', () => {
  fc.assert(
    fc.property(fc.integer({ min: 16, max: 200 }), fc.integer({ min: 1, max: 30 }), (size, chunk) => {
      const framer = createTextFramer({ suffix: CR, limit: 16 });
      const bytes = Buffer.from(`${'X'.repeat(size)}\rGOOD\r`);
      const found: string[] = [];
      for (let at = 0; at < bytes.length; at += chunk)
        found.push(...lines(framer.push(bytes.subarray(at, at + chunk))));
      expect(found).toEqual(['GOOD']);
    }),
  );
});

it('finds the end of a line that is too long also where its suffix begins with the last byte that fits', () => {
  const framer = createTextFramer({ suffix: CRLF, limit: 16 });
  expect(lines(framer.push(Buffer.from(`${'X'.repeat(15)}\r\nGOOD\r\n`)))).toEqual(['GOOD']);
});

it('finds endings that begin like themselves', () => {
  const framer = createTextFramer({ suffix: Buffer.from('aab'), limit: 16 });
  expect(lines(framer.push(Buffer.from('1aaab2aaaab')))).toEqual(['1a', '2aa']);
});
