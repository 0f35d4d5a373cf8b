import type { ProfileCatalogue, Vector } from '@hallhub/firmware-profiles/schema';
import type { Result } from '@hallhub/sync/base';
import { loadBuiltInProtocols } from '../agent/index.ts';
import { type CheckReport, builtInConformance, checksOf, runChecks } from '../conformance/index.ts';
import { lintProfile } from './lint.ts';

/** Lints profiles and runs the conformance suite for each; `on` hears of every check as it is done. */
export async function checkProfiles(options: {
  readonly catalogue: ProfileCatalogue;
  readonly vectorsOf: (id: string) => Result<readonly Vector[]>;
  /** Only profiles whose id contains this. */
  readonly only?: string;
  readonly on?: (profile: string, reports: readonly CheckReport[]) => void;
}): Promise<readonly CheckReport[]> {
  const { catalogue, vectorsOf, only = '', on } = options;
  const protocols = await loadBuiltInProtocols();
  const all: CheckReport[] = [];
  for (const profile of catalogue.list()) {
    if (!profile.id.includes(only)) continue;
    const fail = (check: string, detail: string): CheckReport => ({ profile: profile.id, check, ok: false, detail });
    const vectors = vectorsOf(profile.id);
    const protocol = protocols.find(({ name }) => name === profile.protocol);
    const conformance = builtInConformance.find((candidate) => candidate.protocol === profile.protocol);
    const reports: CheckReport[] = [];
    if (!vectors.ok) reports.push(fail('vectors', `${vectors.error.code} ${vectors.error.detail ?? ''}`));
    else if (!protocol || !conformance) reports.push(fail('protocol', `no protocol ${profile.protocol}`));
    else {
      const objections = lintProfile({
        profile,
        vectors: vectors.value,
        protocol,
        installation: conformance.installation?.(profile) ?? {},
      });
      reports.push(...objections.map((objection) => fail('lint', objection)));
      const checks = checksOf({ profile, vectors: vectors.value, protocol, conformance });
      reports.push(...(await runChecks(profile.id, checks)));
    }
    on?.(profile.id, reports);
    all.push(...reports);
  }
  return all;
}
