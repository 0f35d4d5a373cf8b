import { hash } from 'node:crypto';
import type { Clock, RandomBytes, Result } from '@hallhub/sync/base';
import { epochMs, failure, iso, ok, uuidv7 } from '@hallhub/sync/base';
import { deliveryPersonSchema, deliveryRequested } from '@hallhub/sync/contract';
import type { DeliveryPerson } from '@hallhub/sync/contract';
import type { Outbox } from '@hallhub/sync/outbox';
import { z } from 'zod';
import type { KindHandler } from '../requests/index.ts';
import type { Vault } from '../vault/index.ts';
import type { Chain } from './chain.ts';
import type { Custody } from './custody.ts';
import { isHeldBy } from './rules/consignment.ts';
import type { ConsignmentRow, ConsignmentStore, Size } from './store/consignments.ts';

/** Who sends it and who gets it, and the code with which both may follow it. */
interface Personal {
  readonly sender: DeliveryPerson;
  readonly recipient: DeliveryPerson;
  readonly tracking: string;
}

/** What a hub tells the one to which a consignment goes, so that it may be collected there. */
export const cardSchema = z.object({
  id: z.string().min(1).max(96),
  revision: z.int().min(0),
  from: z.string().max(63),
  to: z.string().max(63),
  size: z.enum(['small', 'medium', 'large']),
  keepDays: z.int().min(1).max(90),
  validUntil: z.int(),
  sender: deliveryPersonSchema,
  recipient: deliveryPersonSchema,
  tracking: z.string().max(32),
});
export type Card = z.output<typeof cardSchema>;

export interface NewDelivery {
  readonly sender: DeliveryPerson;
  readonly recipient: DeliveryPerson;
  readonly to: string;
  readonly size: Size;
}

export interface Consignments {
  readonly handler: KindHandler<'document-delivery'>;
  /** One that begins here, without a request of the hall; the hall is told. Joins the transaction. */
  create(what: NewDelivery): ConsignmentRow;
  people(row: ConsignmentRow): Personal | undefined;
  /** What the destination is told; undefined: nothing is known of it here any more. */
  card(id: string): Card | undefined;
  /** From another hub. What the hall says counts before it. */
  learn(card: Card): void;
  /** Whom a number at the university, or that of a resident ID, belongs to: all that is theirs. */
  ofPerson(person: { readonly number?: string; readonly residentId?: string }): readonly ConsignmentRow[];
  isRecipient(row: ConsignmentRow, person: { readonly number?: string; readonly residentId?: string }): boolean;
  /** Errors: `E-CUST-0707`. */
  byDropCode(code: string): Result<ConsignmentRow>;
}

/** Crockford's digits and letters: nothing that is read as something else. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const DELIVERY_DAYS = 14;
const DAY = 86_400_000;

export const newTracking = (random: RandomBytes): string =>
  Array.from(random(16), (byte) => ALPHABET.charAt(byte % 32)).join('');
/** How a tracking code stands in the chain. */
export const trackingHash = (code: string): string => hash('sha256', code.trim().toUpperCase(), 'hex');

export function createConsignments(deps: {
  readonly clock: Pick<Clock, 'now'>;
  readonly random: RandomBytes;
  readonly vault: Pick<Vault, 'match' | 'seal' | 'open'>;
  readonly outbox: Pick<Outbox, 'append'>;
  readonly store: ConsignmentStore;
  readonly chain: Chain;
  readonly custody: () => Custody;
  readonly keepDays: number;
}): Consignments {
  const { clock, vault, store, chain } = deps;
  const { me } = chain;
  const context = (id: string): string => `locker-consignment/${id}`;
  const key = (type: string, value: string | undefined): string | null =>
    value === undefined ? null : vault.match(type, value).toString('hex');
  const numberKey = (number: string | undefined): string | null => key('locker-person', number);
  const idKey = (number: string | undefined): string | null => key('resident-id', number);

  const people: Consignments['people'] = ({ id, sealed }) => {
    const opened = sealed && vault.open(sealed, context(id));
    return opened?.ok === true ? (JSON.parse(Buffer.from(opened.value).toString('utf8')) as Personal) : undefined;
  };
  const put = (card: Card, dropOffCode?: string): void => {
    const { sender, recipient, tracking } = card;
    const personal: Personal = { sender, recipient, tracking };
    store.put({
      ...{ id: card.id, revision: card.revision, from: card.from, to: card.to, size: card.size },
      ...{ keepDays: card.keepDays, validUntil: epochMs(card.validUntil) },
      sealed: vault.seal(Buffer.from(JSON.stringify(personal)), context(card.id)),
      senderKey: numberKey(sender.number),
      senderIdKey: idKey(sender.residentId),
      recipientKey: numberKey(recipient.number),
      recipientIdKey: idKey(recipient.residentId),
      dropCodeKey: key('locker-drop-code', dropOffCode),
    });
  };
  /** One code for as long as it is known here: what is printed on a receipt stays good. */
  const trackingOf = (id: string): string => {
    const row = store.get(id);
    return (row && people(row)?.tracking) ?? newTracking(deps.random);
  };

  return {
    people,
    handler: {
      kind: 'document-delivery',
      approve: ({ id, revision, validUntil, data }) => {
        if (data.from !== me && data.to !== me) return undefined;
        put(
          {
            ...{ id, revision, from: data.from, to: data.to, size: data.size, validUntil },
            ...{ keepDays: data.keepDays ?? deps.keepDays, sender: data.sender, recipient: data.recipient },
            tracking: trackingOf(id),
          },
          data.dropOffCode,
        );
        return undefined;
      },
      revoke: ({ id, revision }) => {
        if (!store.get(id)) return;
        store.revoke(id, revision);
        const item = chain.known.item(id);
        // What is under way is turned round where it arrives.
        if (item && isHeldBy(item, me) && item.returning === undefined)
          deps.custody().sendBack({ id, why: 'withdrawn' }, { id: `withdrawn/${id}/${revision}`, by: 'hub' });
      },
    },
    create: ({ sender, recipient, to, size }) => {
      const now = clock.now();
      const id = `L-${me}-${uuidv7(now, deps.random).replaceAll('-', '').slice(0, 20)}`;
      const validUntil = epochMs(now + DELIVERY_DAYS * DAY);
      const tracking = newTracking(deps.random);
      put({ id, revision: 0, from: me, to, size, keepDays: deps.keepDays, validUntil, sender, recipient, tracking });
      deps.outbox.append({
        type: deliveryRequested,
        subject: id,
        data: { at: iso(now), sender, recipient, from: me, to, size, validUntil: iso(validUntil) },
      });
      const row = store.get(id);
      if (!row) throw new Error('a consignment that was just written is not there');
      return row;
    },
    card: (id) => {
      const row = store.get(id);
      const personal = row && people(row);
      if (!row || !personal) return undefined;
      const { revision, from, to, size, keepDays, validUntil } = row;
      return { id, revision, from, to, size, keepDays, validUntil, ...personal };
    },
    learn: (card) => {
      const before = store.get(card.id);
      // Of the tracking code the sender's hub knows best: it has printed it.
      if (!before || card.revision >= before.revision) put(card);
    },
    ofPerson: ({ number, residentId }) =>
      store.ofPerson(numberKey(number) ?? undefined, idKey(residentId) ?? undefined),
    isRecipient: (row, { number, residentId }) =>
      (number !== undefined && row.recipientKey === numberKey(number)) ||
      (residentId !== undefined && row.recipientIdKey === idKey(residentId)),
    byDropCode: (code) => {
      const row = store.byDropCode(key('locker-drop-code', code) ?? '', clock.now());
      return row?.from === me ? ok(row) : failure('E-CUST-0707');
    },
  };
}
