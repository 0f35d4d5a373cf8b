import type { Clock, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import type { Consignments } from '../consignments.ts';
import type { Link } from '../custody/link.ts';
import type { Signature, Signer, Trusted } from '../custody/signing.ts';
import type { ChainStore } from '../store/chain.ts';
import type { Page } from './contract.ts';
import { PAGE_MOST, bytesOf, questionSchema, signedSchema } from './contract.ts';

/** A question of another time is not answered: somebody may have kept it. */
const FRESH_MS = 600_000;

export type SignedPage = Signature & { readonly said: Page };

/** Answers what a peer asks. Errors: `E-CUST-0605` it is none, or its question is old or was not signed by it. */
export function createAnswering(deps: {
  readonly clock: Pick<Clock, 'now'>;
  readonly me: string;
  readonly incarnation: number;
  readonly peers: ReadonlySet<string>;
  readonly signer: Signer;
  readonly trusted: Trusted;
  readonly store: ChainStore;
  readonly consignments: Pick<Consignments, 'card'>;
}): (raw: unknown) => Result<SignedPage> {
  const { clock, me, store } = deps;
  return (raw) => {
    const signed = signedSchema.safeParse(raw);
    const question = questionSchema.safeParse(signed.data?.said);
    if (!signed.success || !question.success) return failure('E-CUST-0605');
    const { from, to, nonce, issuedAt, after, incarnation } = question.data;
    const { said, keyId, signature } = signed.data;
    const isHeard = deps.peers.has(from) && to === me && deps.trusted(from, bytesOf(said), { keyId, signature });
    if (!isHeard || Math.abs(clock.now() - issuedAt) > FRESH_MS) return failure('E-CUST-0605', from);
    const start = incarnation === deps.incarnation ? after : 0;
    const links = store.after(start, PAGE_MOST);
    const cards = links.flatMap(({ link }) => goingTo(link, from)).flatMap((id) => deps.consignments.card(id) ?? []);
    const next = links.at(-1)?.position ?? start;
    const page: Page = {
      ...{ type: 'page', from: me, to: from, nonce, issuedAt: clock.now(), incarnation: deps.incarnation },
      links: links.map(({ position: _position, ...link }) => link),
      ...{ cards, next, upToDate: next >= store.last() },
    };
    return ok({ said: page, ...deps.signer.sign(bytesOf(page)) });
  };
}

const goingTo = ({ body }: Link, hub: string): readonly string[] =>
  body.do === 'dropped-off' && body.to === hub ? [body.item.id] : [];
