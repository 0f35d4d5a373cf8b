import { z } from 'zod';
import { type Result, failure, ok } from '@hallhub/sync/base';

/** Registers that a value takes. */
export const WORDS = { u16: 1, s16: 1, u32: 2, s32: 2, f32: 2 } as const;
const LONGEST_READ = 125;
/** Registers between two wanted ones that are read along rather than asked for apart. */
const READ_ALONG = 8;

export const registerAddress = z.int().min(0).max(0xffff);

const fields = {
  table: z.enum(['holding', 'input']).default('input'),
  /** As on the wire, counted from 0: a manual's 30001 is input register 0, its 40001 holding register 0. */
  address: registerAddress,
  type: z.enum(['u16', 's16', 'u32', 's32', 'f32']).default('u16'),
  /** The order in which the bytes of a value are sent, `a` being the most significant one. */
  order: z.enum(['abcd', 'cdab', 'badc', 'dcba']).default('abcd'),
  /** The value is the raw number times `scale` plus `offset`. */
  scale: z
    .number()
    .refine((scale) => scale !== 0, 'a scale of 0 leaves no value')
    .default(1),
  offset: z.number().default(0),
  /** The raw number that means "no measurement". */
  absent: z.number().exactOptional(),
};
const withinMap = (spec: { readonly address: number; readonly type: keyof typeof WORDS }): boolean =>
  spec.address + WORDS[spec.type] <= 0x1_0000;
const BEYOND = 'the value reaches beyond register 65535';

/** Where a number stands in a unit's registers, and how. */
export const valueSchema = z.strictObject(fields).refine(withinMap, BEYOND);
/** The same with the name and unit under which people know it. */
export const namedValueSchema = z
  .strictObject({ ...fields, name: z.string().min(1).max(64), unit: z.string().max(16).default('') })
  .refine(withinMap, BEYOND);

export type ValueSpec = z.output<typeof valueSchema>;

/** Registers to be read in one request. */
export interface Block {
  readonly table: ValueSpec['table'];
  readonly address: number;
  readonly count: number;
}

/** The number in `words` (registers of 16 bits); undefined where the device says that it has none, or for no number. */
export function decodeValue(spec: ValueSpec, words: readonly number[]): number | undefined {
  const raw = rawValue(spec.type, inOrder(spec.order, words));
  if (!Number.isFinite(raw) || raw === spec.absent) return undefined;
  return tidy(raw * spec.scale + spec.offset);
}

/** The registers for a value. Error: `E-DEV-0203` for what the type cannot hold. */
export function encodeValue(spec: ValueSpec, value: number): Result<readonly number[]> {
  const bare = (value - spec.offset) / spec.scale;
  const view = new DataView(new ArrayBuffer(4));
  if (spec.type === 'f32') {
    view.setFloat32(0, bare);
    if (!Number.isFinite(view.getFloat32(0))) return failure('E-DEV-0203', `${value} is no ${spec.type}`);
    return ok(inOrder(spec.order, [view.getUint16(0), view.getUint16(2)]));
  }
  const raw = Math.round(bare);
  const [from, to] = RANGES[spec.type];
  if (!(raw >= from && raw <= to)) return failure('E-DEV-0203', `${value} does not fit into ${spec.type}`);
  view.setInt32(0, raw | 0);
  const words = [view.getUint16(0), view.getUint16(2)];
  return ok(inOrder(spec.order, WORDS[spec.type] === 1 ? words.slice(1) : words));
}

/** The fewest sensible requests that bring all values; no request is longer than a frame can answer. */
export function planBlocks(specs: readonly ValueSpec[]): readonly Block[] {
  const blocks: Block[] = [];
  const ordered = [...specs].sort((a, b) => a.table.localeCompare(b.table) || a.address - b.address);
  for (const { table, address, type } of ordered) {
    const end = address + WORDS[type];
    const last = blocks.at(-1);
    const joins =
      last?.table === table &&
      address <= last.address + last.count + READ_ALONG &&
      Math.max(end, last.address + last.count) - last.address <= LONGEST_READ;
    if (!joins) blocks.push({ table, address, count: end - address });
    else {
      const count = Math.max(last.count, end - last.address);
      blocks[blocks.length - 1] = { table, address: last.address, count };
    }
  }
  return blocks;
}

/** A value's registers among those of the blocks that were read. */
export function wordsOf(
  spec: ValueSpec,
  read: readonly { readonly block: Block; readonly words: readonly number[] }[],
): readonly number[] | undefined {
  const count = WORDS[spec.type];
  const found = read.find(
    ({ block }) =>
      block.table === spec.table &&
      spec.address >= block.address &&
      spec.address + count <= block.address + block.count,
  );
  const from = spec.address - (found?.block.address ?? 0);
  const words = found?.words.slice(from, from + count);
  return words?.length === count ? words : undefined;
}

const RANGES = {
  u16: [0, 0xffff],
  s16: [-0x8000, 0x7fff],
  u32: [0, 0xffff_ffff],
  s32: [-0x8000_0000, 0x7fff_ffff],
} as const;

function rawValue(type: ValueSpec['type'], [high = 0, low = 0]: readonly number[]): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, high);
  view.setUint16(2, low);
  switch (type) {
    case 'u16':
      return high;
    case 's16':
      return view.getInt16(0);
    case 'u32':
      return view.getUint32(0);
    case 's32':
      return view.getInt32(0);
    case 'f32':
      return view.getFloat32(0);
  }
}

/** From the wire's order to the natural one or back: each of the four is its own inverse. */
function inOrder(order: ValueSpec['order'], words: readonly number[]): readonly number[] {
  const turned = order === 'badc' || order === 'dcba' ? words.map(swapBytes) : words;
  return order === 'cdab' || order === 'dcba' ? [...turned].reverse() : turned;
}

const swapBytes = (word: number): number => ((word & 0xff) << 8) | (word >>> 8);

/** 23.4 and not 23.400000000000002. */
const tidy = (value: number): number => Number(value.toPrecision(12));
