import { type DurationMs, type EpochMs, ms, plus, seconds } from '@hallhub/sync/base';

/*
 * One door of a cabinet, from an authorised order to a shut door, whatever board it hangs on. Pure: hub and agent feed it what
 * happened and carry out the effects, after the new state is committed. A pulse that was given is not a door that opened:
 *
 *   unread ─ read ─▶ resting ─ order ─▶ opening ─ contact ─▶ open ─ contact ─▶ asking ─▶ resting
 *                       ▲                 │ not opened: once more, then quarantined, and another door
 *                       └── open without an order: alarm, and resting when it is shut and staff have looked
 */

/** What this door's board can say. */
export interface DoorMake {
  /** Whether a contact shows how the door stands. */
  readonly contacts: boolean;
  /** Whether a sensor shows that something is inside. */
  readonly items: boolean;
}

export interface DoorTimes {
  /** From the pulse to the contact, the board's own patience included. */
  readonly opensWithin: DurationMs;
  readonly remindAfter: DurationMs;
  readonly remindEvery: DurationMs;
  readonly staffAfter: DurationMs;
  /** Nobody puts anything in, or takes it out, in less. */
  readonly quick: DurationMs;
  /** How long whoever stands there is asked, and may have the door opened again. */
  readonly askFor: DurationMs;
}

export const DOOR_TIMES: DoorTimes = {
  opensWithin: seconds(5),
  remindAfter: seconds(30),
  remindEvery: seconds(20),
  staffAfter: seconds(180),
  quick: seconds(2),
  askFor: seconds(30),
};

export type Purpose = 'deposit' | 'collect' | 'service';

export interface DoorOrder {
  /** Each pulse is a command of its own, named by this and its attempt. */
  readonly id: string;
  readonly purpose: Purpose;
  /** From then on no pulse leaves any more. */
  readonly expiresAt: EpochMs;
}

/** Why nobody gets this door until staff have looked. */
export type Hold = 'did-not-open' | 'found-open' | 'opened-without-order' | 'cancelled' | 'unclear';

export type Stage =
  /** Nobody has read it since power or program came back: no order is taken. */
  | { readonly at: 'unread' }
  | { readonly at: 'resting' }
  /** `sure`: the contact showed it closed, so that an opening will be this order's. */
  | {
      readonly at: 'opening';
      readonly order: DoorOrder;
      readonly attempt: 1 | 2;
      readonly until: EpochMs;
      readonly sure: boolean;
    }
  /** Without an order: nobody was allowed to. */
  | {
      readonly at: 'open';
      readonly order?: DoorOrder;
      readonly since: EpochMs;
      readonly reminded: number;
      readonly staff: boolean;
    }
  | { readonly at: 'asking'; readonly order: DoorOrder; readonly until: EpochMs; readonly reopened: boolean };

export interface Door {
  readonly stage: Stage;
  /** As last read; undefined where the board does not say. */
  readonly open?: boolean;
  readonly occupied?: boolean;
  readonly hold?: Hold;
  /** The order whose door was opened a second time because whoever stands there asked for it. */
  readonly reopened?: string;
}

export type DoorInput =
  | { readonly type: 'order'; readonly order: DoorOrder }
  /**
   * What became of a pulse: `taken`, as far as the board can say; `refused`: certainly not given; `unknown`: perhaps given.
   * That the door opened only its contact says.
   */
  | {
      readonly type: 'pulse';
      readonly order: string;
      readonly attempt: number;
      readonly result: 'taken' | 'refused' | 'unknown';
    }
  /** What the board said, by itself or when read. Absent: it does not say. */
  | { readonly type: 'seen'; readonly open?: boolean; readonly occupied?: boolean }
  | { readonly type: 'answer'; readonly order: string; readonly answer: 'done' | 'cancel' | 'again' }
  /** The power or the program came back. */
  | { readonly type: 'restart' }
  /** Staff have looked: it is empty and shut, and may be used again. */
  | { readonly type: 'checked' }
  /** Nothing but time has passed. */
  | { readonly type: 'time' };

/** How an order ended. `sure`: a sensor bore it out; else whoever stood there said so, or nobody. */
export type Outcome =
  | { readonly ended: 'stored' | 'collected' | 'served'; readonly sure: boolean }
  | { readonly ended: 'not-opened' | 'refused' | 'cancelled' | 'unclear' | 'interrupted' };

export type DoorEffect =
  | { readonly do: 'read' }
  | { readonly do: 'pulse'; readonly order: string; readonly attempt: 1 | 2; readonly expiresAt: EpochMs }
  | { readonly do: 'opened'; readonly order: string; readonly sure: boolean }
  /** Did you put it in, did you take it out? */
  | { readonly do: 'ask'; readonly order: string; readonly mayReopen: boolean }
  | { readonly do: 'end'; readonly order: string; readonly outcome: Outcome }
  /** The order is given another door; this one is out of use. */
  | { readonly do: 'another-door'; readonly order: string }
  /** A beep, and words on the screen: please shut the door. */
  | { readonly do: 'remind' }
  | { readonly do: 'alert-staff'; readonly why: Hold | 'not-closed' }
  | { readonly do: 'alarm'; readonly why: 'opened-without-order' };

export interface DoorStep {
  readonly door: Door;
  readonly effects: readonly DoorEffect[];
}

export const NEW_DOOR: Door = { stage: { at: 'unread' } };

/** Whether somebody may be given this door: it rests, is shut as far as anybody can say, and nobody need look first. */
export function isFree(door: Door, make: DoorMake): boolean {
  return door.stage.at === 'resting' && door.hold === undefined && (!make.contacts || door.open === false);
}

/** When `time` is due at the latest. */
export function dueAt({ stage }: Door, times: DoorTimes): EpochMs | undefined {
  switch (stage.at) {
    case 'opening':
    case 'asking':
      return stage.until;
    case 'open': {
      const remind = plus(stage.since, ms(times.remindAfter + stage.reminded * times.remindEvery));
      const staff = plus(stage.since, times.staffAfter);
      return stage.staff || remind < staff ? remind : staff;
    }
    case 'unread':
    case 'resting':
      return undefined;
  }
}

export interface DoorRules {
  readonly make: DoorMake;
  readonly times: DoorTimes;
}

/** The door behind what happened at `now`, and what is to be done about it. */
export function stepDoor(door: Door, input: DoorInput, now: EpochMs, rules: DoorRules): DoorStep {
  switch (input.type) {
    case 'order':
      return ordered(door, input.order, now, rules);
    case 'pulse':
      return pulsed(door, input, now, rules);
    case 'seen':
      return seen(door, input, now, rules);
    case 'answer':
      return answered(door, input, now, rules);
    case 'restart':
      return restarted(door);
    case 'checked':
      return checked(door, rules.make);
    case 'time':
      return timePassed(door, now, rules);
  }
}

const same = (door: Door, ...effects: DoorEffect[]): DoorStep => ({ door, effects });
const without = (door: Door, key: 'hold' | 'reopened'): Door =>
  Object.fromEntries(Object.entries(door).filter(([name]) => name !== key)) as unknown as Door;
const rest = (door: Door): Door => ({ ...door, stage: { at: 'resting' } });
const end = ({ id }: DoorOrder, outcome: Outcome): DoorEffect => ({ do: 'end', order: id, outcome });

function held(door: Door, why: Hold, ...effects: DoorEffect[]): DoorStep {
  return { door: { ...door, hold: why }, effects: [...effects, { do: 'alert-staff', why }] };
}

function ordered(door: Door, order: DoorOrder, now: EpochMs, { make, times }: DoorRules): DoorStep {
  // Staff open whatever they have to look into; nobody else is given what is held, and nobody what was never read.
  const isTaken = door.stage.at !== 'resting' || (door.hold !== undefined && order.purpose !== 'service');
  if (isTaken || now >= order.expiresAt) return same(door, end(order, { ended: 'refused' }));
  return pulse(without(door, 'reopened'), order, 1, now, { make, times });
}

function pulse(door: Door, order: DoorOrder, attempt: 1 | 2, now: EpochMs, { make, times }: DoorRules): DoorStep {
  // A contact that says "open" may be a broken wire: the pulse is given all the same, and nothing is concluded from it.
  const sure = make.contacts && door.open === false;
  const stage: Stage = { at: 'opening', order, attempt, until: plus(now, times.opensWithin), sure };
  return same({ ...door, stage }, { do: 'pulse', order: order.id, attempt, expiresAt: order.expiresAt });
}

function pulsed(door: Door, input: Extract<DoorInput, { type: 'pulse' }>, now: EpochMs, rules: DoorRules): DoorStep {
  const { stage } = door;
  if (stage.at !== 'opening' || stage.order.id !== input.order || stage.attempt !== input.attempt) return same(door);
  if (stage.sure) {
    // Whatever is said of the pulse, the contact decides; one that was certainly not given need not be waited for.
    return input.result === 'refused' ? notOpened(door, stage, now, rules) : same(door);
  }
  if (input.result === 'taken') return opened(door, stage.order, now, false, rules);
  if (input.result === 'refused') return notOpened(door, stage, now, rules);
  return unclear(door, stage.order);
}

function opened(door: Door, order: DoorOrder, now: EpochMs, sure: boolean, rules: DoorRules): DoorStep {
  const told: DoorEffect = { do: 'opened', order: order.id, sure };
  if (sure) return same({ ...door, stage: { at: 'open', order, since: now, reminded: 0, staff: false } }, told);
  // Nothing will say when it is shut again: whoever stands there does.
  const asked = ask(door, order, now, rules);
  return { door: asked.door, effects: [told, ...asked.effects] };
}

function notOpened(door: Door, stage: Extract<Stage, { at: 'opening' }>, now: EpochMs, rules: DoorRules): DoorStep {
  const { order, attempt } = stage;
  if (attempt === 1 && now < order.expiresAt) return pulse(door, order, 2, now, rules);
  const effects: DoorEffect[] = [end(order, { ended: 'not-opened' })];
  // What is to be collected lies behind this door and no other.
  if (order.purpose === 'deposit') effects.push({ do: 'another-door', order: order.id });
  return held(rest(door), 'did-not-open', ...effects);
}

const unclear = (door: Door, order: DoorOrder): DoorStep =>
  held(rest(door), 'unclear', end(order, { ended: 'unclear' }));

function seen(door: Door, input: Extract<DoorInput, { type: 'seen' }>, now: EpochMs, rules: DoorRules): DoorStep {
  const { stage, open: before } = door;
  const { open, occupied } = input;
  const next: Door = {
    stage,
    ...(open !== undefined && { open }),
    ...(occupied !== undefined && { occupied }),
    ...(door.hold !== undefined && { hold: door.hold }),
    ...(door.reopened !== undefined && { reopened: door.reopened }),
  };
  switch (stage.at) {
    case 'unread':
      if (rules.make.contacts && open === undefined) return same(next);
      return open === true ? foundOpen(next, before, now) : same(rest(next));
    case 'resting':
    case 'asking':
      return open === true && before !== true ? openedAlone(next, before, now) : same(next);
    case 'opening':
      return open === true && stage.sure ? opened(next, stage.order, now, true, rules) : same(next);
    case 'open':
      return open === false ? closed(next, stage, now, rules) : same(next);
  }
}

/** Open when it is read for the first time: if it was shut when last seen, it was opened while nobody looked. */
function foundOpen(door: Door, before: boolean | undefined, now: EpochMs): DoorStep {
  const stage: Stage = { at: 'open', since: now, reminded: 0, staff: true };
  const step = held({ ...door, stage }, 'found-open');
  return before === false
    ? { ...step, effects: [{ do: 'alarm', why: 'opened-without-order' }, ...step.effects] }
    : step;
}

function openedAlone(door: Door, before: boolean | undefined, now: EpochMs): DoorStep {
  // Of a contact that has just begun to say something nobody knows when the door was opened.
  if (before === undefined) return foundOpen(rest(door), before, now);
  const ending = door.stage.at === 'asking' ? [end(door.stage.order, { ended: 'unclear' })] : [];
  const stage: Stage = { at: 'open', since: now, reminded: 0, staff: true };
  return held({ ...door, stage }, 'opened-without-order', ...ending, { do: 'alarm', why: 'opened-without-order' });
}

function closed(door: Door, stage: Extract<Stage, { at: 'open' }>, now: EpochMs, rules: DoorRules): DoorStep {
  const { order, since } = stage;
  if (!order) return same(rest(door));
  if (order.purpose === 'service') return same(rest(door), end(order, { ended: 'served', sure: true }));
  const isQuick = now - since < rules.times.quick;
  const fits = door.occupied === (order.purpose === 'deposit');
  if (rules.make.items && fits && !isQuick) return same(rest(door), end(order, achieved(order, true)));
  return ask(door, order, now, rules);
}

const achieved = ({ purpose }: DoorOrder, sure: boolean): Outcome =>
  purpose === 'deposit'
    ? { ended: 'stored', sure }
    : purpose === 'collect'
      ? { ended: 'collected', sure }
      : { ended: 'served', sure };

function ask(door: Door, order: DoorOrder, now: EpochMs, { times }: DoorRules): DoorStep {
  const reopened = door.reopened === order.id;
  const stage: Stage = { at: 'asking', order, until: plus(now, times.askFor), reopened };
  return same({ ...door, stage }, { do: 'ask', order: order.id, mayReopen: !reopened });
}

function answered(door: Door, input: Extract<DoorInput, { type: 'answer' }>, now: EpochMs, rules: DoorRules): DoorStep {
  const { stage } = door;
  if (stage.at !== 'asking' || stage.order.id !== input.order || now >= stage.until) return same(door);
  const { order } = stage;
  if (input.answer === 'again') {
    if (stage.reopened) return same(door);
    // By whoever stands there and was just let in: its own time is that of the question.
    const again = { ...order, expiresAt: stage.until };
    return pulse({ ...door, reopened: order.id }, again, 1, now, rules);
  }
  if (input.answer === 'done')
    return same(rest(door), end(order, achieved(order, isBorneOut(door, order, rules.make))));
  // What was put in and taken out again may still be there.
  return order.purpose === 'deposit'
    ? held(rest(door), 'cancelled', end(order, { ended: 'cancelled' }))
    : same(rest(door), end(order, { ended: 'cancelled' }));
}

const isBorneOut = (door: Door, { purpose }: DoorOrder, { items }: DoorMake): boolean =>
  items && purpose !== 'service' && door.occupied === (purpose === 'deposit');

/** Nothing that was under way goes on: a pulse that may have left is never given again. */
function restarted(door: Door): DoorStep {
  const { stage } = door;
  const order = 'order' in stage ? stage.order : undefined;
  const unread: Door = { ...door, stage: { at: 'unread' } };
  if (!order) return same(unread, { do: 'read' });
  return held(unread, 'unclear', end(order, { ended: 'interrupted' }), { do: 'read' });
}

function checked(door: Door, make: DoorMake): DoorStep {
  const isShut = !make.contacts || door.open === false;
  return door.stage.at === 'resting' && isShut ? same(without(door, 'hold')) : same(door);
}

function timePassed(door: Door, now: EpochMs, rules: DoorRules): DoorStep {
  const { stage } = door;
  const due = dueAt(door, rules.times);
  if (due === undefined || now < due) return same(door);
  switch (stage.at) {
    case 'opening':
      // The contact fell silent, or could never tell: whether it opened nobody knows, and it is not pulsed on a guess.
      return stage.sure && door.open === false ? notOpened(door, stage, now, rules) : unclear(door, stage.order);
    case 'asking':
      return isBorneOut(door, stage.order, rules.make)
        ? same(rest(door), end(stage.order, achieved(stage.order, true)))
        : unclear(door, stage.order);
    case 'open': {
      const late = now >= plus(stage.since, rules.times.staffAfter) && !stage.staff;
      const effects: DoorEffect[] = late ? [{ do: 'alert-staff', why: 'not-closed' }] : [];
      const reminders = Math.floor((now - stage.since - rules.times.remindAfter) / rules.times.remindEvery) + 1;
      const reminded = Math.max(stage.reminded, reminders);
      if (reminded > stage.reminded) effects.push({ do: 'remind' });
      return { door: { ...door, stage: { ...stage, reminded, staff: stage.staff || late } }, effects };
    }
    case 'unread':
    case 'resting':
      return same(door);
  }
}
