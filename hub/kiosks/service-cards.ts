import { hash, verify } from '@node-rs/argon2';
import type { Clock, Result } from '@hallhub/sync/base';
import { epochMs, failure, minutes, ok, plus } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/service.ts';
import type { Vault } from '../vault/index.ts';
import type { KioskStore } from './store.ts';
import type { ServiceCardView } from './views.ts';

/** Cards with which staff open a kiosk for its service. */
export interface ServiceCards {
  list(): readonly ServiceCardView[];
  /** `type` and `text` as readers give them. Errors: `E-KIOSK-0205` it is registered already. */
  add(
    card: { readonly type: 'uid' | 'resident-id'; readonly text: string; readonly label: string; readonly pin: string },
    account: string,
    by: string,
  ): Promise<Result<ServiceCardView>>;
  /** A PIN that was forgotten is set anew, and a card that wrong ones locked is open again. Errors: `E-KIOSK-0204`. */
  setPin(id: string, pin: string, by: string): Promise<Result<void>>;
  /** Errors: `E-KIOSK-0204`. */
  remove(id: string, by: string): Result<void>;
  /** The card that was just shown, if it is one of them. */
  find(type: string, text: string): Uint8Array | undefined;
  /** Whose it is. Errors: `E-KIOSK-0202` wrong, `E-KIOSK-0106` too often wrong. */
  open(credential: Uint8Array, pin: string, kioskId: string): Promise<Result<{ readonly accountId: string }>>;
}

const MOST_WRONG = 5;
const LOCKED_FOR = minutes(15);
/** OWASP's argon2id setting: 19 MiB, two passes. */
const ARGON2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

export function createServiceCards(deps: {
  readonly db: Db;
  readonly store: KioskStore;
  readonly vault: Pick<Vault, 'match'>;
  readonly audit: Audit;
  readonly clock: Pick<Clock, 'now'>;
  /** Whether an account may still do this. */
  readonly mayServe: (accountId: string) => boolean;
}): ServiceCards {
  const { db, store, vault, audit, clock } = deps;
  const credentialOf = (type: string, text: string): Uint8Array => vault.match('kiosk-service', `${type}:${text}`);
  const idOf = (credential: Uint8Array): string => Buffer.from(credential).toString('hex').slice(0, 16);
  const byId = (id: string) => store.serviceCards().find(({ credential }) => idOf(credential) === id);
  return {
    list: () =>
      store
        .serviceCards()
        .map(({ credential, accountId, label, addedAt }) => ({ id: idOf(credential), accountId, label, addedAt })),
    add: async ({ type, text, label, pin }, accountId, by) => {
      const credential = credentialOf(type, text.trim().toUpperCase());
      const pinHash = await hash(pin, ARGON2);
      const addedAt = clock.now();
      return transact(db, () => {
        if (!store.addServiceCard({ credential, accountId, label, pinHash, addedAt })) return failure('E-KIOSK-0205');
        audit.record({ actor: by, action: 'kiosk.add-service-card', subject: `account:${accountId}` });
        return ok({ id: idOf(credential), accountId, label, addedAt });
      });
    },
    setPin: async (id, pin, by) => {
      const pinHash = await hash(pin, ARGON2);
      return transact(db, () => {
        const card = byId(id);
        if (!card) return failure('E-KIOSK-0204');
        store.setPin(card.credential, pinHash);
        audit.record({ actor: by, action: 'kiosk.set-service-pin', subject: `account:${card.accountId}` });
        return ok();
      });
    },
    remove: (id, by) =>
      transact(db, () => {
        const card = byId(id);
        if (!card) return failure('E-KIOSK-0204');
        store.removeServiceCard(card.credential);
        audit.record({ actor: by, action: 'kiosk.remove-service-card', subject: `account:${card.accountId}` });
        return ok();
      }),
    find: (type, text) => {
      const credential = credentialOf(type, text);
      const card = store.serviceCard(credential);
      return card && deps.mayServe(card.accountId) ? credential : undefined;
    },
    open: async (credential, pin, kioskId) => {
      const card = store.serviceCard(credential);
      if (!card || !deps.mayServe(card.accountId)) return failure('E-KIOSK-0201');
      if (clock.now() < card.lockedUntil) return failure('E-KIOSK-0106');
      // Counted before it is looked at: two tries at once are two.
      const wrong = card.wrong + 1;
      store.countWrongPin(credential, wrong, wrong >= MOST_WRONG ? plus(clock.now(), LOCKED_FOR) : card.lockedUntil);
      const { accountId } = card;
      if (!(await verify(card.pinHash, pin))) {
        audit.record({ actor: `staff:${accountId}`, action: 'kiosk.wrong-pin', subject: `kiosk:${kioskId}` });
        return failure('E-KIOSK-0202');
      }
      store.countWrongPin(credential, 0, epochMs(0));
      audit.record({ actor: `staff:${accountId}`, action: 'kiosk.open-service', subject: `kiosk:${kioskId}` });
      return ok({ accountId });
    },
  };
}
