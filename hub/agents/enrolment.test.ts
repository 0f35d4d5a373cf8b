import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import type { ManualClock, Result } from '@hallhub/sync/base';
import { failure, manualClock, minutes, ok, seconds, systemClock } from '@hallhub/sync/base';
import { aesGcmSealer, migrate, openDatabase } from '@hallhub/sync/sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { enrol } from '../agent/enrol.ts';
import { auditSchema, createAudit } from '../audit/index.ts';
import { openDataDir } from '../store/index.ts';
import { ownCertificate } from '../tls/index.ts';
import { fingerprintOf, readCode, showCode } from './code-text.ts';
import type { Enrolment } from './enrolment.ts';
import { agentsSchema, createEnrolment } from './enrolment.ts';
import { createAgentKeyPair, isProven, openSealed, proveKey, sealTo } from './sealed-box.ts';

function setup(admit: () => Result<void> = () => ok()): {
  readonly clock: ManualClock;
  readonly enrolment: Enrolment;
  readonly revoked: string[];
} {
  const clock = manualClock();
  const db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [auditSchema, agentsSchema] });
  const revoked: string[] = [];
  const enrolment = createEnrolment({
    db,
    clock,
    audit: createAudit({ db, clock }),
    vault: { sealer: aesGcmSealer(new Uint8Array(32).fill(1)) },
    configured: ['gate-1', 'gate-2'],
    issueToken: (agent) => `token-of-${agent}`,
    revokeToken: (agent) => {
      revoked.push(agent);
      return ok();
    },
    admit: () => Promise.resolve(admit()),
    place: () => ({ hub: 'hub-south', campus: 'south', profileKeys: {}, mqtt: { port: 8883, tls: true } }),
  });
  return { clock, enrolment, revoked };
}
const codeFor = (enrolment: Enrolment, agent: string): string => {
  const created = enrolment.createCode(agent, 'staff:1');
  if (!created.ok) throw new Error(created.error.code);
  return created.value.secret;
};
const request = (code: string) => {
  const { publicKey, privateKey } = createAgentKeyPair();
  return { source: '10.0.0.1', code, publicKey, proof: proveKey(privateKey, code), privateKey };
};

describe('a one-time code', () => {
  it('trades for credentials that only the key of the request opens', async () => {
    const { enrolment } = setup();
    const asked = request(codeFor(enrolment, 'gate-1'));
    const redeemed = await enrolment.redeem(asked);
    if (!redeemed.ok) throw new Error(redeemed.error.code);
    const plain = openSealed(asked.privateKey, redeemed.value.sealed);
    const credentials = JSON.parse(plain?.toString() ?? '') as { matchKey: string };
    expect(credentials).toMatchObject({ agent: 'gate-1', hub: 'hub-south', campus: 'south', token: 'token-of-gate-1' });
    expect(enrolment.matchKey('gate-1')?.toString('base64')).toBe(credentials.matchKey);
    expect(openSealed(createAgentKeyPair().privateKey, redeemed.value.sealed)).toBeUndefined();
  });

  it('is good once, for an hour, for the newest code of an agent that is configured', async () => {
    const { clock, enrolment } = setup();
    expect(enrolment.createCode('gate-9', 'staff:1')).toMatchObject({ ok: false, error: { code: 'E-AGENT-0201' } });
    const first = codeFor(enrolment, 'gate-1');
    const second = codeFor(enrolment, 'gate-1');
    expect(await enrolment.redeem(request(first))).toMatchObject({ ok: false, error: { code: 'E-AGENT-0202' } });
    expect(await enrolment.redeem(request(second))).toMatchObject({ ok: true, value: { agent: 'gate-1' } });
    expect(await enrolment.redeem(request(second))).toMatchObject({ ok: false, error: { code: 'E-AGENT-0202' } });
    const late = codeFor(enrolment, 'gate-2');
    clock.advance(minutes(61));
    expect(await enrolment.redeem(request(late))).toMatchObject({ ok: false, error: { code: 'E-AGENT-0202' } });
  });

  it('is no good without a key that is proven, nor when it was seen without one again and again', async () => {
    const { clock, enrolment } = setup();
    const code = codeFor(enrolment, 'gate-1');
    expect(await enrolment.redeem({ ...request(code), publicKey: Buffer.from('no key') })).toMatchObject({ ok: false });
    for (let count = 0; count < 19; count += 1) {
      const unproven = { ...request(code), proof: request(code).proof, source: `10.0.1.${count}` };
      expect(await enrolment.redeem(unproven)).toMatchObject({ ok: false, error: { code: 'E-AGENT-0202' } });
    }
    clock.advance(minutes(11));
    expect(await enrolment.redeem(request(code))).toMatchObject({ ok: false, error: { code: 'E-AGENT-0202' } });
  });

  it('stays good however many wrong codes strangers try, who are shut out by their address', async () => {
    const { clock, enrolment } = setup();
    const codes = [codeFor(enrolment, 'gate-1'), codeFor(enrolment, 'gate-2')];
    const guess = { code: '000000000000', publicKey: Buffer.alloc(0), proof: Buffer.alloc(0) };
    const refusals = new Set<string>();
    for (let stranger = 0; stranger < 100; stranger += 1) {
      for (let count = 0; count < 12; count += 1) {
        const tried = enrolment.redeem({ ...guess, source: `10.0.2.${stranger}` });
        await clock.advanceAsync(seconds(2));
        const answer = await tried;
        if (!answer.ok) refusals.add(answer.error.code);
      }
    }
    expect(refusals).toEqual(new Set(['E-AGENT-0202', 'E-AGENT-0206']));
    for (const code of codes) {
      const redeemed = enrolment.redeem(request(code));
      await clock.advanceAsync(seconds(2));
      expect(await redeemed).toMatchObject({ ok: true });
    }
  });

  it('is redeemed once, even by two who ask at the same moment', async () => {
    const { enrolment } = setup();
    const code = codeFor(enrolment, 'gate-1');
    const both = await Promise.all([enrolment.redeem(request(code)), enrolment.redeem(request(code))]);
    expect(both.map(({ ok: redeemed }) => redeemed).sort()).toEqual([false, true]);
  });

  it('stays good when the broker did not take the credentials', async () => {
    let broken = true;
    const { enrolment } = setup(() => (broken ? failure('E-DEV-0411') : ok()));
    const code = codeFor(enrolment, 'gate-1');
    expect(await enrolment.redeem(request(code))).toMatchObject({ ok: false, error: { code: 'E-AGENT-0204' } });
    broken = false;
    expect(await enrolment.redeem(request(code))).toMatchObject({ ok: true });
  });

  it('that was redeemed can be undone: the credentials end and the match key is destroyed', async () => {
    const { enrolment, revoked } = setup();
    await enrolment.redeem(request(codeFor(enrolment, 'gate-1')));
    const before = enrolment.matchKey('gate-1');
    expect(enrolment.revoke('gate-1', 'staff:1')).toMatchObject({ ok: true });
    expect(enrolment.matchKey('gate-1')).toBeUndefined();
    expect(revoked).toEqual([]);
    expect(enrolment.shutOut('gate-1', 'staff:1')).toMatchObject({ ok: true });
    expect(revoked).toEqual(['gate-1']);
    expect(enrolment.revoke('gate-1', 'staff:1')).toMatchObject({ ok: false, error: { code: 'E-AGENT-0203' } });
    await enrolment.redeem(request(codeFor(enrolment, 'gate-1')));
    expect(enrolment.matchKey('gate-1')).not.toEqual(before);
  });
});

describe('the code as people see it', () => {
  const text = (length: number) => fc.stringMatching(new RegExp(`^[0-9A-HJKMNP-TV-Z]{${length}}$`));
  it('is read however it is typed', () => {
    fc.assert(
      fc.property(text(12), fc.option(text(16), { nil: undefined }), fc.boolean(), (secret, fingerprint, lower) => {
        const code = { secret, ...(fingerprint !== undefined && { fingerprint }) };
        const shown = showCode(code);
        const typed = (lower ? shown.toLowerCase() : shown)
          .replaceAll('-', ' ')
          .replaceAll('0', 'o')
          .replaceAll('1', 'l');
        expect(readCode(typed)).toEqual(code);
      }),
    );
  });
  it('that is none is not read, and nothing throws', () => {
    fc.assert(
      fc.property(fc.string(), (odd) => {
        const read = readCode(odd);
        if (read) expect(read.secret).toHaveLength(12);
      }),
    );
    expect(readCode('ABCD-EFGH')).toBeUndefined();
    expect(readCode('U'.repeat(12))).toBeUndefined();
  });
});

describe('a sealed box', () => {
  const keys = createAgentKeyPair();
  it('opens with the right key to what was put in, and not when a byte of it was changed', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (plain, place, flip) => {
          const box = sealTo(keys.publicKey, plain);
          expect(openSealed(keys.privateKey, box)).toEqual(Buffer.from(plain));
          const spoilt = Buffer.from(box);
          const at = place % box.length;
          spoilt[at] = (spoilt[at] ?? 0) ^ flip;
          expect(openSealed(keys.privateKey, spoilt)).toBeUndefined();
        },
      ),
      { numRuns: 60 },
    );
  });
  it('is not made for what is no key, and a proof holds for its code only', () => {
    expect(() => sealTo(Buffer.from('no key'), new Uint8Array())).toThrow(TypeError);
    const proof = proveKey(keys.privateKey, 'ABC');
    expect(isProven(keys.publicKey, 'ABC', proof)).toBe(true);
    expect(isProven(keys.publicKey, 'ABD', proof)).toBe(false);
    expect(isProven(keys.publicKey, 'ABC', Buffer.from('nonsense'))).toBe(false);
  });
});

describe('an agent that is enrolled over TLS', () => {
  it('talks to the hub that its code names, and to nobody who poses as it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'enrol-'));
    const dir = openDataDir(join(folder, 'hub'));
    const other = openDataDir(join(folder, 'other'));
    const clock = systemClock({ mode: 'test' });
    const [mine, foreign] = await Promise.all(
      [dir, other].map((place) => ownCertificate({ dir: place, clock, names: [], hubId: 'hub-south' })),
    );
    const { enrolment } = setup();
    let asked = 0;
    const listen = async (certificate: { key: string; cert: string }): Promise<{ url: string; close: () => void }> => {
      const server = createServer(certificate, (incoming, answer) => {
        asked += 1;
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('end', () => {
          const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<'code' | 'publicKey' | 'proof', string>;
          void enrolment
            .redeem({
              source: '127.0.0.1',
              code: body.code,
              publicKey: Buffer.from(body.publicKey, 'base64'),
              proof: Buffer.from(body.proof, 'base64'),
            })
            .then((redeemed) => {
              answer.statusCode = redeemed.ok ? 200 : 409;
              answer.end(
                JSON.stringify(redeemed.ok ? { sealed: redeemed.value.sealed.toString('base64') } : redeemed.error),
              );
            });
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return {
        url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
        close: () => server.close(),
      };
    };
    if (!mine || !foreign) throw new Error('no certificates');
    const hub = await listen(mine);
    const impostor = await listen(foreign);
    const fingerprint = fingerprintOf(new X509Certificate(mine.ca).raw);
    const code = showCode({ secret: codeFor(enrolment, 'gate-1'), fingerprint });

    expect(await enrol(impostor.url, code)).toMatchObject({ ok: false, error: { code: 'E-AGENT-0302' } });
    expect(asked).toBe(0);
    expect(await enrol(hub.url, code)).toMatchObject({ ok: true, value: { agent: 'gate-1', hubUrl: hub.url } });
    expect(await enrol(hub.url, code)).toMatchObject({ ok: false, error: { code: 'E-AGENT-0202' } });
    hub.close();
    impostor.close();
    expect(await enrol(hub.url, code)).toMatchObject({ ok: false, error: { code: 'E-AGENT-0301' } });
    expect(await enrol('http://hub.example.edu', code)).toMatchObject({ ok: false, error: { code: 'E-AGENT-0301' } });
    expect(await enrol(hub.url, 'nonsense')).toMatchObject({ ok: false, error: { code: 'E-AGENT-0202' } });
    dir.release();
    other.release();
    rmSync(folder, { recursive: true });
  });
});
