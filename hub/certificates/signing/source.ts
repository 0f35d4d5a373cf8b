import { readFileSync } from 'node:fs';
import { type Clock, type Result, failure, ok } from '@hallhub/sync/base';
import type { Config } from '../../config/index.ts';
import { type SigningKey } from './cms.ts';
import { type DocumentSigner, createSigner } from './sign.ts';

/** A signer that is opened when it is needed: a token may be away when the hub starts. */
export interface SignerSource {
  /** Kept open once it could be opened. Errors: `E-CERT-0501`, `0505` until the PIN file says something else. */
  open(): Promise<Result<DocumentSigner>>;
  /** Of the signer as it was last open, DER, its own first; none before. */
  readonly certificates: readonly Uint8Array[];
  close(): Promise<void>;
}

type Signing = NonNullable<Config['certificates']['signing']>;

/** The signer that the configuration names. What signing needs is only loaded where something is signed. */
export function configuredSigner(signing: Signing, clock: Clock): SignerSource {
  /** A PIN that the token did not take. It is not tried again: after a few times the token would lock itself for good. */
  let refused: string | undefined;
  return keptOpen(async () => {
    const secret = readSecret(signing.kind === 'pkcs12' ? signing.passwordFile : signing.pinFile);
    if (!secret.ok) return secret;
    if (secret.value === refused) return failure('E-CERT-0505', 'refused before; not tried again');
    const key = await openKey(signing, secret.value, clock);
    if (!key.ok) {
      if (key.error.code === 'E-CERT-0505') refused = secret.value;
      return key;
    }
    const { timestamp } = signing;
    const authority = timestamp && (await import('./timestamp.ts')).httpTimestamps(timestamp.url, timestamp.timeout);
    return ok(
      createSigner({
        key: key.value,
        clock,
        ...(authority && { authority, stampRequired: timestamp.required }),
      }),
    );
  });
}

/** Opens once, and once more when that failed. */
export function keptOpen(open: () => Promise<Result<DocumentSigner>>): SignerSource {
  let opening: Promise<Result<DocumentSigner>> | undefined;
  let certificates: readonly Uint8Array[] = [];
  return {
    open: async () => {
      opening ??= open().catch((error: unknown) =>
        // A certificate that is none, a library that is not there: tried again like a token that is away.
        failure('E-CERT-0501', error instanceof Error ? error.name : 'unusable'),
      );
      const mine = opening;
      const opened = await mine;
      if (opened.ok) ({ certificates } = opened.value);
      else if (opening === mine) opening = undefined;
      return opened;
    },
    get certificates() {
      return certificates;
    },
    close: async () => {
      const opened = await opening;
      opening = undefined;
      if (opened?.ok) await opened.value.close();
    },
  };
}

async function openKey(signing: Signing, secret: string, clock: Clock): Promise<Result<SigningKey>> {
  if (signing.kind === 'pkcs12') return (await import('./pkcs12.ts')).pkcs12Key(signing.file, secret);
  const { module, tokenLabel, keyLabel } = signing;
  const key = { module, tokenLabel, keyLabel, pin: secret };
  return (await import('./pkcs11.ts')).pkcs11Key({ key, clock });
}

function readSecret(file: string): Result<string> {
  try {
    return ok(readFileSync(file, 'utf8').replace(/\r?\n$/, ''));
  } catch {
    return failure('E-CERT-0501', file);
  }
}
