import { type EpochMs, type Result, failure, ok } from '@hallhub/sync/base';
import { type TrustRoots, examine } from '@hallhub/sync/verification';

/**
 * What is asked of the signatures of a PDF that the hall made itself. `required`: one over the whole file, by somebody whose
 * authority is trusted. `if-present`: none may be broken, nor anything but long-term data stand behind the last; whose they
 * are is not asked.
 */
export type ReadyPolicy = 'required' | 'if-present' | 'ignore';

/** Error: `E-CERT-0209` with what is wrong. */
export function checkReady(
  pdf: Uint8Array,
  { policy, roots, at }: { readonly policy: ReadyPolicy; readonly roots: TrustRoots; readonly at: EpochMs },
): Result<void> {
  if (policy === 'ignore') return ok();
  const findings = examine(pdf, { roots, at });
  if (!findings.ok) return failure('E-CERT-0209', findings.error.code);
  const { signatures, sound } = findings.value;
  const bad = signatures.find(({ integrity }) => ['changed', 'forged', 'broken'].includes(integrity));
  if (bad) return failure('E-CERT-0209', `signature ${bad.integrity}`);
  if (signatures.length > 0 && signatures.every(({ appended }) => appended === 'changes')) {
    return failure('E-CERT-0209', 'changed after it was signed');
  }
  if (policy === 'if-present' || sound) return ok();
  const [first] = signatures;
  if (!first) return failure('E-CERT-0209', 'no signature');
  if (first.integrity === 'unsupported') return failure('E-CERT-0209', 'signature of an unsupported kind');
  return failure('E-CERT-0209', first.trust === 'trusted' ? 'not the whole file is signed' : `signer ${first.trust}`);
}
