import { type Result, failure, ok } from '@hallhub/sync/base';

/** Delimiter tags of attribute groups (RFC 8010, 3.5.1). */
export const groupTag = { operation: 0x01, job: 0x02, end: 0x03, printer: 0x04, unsupported: 0x05 } as const;

/** Value tags (RFC 8010, 3.5.2) of what this client sends or understands. */
export const valueTag = {
  unsupported: 0x10,
  unknown: 0x12,
  noValue: 0x13,
  integer: 0x21,
  boolean: 0x22,
  enum: 0x23,
  octetString: 0x30,
  dateTime: 0x31,
  resolution: 0x32,
  range: 0x33,
  beginCollection: 0x34,
  textWithLanguage: 0x35,
  nameWithLanguage: 0x36,
  endCollection: 0x37,
  text: 0x41,
  name: 0x42,
  keyword: 0x44,
  uri: 0x45,
  uriScheme: 0x46,
  charset: 0x47,
  naturalLanguage: 0x48,
  mimeMediaType: 0x49,
  memberName: 0x4a,
} as const;

type TextTag = 'text' | 'name' | 'keyword' | 'uri' | 'uriScheme' | 'charset' | 'naturalLanguage' | 'mimeMediaType';

const textTags: readonly TextTag[] = [
  'text',
  'name',
  'keyword',
  'uri',
  'uriScheme',
  'charset',
  'naturalLanguage',
  'mimeMediaType',
];
const textTagOf = new Map<number, TextTag>(textTags.map((tag) => [valueTag[tag], tag]));

export type IppValue =
  | { readonly type: 'integer' | 'enum'; readonly value: number }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: TextTag; readonly value: string }
  | { readonly type: 'textWithLanguage' | 'nameWithLanguage'; readonly language: string; readonly value: string }
  | { readonly type: 'range'; readonly from: number; readonly to: number }
  | { readonly type: 'resolution'; readonly x: number; readonly y: number; readonly unit: number }
  | { readonly type: 'collection'; readonly members: readonly IppAttribute[] }
  /** Out-of-band (0x10–0x1f), octetString, dateTime and every tag that this client has no use for: the bytes as they are. */
  | { readonly type: 'bytes'; readonly tag: number; readonly value: Uint8Array };

export interface IppAttribute {
  readonly name: string;
  /** At least one. */
  readonly values: readonly IppValue[];
}

export interface IppGroup {
  readonly tag: number;
  readonly attributes: readonly IppAttribute[];
}

export interface IppMessage {
  /** Major in the high byte: 0x0101 is IPP/1.1, 0x0200 is IPP/2.0. */
  readonly version: number;
  /** operation-id in a request, status-code in an answer. */
  readonly code: number;
  readonly requestId: number;
  readonly groups: readonly IppGroup[];
}

/** What an answer may hold at most, so that a broken printer cannot fill the hub's memory. */
export const ippLimits = {
  groups: 1_024,
  valuesInAll: 65_536,
  /** RFC 8011 lets no name and no keyword be longer than 255 octets. */
  nameBytes: 255,
  /** The longest text of RFC 8011 is 1,023 octets; some makers send more. */
  valueBytes: 8_192,
  collectionDepth: 8,
} as const;

const utf8 = new TextEncoder();
/** Lenient on purpose: a maker's bad byte in a status message must not hide the status. */
function textOf(bytes: Uint8Array): string {
  // Answers hold hundreds of short texts; a TextDecoder takes several times as long for each.
  return bytes.length === 0 ? '' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

class ByteSink {
  #bytes = new Uint8Array(512);
  #length = 0;

  /** Where to write; may replace the buffer, so it comes before any use of it. */
  #reserve(size: number): number {
    const at = this.#length;
    this.#length += size;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    return at;
  }

  u8(value: number): void {
    const at = this.#reserve(1);
    this.#bytes[at] = value;
  }

  u16(value: number): void {
    const at = this.#reserve(2);
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
  }

  i32(value: number): void {
    const at = this.#reserve(4);
    new DataView(this.#bytes.buffer).setInt32(at, value);
  }

  raw(value: Uint8Array): void {
    const at = this.#reserve(value.length);
    this.#bytes.set(value, at);
  }

  /** A 16-bit length, then the bytes. */
  counted(value: Uint8Array): void {
    if (value.length > 0xffff) throw new RangeError(`an IPP field holds 65,535 octets at most, not ${value.length}`);
    this.u16(value.length);
    this.raw(value);
  }

  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

/**
 * A message as its bytes, without the document that may follow them (RFC 8010, 3.1).
 * @throws {RangeError} when a field is longer than its length field can say, or an attribute has no value: a bug.
 */
export function encodeIpp(message: IppMessage): Uint8Array {
  const sink = new ByteSink();
  sink.u16(message.version);
  sink.u16(message.code);
  sink.i32(message.requestId);
  for (const group of message.groups) {
    sink.u8(group.tag);
    for (const attribute of group.attributes) encodeAttribute(sink, attribute);
  }
  sink.u8(groupTag.end);
  return sink.take();
}

function encodeAttribute(sink: ByteSink, { name, values }: IppAttribute): void {
  if (values.length === 0) throw new RangeError(`the attribute ${name} has no value`);
  if (name === '') throw new RangeError('an attribute needs a name: an empty one means "one more value"');
  for (const [index, value] of values.entries()) encodeValue(sink, index === 0 ? name : '', value);
}

function encodeValue(sink: ByteSink, name: string, value: IppValue): void {
  const head = (tag: number): void => {
    sink.u8(tag);
    sink.counted(utf8.encode(name));
  };
  switch (value.type) {
    case 'integer':
    case 'enum':
      head(valueTag[value.type]);
      sink.u16(4);
      sink.i32(value.value);
      return;
    case 'boolean':
      head(valueTag.boolean);
      sink.u16(1);
      sink.u8(value.value ? 1 : 0);
      return;
    case 'range':
      head(valueTag.range);
      sink.u16(8);
      sink.i32(value.from);
      sink.i32(value.to);
      return;
    case 'resolution':
      head(valueTag.resolution);
      sink.u16(9);
      sink.i32(value.x);
      sink.i32(value.y);
      sink.u8(value.unit);
      return;
    case 'textWithLanguage':
    case 'nameWithLanguage': {
      head(valueTag[value.type]);
      const language = utf8.encode(value.language);
      const text = utf8.encode(value.value);
      sink.u16(language.length + text.length + 4);
      sink.counted(language);
      sink.counted(text);
      return;
    }
    case 'collection':
      head(valueTag.beginCollection);
      sink.u16(0);
      for (const member of value.members) encodeMember(sink, member);
      sink.u8(valueTag.endCollection);
      sink.u16(0);
      sink.u16(0);
      return;
    case 'bytes':
      head(value.tag);
      sink.counted(value.value);
      return;
    default:
      head(valueTag[value.type]);
      sink.counted(utf8.encode(value.value));
  }
}

/** A member of a collection: its name travels as a value of its own, its values without names (RFC 8010, 3.1.7). */
function encodeMember(sink: ByteSink, { name, values }: IppAttribute): void {
  if (values.length === 0) throw new RangeError(`the member ${name} has no value`);
  sink.u8(valueTag.memberName);
  sink.u16(0);
  sink.counted(utf8.encode(name));
  for (const value of values) encodeValue(sink, '', value);
}

/** The bytes are no IPP message. Thrown inside this file only. */
class Malformed extends Error {}

class Reader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  #at = 0;
  /** Values read so far, over all groups and collections. */
  values = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get at(): number {
    return this.#at;
  }

  #advance(size: number): number {
    const at = this.#at;
    if (at + size > this.#bytes.length) throw new Malformed(`ends at octet ${this.#bytes.length}, inside a field`);
    this.#at += size;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2));
  }

  i32(): number {
    return this.#view.getInt32(this.#advance(4));
  }

  /** A view: whoever keeps it copies it. */
  counted(limit: number): Uint8Array {
    const size = this.u16();
    if (size > limit) throw new Malformed(`a field of ${size} octets, at most ${limit} are allowed`);
    const at = this.#advance(size);
    return this.#bytes.subarray(at, at + size);
  }
}

/** A message and where the document that follows it begins. Error: `E-PRN-0105`. */
export function decodeIpp(bytes: Uint8Array): Result<{ readonly message: IppMessage; readonly end: number }> {
  const reader = new Reader(bytes);
  try {
    const version = reader.u16();
    const code = reader.u16();
    const requestId = reader.i32();
    const groups: IppGroup[] = [];
    let tag = reader.u8();
    while (tag !== groupTag.end) {
      if (tag > 0x0f) throw new Malformed(`value tag 0x${tag.toString(16)} where a group begins`);
      if (groups.length === ippLimits.groups) throw new Malformed('too many groups');
      const group = decodeGroup(reader);
      groups.push({ tag, attributes: group.attributes });
      tag = group.next;
    }
    return ok({ message: { version, code, requestId, groups }, end: reader.at });
  } catch (error) {
    if (error instanceof Malformed) return failure('E-PRN-0105', error.message);
    throw error;
  }
}

function decodeGroup(reader: Reader): { readonly attributes: readonly IppAttribute[]; readonly next: number } {
  const attributes: { name: string; values: IppValue[] }[] = [];
  for (;;) {
    const tag = reader.u8();
    if (tag <= 0x0f) return { attributes, next: tag };
    const name = textOf(reader.counted(ippLimits.nameBytes));
    const value = decodeValue(reader, tag, 0);
    if (name !== '') {
      attributes.push({ name, values: [value] });
      continue;
    }
    const last = attributes.at(-1);
    if (!last) throw new Malformed('a further value before the first attribute');
    last.values.push(value);
  }
}

function decodeValue(reader: Reader, tag: number, depth: number): IppValue {
  if (++reader.values > ippLimits.valuesInAll) throw new Malformed('too many values');
  if (tag === valueTag.beginCollection) {
    reader.counted(ippLimits.valueBytes);
    if (depth === ippLimits.collectionDepth) throw new Malformed('collections nested too deep');
    return { type: 'collection', members: decodeMembers(reader, depth + 1) };
  }
  if (tag === valueTag.endCollection || tag === valueTag.memberName) {
    throw new Malformed(`tag 0x${tag.toString(16)} outside a collection`);
  }
  const value = reader.counted(ippLimits.valueBytes);
  return decodeScalar(tag, value) ?? { type: 'bytes', tag, value: value.slice() };
}

/** Undefined where the length does not fit the tag: some printers send a `no-value` with the tag of the real one. */
function decodeScalar(tag: number, value: Uint8Array): IppValue | undefined {
  const text = textTagOf.get(tag);
  if (text !== undefined) return { type: text, value: textOf(value) };
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  switch (tag) {
    case valueTag.integer:
      return value.length === 4 ? { type: 'integer', value: view.getInt32(0) } : undefined;
    case valueTag.enum:
      return value.length === 4 ? { type: 'enum', value: view.getInt32(0) } : undefined;
    case valueTag.boolean:
      return value.length === 1 ? { type: 'boolean', value: view.getUint8(0) !== 0 } : undefined;
    case valueTag.range:
      return value.length === 8 ? { type: 'range', from: view.getInt32(0), to: view.getInt32(4) } : undefined;
    case valueTag.resolution:
      return value.length === 9
        ? { type: 'resolution', x: view.getInt32(0), y: view.getInt32(4), unit: view.getInt8(8) }
        : undefined;
    case valueTag.textWithLanguage:
    case valueTag.nameWithLanguage: {
      if (value.length < 4) return undefined;
      const languageSize = view.getUint16(0);
      if (value.length < languageSize + 4) return undefined;
      const textSize = view.getUint16(2 + languageSize);
      if (value.length !== languageSize + textSize + 4) return undefined;
      return {
        type: tag === valueTag.textWithLanguage ? 'textWithLanguage' : 'nameWithLanguage',
        language: textOf(value.subarray(2, 2 + languageSize)),
        value: textOf(value.subarray(4 + languageSize)),
      };
    }
    default:
      return undefined;
  }
}

function decodeMembers(reader: Reader, depth: number): readonly IppAttribute[] {
  const members: { name: string; values: IppValue[] }[] = [];
  let open: { name: string; values: IppValue[] } | undefined;
  const close = (): void => {
    if (!open) return;
    if (open.values.length === 0) throw new Malformed(`the member ${open.name} has no value`);
    members.push(open);
  };
  for (;;) {
    const tag = reader.u8();
    if (tag <= 0x0f) throw new Malformed('a group begins inside a collection');
    if (reader.counted(ippLimits.nameBytes).length > 0) throw new Malformed('a name inside a collection');
    if (tag === valueTag.endCollection) {
      reader.counted(ippLimits.valueBytes);
      close();
      return members;
    }
    if (tag === valueTag.memberName) {
      close();
      open = { name: textOf(reader.counted(ippLimits.nameBytes)), values: [] };
      continue;
    }
    if (!open) throw new Malformed('a value before the first member of a collection');
    open.values.push(decodeValue(reader, tag, depth));
  }
}
