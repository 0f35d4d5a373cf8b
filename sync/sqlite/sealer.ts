import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** Seals what must not lie in the file in plain. `context` binds a text to its row, so that rows cannot be swapped. */
export interface Sealer {
  seal(plain: Uint8Array, context: string): Uint8Array;
  /** Throws when the text was altered, or sealed with another key or context. */
  open(sealed: Uint8Array, context: string): Uint8Array;
}

const ivLength = 12;
const tagLength = 16;

/** AES-256-GCM; a sealed text is IV, ciphertext, tag. `key` is 32 bytes. */
export function aesGcmSealer(key: Uint8Array): Sealer {
  return {
    seal: (plain, context) => {
      const iv = randomBytes(ivLength);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(context));
      return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    open: (sealed, context) => {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, ivLength))
        .setAAD(Buffer.from(context))
        .setAuthTag(sealed.subarray(sealed.length - tagLength));
      return Buffer.concat([decipher.update(sealed.subarray(ivLength, sealed.length - tagLength)), decipher.final()]);
    },
  };
}
