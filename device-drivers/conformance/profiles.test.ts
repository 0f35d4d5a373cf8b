import { describe, expect, it } from 'vitest';
import { unwrap } from '@hallhub/sync/base';
import { builtInProfiles, loadVectors } from '@hallhub/firmware-profiles/schema';
import { loadBuiltInProtocols } from '../agent/index.ts';
import { builtInConformance, checksOf } from './index.ts';

const protocols = await loadBuiltInProtocols();

describe.each(builtInProfiles().list())('profile $id', (profile) => {
  const protocol = protocols.find(({ name }) => name === profile.protocol);
  const conformance = builtInConformance.find((candidate) => candidate.protocol === profile.protocol);
  if (!protocol || !conformance) throw new Error(`protocol ${profile.protocol} cannot be checked`);
  const checks = checksOf({ profile, vectors: unwrap(loadVectors(profile.id)), protocol, conformance });

  it.each(checks)('$name', async ({ run }) => {
    await expect((async () => run())()).resolves.toBeUndefined();
  });
});
