/*
 * Setup frames of generic scanner modules:
 *   request  7E 00 | type | length | address 2 | data   | CRC 2      type 07 reads `data` bytes, 08 writes
 *   reply    02 00 | status | length |         data     | CRC 2
 * CRC: CCITT, polynomial 1021, initial value 0, from type or status to the last data byte, high byte first.
 */
const REQUEST = [0x7e, 0x00] as const;
const REPLY = [0x02, 0x00] as const;
const READ = 0x07;
const WRITE = 0x08;

export type ModuleRequest =
  | { readonly kind: 'read'; readonly address: number; readonly count: number }
  | { readonly kind: 'write'; readonly address: number; readonly data: readonly number[] };

export interface ModuleReply {
  /** 0 for success. */
  readonly status: number;
  readonly data: readonly number[];
}

export function crcCcitt(bytes: Iterable<number>): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = ((crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021) & 0xffff;
  }
  return crc;
}

export function encodeModuleRequest(request: ModuleRequest): Uint8Array {
  const data = request.kind === 'read' ? [request.count] : request.data;
  const type = request.kind === 'read' ? READ : WRITE;
  // The length of a read counts its one byte, too: the number of bytes that it wants.
  return framed(REQUEST, [type, data.length, request.address >> 8, request.address & 0xff, ...data]);
}

export function encodeModuleReply({ status, data }: ModuleReply): Uint8Array {
  return framed(REPLY, [status, data.length, ...data]);
}

function framed(mark: readonly number[], body: readonly number[]): Uint8Array {
  const crc = crcCcitt(body);
  return Uint8Array.from([...mark, ...body, crc >> 8, crc & 0xff]);
}

/** The first whole reply in the bytes, and where it lies; undefined while there is none. */
export function findModuleReply(
  bytes: Uint8Array,
): { readonly from: number; readonly to: number; readonly reply: ModuleReply } | undefined {
  for (let from = 0; from + 6 <= bytes.length; from += 1) {
    if (bytes[from] !== REPLY[0] || bytes[from + 1] !== REPLY[1]) continue;
    const to = from + 6 + (bytes[from + 3] ?? 0);
    if (to > bytes.length) continue;
    const body = bytes.subarray(from + 2, to - 2);
    if (crcCcitt(body) !== (((bytes[to - 2] ?? 0) << 8) | (bytes[to - 1] ?? 0))) continue;
    return { from, to, reply: { status: body[0] ?? 0, data: [...body.subarray(2)] } };
  }
  return undefined;
}
