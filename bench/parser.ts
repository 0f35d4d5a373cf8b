import type { Framer } from '@hallhub/device-drivers/kit';
import { decodeIpp, encodeIpp, groupTag } from '@hallhub/device-drivers/protocols/ipp';
import { createReplyFramer as createModbusFramer } from '../device-drivers/protocols/modbus/rtu-frames.ts';
import { crc16 } from '../device-drivers/protocols/modbus/crc.ts';
import { createReplyFramer, encodeReply } from '../device-drivers/protocols/resident-id/frames.ts';
import { MiB, median, report } from './kit/measure.ts';

/*
 * How fast bytes become frames. The baseline looks at every byte of the same chunks once and adds it up: what any parser
 * in this language has to do at the least. Lines run at a few KiB/s; this shows that no input can make a parser the
 * bottleneck.
 */
const ROUNDS = 5;

interface Subject {
  readonly name: string;
  readonly chunks: readonly Uint8Array[];
  /** Takes all chunks; returns how many frames they were. */
  readonly parse: () => number;
  readonly frames: number;
  /** What one round takes in. */
  readonly roundBytes: number;
}

function framed(
  name: string,
  roundBytes: number,
  frame: Uint8Array,
  chunkBytes: number,
  framer: Framer<unknown>,
): Subject {
  const stream = Buffer.concat(new Array<Uint8Array>(1_000).fill(frame));
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < stream.length; at += chunkBytes) chunks.push(stream.subarray(at, at + chunkBytes));
  return {
    name,
    chunks,
    frames: 1_000,
    roundBytes,
    parse: () => {
      let frames = 0;
      for (const chunk of chunks) for (const item of framer.push(chunk)) if (item.kind === 'frame') frames += 1;
      return frames;
    },
  };
}

const card = encodeReply({ sw1: 0, sw2: 0, sw3: 0x90, data: new Uint8Array(1_284).fill(0x5a) });
const registers = new Uint8Array(255);
registers.set([1, 3, 250]);
const checked = crc16(registers, 0, 253);
registers.set([checked & 0xff, checked >> 8], 253);
const printer = encodeIpp({
  version: 0x0200,
  code: 0,
  requestId: 1,
  groups: [
    {
      tag: groupTag.operation,
      attributes: [
        { name: 'attributes-charset', values: [{ type: 'charset', value: 'utf-8' }] },
        { name: 'attributes-natural-language', values: [{ type: 'naturalLanguage', value: 'en' }] },
      ],
    },
    {
      tag: groupTag.printer,
      attributes: Array.from({ length: 60 }, (_, index) => ({
        name: `media-col-${index}`,
        values: Array.from({ length: 6 }, (_unused, value) => ({
          type: 'keyword' as const,
          value: `iso_a4_210x297mm-${value}`,
        })),
      })),
    },
  ],
});

const subjects: readonly Subject[] = [
  framed('resident-id', 24 * MiB, card, 256, createReplyFramer()),
  framed(
    'modbus',
    12 * MiB,
    registers,
    64,
    createModbusFramer({ function: 'read-holding-registers', unit: 1, address: 0, count: 125 }),
  ),
  {
    name: 'ipp',
    chunks: new Array<Uint8Array>(100).fill(printer),
    frames: 100,
    roundBytes: 2 * MiB,
    parse: () => {
      let decoded = 0;
      for (let n = 0; n < 100; n += 1) if (decodeIpp(printer).ok) decoded += 1;
      return decoded;
    },
  },
];

for (const subject of subjects) {
  const bytes = subject.chunks.reduce((sum, { length }) => sum + length, 0);
  const times = Math.max(1, Math.round(subject.roundBytes / bytes));
  const parsed: number[] = [];
  const scanned: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const parse = timed(times, () => {
      if (subject.parse() !== subject.frames) throw new Error(`${subject.name} lost a frame`);
    });
    const scan = timed(times, () => scanAll(subject.chunks));
    // The first round is the compiler's.
    if (round === 0) continue;
    parsed.push((bytes * times) / MiB / parse);
    scanned.push((bytes * times) / MiB / scan);
  }
  report({
    name: `parser/${subject.name}`,
    value: median(parsed),
    unit: 'MiB/s',
    baseline: 'a loop that looks at each byte once',
    baselineValue: median(scanned),
    frameBytes: bytes / subject.frames,
  });
}

function timed(times: number, work: () => void): number {
  const begun = performance.now();
  for (let n = 0; n < times; n += 1) work();
  return (performance.now() - begun) / 1_000;
}

function scanAll(chunks: readonly Uint8Array[]): void {
  let sum = 0;
  for (const chunk of chunks) for (let at = 0; at < chunk.length; at += 1) sum = (sum + ((chunk[at] ?? 0) ^ at)) | 0;
  if (sum === 1) throw new Error('only here so that nothing of the loop is left out');
}
