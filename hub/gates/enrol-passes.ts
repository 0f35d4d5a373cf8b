import type { Approved } from '../requests/service.ts';
import type { Vault } from '../vault/index.ts';
import type { Credential, GateKind, GateRequest } from './project.ts';
import { passDrafts } from './project.ts';
import { visitorCodeSubject } from './qr/visitor-code.ts';
import type { PassInsert, StoredCredential } from './store/passes.ts';

/** Under which name a dynamic code's key is sealed. */
export const secretContext = (credential: Uint8Array): string =>
  `gate-secret/${Buffer.from(credential).toString('hex')}`;

/** An approved visitor may also show the code that they were sent. */
export const codeOf = (kind: GateKind, passId: string): readonly Credential[] =>
  kind === 'visitor-access' ? [{ type: 'visitor-code', value: visitorCodeSubject(passId) }] : [];

/** An approval as rows: credentials hashed under the store's own key, secrets sealed under it. */
export function toPasses(
  change: Approved<GateKind>,
  { match, seal }: Pick<Vault, 'match' | 'seal'>,
): readonly PassInsert[] {
  const hashed = ({ type, value }: Credential): Buffer => match(type, value);
  const stored = (credential: Credential): StoredCredential => {
    const key = hashed(credential);
    return {
      credential: key,
      type: credential.type,
      ...(credential.secret !== undefined && {
        secret: seal(Buffer.from(credential.secret, 'base64'), secretContext(key)),
      }),
    };
  };
  // A change names one kind and carries that kind's data: that is what its type says, kind by kind.
  return passDrafts(change as GateRequest).map(({ credentials, identities, account, ...draft }) => {
    const id = `${change.id}#${draft.person}`;
    const [first, ...others] = identities;
    const forced = credentials.filter(({ duress }) => duress).map((one) => hashed(one).toString('hex'));
    return {
      ...draft,
      ...(forced.length > 0 && { duress: forced }),
      id,
      requestId: change.id,
      kind: change.kind,
      account: account === 'request' ? change.id : id,
      identities: [hashed(first).toString('hex'), ...others.map((identity) => hashed(identity).toString('hex'))],
      validFrom: change.validFrom,
      validUntil: change.validUntil,
      credentials: [...credentials, ...codeOf(change.kind, id)].map(stored),
    };
  });
}
