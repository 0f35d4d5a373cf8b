import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unwrap } from '@hallhub/sync/base';
import { type Packet, createPacketFramer, encodePacket } from './frames.ts';
import { type Link, createLink } from './link.ts';
import { type OsdpReply, replies } from './messages.ts';
import { DEFAULT_KEY, deriveKeys, initialMac, panelCryptogram, readerCryptogram } from './secure-channel.ts';
import { type WireSession, sign } from './simulator-wire.ts';

const A = Uint8Array.from(Buffer.from('b0b1b2b3b4b5b6b7', 'hex'));
const B = Uint8Array.from(Buffer.from('a0a1a2a3a4a5a6a7', 'hex'));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const newLink = (): Link => createLink({ address: 1, check: 'crc', random: () => A });

function packet(bytes: Uint8Array): Packet {
  const [framed] = createPacketFramer('reply').push(bytes);
  if (framed?.kind !== 'frame') throw new Error('no frame');
  return framed.frame;
}
const replyTo = (sequence: number, reply: OsdpReply, address = 1): Packet =>
  packet(encodePacket({ address, isReply: true, sequence, check: 'crc' }, replies.encode(reply)));

describe('a link', () => {
  it('counts 0, 1, 2, 3, 1, and only when it was answered', () => {
    const link = newLink();
    const numbers: number[] = [];
    for (let round = 0; round < 6; round += 1) {
      const sealed = link.seal({ name: 'poll' });
      expect(link.seal({ name: 'poll' })).toEqual(sealed);
      numbers.push(sealed.sequence);
      const answer = link.open(sealed, replyTo(sealed.sequence, { name: 'ack' }));
      if (!answer) throw new Error('no answer');
      link.advance(sealed, answer);
    }
    expect(numbers).toEqual([0, 1, 2, 3, 1, 2]);
  });

  it('takes no reply of another address, another number or another direction', () => {
    const link = newLink();
    const sealed = link.seal({ name: 'poll' });
    expect(link.open(sealed, replyTo(1, { name: 'ack' }))).toBeUndefined();
    expect(link.open(sealed, replyTo(0, { name: 'ack' }, 2))).toBeUndefined();
    expect(link.open(sealed, replyTo(2, { name: 'nak', reason: 3, detail: new Uint8Array() }))).toBeUndefined();
    expect(link.open(sealed, replyTo(2, { name: 'busy' }))).toEqual({ kind: 'busy' });
    expect(link.open(sealed, replyTo(2, { name: 'nak', reason: 4, detail: new Uint8Array() }))).toEqual({
      kind: 'lost',
      reason: 4,
    });
  });
});

describe('the handshake', () => {
  const keys = deriveKeys(DEFAULT_KEY, A);
  const challengeReply = (over: Partial<{ cryptogram: Uint8Array }> = {}): OsdpReply => ({
    name: 'challenge',
    clientId: new Uint8Array(8),
    random: B,
    cryptogram: readerCryptogram(keys, A, B),
    ...over,
  });
  const secured = (): { link: Link; session: WireSession } => {
    const link = newLink();
    link.handshake.challenge({ key: DEFAULT_KEY, isDefault: true });
    const proof = unwrap(link.handshake.prove(challengeReply()));
    expect(proof).toEqual({ name: 'panel-cryptogram', cryptogram: panelCryptogram(keys, A, B) });
    const mac = initialMac(keys, panelCryptogram(keys, A, B));
    expect(link.handshake.finish({ name: 'initial-mac', mac })).toEqual({ ok: true, value: undefined });
    const session = {
      enc: keys.encryption,
      mac1: keys.mac1,
      mac2: keys.mac2,
      commandMac: mac,
      replyMac: mac,
    };
    return { link, session };
  };

  it('marks its frames with the step and the kind of key', () => {
    const link = newLink();
    const sealed = link.seal(link.handshake.challenge({ key: DEFAULT_KEY, isDefault: true }));
    expect(hex(sealed.bytes)).toMatch(/^530113000c03110076b0b1b2b3b4b5b6b7/);
    const own = newLink();
    expect(hex(own.seal(own.handshake.challenge({ key: DEFAULT_KEY, isDefault: false })).bytes)).toContain('031101');
  });

  it('fails with a reader that has another key, none, or says nothing sensible', () => {
    const begin = (): Link => {
      const link = newLink();
      link.handshake.challenge({ key: DEFAULT_KEY, isDefault: true });
      return link;
    };
    const wrong = challengeReply({ cryptogram: new Uint8Array(16) });
    expect(begin().handshake.prove(wrong)).toMatchObject({ error: { code: 'E-OSDP-0102' } });
    const nak = (reason: number): OsdpReply => ({ name: 'nak', reason, detail: new Uint8Array() });
    expect(begin().handshake.prove(nak(5))).toMatchObject({ error: { code: 'E-OSDP-0101' } });
    expect(begin().handshake.prove(nak(6))).toMatchObject({ error: { code: 'E-OSDP-0102' } });
    const proved = begin();
    unwrap(proved.handshake.prove(challengeReply()));
    expect(proved.handshake.finish({ name: 'initial-mac', mac: new Uint8Array(16) })).toMatchObject({
      error: { code: 'E-OSDP-0102' },
    });
    expect(proved.isSecure).toBe(false);
  });

  it('leaves a link that takes nothing without a good code, whichever byte was touched', () => {
    const { link, session } = secured();
    const sealed = link.seal({ name: 'poll' });
    const iv = sealed.mac ?? new Uint8Array(16);
    for (const type of [0x16, 0x15]) {
      // 0x15 belongs to commands; a libosdp 3.2.0 reader sends it with its status replies.
      const good = encodePacket(
        { address: 1, isReply: true, sequence: 0, check: 'crc', security: { type, data: new Uint8Array() } },
        { code: 0x40, data: new Uint8Array() },
        (covered) => sign(session, iv, covered),
      );
      expect(link.open(sealed, packet(good))).toMatchObject({ kind: 'reply', reply: { name: 'ack' } });
    }
    expect(link.open(sealed, replyTo(0, { name: 'ack' }))).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.nat(255), (mac, code) => {
        const forged = encodePacket(
          { address: 1, isReply: true, sequence: 0, check: 'crc', security: { type: 0x16, data: new Uint8Array() } },
          { code, data: new Uint8Array() },
          () => mac,
        );
        expect(link.open(sealed, packet(forged))).toBeUndefined();
      }),
    );
  });
});
