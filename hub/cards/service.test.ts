import { randomBytes } from 'node:crypto';
import { epochMs, manualClock, minutes, seconds, systemRandom } from '@hallhub/sync/base';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import { describe, expect, it } from 'vitest';
import { auditSchema, createAudit } from '../audit/index.ts';
import { createVault } from '../vault/index.ts';
import { cardSchema, createCards, createLedger, ledgerSchema, simulatedPayments } from './index.ts';

const NUMBER = '20230417086';
let orders = 0;
/** A new order at the kiosk in the hall. */
const hall = () => ({ kioskId: 'hall', orderedAs: `session/${(orders += 1)}` });

function setUp() {
  const clock = manualClock();
  const db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [auditSchema, cardSchema, ledgerSchema] });
  const ledger = createLedger({ db, clock, random: systemRandom });
  ledger.open({ cardId: 'card-1', number: NUMBER, cardNumber: '0012345678' });
  ledger.book('card-1', { amount: 8_850, text: { zh: '补助', en: 'Allowance' } });
  ledger.book('card-1', { amount: -850, text: { zh: '第一食堂', en: 'Canteen 1' } });
  const payments = simulatedPayments({ clock });
  const vault = createVault(randomBytes(32));
  const audit = createAudit({ db, clock });
  const open = (accounts = ledger as Parameters<typeof createCards>[0]['accounts']) =>
    createCards({ accounts, payments, db, clock, vault, audit, log: () => undefined });
  return { clock, db, ledger, payments, audit, open, cards: open() };
}

describe('a campus card at a kiosk', () => {
  it('shows its balance with its number hidden, and what was spent', async () => {
    const { cards } = setUp();
    expect(await cards.card(NUMBER)).toMatchObject({
      value: {
        cardNumber: '••••••5678',
        balance: 8_000,
        pending: 0,
        state: 'active',
        amounts: [1_000, 2_000, 5_000, 10_000, 20_000],
      },
    });
    expect(await cards.transactions(NUMBER, undefined)).toMatchObject({
      value: [{ amount: -850, balance: 8_000 }, { amount: 8_850 }],
    });
    expect(await cards.card('nobody')).toMatchObject({ error: { code: 'E-PAY-0101' } });
  });

  it('is topped up once somebody pays the code, and the money waits on the account', async () => {
    const { cards, clock, payments, ledger } = setUp();
    const begun = await cards.topUp(NUMBER, 5_000, hall());
    expect(begun).toMatchObject({ value: { state: 'paying', payUrl: expect.stringContaining('hallpay') as string } });
    expect(await cards.topUp(NUMBER, 5_000, hall())).toMatchObject({ error: { code: 'E-PAY-0206' } });
    expect(await cards.topUp(NUMBER, 1, hall())).toMatchObject({ error: { code: 'E-PAY-0204' } });
    const orderId = begun.ok ? begun.value.orderId : '';
    expect(cards.order(orderId, 'library')).toMatchObject({ error: { code: 'E-PAY-0203' } });
    expect(payments.pay(orderId)).toBe(true);
    await clock.advanceAsync(seconds(5));
    expect(cards.order(orderId, 'hall')).toMatchObject({ value: { state: 'credited' } });
    expect(ledger.creditsOf(orderId)).toBe(1);
    expect(await cards.card(NUMBER)).toMatchObject({ value: { balance: 8_000, pending: 5_000 } });
    await cards.stop();
    expect(clock.pending).toBe(0);
  });

  it('is one top-up when the page sends its order again because the answer was lost, and no other one under its name', async () => {
    const { cards, clock, payments, ledger } = setUp();
    const place = hall();
    const begun = await cards.topUp(NUMBER, 5_000, place);
    const again = await cards.topUp(NUMBER, 5_000, place);
    expect(again).toEqual(begun);
    expect(payments.waiting()).toHaveLength(1);
    expect(await cards.topUp(NUMBER, 1_000, place)).toMatchObject({ error: { code: 'E-PAY-0208' } });
    const orderId = begun.ok ? begun.value.orderId : '';
    payments.pay(orderId);
    await clock.advanceAsync(seconds(5));
    expect(await cards.topUp(NUMBER, 5_000, place)).toMatchObject({ value: { orderId, state: 'credited' } });
    expect(ledger.creditsOf(orderId)).toBe(1);
  });

  it('is not topped up when nobody pays, nor when they leave; one who pays in the last moment gets what they paid', async () => {
    const { cards, clock, payments, ledger } = setUp();
    const left = await cards.topUp(NUMBER, 1_000, hall());
    const leftId = left.ok ? left.value.orderId : '';
    cards.cancel(leftId, 'hall');
    await clock.advanceAsync(seconds(1));
    expect(cards.order(leftId, 'hall')).toMatchObject({ value: { state: 'closed' } });
    expect(payments.pay(leftId)).toBe(false);
    const late = await cards.topUp(NUMBER, 2_000, hall());
    const lateId = late.ok ? late.value.orderId : '';
    payments.pay(lateId);
    cards.cancel(lateId, 'hall');
    await clock.advanceAsync(minutes(1));
    expect(cards.order(lateId, 'hall')).toMatchObject({ value: { state: 'credited' } });
    expect(ledger.creditsOf(lateId)).toBe(1);
    const slow = await cards.topUp(NUMBER, 1_000, hall());
    await clock.advanceAsync(minutes(4));
    expect(cards.order(slow.ok ? slow.value.orderId : '', 'hall')).toMatchObject({ value: { state: 'closed' } });
  });

  it('says that no code can be had when the payment service is away, and closes what it may have begun', async () => {
    const { cards, clock, payments } = setUp();
    payments.fault = () => 'unanswered';
    const asked = cards.topUp(NUMBER, 1_000, hall());
    await clock.advanceAsync(seconds(11));
    expect(await asked).toMatchObject({ error: { code: 'E-PAY-0202' } });
    payments.fault = undefined;
    await clock.advanceAsync(minutes(1));
    expect(payments.waiting()).toEqual([]);
    expect(cards.open()).toEqual([]);
  });

  it('is forgotten once it is over and past its time, and not before', async () => {
    const { cards, clock, payments } = setUp();
    const over = await cards.topUp(NUMBER, 1_000, hall());
    await clock.advanceAsync(minutes(4));
    payments.fault = () => 'unanswered';
    const waiting = cards.topUp(NUMBER, 1_000, hall());
    await clock.advanceAsync(seconds(11));
    await waiting;
    expect(cards.forget(epochMs(clock.now() - 120_000))).toBe(0);
    expect(cards.forget(epochMs(clock.now() + 1))).toBe(1);
    expect(cards.order(over.ok ? over.value.orderId : '', 'hall')).toMatchObject({ error: { code: 'E-PAY-0203' } });
    expect(cards.open()).toHaveLength(1);
  });

  it('is credited once when the process ends in the middle of it', async () => {
    const { clock, payments, ledger, open, cards } = setUp();
    const begun = await cards.topUp(NUMBER, 5_000, hall());
    const orderId = begun.ok ? begun.value.orderId : '';
    payments.pay(orderId);
    await cards.stop();
    const next = open();
    next.start();
    await clock.advanceAsync(seconds(1));
    expect(next.order(orderId, 'hall')).toMatchObject({ value: { state: 'credited' } });
    expect(ledger.creditsOf(orderId)).toBe(1);
    await next.stop();
  });

  it('whose credit nobody knows of waits for staff, whose decision is on record and moves the money', async () => {
    const { clock, payments, ledger, open, audit } = setUp();
    let answers = false;
    const cards = open({
      ...ledger,
      createTopUp: () => Promise.resolve({ ok: false, error: { code: 'E-PAY-0102' } }),
      queryTopUp: (order) =>
        answers ? ledger.queryTopUp(order) : Promise.resolve({ ok: false, error: { code: 'E-PAY-0102' } }),
    });
    const begun = await cards.topUp(NUMBER, 5_000, hall());
    const orderId = begun.ok ? begun.value.orderId : '';
    payments.pay(orderId);
    await clock.advanceAsync(minutes(2));
    expect(cards.open()).toMatchObject([{ orderId, state: 'credit-unknown' }]);
    expect(cards.resolve(orderId, 'refund', 'staff:li', '卡务中心未入账')).toMatchObject({ ok: true });
    await clock.advanceAsync(minutes(1));
    // As long as the card's system does not answer nobody knows, and the money stays where it is.
    expect(cards.open()).toMatchObject([{ state: 'credit-unknown', refundWanted: true }]);
    expect(payments.money(orderId)).toBe('kept');
    answers = true;
    await clock.advanceAsync(minutes(1));
    expect(payments.money(orderId)).toBe('refunded');
    expect(cards.order(orderId, 'hall')).toMatchObject({ value: { state: 'refunded' } });
    expect(cards.resolve(orderId, 'credited', 'staff:li', '…')).toMatchObject({ error: { code: 'E-PAY-0205' } });
    expect(audit.list({ limit: 1 })).toMatchObject([{ action: 'card.resolve-top-up', actor: 'staff:li' }]);
    await cards.stop();
  });

  it('is given back also when staff decide in the moment in which the card’s system is being asked', async () => {
    const { clock, payments, ledger, open } = setUp();
    const asked = Promise.withResolvers<Awaited<ReturnType<typeof ledger.queryTopUp>>>();
    let asking = false;
    const cards = open({
      ...ledger,
      createTopUp: () => Promise.resolve({ ok: false, error: { code: 'E-PAY-0102' } }),
      queryTopUp: () => {
        asking = true;
        return asked.promise;
      },
    });
    const begun = await cards.topUp(NUMBER, 5_000, hall());
    const orderId = begun.ok ? begun.value.orderId : '';
    payments.pay(orderId);
    await clock.advanceAsync(minutes(1));
    expect(asking).toBe(true);
    expect(cards.resolve(orderId, 'refund', 'staff:li', '未入账')).toMatchObject({ ok: true });
    asked.resolve({ ok: true, value: 'none' });
    await clock.advanceAsync(minutes(1));
    expect(payments.money(orderId)).toBe('refunded');
    expect(cards.order(orderId, 'hall')).toMatchObject({ value: { state: 'refunded' } });
    await cards.stop();
  });

  it('is not given back when the card’s system credits it in the moment in which staff decide, and that is on record', async () => {
    const { clock, payments, ledger, open, audit } = setUp();
    let late: (() => Promise<unknown>) | undefined;
    const asked = Promise.withResolvers<Awaited<ReturnType<typeof ledger.queryTopUp>>>();
    let questions = 0;
    const cards = open({
      ...ledger,
      // The order lies somewhere on its way, and arrives when nobody waits for it any more.
      createTopUp: (order) => {
        late = () => ledger.createTopUp(order);
        return Promise.resolve({ ok: false, error: { code: 'E-PAY-0102' } });
      },
      queryTopUp: (order) => ((questions += 1) === 1 ? asked.promise : ledger.queryTopUp(order)),
    });
    const begun = await cards.topUp(NUMBER, 5_000, hall());
    const orderId = begun.ok ? begun.value.orderId : '';
    payments.pay(orderId);
    await clock.advanceAsync(minutes(1));
    expect(questions).toBe(1);
    expect(cards.resolve(orderId, 'refund', 'staff:li', '未入账')).toMatchObject({ ok: true });
    await late?.();
    asked.resolve({ ok: true, value: 'none' });
    await clock.advanceAsync(minutes(2));
    expect(cards.order(orderId, 'hall')).toMatchObject({ value: { state: 'credited' } });
    expect(payments.money(orderId)).toBe('kept');
    expect(ledger.creditsOf(orderId)).toBe(1);
    expect(audit.list({ limit: 2 }).map(({ action }) => action)).toEqual([
      'card.refund-not-needed',
      'card.resolve-top-up',
    ]);
    await cards.stop();
  });

  it('reported lost takes no top-up any more', async () => {
    const { cards } = setUp();
    expect(await cards.reportLost(NUMBER)).toMatchObject({ value: { state: 'lost', amounts: [] } });
    expect(await cards.topUp(NUMBER, 1_000, hall())).toMatchObject({ error: { code: 'E-PAY-0104' } });
  });

  it('whose refund the payment service refuses is not asked for again and again, and ends with a word that is on record', async () => {
    const { clock, payments, ledger, open, audit } = setUp();
    const cards = open({ ...ledger, createTopUp: () => Promise.resolve({ ok: false, error: { code: 'E-PAY-0104' } }) });
    let asked = 0;
    payments.refund = () => {
      asked += 1;
      return Promise.resolve({ ok: false, error: { code: 'E-PAY-0201' } });
    };
    const begun = await cards.topUp(NUMBER, 5_000, hall());
    const orderId = begun.ok ? begun.value.orderId : '';
    payments.pay(orderId);
    await clock.advanceAsync(minutes(10));
    expect(asked).toBe(1);
    expect(cards.open()).toMatchObject([{ orderId, state: 'refunding', refundStuck: true }]);
    expect(clock.pending).toBe(0);
    expect(cards.resolve(orderId, 'refund', 'staff:li', '再试一次')).toMatchObject({ error: { code: 'E-PAY-0205' } });
    expect(cards.resolve(orderId, 'refunded-outside', 'staff:li', '现金退还')).toMatchObject({
      value: { state: 'refunded' },
    });
    expect(cards.open()).toEqual([]);
    expect(audit.list({ limit: 1 })).toMatchObject([
      {
        action: 'card.resolve-top-up',
        actor: 'staff:li',
        detail: expect.stringContaining('refunded-outside') as string,
      },
    ]);
  });
});
