import type { EpochMs } from '@hallhub/sync/base';
import { epochMs } from '@hallhub/sync/base';
import { plainTerms } from '../pass.ts';
import type { Pass } from '../pass.ts';

/** A genuine code whose approval has not arrived here. */
export interface SignedClaim {
  /** Hex of 8 bytes. */
  readonly subject: string;
  readonly expiresAt: EpochMs;
}

const PREFIX = 'code:';
export const isSignedPass = (passId: string): boolean => passId.startsWith(PREFIX);
/** The account that such a pass counts on. */
export const signedAccount = (passId: string): string => passId.slice(0, passId.lastIndexOf('#'));

/** What its signature alone is worth where an area trusts it: one way in, until the code ends. */
export const signedPass = ({ subject, expiresAt }: SignedClaim): Pass => ({
  ...plainTerms,
  id: `${PREFIX}${subject}#0`,
  requestId: `${PREFIX}${subject}`,
  person: 0,
  kind: 'signed-code',
  effect: 'admit',
  identities: [`${PREFIX}${subject}`],
  account: `${PREFIX}${subject}`,
  uses: { max: 1, per: 'request' },
  validFrom: epochMs(0),
  validUntil: expiresAt,
  revoked: false,
});
