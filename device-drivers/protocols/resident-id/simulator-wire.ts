/*
 * What a simulated reader's bytes look like. Everything here is built from the protocols' descriptions and golden bytes, not
 * from the driver's codec: a mistake made there must not be made good here.
 */
export type Verb = 'find' | 'select' | 'read' | 'read-all' | 'read-number' | 'other';

export interface Asked {
  readonly verb: Verb;
  readonly meaning: string;
}

/** A request as it was cut out of what came. */
export interface Heard {
  readonly bytes: Buffer;
  /** Undefined: no request that this reader knows. */
  readonly asked: Asked | undefined;
  readonly isSound: boolean;
}

export interface Wire {
  /** The next whole request in `pending`, and what is left behind it; without `heard` more has to come. */
  hear(pending: Buffer): { readonly heard?: Heard; readonly rest: Buffer };
  /** A reply around its status and data, and where in it the checksum is, counted from the end. */
  wrap(body: Buffer): Buffer;
  readonly checksumFromEnd: number;
}

const MARK = Buffer.from('aaaaaa9669', 'hex');
const LONGEST_REQUEST = 64;

const OTHERS: Readonly<Record<string, Asked>> = {
  '10ff': { verb: 'other', meaning: 'reset' },
  '11ff': { verb: 'other', meaning: 'status' },
  '12ff': { verb: 'other', meaning: 'security module id' },
  '3010': { verb: 'read-all', meaning: 'read card with fingerprints' },
  '3003': { verb: 'other', meaning: 'read appended address' },
};
const FIND: Asked = { verb: 'find', meaning: 'find card' };
const SELECT: Asked = { verb: 'select', meaning: 'select card' };
const READ: Asked = { verb: 'read', meaning: 'read card' };

const xor = (bytes: Buffer): number => bytes.reduce((total, byte) => total ^ byte, 0);

function samWire(asked: Readonly<Record<string, Asked>>): Wire {
  const hear: Wire['hear'] = (pending) => {
    const start = pending.indexOf(MARK);
    // What may be the beginning of the mark is kept, and no more than that.
    if (start === -1) return { rest: pending.subarray(Math.max(0, pending.length - MARK.length + 1)) };
    const from = pending.subarray(start);
    if (from.length < MARK.length + 2) return { rest: from };
    const end = MARK.length + 2 + from.readUInt16BE(MARK.length);
    if (end > LONGEST_REQUEST) return hear(from.subarray(1));
    if (from.length < end) return { rest: from };
    const bytes = Buffer.from(from.subarray(0, end));
    const body = bytes.subarray(MARK.length + 2, -1).toString('hex');
    return {
      heard: { bytes, asked: asked[body] ?? OTHERS[body], isSound: xor(bytes.subarray(MARK.length)) === 0 },
      rest: from.subarray(end),
    };
  };
  return {
    hear,
    wrap: (body) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(body.length + 1);
      const covered = Buffer.concat([length, body]);
      return Buffer.concat([MARK, covered, Buffer.of(xor(covered))]);
    },
    checksumFromEnd: 1,
  };
}

const STX_REQUEST_BYTES = 8;
const STX_HEAD = Buffer.from('020003ca01', 'hex');

const stxWire: Wire = {
  hear: (pending) => {
    const start = pending.indexOf(STX_HEAD);
    if (start === -1) return { rest: pending.subarray(Math.max(0, pending.length - STX_HEAD.length + 1)) };
    const from = pending.subarray(start);
    if (from.length < STX_REQUEST_BYTES) return { rest: from };
    const bytes = Buffer.from(from.subarray(0, STX_REQUEST_BYTES));
    return {
      heard: {
        bytes,
        asked: bytes[5] === 0x01 ? { verb: 'read-number', meaning: 'read the number of a card' } : undefined,
        isSound: xor(bytes.subarray(3, 7)) === 0 && bytes[7] === 0x03,
      },
      rest: from.subarray(STX_REQUEST_BYTES),
    };
  },
  wrap: (body) => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(body.length);
    return Buffer.concat([Buffer.of(0x02), length, body, Buffer.of(xor(body), 0x03)]);
  },
  checksumFromEnd: 2,
};

/** The variants of simulated readers, by name. */
export const WIRES = {
  standard: samWire({ '2001': FIND, '2002': SELECT, '3001': READ }),
  'cvr-100au-nj': samWire({ '0081': FIND, '0082': SELECT, '0083': READ }),
  'stx-number': stxWire,
} as const satisfies Readonly<Record<string, Wire>>;

export type ReaderVariant = keyof typeof WIRES;
