import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Profile, builtInProfiles } from '@hallhub/firmware-profiles/schema';
import { manualClock, ms, seconds, unwrap } from '@hallhub/sync/base';
import { builtInConformance } from '../conformance/index.ts';
import { createMemoryLine } from '../transports/index.ts';
import { type Answer, probe } from './probe.ts';

/**
 * What may be sent to a device of which nobody knows what it is, by protocol: questions that read, as they stand in the
 * standards and manuals, in hex. Whatever else is sent could set something up, switch, print or open.
 */
const ONLY_READS: Readonly<Record<string, RegExp>> = {
  // Functions 01 to 04: read coils, inputs, holding and input registers.
  'modbus-rtu': /^..0[1-4]/,
  'modbus-tcp': /^.{4}0000.{4}..0[1-4]/,
  // POLL, ID, CAP, LSTAT, ISTAT, OSTAT; without a security block (bit 3 of the control byte).
  osdp: /^(ff)?53.{6}.[0-7](60|61|62|64|65|66)/,
  // DLE EOT 1, 2, 4.
  escpos: /^1004(01|02|04)$/,
  // Status of a machine.
  'turnstile-rs485': /^7e00..10/,
  // Lock boards: how the doors stand.
  'lock-8a80': /^80..0033/,
  'lock-kerong': /^02.030/,
  'lock-wkly': /^574b4c59(09..83|08..84)/,
  'lock-winnsen': /^900702..ffff03/,
  // ~HS: how does it do.
  zpl: /^7e48530d0a$/,
  // SAM_V: status, number of the module, find, select, read text; the number request of the STX framing.
  'resident-id': /^(aaaaaa96690003(11ff|12ff|2001|2002|3001|0081|0082|0083)|020003ca0101)/,
};

/** What probing says of a profile, and every piece that was written to a simulated device meanwhile. */
async function sniffed(
  profile: Profile,
  there: Profile = profile,
): Promise<{ answer: Answer | undefined; written: readonly string[] }> {
  const clock = manualClock();
  const line = createMemoryLine({ name: profile.id });
  const written: string[] = [];
  line.device.onData((bytes) => written.push(Buffer.from(bytes).toString('hex')));
  const conformance = builtInConformance.find(({ protocol }) => protocol === profile.protocol);
  // One that never says anything has no simulated device there: whoever asks hears nothing.
  const device = conformance?.simulate?.({ transport: line.device, clock, profile: there });
  if (device) unwrap(await device.start());
  let answers: readonly Answer[] | undefined;
  void probe({
    port: profile.transport.kind === 'tcp' ? 'tcp://127.0.0.1:9' : `memory:${profile.id}`,
    catalogue: { get: () => undefined, list: () => [profile] },
    clock,
    random: (size) => new Uint8Array(size),
    transports: () => ({ ok: true, value: line.host }),
    within: seconds(4),
  }).then((probed) => {
    answers = unwrap(probed);
  });
  while (!answers) {
    await clock.advanceAsync(ms(20));
    // Protocols are loaded by the module loader, in its own time.
    await setImmediate();
  }
  await device?.stop();
  return { answer: answers[0], written };
}

const onALine = builtInProfiles()
  .list()
  .filter(({ transport }) => transport.kind === 'serial' || transport.kind === 'tcp');

describe('probing', () => {
  it.each(onALine)('only reads: $id', async (profile) => {
    const { answer, written } = await sniffed(profile);
    const reads = ONLY_READS[profile.protocol];
    if (!reads) {
      expect(written).toEqual([]);
      expect(answer?.result).not.toBe('answers');
      return;
    }
    expect(answer).toMatchObject({ result: 'answers' });
    expect(written.length).toBeGreaterThan(0);
    expect(written.filter((bytes) => !reads.test(bytes))).toEqual([]);
  });

  it('says what it could not ask, and why, and does not call it silent', async () => {
    const profile = builtInProfiles().get('generic/modbus-relay-flash');
    if (!profile) throw new Error('the profile is gone');
    const { answer, written } = await sniffed({ ...profile, params: { unit: 1 } }, profile);
    expect(answer).toEqual({
      profile: profile.id,
      result: 'not-asked',
      without: expect.stringContaining('one of relay, switch') as string,
    });
    expect(written).toEqual([]);
  });
});
