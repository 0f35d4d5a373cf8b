import type { RandomBytes, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import type { Vault } from '../vault/index.ts';
import type { CodeReader } from './edge/presentation.ts';
import { subjectOf } from './pass.ts';
import { legacyCodeKey } from './qr/legacy-code.ts';
import type { Gates, ShownElsewhere } from './ports.ts';
import type { TakenCode } from './store/codes.ts';
import type { GateStore } from './store/index.ts';

interface Found {
  readonly subject: string;
  /** The roster request that names them. */
  readonly requestId?: string;
}

/** Who a member is by what they show where there is no gate. A code is taken there as at a gate: by both, once. */
export function createIdentify(deps: {
  readonly store: Pick<GateStore, 'passes' | 'entries' | 'codes'>;
  readonly vault: Pick<Vault, 'match'>;
  readonly readCode: CodeReader;
  readonly random: RandomBytes;
  /** Gates that decide elsewhere must hear of it. */
  readonly takenAt: (place: string, code: Omit<TakenCode, 'gateId' | 'way' | 'area'>) => void;
}): Gates['identify'] {
  const { store, vault } = deps;
  const subjectBy = (credential: Uint8Array): Result<Found> => {
    const member = store.passes.passesOf(credential).find(({ kind, revoked }) => kind === 'roster' && !revoked);
    return member ? ok({ subject: subjectOf(member), requestId: member.requestId }) : failure('E-GATE-0101');
  };

  const byCode = ({ text, at, place }: ShownElsewhere): Result<Found> => {
    const read = deps.readCode(text.trim(), place, at);
    // Still held to the scanner that has just taken it.
    if (!read) return failure('E-GATE-0135');
    if ('code' in read) return failure(read.code);
    const found = subjectBy(read.credential);
    const { method, codeStep: step } = read;
    const owner = store.codes.ownerOf(read.credential, method);
    if (!found.ok || step === undefined || owner === undefined) return found;
    // Gates of this process and this place are known to the reader of codes; those of agents by their entries.
    if (store.entries.sameCode(owner, step, method, place).length > 0) return failure('E-GATE-0135');
    const id = Buffer.from(deps.random(16)).toString('hex');
    deps.takenAt(place, { id, owner, method, step, at });
    return found;
  };

  /** A member's number stands in the roster as the id of their older codes. Whoever is in none has a subject all the same. */
  const byNumber = (number: string): Result<Found> => {
    const member = subjectBy(vault.match('legacy-code', legacyCodeKey(number)));
    const subject = vault.match('member', number).toString('hex');
    return ok({ subject, ...(member.ok && { requestId: member.value.requestId }) });
  };

  return (shown) => {
    const text = shown.text.trim();
    switch (shown.method) {
      case 'looked-up':
        return byNumber(text);
      case 'campus-code':
        return byCode(shown);
      case 'campus-card':
        return subjectBy(vault.match('uid', text.toUpperCase()));
      case 'resident-id':
        return subjectBy(vault.match('resident-id', text.toUpperCase()));
      case 'face':
        return subjectBy(vault.match('face', text));
    }
  };
}
