import { epochMs, hours, seconds } from '@hallhub/sync/base';
import { afterEach, describe, expect, it } from 'vitest';
import type { Rig } from './testing/rig.ts';
import { BOARDS, CABINET, IN_TIME, createRig } from './testing/rig.ts';

let rig: Rig;
afterEach(() => rig.stop());

/** Shown and begun; the order's id. */
async function begin(code: string, size?: 'small' | 'medium' | 'large'): Promise<string> {
  const shown = rig.cabinets().shown(CABINET, 'locker-code', code);
  if (!shown.ok) throw new Error(shown.error.code);
  const [pass] = shown.value;
  const begun = pass && rig.cabinets().begin(pass.id, 'locker-code', size);
  if (begun?.ok !== true) throw new Error(begun?.error.code ?? 'no pass');
  await rig.pass(2);
  return begun.value.id;
}
const order = (id: string) => rig.cabinets().order(id);
const lockOf = (compartment = ''): number => Number(compartment.slice(1));
/** Whoever stands there puts it in or takes it out, and shuts the door. */
async function use(id: string, inside: boolean): Promise<void> {
  const lock = lockOf(order(id)?.compartment);
  await rig.pass(4);
  rig.hardware.place(lock, inside);
  await rig.pass(1);
  rig.hardware.shut(lock);
  await rig.pass(2);
  if (order(id)?.state === 'asking') rig.cabinets().answer(id, 'done');
}
const ends = () =>
  rig.told
    .filter(({ type }) => type === 'ended')
    .map(({ data }) => [data['outcome'], data['item'], data['compartment']].join(' '));
const doorNews = () =>
  rig.told
    .filter(({ type }) => type === 'door')
    .map(({ data }) => [data['what'], data['why']].filter(Boolean).join(' '));

describe.each(Object.keys(BOARDS))('a cabinet behind a board of kind %s', (kind) => {
  it('takes something in, keeps it, and gives it to whoever has its code, once', async () => {
    rig = await createRig(kind);
    rig.allow('deposit', 'letter', '111111');
    const put = await begin('111111');
    expect(order(put)).toMatchObject({ state: 'open', compartment: 'A1' });
    expect(rig.cabinets().shown(CABINET, 'locker-code', '111111')).toMatchObject({ ok: true });
    await use(put, true);
    expect(order(put)).toMatchObject({ state: 'ended', outcome: 'stored', sure: kind === 'KERONG' });
    expect(rig.cabinets().shown(CABINET, 'locker-code', '111111')).toMatchObject({ error: { code: 'E-LOCK-0102' } });
    expect(rig.door('A1')).toMatchObject({ item: 'letter', free: false });

    rig.allow('collect', 'letter', '222222');
    const got = await begin('222222');
    expect(order(got)).toMatchObject({ state: 'open', compartment: 'A1', purpose: 'collect' });
    await use(got, false);
    expect(order(got)).toMatchObject({ outcome: 'collected' });
    expect(rig.door('A1')).toMatchObject({ free: true });
    expect(rig.cabinets().shown(CABINET, 'locker-code', '222222')).toMatchObject({ error: { code: 'E-LOCK-0102' } });
    expect(ends()).toEqual(['stored letter A1', 'collected letter A1']);
  });

  it('gives another door where one is stuck, and keeps the stuck one back', async () => {
    rig = await createRig(kind);
    rig.hardware.setStuck(1, true);
    rig.allow('deposit', 'letter', '111111');
    const first = await begin('111111');
    await rig.pass(15);
    const { next = '', outcome } = order(first) ?? {};
    expect(outcome).toBe('not-opened');
    expect(order(next)).toMatchObject({ compartment: 'A2', state: 'open' });
    await use(next, true);
    expect(ends()).toEqual(['not-opened letter A1', 'stored letter A2']);
    expect(rig.door('A1')).toMatchObject({ hold: 'did-not-open', free: false });
    rig.hardware.setStuck(1, false);
    expect(
      rig.part().answer('checked', { cabinet: CABINET, compartment: 'A1', item: null, expiresAt: IN_TIME }),
    ).toMatchObject({ ok: true });
    expect(rig.door('A1')).toMatchObject({ free: true });
  });

  it('replays nothing after the power was cut in the middle of a pulse, and lets staff look', async () => {
    rig = await createRig(kind);
    const pulses: number[] = [];
    rig.hardware.onPulse((lock) => pulses.push(lock));
    rig.simulator.setFaults({ powerCut: true });
    rig.allow('deposit', 'letter', '111111');
    const put = await begin('111111');
    expect(pulses).toEqual([1]);
    rig.simulator.setFaults({});
    await rig.restart();
    await rig.pass(20);
    expect(pulses).toEqual([1]);
    expect(order(put)).toMatchObject({ state: 'ended', outcome: 'interrupted' });
    expect(rig.door('A1')).toMatchObject({ free: false });
    // Their code is good for another door.
    const again = await begin('111111');
    expect(order(again)).toMatchObject({ compartment: 'A2', state: 'open' });
  });

  it('alarms when a door opens that nobody was allowed to open', async () => {
    rig = await createRig(kind);
    rig.hardware.force(5);
    await rig.pass(2);
    expect(doorNews()).toEqual(['opened-without-order', 'held opened-without-order']);
    expect(rig.door('A5')).toMatchObject({ hold: 'opened-without-order', free: false });
  });

  it('says so while its board is silent, and gives nobody a door that it cannot see', async () => {
    rig = await createRig(kind);
    rig.simulator.setFaults({ silent: true });
    await rig.restart();
    rig.allow('deposit', 'letter', '111111');
    expect(rig.door('A1')).toMatchObject({ stage: 'unread', free: false });
    const shown = rig.cabinets().shown(CABINET, 'locker-code', '111111');
    expect(shown.ok && rig.cabinets().begin('deposit-letter', 'locker-code')).toMatchObject({
      error: { code: 'E-LOCK-0104' },
    });
    rig.simulator.setFaults({});
    await rig.pass(30);
    expect(rig.door('A1')).toMatchObject({ stage: 'resting', free: true });
  });
});

describe('who gets a door', () => {
  it('is decided by size, the next larger where none is left, and nobody where all are taken', async () => {
    rig = await createRig();
    const got: string[] = [];
    for (let n = 0; n < 8; n += 1) {
      rig.allow('deposit', `letter-${n}`, `10000${n}`);
      const id = await begin(`10000${n}`);
      got.push(order(id)?.compartment ?? '');
      await use(id, true);
    }
    expect(got).toEqual(['A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'A7', 'A8']);
    rig.allow('deposit', 'letter-9', '999999');
    expect(rig.cabinets().begin('deposit-letter-9', 'locker-code')).toMatchObject({ error: { code: 'E-LOCK-0104' } });
  });

  it('follows the size that whoever stands there asks for', async () => {
    rig = await createRig();
    rig.allow('deposit', 'poster', '111111');
    const small = await begin('111111');
    const lock = lockOf(order(small)?.compartment);
    await rig.pass(3);
    rig.hardware.shut(lock);
    await rig.pass(1);
    expect(order(small)).toMatchObject({ state: 'asking', mayReopen: true });
    rig.cabinets().answer(small, 'cancel');
    expect(order(small)).toMatchObject({ outcome: 'cancelled' });
    const large = await begin('111111', 'large');
    expect(order(large)?.compartment).toBe('A7');
  });

  it('is never two people at once, and nobody by one approval twice', async () => {
    rig = await createRig();
    rig.allow('deposit', 'one', '111111');
    rig.allow('deposit', 'two', '222222', { compartment: 'A1' });
    const first = await begin('111111');
    expect(rig.cabinets().begin('deposit-one', 'locker-code')).toMatchObject({ value: { id: first } });
    expect(rig.cabinets().begin('deposit-two', 'locker-code')).toMatchObject({ error: { code: 'E-LOCK-0105' } });
    await use(first, true);
    expect(rig.cabinets().begin('deposit-two', 'locker-code')).toMatchObject({ error: { code: 'E-LOCK-0105' } });
  });

  it('is nobody whose thing does not lie there', async () => {
    rig = await createRig();
    rig.allow('collect', 'letter', '222222');
    expect(rig.cabinets().begin('collect-letter', 'locker-code')).toMatchObject({ error: { code: 'E-LOCK-0107' } });
    rig.project('upsert', 'locker-content', `locker-content/${CABINET}/A3`, {
      cabinet: CABINET,
      compartment: 'A3',
      item: 'letter',
    });
    rig.allow('collect', 'letter', '222222', { compartment: 'A2' });
    expect(rig.cabinets().begin('collect-letter', 'locker-code')).toMatchObject({ error: { code: 'E-LOCK-0107' } });
    rig.allow('collect', 'letter', '222222');
    expect(rig.cabinets().begin('collect-letter', 'locker-code')).toMatchObject({ value: { compartment: 'A3' } });
  });

  it('is nobody before or after their time, by the time of the hub', async () => {
    rig = await createRig();
    const now = rig.clock.now();
    rig.allow('deposit', 'letter', '111111', { validFrom: now + 60_000, validTo: now + 120_000 });
    const shown = () => rig.cabinets().shown(CABINET, 'locker-code', '111111').ok;
    expect(shown()).toBe(false);
    rig.setHubTime(epochMs(now + 61_000));
    expect(shown()).toBe(true);
    rig.setHubTime(epochMs(now + 120_000));
    expect(shown()).toBe(false);
    expect(rig.cabinets().begin('deposit-letter', 'locker-code')).toMatchObject({ error: { code: 'E-LOCK-0102' } });
  });

  it('is nobody by an approval that the hub took back, nor by one that was used and is told anew', async () => {
    rig = await createRig();
    rig.allow('deposit', 'letter', '111111');
    rig.project('revoke', 'locker-pass', 'locker-pass/deposit-letter');
    expect(rig.cabinets().shown(CABINET, 'locker-code', '111111').ok).toBe(false);
    rig.allow('deposit', 'letter', '111111');
    await use(await begin('111111'), true);
    rig.allow('deposit', 'letter', '111111');
    expect(rig.cabinets().shown(CABINET, 'locker-code', '111111').ok).toBe(false);
  });

  it('is nobody at a compartment that the hub keeps back', async () => {
    rig = await createRig();
    rig.project('upsert', 'locker-hold', `locker-hold/${CABINET}/A1`, {
      cabinet: CABINET,
      compartment: 'A1',
      why: 'cleaning',
    });
    rig.allow('deposit', 'letter', '111111');
    expect(order(await begin('111111'))?.compartment).toBe('A2');
    rig.project('revoke', 'locker-hold', `locker-hold/${CABINET}/A1`);
    expect(rig.door('A1').free).toBe(true);
  });
});

describe('wrong codes', () => {
  it('silence a cabinet for a while, also over a restart, and the hub is told once', async () => {
    rig = await createRig();
    rig.allow('deposit', 'letter', '111111');
    const guess = (code: string) => {
      const shown = rig.cabinets().shown(CABINET, 'locker-code', code);
      return shown.ok ? 'ok' : shown.error.code;
    };
    for (let n = 0; n < 5; n += 1) expect(guess(`90000${n}`)).toBe('E-LOCK-0102');
    expect(guess('111111')).toBe('E-LOCK-0103');
    await rig.restart();
    expect(guess('111111')).toBe('E-LOCK-0103');
    expect(rig.told.filter(({ type }) => type === 'guessed')).toHaveLength(1);
    await rig.clock.advanceAsync(seconds(600));
    expect(guess('111111')).toBe('ok');
  });

  it('count no cards: a card is read, not guessed', async () => {
    rig = await createRig();
    for (let n = 0; n < 9; n += 1)
      expect(rig.cabinets().shown(CABINET, 'uid', `0${n}`)).toMatchObject({ error: { code: 'E-LOCK-0102' } });
  });
});

describe('staff', () => {
  const open = (compartment: string, id: string, expiresAt = IN_TIME) =>
    rig.part().answer('open', { cabinet: CABINET, compartment, order: id, expiresAt });

  it('open any door, also one that is kept back; an order that comes late opens nothing', async () => {
    rig = await createRig();
    rig.hardware.force(2);
    await rig.pass(1);
    rig.hardware.shut(2);
    await rig.pass(1);
    expect(rig.door('A2').hold).toBe('opened-without-order');
    expect(open('A2', 'order-1', rig.clock.now())).toMatchObject({ error: { code: 'E-LOCK-0108' } });
    expect(open('A2', 'order-1')).toMatchObject({ value: { id: 'order-1', state: 'opening' } });
    await rig.pass(1);
    expect(open('A2', 'order-1')).toMatchObject({ value: { id: 'order-1', state: 'open' } });
    expect(open('A2', 'order-2')).toMatchObject({ error: { code: 'E-LOCK-0105' } });
    rig.hardware.shut(2);
    await rig.pass(1);
    expect(order('order-1')).toMatchObject({ outcome: 'served', sure: true });
  });

  it('cannot call a door empty that is not shut, or that somebody is at', async () => {
    rig = await createRig();
    const checked = (compartment: string) =>
      rig.part().answer('checked', { cabinet: CABINET, compartment, item: null, expiresAt: IN_TIME });
    rig.hardware.force(3);
    await rig.pass(1);
    expect(checked('A3')).toMatchObject({ error: { code: 'E-LOCK-0109' } });
    rig.allow('deposit', 'letter', '111111');
    await begin('111111');
    expect(checked('A1')).toMatchObject({ error: { code: 'E-LOCK-0105' } });
    expect(checked('Z9')).toMatchObject({ error: { code: 'E-LOCK-0101' } });
    expect(rig.part().answer('checked', {})).toMatchObject({ error: { code: 'E-AGENT-0102' } });
  });

  it('are told of a door that nobody shuts, after whoever stands there was reminded', async () => {
    rig = await createRig();
    rig.allow('deposit', 'letter', '111111');
    const id = await begin('111111');
    await rig.pass(40);
    expect(order(id)).toMatchObject({ state: 'open', shutIt: true });
    await rig.clock.advanceAsync(seconds(200));
    expect(doorNews()).toContain('not-closed');
    expect(rig.door('A1').free).toBe(false);
  });
});

it('forgets orders and used approvals after a month', async () => {
  rig = await createRig();
  rig.allow('deposit', 'letter', '111111');
  await use(await begin('111111'), true);
  const rows = () =>
    rig.db
      .prepare('SELECT (SELECT count(*) FROM locker_edge_order) + (SELECT count(*) FROM locker_edge_pass)')
      .pluck()
      .get();
  expect(rows()).toBe(2);
  rig.clock.stepWall(hours(31 * 24));
  await rig.restart();
  expect(rows()).toBe(0);
});
