import koffi from 'koffi';

/*
 * The few functions of PKCS#11 2.40 (Cryptoki, OASIS) that signing needs, over a token's own library. For the token's
 * process only: such a library brings its own OpenSSL, which does not live long beside one that Node has used.
 */

export interface TokenKey {
  /** The token's library, e.g. `/usr/lib/softhsm/libsofthsm2.so`. */
  readonly module: string;
  readonly tokenLabel: string;
  /** `CKA_LABEL` of key and certificate. */
  readonly keyLabel: string;
  readonly pin: string;
}

/** The place of each function in `CK_FUNCTION_LIST`, behind the version. */
const places = {
  C_Initialize: [0, 'uint64_t', ['void *']],
  C_GetSlotList: [4, 'uint64_t', ['uint8_t', 'void *', 'void *']],
  C_GetTokenInfo: [6, 'uint64_t', ['uint64_t', 'void *']],
  C_OpenSession: [12, 'uint64_t', ['uint64_t', 'uint64_t', 'void *', 'void *', 'void *']],
  C_CloseSession: [13, 'uint64_t', ['uint64_t']],
  C_Login: [18, 'uint64_t', ['uint64_t', 'uint64_t', 'void *', 'uint64_t']],
  C_GetAttributeValue: [24, 'uint64_t', ['uint64_t', 'uint64_t', 'void *', 'uint64_t']],
  C_FindObjectsInit: [26, 'uint64_t', ['uint64_t', 'void *', 'uint64_t']],
  C_FindObjects: [27, 'uint64_t', ['uint64_t', 'void *', 'uint64_t', 'void *']],
  C_FindObjectsFinal: [28, 'uint64_t', ['uint64_t']],
  C_SignInit: [42, 'uint64_t', ['uint64_t', 'void *', 'uint64_t']],
  C_Sign: [43, 'uint64_t', ['uint64_t', 'void *', 'uint64_t', 'void *', 'void *']],
} as const satisfies Record<string, readonly [number, string, readonly string[]]>;
type Name = keyof typeof places;

const CKR = { ok: 0, alreadyInitialised: 0x191 } as const;
const CKA = { class: 0x0, label: 0x3, value: 0x11, keyType: 0x100 } as const;
const CKO = { certificate: 1n, privateKey: 3n } as const;
const CKK_EC = 3n;
const CKM = { sha256RsaPkcs: 0x40n, ecdsa: 0x1041n } as const;
const CKF_SERIAL_SESSION = 4;
const CKF_OS_LOCKING_OK = 2n;
const CKU_USER = 1;
const TOKEN_LABEL_BYTES = 32;
const TOKEN_INFO_BYTES = 208;
const ANSWER_BYTES = 8_192;

type Argument = number | bigint | Uint8Array | null;
type Call = (name: Name, ...args: Argument[]) => void;
type Raw = (...args: Argument[]) => number | bigint;

export class TokenError extends Error {
  override readonly name = 'TokenError';
}

/** One session, logged in, with one key and its certificate. */
export interface Session {
  readonly certificate: Uint8Array;
  readonly isEc: boolean;
  /** RSA: of the data itself. EC: of their SHA-256, r and s in DER. @throws {TokenError} */
  sign(data: Uint8Array): Uint8Array;
  close(): void;
}

/** @throws {TokenError} with the function and its return value (`CKR_…`, hex). */
export function openSession({ module, tokenLabel, keyLabel, pin }: TokenKey): Session {
  const call = functionsOf(module);
  const slot = slotOf(call, tokenLabel);
  const handle = Buffer.alloc(8);
  call('C_OpenSession', slot, CKF_SERIAL_SESSION, null, null, handle);
  const session = handle.readBigUInt64LE();
  try {
    const secret = Buffer.from(pin, 'utf8');
    call('C_Login', session, CKU_USER, secret, secret.length);
    const key = findOne(call, session, CKO.privateKey, keyLabel);
    const certificate = attributeOf(call, session, findOne(call, session, CKO.certificate, keyLabel), CKA.value);
    const isEc = Buffer.from(attributeOf(call, session, key, CKA.keyType)).readBigUInt64LE() === CKK_EC;
    return {
      certificate,
      isEc,
      sign: (data) => {
        const mechanism = structOf([isEc ? CKM.ecdsa : CKM.sha256RsaPkcs, 0n, 0n]);
        call('C_SignInit', session, mechanism, key);
        const [answer, length] = [Buffer.alloc(ANSWER_BYTES), structOf([BigInt(ANSWER_BYTES)])];
        call('C_Sign', session, data, data.length, answer, length);
        const raw = Uint8Array.from(answer.subarray(0, Number(length.readBigUInt64LE())));
        return isEc ? derOf(raw) : raw;
      },
      close: () => call('C_CloseSession', session),
    };
  } catch (error) {
    call('C_CloseSession', session);
    throw error;
  }
}

const loaded = new Map<string, Call>();

/** The functions of a library; it is initialised once a process and stays. */
function functionsOf(module: string): Call {
  const known = loaded.get(module);
  if (known) return known;
  const made = load(module);
  loaded.set(module, made);
  return made;
}

function load(module: string): Call {
  // Node brings an OpenSSL of its own; with its symbols in place of the library's, the first signature ends the process.
  const library = koffi.load(module, { deep: true });
  const list = Buffer.alloc(8);
  const got = Number(library.func('uint64_t C_GetFunctionList(void *)')(list));
  if (got !== CKR.ok) throw new TokenError(`C_GetFunctionList: 0x${got.toString(16)}`);
  const highest = Math.max(...Object.values(places).map(([place]) => place));
  const address = list.readBigUInt64LE();
  // `CK_VERSION` is two bytes, and the pointers behind it are aligned.
  const pointers = koffi.decode(address, 8, koffi.array('uint64_t', highest + 1)) as readonly (number | bigint)[];
  const functions = new Map(
    Object.entries(places).map(([name, [place, result, parameters]]) => {
      const shape = koffi.proto(`${name}_${(prototypes += 1)}`, result, [...parameters]);
      return [name, koffi.decode(BigInt(pointers[place] ?? 0), shape) as Raw];
    }),
  );
  const call: Call = (name, ...args) => {
    const code = Number(functions.get(name)?.(...args));
    if (code !== CKR.ok && code !== CKR.alreadyInitialised) throw new TokenError(`${name}: CKR 0x${code.toString(16)}`);
  };
  // `CK_C_INITIALIZE_ARGS`: calls come from several threads, and the library may use the system's locks.
  call('C_Initialize', structOf([0n, 0n, 0n, 0n, CKF_OS_LOCKING_OK, 0n]));
  return call;
}
let prototypes = 0;

function slotOf(call: Call, tokenLabel: string): bigint {
  const count = structOf([64n]);
  const slots = Buffer.alloc(64 * 8);
  call('C_GetSlotList', 1, slots, count);
  for (let index = 0; index < Number(count.readBigUInt64LE()); index += 1) {
    const slot = slots.readBigUInt64LE(index * 8);
    const info = Buffer.alloc(TOKEN_INFO_BYTES);
    call('C_GetTokenInfo', slot, info);
    if (info.subarray(0, TOKEN_LABEL_BYTES).toString('utf8').trimEnd() === tokenLabel) return slot;
  }
  throw new TokenError(`no token ${tokenLabel}`);
}

function findOne(call: Call, session: bigint, objectClass: bigint, label: string): bigint {
  const kind = structOf([objectClass]);
  const name = Buffer.from(label, 'utf8');
  const template = structOf(
    [CKA.class, addressOf(kind), 8, CKA.label, addressOf(name), name.length].map((word) => BigInt(word)),
  );
  call('C_FindObjectsInit', session, template, 2);
  const [found, count] = [Buffer.alloc(8), structOf([0n])];
  try {
    call('C_FindObjects', session, found, 1, count);
  } finally {
    call('C_FindObjectsFinal', session);
  }
  // The library has read through these addresses until now.
  if (kind.length === 0 || count.readBigUInt64LE() === 0n) throw new TokenError(`nothing is called ${label}`);
  return found.readBigUInt64LE();
}

function attributeOf(call: Call, session: bigint, object: bigint, type: number): Uint8Array {
  const value = Buffer.alloc(ANSWER_BYTES);
  const template = structOf([BigInt(type), addressOf(value), BigInt(ANSWER_BYTES)]);
  call('C_GetAttributeValue', session, object, template, 1);
  return Uint8Array.from(value.subarray(0, Number(template.readBigUInt64LE(16))));
}

/** Machine words, as the structures of this interface are on a 64-bit Linux. */
function structOf(words: readonly bigint[]): Buffer {
  const bytes = Buffer.alloc(words.length * 8);
  for (const [index, word] of words.entries()) bytes.writeBigUInt64LE(word, index * 8);
  return bytes;
}

const addressOf = (bytes: Buffer): bigint => koffi.address(bytes);

/** r and s as a token gives them (PKCS#11) to `ECDSA-Sig-Value` (RFC 3279). */
function derOf(raw: Uint8Array): Uint8Array {
  const half = raw.length / 2;
  const integers = [raw.subarray(0, half), raw.subarray(half)].map((bytes) => {
    const first = bytes.findIndex((byte) => byte !== 0);
    const digits = first === -1 ? Uint8Array.of(0) : bytes.subarray(first);
    const positive = (digits[0] ?? 0) >= 0x80 ? Uint8Array.of(0, ...digits) : digits;
    return Uint8Array.of(0x02, positive.length, ...positive);
  });
  const body = integers.flatMap((bytes) => [...bytes]);
  return Uint8Array.of(0x30, body.length, ...body);
}
