import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DEFAULT_KEY,
  decryptData,
  deriveKeys,
  encryptData,
  initialMac,
  messageMac,
  panelCryptogram,
  readerCryptogram,
} from './secure-channel.ts';
import { hide, reveal, sessionKey, sign } from './simulator-wire.ts';

const hex = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString('hex');
const A = Uint8Array.from(Buffer.from('b0b1b2b3b4b5b6b7', 'hex'));
const B = Uint8Array.from(Buffer.from('a0a1a2a3a4a5a6a7', 'hex'));

describe('the secure channel with the default key', () => {
  const keys = deriveKeys(DEFAULT_KEY, A);

  it('derives the session’s keys', () => {
    expect(hex(DEFAULT_KEY)).toBe('303132333435363738393a3b3c3d3e3f');
    expect(hex(keys.encryption)).toBe('bf8dc2a8329acb8c67c6d0cd9a451682');
    expect(hex(keys.mac1)).toBe('5e86c676603bdee2d8beafe178637332');
    expect(hex(keys.mac2)).toBe('6fda86e857777e81132035758239172e');
  });

  it('proves the key from both sides', () => {
    expect(hex(readerCryptogram(keys, A, B))).toBe('fde5d2f428ec16312471ea3c02bd7796');
    const proof = panelCryptogram(keys, A, B);
    expect(hex(proof)).toBe('26d3356e07762d262801fc8e6665a891');
    expect(hex(initialMac(keys, proof))).toBe('b2a30057eb98ba2229ec1f875662b524');
  });
});

const key = fc.uint8Array({ minLength: 16, maxLength: 16 });
const random = fc.uint8Array({ minLength: 8, maxLength: 8 });

describe('codes and encryption', () => {
  it('are what the simulator reckons by hand, block by block', () => {
    fc.assert(
      fc.property(key, random, key, fc.uint8Array({ minLength: 1, maxLength: 120 }), (own, a, iv, message) => {
        const keys = deriveKeys(own, a);
        const session = {
          enc: sessionKey(own, a, [0x01, 0x82]),
          mac1: sessionKey(own, a, [0x01, 0x01]),
          mac2: sessionKey(own, a, [0x01, 0x02]),
          commandMac: iv,
          replyMac: iv,
        };
        expect(hex(keys.encryption)).toBe(hex(session.enc));
        expect(hex(messageMac(keys, iv, message))).toBe(hex(sign(session, iv, message)));
        const hidden = encryptData(keys, iv, message);
        expect(hex(hidden)).toBe(hex(hide(session, iv, message)));
        expect(hex(reveal(session, iv, hidden))).toBe(hex(message));
        expect(hex(decryptData(keys, iv, hidden))).toBe(hex(message));
      }),
    );
  });

  it('never throw over foreign ciphertext', () => {
    fc.assert(
      fc.property(key, fc.uint8Array({ maxLength: 64 }), (iv, data) => {
        expect(() => decryptData(deriveKeys(DEFAULT_KEY, A), iv, data)).not.toThrow();
      }),
    );
    expect(decryptData(deriveKeys(DEFAULT_KEY, A), new Uint8Array(16), new Uint8Array(15))).toBeUndefined();
  });
});
