import type { Framer } from '@hallhub/device-drivers/kit';
import { createTextFramer } from '@hallhub/device-drivers/kit';
import { decodeIpp, encodeIpp, groupTag } from '@hallhub/device-drivers/protocols/ipp';
import { createCodeFramer } from '../device-drivers/protocols/code-scanner/driver.ts';
import { createReplyFramer as createPrinterFramer } from '../device-drivers/protocols/escpos/replies.ts';
import { crc16 } from '../device-drivers/protocols/modbus/crc.ts';
import { createMbapFramer, encodeMbap } from '../device-drivers/protocols/modbus/mbap.ts';
import { createReplyFramer as createModbusFramer } from '../device-drivers/protocols/modbus/rtu-frames.ts';
import { createPacketFramer, encodePacket } from '../device-drivers/protocols/osdp/frames.ts';
import { createReplyFramer as createCardFramer, encodeReply } from '../device-drivers/protocols/resident-id/frames.ts';
import { createStatusFramer } from '../device-drivers/protocols/turnstile-rs485/frames.ts';
import { createNumberFramer } from '../device-drivers/protocols/wiegand-line/driver.ts';
import { MiB, median, quantile, report } from './kit/measure.ts';

/*
 * How fast bytes become frames. The baseline looks at every byte of the same chunks once and adds it up: what any parser
 * in this language has to do at the least. Lines run at a few KiB/s; this shows that no input can make a parser the
 * bottleneck: neither good frames, nor frames between noise and damaged copies of themselves, of which four times as much
 * takes four times as long.
 */
const ROUNDS = 5;
const CHUNK_BYTES = 64;
const CLEAN_BYTES = MiB;
const SHORT_NOISE = MiB;
const LONG_NOISE = 4 * MiB;
/** Frames of one latency sample: a clock reading costs more than a short frame. */
const BATCH = 100;
const BATCHES = 400;

interface Subject {
  readonly name: string;
  readonly frame: Uint8Array;
  readonly create: () => Framer<unknown>;
  /** Without a check of its own, noise may look like a frame or swallow one. */
  readonly checked: boolean;
}

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const registers = new Uint8Array(255);
registers.set([1, 3, 250]);
const crc = crc16(registers, 0, 253);
registers.set([crc & 0xff, crc >> 8], 253);
const machine = Uint8Array.of(0x7f, 1, 2, 0, 1, 0, 0, 0, 9, 0, 0, 7, 0, 1, 12, 0, 0, 0);
machine[17] = ~machine.subarray(0, 17).reduce((sum, byte) => sum + byte, 0) & 0xff;

const subjects: readonly Subject[] = [
  {
    name: 'resident-id',
    frame: encodeReply({ sw1: 0, sw2: 0, sw3: 0x90, data: new Uint8Array(1_284).fill(0x5a) }),
    create: createCardFramer,
    checked: true,
  },
  {
    name: 'modbus-rtu',
    frame: registers,
    create: () => createModbusFramer({ function: 'read-holding-registers', unit: 1, address: 0, count: 125 }),
    checked: true,
  },
  { name: 'modbus-tcp', frame: encodeMbap(7, registers.subarray(0, 253)), create: createMbapFramer, checked: false },
  {
    name: 'osdp',
    frame: encodePacket(
      { address: 1, isReply: true, sequence: 1, check: 'crc' },
      { code: 0x50, data: Uint8Array.of(0, 1, 26, 0, 0xa5, 0x5a, 0x3c, 0x40) },
    ),
    create: () => createPacketFramer('reply'),
    checked: true,
  },
  {
    name: 'wiegand-line',
    frame: ascii('\u00020012345678\r\n'),
    create: () => createNumberFramer({ prefix: '\u0002', suffix: '\r\n' }),
    checked: false,
  },
  {
    name: 'code-scanner',
    frame: ascii(`HALL1:${'a7'.repeat(60)}\r`),
    create: () => createCodeFramer({ prefix: '', suffix: '\r', longest: 512 }),
    checked: false,
  },
  { name: 'turnstile-rs485', frame: machine, create: createStatusFramer, checked: true },
  { name: 'escpos-status', frame: Uint8Array.of(0x10, 0, 0, 0x0f), create: createPrinterFramer, checked: false },
  {
    name: 'text',
    frame: ascii(`${'0123456789'.repeat(3)}\r\n`),
    create: () => createTextFramer({ suffix: ascii('\r\n'), limit: 128 }),
    checked: false,
  },
];

for (const subject of subjects) {
  const { name, frame } = subject;
  const clean = chunked(Buffer.concat(new Array<Uint8Array>(Math.ceil(CLEAN_BYTES / frame.length)).fill(frame)));
  const cleanFrames = Math.ceil(CLEAN_BYTES / frame.length);
  const short = noisy(subject, SHORT_NOISE);
  const long = noisy(subject, LONG_NOISE);
  const parsed: number[] = [];
  const scanned: number[] = [];
  const shortTook: number[] = [];
  const longTook: number[] = [];
  const longScanned: number[] = [];
  // The first round is the compiler's.
  for (let round = 0; round <= ROUNDS; round += 1) {
    const took = [
      timed(() => {
        expectFrames(name, parse(subject.create(), clean), cleanFrames, true);
      }),
      timed(() => {
        scanAll(clean);
      }),
      timed(() => {
        expectFrames(name, parse(subject.create(), short.chunks), short.frames, subject.checked);
      }),
      timed(() => {
        expectFrames(name, parse(subject.create(), long.chunks), long.frames, subject.checked);
      }),
      timed(() => {
        scanAll(long.chunks);
      }),
    ] as const;
    if (round === 0) continue;
    for (const [index, list] of [parsed, scanned, shortTook, longTook, longScanned].entries())
      list.push(took[index] ?? 0);
  }
  const bytes = frame.length * cleanFrames;
  const rate = (size: number, seconds: readonly number[]): number => size / MiB / median(seconds);
  report({
    name: `parsers/${name}`,
    value: rate(bytes, parsed),
    unit: 'MiB/s',
    baseline: 'a loop that looks at each byte once',
    baselineValue: rate(bytes, scanned),
    frameBytes: frame.length,
  });
  report({
    name: `parsers/${name}/noise`,
    value: rate(LONG_NOISE, longTook),
    unit: 'MiB/s',
    baseline: 'a loop that looks at each byte once',
    baselineValue: rate(LONG_NOISE, longScanned),
    goodFrames: long.frames,
  });
  report({
    name: `parsers/${name}/noise-4-times`,
    value: median(longTook) * 1_000,
    unit: 'ms',
    baseline: 'a quarter of the bytes',
    baselineValue: median(shortTook) * 1_000,
    aim: 'ratio near 4',
  });
  reportLatency(subject);
}
reportIpp();

/** From the call with the last byte of a frame to the frame: one chunk holds it, as most adapters give it. */
function reportLatency({ name, frame, create }: Subject): void {
  const framer = create();
  const parsing: number[] = [];
  const scanning: number[] = [];
  for (let batch = 0; batch < BATCHES; batch += 1) {
    let frames = 0;
    const took = timed(() => {
      for (let n = 0; n < BATCH; n += 1) frames += framer.push(frame).length;
    });
    expectFrames(name, frames, BATCH, true);
    const whole = [frame];
    const loop = timed(() => {
      for (let n = 0; n < BATCH; n += 1) scanAll(whole);
    });
    parsing.push((took / BATCH) * 1e6);
    scanning.push((loop / BATCH) * 1e6);
  }
  report({
    name: `parsers/${name}/latency`,
    value: median(parsing),
    unit: 'µs/frame',
    baseline: 'a loop that looks at each byte once',
    baselineValue: median(scanning),
    p99: quantile(parsing, 0.99),
    note: `means of ${BATCH} frames`,
  });
}

/** Good frames, and between every two of them noise and a copy with one wrong byte; the same each time. */
function noisy({ frame }: Subject, size: number): { readonly chunks: readonly Uint8Array[]; readonly frames: number } {
  const stream = Buffer.alloc(size);
  let state = 0x2545f491;
  const random = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  let at = 0;
  let frames = 0;
  const pieceBytes = frame.length * 3;
  while (at + pieceBytes <= size) {
    stream.set(frame, at);
    for (let index = 0; index < frame.length; index += 1) stream[at + frame.length + index] = random();
    stream.set(frame, at + 2 * frame.length);
    const spoilt = at + 2 * frame.length + (random() % frame.length);
    stream[spoilt] = (stream[spoilt] ?? 0) ^ (1 + (random() % 255));
    at += pieceBytes;
    frames += 1;
  }
  return { chunks: chunked(stream), frames };
}

function chunked(stream: Uint8Array): readonly Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < stream.length; at += CHUNK_BYTES) chunks.push(stream.subarray(at, at + CHUNK_BYTES));
  return chunks;
}

function parse(framer: Framer<unknown>, chunks: readonly Uint8Array[]): number {
  let frames = 0;
  for (const chunk of chunks) for (const item of framer.push(chunk)) if (item.kind === 'frame') frames += 1;
  return frames;
}

/** A check finds the good frames whatever stands between them; one of 8 bits lets a false frame through that covers one. */
function expectFrames(name: string, found: number, good: number, isChecked: boolean): void {
  if (found < (isChecked ? good * 0.99 : 1)) throw new Error(`${name}: ${found} frames of ${good}`);
}

function reportIpp(): void {
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

  const answers = new Array<Uint8Array>(100).fill(printer);
  const decoded: number[] = [];
  const scanned: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const took = timed(() => {
      for (const answer of answers) if (!decodeIpp(answer).ok) throw new Error('ipp lost an answer');
    });
    const loop = timed(() => {
      scanAll(answers);
    });
    if (round === 0) continue;
    decoded.push(took);
    scanned.push(loop);
  }
  const size = (printer.length * answers.length) / MiB;
  report({
    name: 'parsers/ipp',
    value: size / median(decoded),
    unit: 'MiB/s',
    baseline: 'a loop that looks at each byte once',
    baselineValue: size / median(scanned),
    frameBytes: printer.length,
  });
}

function timed(work: () => void): number {
  const begun = performance.now();
  work();
  return (performance.now() - begun) / 1_000;
}

function scanAll(chunks: readonly Uint8Array[]): void {
  let sum = 0;
  for (const chunk of chunks) for (let at = 0; at < chunk.length; at += 1) sum = (sum + ((chunk[at] ?? 0) ^ at)) | 0;
  if (sum === 1) throw new Error('only here so that nothing of the loop is left out');
}
