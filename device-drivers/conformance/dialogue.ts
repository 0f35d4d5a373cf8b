import { type DurationMs, ms, seconds } from '@hallhub/sync/base';
import type { Receipt } from '../kit/index.ts';
import type { LineFault, Rig } from './rig.ts';
import type { DeviceFault, FaultSign, Member, Order, Stimulus } from './types.ts';

const READY_WITHIN = seconds(60);
const ANSWERED_WITHIN = seconds(20);
const REPORTED_WITHIN = seconds(20);
/** How often somebody comes, at a bad line and at a good one in turn, and how long after the one before. */
const IDENTITY_TIMES = 40;
const IDENTITY_PAUSE = ms(1_500);
/** For so long nothing may happen any more that was asked for before. */
const AFTERMATH = seconds(30);

async function ready(rig: Rig, when: string): Promise<void> {
  const is = await rig.until(() => rig.driver.health.state === 'ready', READY_WITHIN);
  const { state, reason } = rig.driver.health;
  if (!is) throw new Error(`${when}: the device is ${state} (${reason?.code ?? 'no reason'} ${reason?.detail ?? ''})`);
}

/** Makes the device ready for an order and lets what that takes happen. */
async function prepared(rig: Rig, order: Order): Promise<void> {
  if (!order.prepare) return;
  order.prepare();
  await rig.until(() => false, ms(50));
}

const within = (order: Order): DurationMs => order.answeredWithin ?? ANSWERED_WITHIN;

const label = ({ capability, command }: Order): string => `${capability}.${command}`;

/** Gives an order while something is wrong. It may fail; it may not be done twice, nor later, nor be said to be done when it is not. */
async function troubled(rig: Rig, order: Order, during: () => Promise<void> | void): Promise<Receipt> {
  await prepared(rig, order);
  const before = order.effects();
  const given = rig.give(order, rig.command(order));
  await during();
  await rig.until(() => given.receipt() !== undefined, within(order));
  const receipt = given.receipt();
  if (!receipt) throw new Error(`${label(order)} has no receipt after ${within(order)} ms`);
  const done = order.effects() - before;
  if (done > 1) throw new Error(`${label(order)} was done ${done} times`);
  if (receipt.ok && receipt.value.confirmation !== 'unconfirmed' && done === 0) {
    throw new Error(`${label(order)} is said to be ${receipt.value.confirmation} and was not done`);
  }
  return receipt;
}

async function nothingLater(rig: Rig, order: Order, when: string): Promise<void> {
  const before = order.effects();
  await rig.until(() => false, AFTERMATH);
  if (order.effects() !== before) throw new Error(`${label(order)} was done late, ${when}`);
}

/** Whatever it is told or caused to report on a good line, it does and reports, once. */
export async function checkRoundTrip(rig: Rig): Promise<void> {
  await ready(rig, 'at start');
  // What a device that is asked in turns is like at first is known a round later; only then is anything news.
  await rig.until(() => false, seconds(2));
  for (const stimulus of rig.subject.stimuli) {
    const seen = rig.watch(stimulus);
    await stimulus.cause();
    if (!(await rig.until(() => seen.matching() > 0, REPORTED_WITHIN))) {
      throw new Error(`${stimulus.name} was not reported as ${stimulus.capability}.${stimulus.event}`);
    }
    await rig.until(() => false, seconds(5));
    if (seen.matching() > 1) throw new Error(`${stimulus.name} was reported ${seen.matching()} times`);
  }
  for (const order of rig.subject.orders) {
    await prepared(rig, order);
    const before = order.effects();
    const told = (order.tells ?? []).map((event) => ({
      event,
      watched: rig.watch({ capability: order.capability, event, matches: () => true }),
    }));
    const given = rig.give(order, rig.command(order));
    await rig.until(() => given.receipt() !== undefined, within(order));
    const receipt = given.receipt();
    if (receipt?.ok !== true)
      throw new Error(`${label(order)} failed: ${receipt?.error.code ?? 'no receipt'} ${receipt?.error.detail ?? ''}`);
    if (receipt.value.confirmation !== order.confirmation) {
      throw new Error(`${label(order)} is ${receipt.value.confirmation}, not ${order.confirmation}`);
    }
    await rig.until(() => order.effects() > before, seconds(2));
    if (order.effects() - before !== 1) throw new Error(`${label(order)} was done ${order.effects() - before} times`);
    for (const { event, watched } of told) {
      if (watched.matching() === 0) throw new Error(`${label(order)} was done, and no ${event} was told`);
    }
  }
}

/** A command that comes again is done once; one that comes too late is not done. */
export async function checkCommands(rig: Rig): Promise<void> {
  await ready(rig, 'at start');
  for (const order of rig.subject.orders) {
    await prepared(rig, order);
    const before = order.effects();
    const command = rig.command(order);
    const both = [rig.give(order, command), rig.give(order, command)];
    await rig.until(() => both.every((given) => given.receipt() !== undefined), within(order));
    const again = rig.give(order, command);
    await rig.until(() => again.receipt() !== undefined, within(order));
    if (order.effects() - before !== 1)
      throw new Error(`${label(order)} was done ${order.effects() - before} times for one id`);
    await prepared(rig, order);
    const late = rig.give(order, rig.command(order, ms(0)));
    await rig.until(() => late.receipt() !== undefined, ANSWERED_WITHIN);
    const receipt = late.receipt();
    if (receipt?.ok !== false || receipt.error.code !== 'E-DEV-0201')
      throw new Error(`an expired ${label(order)} was not refused`);
    await nothingLater(rig, order, 'after it had expired');
  }
}

/** Unplugged in mid-command and plugged in again: it comes back by itself, and nothing is done twice or late. */
export async function checkUnplug(rig: Rig): Promise<void> {
  await ready(rig, 'at start');
  for (const order of rig.subject.orders) {
    for (const after of [0, 1, 3, 10, 50]) {
      await troubled(rig, order, async () => {
        await rig.clock.advanceAsync(ms(after));
        rig.line.unplug();
      });
      await rig.until(() => false, seconds(10));
      const before = order.effects();
      const meanwhile = rig.give(order, rig.command(order, seconds(2)));
      await rig.until(() => meanwhile.receipt() !== undefined, ANSWERED_WITHIN);
      if (meanwhile.receipt()?.ok !== false) throw new Error(`${label(order)} is said to be done without a line`);
      rig.line.plug();
      await ready(rig, `plugged in again after ${after} ms`);
      if (order.effects() !== before) throw new Error(`${label(order)} was done late, after plugging in again`);
    }
    await nothingLater(rig, order, 'after plugging in again');
  }
  rig.line.unplug();
  await rig.until(() => rig.driver.health.state === 'down', READY_WITHIN);
  rig.line.plug();
  await ready(rig, 'plugged in again');
}

export async function checkLineFault(rig: Rig, fault: LineFault): Promise<void> {
  await ready(rig, 'at start');
  rig.line.setFault(fault);
  for (const order of rig.subject.orders) await troubled(rig, order, () => undefined);
  await rig.until(() => false, seconds(20));
  // A device that is only listened to says nothing by itself: somebody has to come.
  const says = rig.line.spoilt > 0;
  if (!says) await inStep(rig);
  if (rig.line.spoilt === 0) throw new Error(`nothing ever came over the line that ${fault}`);
  rig.line.setFault(undefined);
  await ready(rig, `after a line that ${fault}`);
  for (const order of rig.subject.orders) await nothingLater(rig, order, `after a line that ${fault}`);
  if (!says) await inStep(rig);
  await checkRoundTrip(rig);
}

/** Events that say who or what is there: half of one may be somebody else's. */
const IDENTITIES: ReadonlySet<string> = new Set<Member>(['cardReader.card', 'codeScanner.scan', 'plateReader.plate']);

export const identitiesOf = ({ stimuli }: { readonly stimuli: readonly Stimulus[] }): readonly Stimulus[] =>
  stimuli.filter(({ capability, event }) => IDENTITIES.has(`${capability}.${event}`));

/** Whoever stands there is reported as whoever it is or not at all, however much of it is lost or added on the line. */
export async function checkIdentity(rig: Rig, fault: LineFault): Promise<void> {
  await ready(rig, 'at start');
  const shown = identitiesOf(rig.subject);
  const strangers = shown.map(({ name, capability, event }) => {
    const known = shown.filter((other) => other.capability === capability && other.event === event);
    const matches = (told: unknown): boolean =>
      !known.some((stimulus) => stimulus.matches(told) || stimulus.matchedBefore?.(told));
    return { name, seen: rig.watch({ capability, event, matches }) };
  });
  for (let time = 0; time < IDENTITY_TIMES; time += 1) {
    // Every other time the line is good again: what was left of the one before must not be put in front of the next.
    rig.line.setFault(time % 2 === 0 ? fault : undefined);
    for (const stimulus of shown) {
      await stimulus.cause();
      await rig.until(() => false, IDENTITY_PAUSE);
    }
  }
  rig.line.setFault(undefined);
  await rig.until(() => false, seconds(5));
  for (const { name, seen } of strangers) {
    if (seen.matching() > 0) throw new Error(`${name}: somebody else was reported ${seen.matching()} times`);
  }
}

/** What a fault is seen by from now on, while orders are given and somebody comes. */
async function signsOf(rig: Rig, expected: readonly FaultSign[]): Promise<ReadonlySet<FaultSign>> {
  const seen = new Set<FaultSign>();
  const undo = [
    rig.driver.onHealth(({ state }) => {
      if (state !== 'ready') seen.add('not-ready');
    }),
    rig.driver.onTraffic(({ direction, meaning }) => {
      if (direction !== 'discarded') return;
      seen.add('discarded');
      if (meaning.startsWith('too late')) seen.add('too-late');
    }),
  ];
  const receipts: Receipt[] = [];
  for (const order of rig.subject.orders) receipts.push(await troubled(rig, order, () => undefined));
  if (receipts.length > 0 && receipts.every(({ ok }) => !ok)) seen.add('order-fails');
  if (expected.includes('unreported') && !(await anyReported(rig))) seen.add('unreported');
  if (expected.includes('not-ready-again') && !(await readyAgain(rig))) seen.add('not-ready-again');
  await rig.until(() => false, seconds(20));
  await rig.until(() => expected.every((sign) => seen.has(sign)), READY_WITHIN);
  for (const cancel of undo) cancel();
  return seen;
}

async function readyAgain(rig: Rig): Promise<boolean> {
  rig.line.unplug();
  await rig.until(() => rig.driver.health.state === 'down', READY_WITHIN);
  rig.line.plug();
  return rig.until(() => rig.driver.health.state === 'ready', READY_WITHIN);
}

/** Whether anything at all is reported of what is caused. */
async function anyReported(rig: Rig): Promise<boolean> {
  let reported = 0;
  for (const stimulus of rig.subject.stimuli) {
    const seen = rig.watch(stimulus);
    await stimulus.cause();
    await rig.until(() => seen.matching() > 0, seconds(5));
    reported += seen.matching();
  }
  return reported > 0 || rig.subject.stimuli.length === 0;
}

/** Somebody comes once more, and nothing is expected of it: what was lost meanwhile is known again behind it. */
async function inStep(rig: Rig): Promise<void> {
  for (const stimulus of rig.subject.stimuli) {
    await stimulus.cause();
    await rig.until(() => false, seconds(10));
  }
}

/** A fault of the device is seen by its signs while it lasts; nothing is done twice or late, and all is well behind it. */
export async function checkDeviceFault(rig: Rig, fault: DeviceFault, signs: readonly FaultSign[]): Promise<void> {
  await ready(rig, 'at start');
  const expected = rig.subject.orders.length > 0 ? signs : signs.filter((sign) => sign !== 'order-fails');
  if (expected.length === 0) throw new Error(`nothing is ordered from it: nothing shows that it is ${fault}`);
  rig.subject.setFault(fault);
  const seen = await signsOf(rig, expected);
  const missing = expected.filter((sign) => !seen.has(sign));
  if (missing.length > 0) throw new Error(`that it is ${fault} shows no ${missing.join(', no ')}`);
  rig.subject.setFault(undefined);
  await ready(rig, `after ${fault}`);
  for (const order of rig.subject.orders) await nothingLater(rig, order, `after ${fault}`);
  if (signs.includes('unreported')) await inStep(rig);
  await checkRoundTrip(rig);
}

/**
 * The broker still holds what the device once left there, and the device is away: nobody is told that it is there, nothing
 * is reported as if it happened now, no order is said to be done. When it comes, it is there.
 */
export async function checkGhosts(rig: Rig): Promise<void> {
  const seen = rig.subject.stimuli.map((stimulus) => ({ stimulus, watched: rig.watch(stimulus) }));
  if (await rig.until(() => rig.driver.health.state === 'ready', AFTERMATH))
    throw new Error('a device that is away is ready because of what the broker kept');
  for (const { stimulus, watched } of seen) {
    if (watched.fresh() > 0)
      throw new Error(`${stimulus.capability}.${stimulus.event} was reported from what the broker kept`);
  }
  for (const order of rig.subject.orders) {
    const given = rig.give(order, rig.command(order));
    await rig.until(() => given.receipt() !== undefined, ANSWERED_WITHIN);
    if (given.receipt()?.ok !== false) throw new Error(`${label(order)} is said to be done by a device that is away`);
  }
  await rig.subject.start();
  await ready(rig, 'when it has come');
  for (const order of rig.subject.orders) {
    if (order.effects() > 0) throw new Error(`${label(order)} was done late, when the device came`);
  }
}
