import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';

/**
 * What is meant for one agent alone, sealed to the public key that it made: ECDH on P-256 with a key for this one box,
 * HKDF-SHA-256, AES-256-GCM (the construction of ECIES, SEC 1, 5.1). Keys are SPKI and PKCS#8 in DER.
 */

const CURVE = 'P-256';
const INFO = 'hallhub agent credentials';

export interface AgentKeyPair {
  readonly publicKey: Buffer;
  readonly privateKey: Buffer;
}

export function createAgentKeyPair(): AgentKeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: CURVE });
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }),
  };
}

/** Shows that whoever sends the public key holds the private one, and means this code. */
export const proveKey = (privateKey: Buffer, code: string): Buffer =>
  sign('sha256', proofText(code), readPrivate(privateKey));

/** False for anything that is no such proof, a broken key included. */
export function isProven(publicKey: Buffer, code: string, proof: Buffer): boolean {
  const key = readPublic(publicKey);
  return key !== undefined && verify('sha256', proofText(code), key, proof);
}

const proofText = (code: string): Buffer => Buffer.from(`hallhub agent enrolment\n${code}`);

/** @throws {TypeError} when `publicKey` is no public key on P-256. */
export function sealTo(publicKey: Buffer, plain: Uint8Array): Buffer {
  const recipient = readPublic(publicKey);
  if (!recipient) throw new TypeError('not a public key on P-256');
  const once = generateKeyPairSync('ec', { namedCurve: CURVE });
  const oncePublic = once.publicKey.export({ type: 'spki', format: 'der' });
  const key = keyOf(diffieHellman({ privateKey: once.privateKey, publicKey: recipient }), oncePublic);
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(oncePublic);
  return Buffer.concat([
    Buffer.of(oncePublic.length),
    oncePublic,
    iv,
    cipher.update(plain),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
}

/** The plain bytes; undefined when the box is not for this key, or was altered. */
export function openSealed(privateKey: Buffer, box: Buffer): Buffer | undefined {
  try {
    const length = box.readUInt8(0);
    const oncePublic = box.subarray(1, 1 + length);
    const publicKey = readPublic(oncePublic);
    if (!publicKey) return undefined;
    const key = keyOf(diffieHellman({ privateKey: readPrivate(privateKey), publicKey }), oncePublic);
    const rest = box.subarray(1 + length);
    const decipher = createDecipheriv('aes-256-gcm', key, rest.subarray(0, 12))
      .setAAD(oncePublic)
      .setAuthTag(rest.subarray(-16));
    return Buffer.concat([decipher.update(rest.subarray(12, -16)), decipher.final()]);
  } catch {
    return undefined;
  }
}

const keyOf = (shared: Buffer, oncePublic: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', shared, oncePublic, INFO, 32));
const readPrivate = (der: Buffer) => createPrivateKey({ key: der, type: 'pkcs8', format: 'der' });

function readPublic(der: Buffer) {
  try {
    const key = createPublicKey({ key: der, type: 'spki', format: 'der' });
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined;
  } catch {
    return undefined;
  }
}
