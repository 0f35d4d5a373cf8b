import { type DurationMs, type EpochMs, plus, seconds } from '@hallhub/sync/base';

/*
 * A drop slot: one form, one scan, one bag. A gate opens for a form that was scanned, a sensor sees what falls through, the
 * gate shuts. Pure: hub or agent feed it what happened and carry out the effects.
 *
 *   unread ─ gate shut ─▶ idle ─ scan ─▶ opening ─▶ open ─ item ─▶ inserted ─ gate shut ─▶ idle
 *                                           │         └ nothing came: timeout    └ not shut: jam, out of use
 *                                           └ not opened: out of use
 */

export interface SlotTimes {
  readonly opensWithin: DurationMs;
  /** How long the gate waits for a bag. The board times it, so that no crash leaves it open. */
  readonly insertWithin: DurationMs;
  readonly closesWithin: DurationMs;
}

export const SLOT_TIMES: SlotTimes = {
  opensWithin: seconds(3),
  insertWithin: seconds(30),
  closesWithin: seconds(3),
};

export type SlotTrouble =
  'did-not-open' | 'jam' | 'two-items' | 'item-without-form' | 'open-without-form' | 'interrupted';

export type SlotStage =
  /** The gate has not been seen since power or program came back. */
  | { readonly at: 'unread' }
  | { readonly at: 'idle' }
  | { readonly at: 'opening' | 'open' | 'inserted' | 'closing'; readonly form: string; readonly until: EpochMs };

export interface Slot {
  readonly stage: SlotStage;
  readonly full: boolean;
  /** Out of use until staff have looked. */
  readonly trouble?: SlotTrouble;
}

export type SlotInput =
  /** `allowed`: the form may be dropped here and now (its kind, the closed periods), which is not the slot's to know. */
  | { readonly type: 'scan'; readonly form: string; readonly allowed: boolean }
  | { readonly type: 'gate'; readonly open: boolean }
  | { readonly type: 'item' }
  | { readonly type: 'full'; readonly full: boolean }
  | { readonly type: 'restart' }
  /** Staff have looked, and whatever lay wrong is where it belongs. */
  | { readonly type: 'cleared' }
  | { readonly type: 'time' };

export type SlotEffect =
  | { readonly do: 'open-gate'; readonly form: string; readonly hold: DurationMs }
  /** Where the gate can be shut before its time is over. */
  | { readonly do: 'close-gate' }
  | { readonly do: 'refuse'; readonly form: string; readonly why: 'busy' | 'full' | 'out-of-use' | 'not-allowed' }
  | { readonly do: 'photo'; readonly form: string }
  /** `accepted`: the bag lies behind a shut gate. `unclear`: somebody has to look whether it does. */
  | { readonly do: 'end'; readonly form: string; readonly outcome: 'accepted' | 'timeout' | 'not-opened' | 'unclear' }
  | { readonly do: 'alert-staff'; readonly why: SlotTrouble | 'full' };

export interface SlotStep {
  readonly slot: Slot;
  readonly effects: readonly SlotEffect[];
}

export const NEW_SLOT: Slot = { stage: { at: 'unread' }, full: false };

/** When `time` is due at the latest. */
export const slotDueAt = ({ stage }: Slot): EpochMs | undefined => ('until' in stage ? stage.until : undefined);

const same = (slot: Slot, ...effects: SlotEffect[]): SlotStep => ({ slot, effects });
const idle = (slot: Slot): Slot => ({ ...slot, stage: { at: 'idle' } });
const formOf = ({ stage }: Slot): string | undefined => ('form' in stage ? stage.form : undefined);

export function stepSlot(slot: Slot, input: SlotInput, now: EpochMs, times: SlotTimes): SlotStep {
  switch (input.type) {
    case 'scan':
      return scanned(slot, input, now, times);
    case 'gate':
      return input.open ? gateOpened(slot, now, times) : gateShut(slot);
    case 'item':
      return itemFell(slot, now, times);
    case 'full':
      return same(
        { ...slot, full: input.full },
        ...(input.full && !slot.full ? [{ do: 'alert-staff', why: 'full' } as const] : []),
      );
    case 'restart': {
      const form = formOf(slot);
      const unread: Slot = { ...slot, stage: { at: 'unread' } };
      return form === undefined ? same(unread) : broken(unread, 'interrupted', form, 'unclear');
    }
    case 'cleared':
      return same({ stage: slot.stage, full: slot.full });
    case 'time':
      return timePassed(slot, now, times);
  }
}

/** Out of use, whatever was under way over. */
function broken(
  slot: Slot,
  why: SlotTrouble,
  form: string | undefined,
  outcome: 'unclear' | 'not-opened' = 'unclear',
): SlotStep {
  const over: readonly SlotEffect[] = form === undefined ? [] : [{ do: 'end', form, outcome }];
  return { slot: { ...slot, trouble: why }, effects: [...over, { do: 'alert-staff', why }] };
}

function scanned(
  slot: Slot,
  { form, allowed }: Extract<SlotInput, { type: 'scan' }>,
  now: EpochMs,
  { opensWithin, insertWithin }: SlotTimes,
): SlotStep {
  const refuse = (why: Extract<SlotEffect, { do: 'refuse' }>['why']): SlotStep =>
    same(slot, { do: 'refuse', form, why });
  if (slot.trouble !== undefined || slot.stage.at === 'unread') return refuse('out-of-use');
  // A scanner that reads the same form again and again while its bag is put in is not a second form.
  if (slot.stage.at !== 'idle') return slot.stage.form === form ? same(slot) : refuse('busy');
  if (!allowed) return refuse('not-allowed');
  if (slot.full) return refuse('full');
  const stage: SlotStage = { at: 'opening', form, until: plus(now, opensWithin) };
  return same({ ...slot, stage }, { do: 'open-gate', form, hold: insertWithin });
}

function gateOpened(slot: Slot, now: EpochMs, { insertWithin, closesWithin }: SlotTimes): SlotStep {
  const { stage } = slot;
  if (stage.at === 'opening') {
    // The board shuts it in that time; it is late only when it is still open behind it.
    return same({ ...slot, stage: { ...stage, at: 'open', until: plus(plus(now, insertWithin), closesWithin) } });
  }
  if (stage.at === 'idle' || stage.at === 'unread')
    return broken({ ...slot, stage: { at: 'unread' } }, 'open-without-form', undefined);
  return same(slot);
}

function gateShut(slot: Slot): SlotStep {
  const { stage } = slot;
  switch (stage.at) {
    case 'unread':
      return same(idle(slot));
    case 'idle':
    case 'opening':
      return same(slot);
    case 'open':
    case 'closing':
      return same(idle(slot), { do: 'end', form: stage.form, outcome: 'timeout' });
    case 'inserted':
      return same(idle(slot), { do: 'end', form: stage.form, outcome: 'accepted' });
  }
}

function itemFell(slot: Slot, now: EpochMs, { closesWithin }: SlotTimes): SlotStep {
  const { stage } = slot;
  switch (stage.at) {
    // The sensor may be faster than the gate's contact: something came through all the same.
    case 'opening':
    case 'open':
    case 'closing':
      return same(
        { ...slot, stage: { ...stage, at: 'inserted', until: plus(now, closesWithin) } },
        { do: 'photo', form: stage.form },
        { do: 'close-gate' },
      );
    case 'inserted':
      // One form, one bag: of two nobody knows which one belongs to it.
      return broken({ ...slot, stage: { at: 'unread' } }, 'two-items', stage.form);
    case 'idle':
    case 'unread':
      return broken(slot, 'item-without-form', undefined);
  }
}

function timePassed(slot: Slot, now: EpochMs, { closesWithin }: SlotTimes): SlotStep {
  const { stage } = slot;
  if (!('until' in stage) || now < stage.until) return same(slot);
  switch (stage.at) {
    case 'opening':
      return broken({ ...slot, stage: { at: 'unread' } }, 'did-not-open', stage.form, 'not-opened');
    case 'open':
      return same(
        { ...slot, stage: { ...stage, at: 'closing', until: plus(now, closesWithin) } },
        { do: 'close-gate' },
      );
    case 'closing':
    case 'inserted':
      return broken({ ...slot, stage: { at: 'unread' } }, 'jam', stage.form);
  }
}
