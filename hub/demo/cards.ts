import { join } from 'node:path';
import type { Clock } from '@hallhub/sync/base';
import { systemRandom } from '@hallhub/sync/base';
import type { Certificate } from '@hallhub/sync/contract';
import type { ReferenceHall } from '@hallhub/sync/reference-hall';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import type { Ledger, SimulatedPayments } from '../cards/index.ts';
import { createLedger, ledgerSchema, simulatedPayments } from '../cards/index.ts';

/** The demo's campus cards: one for every student whom a certificate names, and a payment service that the floor pays. */
export function demoCards(deps: {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly hall: Pick<ReferenceHall, 'requests'>;
}): { readonly accounts: Ledger; readonly payments: SimulatedPayments; close(): void } {
  const { dataDir, clock, hall } = deps;
  const db = openDatabase({ file: join(dataDir, 'cards.db') });
  migrate({ db, components: [ledgerSchema] });
  const accounts = createLedger({ db, clock, random: systemRandom });
  const students = hall.requests
    .list(500)
    .flatMap(({ kind, data }) => (kind === 'certificate' ? [(data as Certificate).student.number] : []));
  for (const [index, number] of [...new Set(students)].sort().entries()) {
    const cardId = `card-${number}`;
    const isNew = accounts.open({ cardId, number, cardNumber: String(60_012_340 + index) });
    if (!isNew) continue;
    accounts.book(cardId, { amount: 12_000, text: { zh: '餐补', en: 'Meal allowance' } });
    accounts.book(cardId, { amount: -1_250, text: { zh: '第一食堂', en: 'Canteen 1' } });
    accounts.book(cardId, { amount: -300, text: { zh: '图书馆打印', en: 'Library printing' } });
  }
  return {
    accounts,
    payments: simulatedPayments({ clock }),
    close: () => {
      db.close();
    },
  };
}
