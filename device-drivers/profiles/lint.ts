import type { Profile, Vector } from '@hallhub/firmware-profiles/schema';
import { isInRange, paramsFor } from '@hallhub/firmware-profiles/schema';
import { manualClock } from '@hallhub/sync/base';
import { type Protocol, type TransportSettings, silentLog } from '../kit/index.ts';
import { createMemoryLine } from '../transports/index.ts';

const HAN = /\p{Script=Han}/u;

/** What a person who reads profiles would object to, and no schema can say. */
export function lintProfile({
  profile,
  vectors,
  protocol,
  installation = {},
}: {
  readonly profile: Profile;
  readonly vectors: readonly Vector[];
  readonly protocol: Protocol;
  /** What an installation adds to the parameters: an address, a key, a topic. */
  readonly installation?: Readonly<Record<string, unknown>>;
}): readonly string[] {
  const { label, vendor, model, evidence, peers, capabilities, conditions, quirks, wiring } = profile;
  const found: string[] = [];
  const texts = [label, ...quirks, ...wiring];
  if (!texts.every(({ zh }) => HAN.test(zh))) found.push('a Chinese text without a Chinese character');
  if (texts.some(({ en }) => HAN.test(en))) found.push('an English text with Chinese characters');
  if (vendor === undefined && model !== undefined) found.push('a model without its vendor');
  const [family = ''] = profile.id.split('/');
  // What many makers build to one program or service stands under that one's name.
  if (vendor === undefined && family !== 'generic' && family !== profile.protocol)
    found.push('a profile without a vendor is generic/…, or stands under the name of its protocol');
  if (new Set(capabilities).size !== capabilities.length) found.push('a capability twice');
  if (!evidence.includes('vectors')) found.push('evidence begins with vectors: they stand beside every profile');
  if (evidence.includes('peer') !== peers.length > 0)
    found.push('evidence of a peer and the runs behind it (peers) are given together, or neither');
  const names = vectors.map(({ name, direction }) => `${direction} ${name}`);
  if (new Set(names).size !== names.length) found.push('two vectors of one name');
  for (const params of [
    profile.params,
    ...conditions.map(({ firmware }) => paramsFor(profile, firmware.from ?? '0')),
  ]) {
    const problem = refusal(profile, protocol, { ...params, ...installation });
    if (problem !== undefined) found.push(`the protocol refuses these parameters: ${problem}`);
  }
  for (const { firmware } of conditions) {
    if (firmware.from !== undefined && firmware.below !== undefined && !isInRange(firmware.from, firmware)) {
      found.push(`no firmware is from ${firmware.from} and below ${firmware.below}`);
    }
  }
  if ((conditions.length > 0 || profile.firmware) && !capabilities.includes('firmware')) {
    found.push('it depends on the firmware, and without the capability `firmware` nobody can ask for that');
  }
  return found;
}

/** Why no driver can be made with these parameters; undefined when one can. */
function refusal(profile: Profile, protocol: Protocol, params: Readonly<Record<string, unknown>>): string | undefined {
  const connected = protocol.connect(
    { transport: lintLine(profile), devices: [{ deviceId: 'device', params }] },
    {
      clock: manualClock(),
      random: (size) => new Uint8Array(size),
      log: silentLog,
      transportFactory: () => ({ ok: true, value: createMemoryLine({ name: 'lint' }).host }),
      mqtt: {
        name: 'lint',
        state: { up: false, retainsMessages: true },
        publish: () => Promise.resolve({ ok: false, error: { code: 'E-DEV-0102' } }),
        subscribe: () => () => undefined,
        onState: () => () => undefined,
      },
      inbox: () => ({ name: 'lint', listen: () => Promise.resolve({ ok: true, value: () => undefined }) }),
    },
  );
  return connected.ok ? undefined : (connected.error.detail ?? connected.error.code);
}

function lintLine({ id, transport }: Profile): TransportSettings {
  switch (transport.kind) {
    case 'url':
      return { kind: 'url', url: 'ipp://127.0.0.1/ipp/print' };
    case 'mqtt':
      return { kind: 'mqtt' };
    case 'http-listen':
      return { kind: 'http-listen', host: '127.0.0.1', port: 8090 };
    default:
      return { kind: 'memory', name: id };
  }
}
