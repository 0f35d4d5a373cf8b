import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { manualClock, minutes, ms } from '../../base/index.ts';
import { createHintVerifier, signHint } from './index.ts';

const secret = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;
const next = `whsec_${Buffer.alloc(32, 2).toString('base64')}`;

describe('pull-now hints', () => {
  it('agrees with the example of Standard Webhooks', () => {
    const clock = manualClock();
    clock.stepWall(ms(1_614_265_330_000 - clock.now()));
    const verifier = createHintVerifier({ secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'], clock });
    const headers = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    };
    expect(verifier.verify(headers, Buffer.from('{"test": 2432232314}'))).toBe('accepted');
  });

  it('accepts a hint once, by any of the keys while they rotate', () => {
    const clock = manualClock();
    const verifier = createHintVerifier({ secrets: [next, secret], clock });
    const hint = signHint(secret, { id: 'h1', at: clock.now() });
    expect(verifier.verify(hint.headers, hint.body)).toBe('accepted');
    expect(verifier.verify(hint.headers, hint.body)).toBe('repeated');
  });

  it('refuses one that is old, from the future, or signed with another key', () => {
    const clock = manualClock();
    const verifier = createHintVerifier({ secrets: [secret], clock });
    for (const by of [minutes(-6), minutes(6)]) {
      const hint = signHint(secret, { id: `h${by}`, at: clock.now() + by });
      expect(verifier.verify(hint.headers, hint.body)).toBe('refused');
    }
    const other = signHint(next, { id: 'h2', at: clock.now() });
    expect(verifier.verify(other.headers, other.body)).toBe('refused');
  });

  it('refuses a body of which any byte was changed, and any headers that are not its own', () => {
    const clock = manualClock();
    fc.assert(
      fc.property(
        fc.nat(20),
        fc.integer({ min: 1, max: 255 }),
        fc.dictionary(fc.string(), fc.string()),
        (at, by, junk) => {
          const verifier = createHintVerifier({ secrets: [secret], clock });
          const hint = signHint(secret, { id: 'h', at: clock.now() });
          const body = Buffer.from(hint.body);
          body.writeUInt8((body.readUInt8(at) + by) % 256, at);
          expect(verifier.verify(hint.headers, body)).toBe('refused');
          expect(verifier.verify(junk, hint.body)).toBe('refused');
        },
      ),
    );
  });
});
