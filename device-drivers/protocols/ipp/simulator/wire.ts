/*
 * The printer's own reading and writing of IPP (RFC 8010), apart from the client's codec on purpose: a misreading of the
 * standard in one of them must not be answered by the same misreading in the other.
 */

export interface RawValue {
  readonly tag: number;
  readonly bytes: Buffer;
}

export interface RawRequest {
  readonly version: number;
  readonly operation: number;
  readonly requestId: number;
  /** Attributes of all groups by name; members of collections are left out. */
  readonly attributes: ReadonlyMap<string, readonly RawValue[]>;
  readonly document: Buffer;
}

/** Undefined for bytes that are no request. */
export function readRequest(bytes: Buffer): RawRequest | undefined {
  const attributes = new Map<string, RawValue[]>();
  let at = 8;
  let last: RawValue[] | undefined;
  let depth = 0;
  while (at < bytes.length) {
    const tag = bytes.readUInt8(at++);
    if (tag === 0x03) {
      return {
        version: bytes.readUInt16BE(0),
        operation: bytes.readUInt16BE(2),
        requestId: bytes.readInt32BE(4),
        attributes,
        document: bytes.subarray(at),
      };
    }
    if (tag < 0x10) continue;
    if (at + 2 > bytes.length) return undefined;
    const nameEnd = at + 2 + bytes.readUInt16BE(at);
    if (nameEnd + 2 > bytes.length) return undefined;
    const name = bytes.toString('utf8', at + 2, nameEnd);
    const valueEnd = nameEnd + 2 + bytes.readUInt16BE(nameEnd);
    if (valueEnd > bytes.length) return undefined;
    if (tag === 0x34) depth++;
    else if (tag === 0x37) depth--;
    else if (depth === 0) {
      if (name !== '') attributes.set(name, (last = []));
      last?.push({ tag, bytes: bytes.subarray(nameEnd + 2, valueEnd) });
    }
    at = valueEnd;
  }
  return undefined;
}

export function textIn(request: RawRequest, name: string): string | undefined {
  return request.attributes.get(name)?.[0]?.bytes.toString('utf8');
}

export function textsIn(request: RawRequest, name: string): readonly string[] {
  return (request.attributes.get(name) ?? []).map((value) => value.bytes.toString('utf8'));
}

export function integerIn(request: RawRequest, name: string): number | undefined {
  const bytes = request.attributes.get(name)?.[0]?.bytes;
  return bytes?.length === 4 ? bytes.readInt32BE(0) : undefined;
}

/** One attribute of an answer: its name and its bytes on the wire. */
export interface Written {
  readonly name: string;
  readonly bytes: Buffer;
}

function written(tag: number, name: string, values: readonly Buffer[]): Written {
  const parts = values.map((value, index) => {
    const key = Buffer.from(index === 0 ? name : '', 'utf8');
    const head = Buffer.alloc(3);
    head.writeUInt8(tag, 0);
    head.writeUInt16BE(key.length, 1);
    const size = Buffer.alloc(2);
    size.writeUInt16BE(value.length, 0);
    return Buffer.concat([head, key, size, value]);
  });
  return { name, bytes: Buffer.concat(parts) };
}

function int32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeInt32BE(value, index * 4);
  return bytes;
}

const texts =
  (tag: number) =>
  (name: string, ...values: readonly string[]): Written =>
    written(
      tag,
      name,
      values.map((value) => Buffer.from(value, 'utf8')),
    );

export const write = {
  text: texts(0x41),
  name: texts(0x42),
  keyword: texts(0x44),
  uri: texts(0x45),
  charset: texts(0x47),
  language: texts(0x48),
  mime: texts(0x49),
  integer: (name: string, ...values: readonly number[]): Written =>
    written(
      0x21,
      name,
      values.map((value) => int32(value)),
    ),
  enumeration: (name: string, ...values: readonly number[]): Written =>
    written(
      0x23,
      name,
      values.map((value) => int32(value)),
    ),
  boolean: (name: string, value: boolean): Written => written(0x22, name, [Buffer.from([value ? 1 : 0])]),
  range: (name: string, from: number, to: number): Written => written(0x33, name, [int32(from, to)]),
  /** Dots per inch, alike both ways. */
  resolution: (name: string, ...values: readonly number[]): Written =>
    written(
      0x32,
      name,
      values.map((value) => Buffer.concat([int32(value, value), Buffer.of(3)])),
    ),
  noValue: (name: string): Written => written(0x13, name, [Buffer.alloc(0)]),
};

export interface RawAnswer {
  readonly status: number;
  /** Said to the operator; shows in the client's error. */
  readonly message?: string;
  readonly groups?: readonly { readonly tag: 0x02 | 0x04; readonly attributes: readonly Written[] }[];
}

export function writeAnswer(request: Pick<RawRequest, 'version' | 'requestId'>, answer: RawAnswer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(request.version, 0);
  head.writeUInt16BE(answer.status, 2);
  head.writeInt32BE(request.requestId, 4);
  const operation = [write.charset('attributes-charset', 'utf-8'), write.language('attributes-natural-language', 'en')];
  if (answer.message !== undefined) operation.push(write.text('status-message', answer.message));
  const parts = [head, Buffer.from([0x01]), ...operation.map((attribute) => attribute.bytes)];
  for (const group of answer.groups ?? []) {
    parts.push(Buffer.from([group.tag]), ...group.attributes.map((attribute) => attribute.bytes));
  }
  parts.push(Buffer.from([0x03]));
  return Buffer.concat(parts);
}
