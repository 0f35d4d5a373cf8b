import { describe, expect, it } from 'vitest';
import { unwrap } from '@hallhub/sync/base';
import { builtInProfiles, loadVectors } from '@hallhub/firmware-profiles/schema';
import { loadBuiltInProtocols } from '../agent/index.ts';
import { lintProfile } from '../profiles/lint.ts';
import { builtInConformance, checksOf } from './index.ts';

const protocols = await loadBuiltInProtocols();

describe.each(builtInProfiles().list())('profile $id', (profile) => {
  const protocol = protocols.find(({ name }) => name === profile.protocol);
  const conformance = builtInConformance.find((candidate) => candidate.protocol === profile.protocol);
  if (!protocol || !conformance) throw new Error(`protocol ${profile.protocol} cannot be checked`);
  const vectors = unwrap(loadVectors(profile.id));
  const checks = checksOf({ profile, vectors, protocol, conformance });

  it('has nothing that its readers would object to', () => {
    const installation = conformance.installation?.(profile) ?? {};
    expect(lintProfile({ profile, vectors, protocol, installation })).toEqual([]);
  });

  it.each(checks.filter((check) => 'run' in check))('$name', async ({ run }) => {
    await expect((async () => run())()).resolves.toBeUndefined();
  });
});
