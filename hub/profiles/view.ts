import type { EpochMs } from '@hallhub/sync/base';

export interface BundleView {
  readonly version: string;
  readonly keyId: string;
  readonly createdAt: EpochMs;
  readonly addedAt: EpochMs;
  readonly addedBy: string;
}

export interface ProfilesView {
  /** The bundle in use; null: the profiles of the program. */
  readonly current: string | null;
  readonly since: EpochMs | null;
  readonly by: string | null;
  readonly trialUntil: EpochMs | null;
  readonly bundles: readonly BundleView[];
}

/** A profile as the console lists it. */
export interface ProfileView {
  readonly id: string;
  readonly label: { readonly zh: string; readonly en: string };
  readonly protocol: string;
  readonly capabilities: readonly string[];
  readonly evidence: readonly string[];
}
