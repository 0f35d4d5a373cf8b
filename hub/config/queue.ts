import { voiceSettings } from '@hallhub/device-drivers/voice';
import type { DurationMs } from '@hallhub/sync/base';
import { z } from 'zod';
import { clockTime } from './gates.ts';
import { duration, id, label } from './primitives.ts';

/** From when to when tickets are given or a hall is open, by the campus clock. */
const hours = z
  .strictObject({
    /** ISO 8601: 1 Monday to 7 Sunday; absent: every day on which is worked (调休 counted, holidays not). */
    weekdays: z.array(z.int().min(1).max(7)).min(1).exactOptional(),
    from: clockTime,
    to: clockTime,
  })
  .refine(({ from, to }) => from < to, { error: 'from before to, within one day', path: ['to'] });

const series = z
  .strictObject({
    first: z.int().min(0).max(9_999).default(1),
    /** After it the first comes again, where nobody waits under it any more. */
    last: z.int().min(1).max(9_999).default(999),
    digits: z.int().min(1).max(4).default(3),
  })
  .refine(({ first, last }) => first < last, { error: 'first before last', path: ['last'] });

/** What people come for. A service with others below it is a heading: tickets are for those without. */
const service = z.strictObject({
  id,
  label,
  /** The heading under which it stands. */
  parent: id.exactOptional(),
  /** Begins its numbers. Services with the same prefix share one series. */
  prefix: z
    .string()
    .regex(/^[A-Z]{0,2}$/, 'up to two capital letters')
    .default('A'),
  /** On the first page of the machine. */
  quick: z.boolean().default(false),
  /** When tickets are given; absent: the hours of the hall. */
  hours: z.array(hours).min(1).exactOptional(),
  /** Tickets a day. */
  dailyCap: z.int().min(1).max(10_000).exactOptional(),
  /** What to bring. */
  documents: z.array(label).max(8).default([]),
  /** How long it usually takes, until there are visits to go by. */
  usual: duration.default(() => 300_000 as DurationMs),
  /** How long somebody should wait at most; statistics say how many did. */
  waitLimit: duration.exactOptional(),
  /** Who has waited so long is called before everybody else. */
  callBy: duration.exactOptional(),
  /** Kinds of approved requests (`certificate`, …) for which one comes here. */
  requests: z.array(z.string().min(1)).default([]),
});

const counter = z.strictObject({
  id,
  label,
  /** What is done there; a member of staff who does less calls less. */
  services: z.array(id).min(1),
  /** Its number board. */
  display: id.exactOptional(),
  /** The caller keypad of whoever sits there. */
  keypad: id.exactOptional(),
  /** Where the keypad's transfer key sends people; absent: the key does nothing, and the keypad says so. */
  keypadTransfer: z
    .union([z.literal('pool'), z.strictObject({ service: id }), z.strictObject({ counter: id })])
    .exactOptional(),
  /** 评价器. */
  ratingPad: id.exactOptional(),
});

/** A machine with push buttons and a printer, and no screen. */
const buttonMachine = z.strictObject({
  buttons: id,
  printer: id.exactOptional(),
  /** Button (from 1) to service; with a class, everybody who presses it gets that priority. */
  services: z.record(z.string().regex(/^[1-9]\d?$/), z.union([id, z.strictObject({ service: id, class: id })])),
});

const visitorClass = z.strictObject({
  id,
  label,
  /** Credit for each minute of waiting; everybody without a claim has 1. */
  rate: z.number().min(1).max(10).default(1),
  /** Before all other classes, within `firstCap`. */
  first: z.boolean().default(false),
  /** Whoever takes a number at a machine or by phone may say that they are of it; without, staff alone give it. */
  selfDeclared: z.boolean().default(false),
});

const announcements = z
  .strictObject({
    /** Plays them; absent: the boards do. */
    speaker: id.exactOptional(),
    languages: z
      .array(z.enum(['zh', 'en']))
      .min(1)
      .default(['zh']),
    repeat: z.int().min(1).max(3).default(2),
    chime: z.boolean().default(true),
    /** One at least so long after the one before. */
    dwell: duration.default(() => 4_000 as DurationMs),
    /** 幺 in place of 一. */
    yao: z.boolean().default(true),
    /** By the campus clock; nothing is said then. */
    quiet: z.array(hours).default([]),
    /** 0 to 100; absent: as the loudspeaker, or `voice`, is set up. */
    volume: z.number().min(0).max(100).exactOptional(),
    /** Chinese is said in this dialect: its clips, else its voice, else the usual ones. */
    dialect: z
      .string()
      .regex(/^[a-z0-9-]{1,32}$/)
      .exactOptional(),
    /** With what the boards say them, where the hall has no loudspeaker of its own; as the parameters of a loudspeaker. */
    voice: z.strictObject(voiceSettings).prefault({}),
  })
  .prefault({});

const appointments = z
  .strictObject({
    /** How long before its time one can check in. */
    early: duration.default(() => 1_800_000 as DurationMs),
    /** Until so long after its time it counts as booked; then until its end as taken at check-in. */
    late: duration.default(() => 600_000 as DurationMs),
    /** After so many that were missed within `within`, appointments give no ticket for `pause`. 0: never. */
    missed: z.int().min(0).max(20).default(3),
    within: duration.default(() => 2_592_000_000 as DurationMs),
    pause: duration.default(() => 604_800_000 as DurationMs),
  })
  .prefault({});

export const queueHall = z.strictObject({
  id,
  label,
  hours: z.array(hours).min(1),
  series: series.prefault({}),
  services: z.array(service).min(1),
  counters: z.array(counter).min(1),
  buttonMachines: z.array(buttonMachine).default([]),
  /** Kiosks with the mode `ticket`, and the printer of each. */
  kiosks: z.array(z.strictObject({ kiosk: id, printer: id.exactOptional() })).default([]),
  /** What keys of keypads mean that their profiles do not name so: key to order. */
  keypadKeys: z
    .record(
      z.string().min(1).max(16),
      z.enum(['next', 'recall', 'begin', 'no-show', 'hold', 'resume', 'transfer', 'finish', 'break', 'back', 'close']),
    )
    .default({}),
  classes: z.array(visitorClass).default([]),
  rule: z.enum(['accumulating-priority', 'first-come', 'static-priority']).default('accumulating-priority'),
  /** How many of the first tier are called in a row while others wait. */
  firstCap: z.int().min(1).max(20).default(2),
  /** A missed number can be called again until so many others were called. */
  missedWithin: z.int().min(0).max(100).default(10),
  appointments,
  announcements,
  /** Who stands here without a number may take one with a phone: needs `http.names` to be reachable from there. */
  phone: z.boolean().default(true),
});

/** The devices of a counter. */
export const COUNTER_PARTS = ['display', 'keypad', 'ratingPad'] as const;

export interface QueueMistake {
  /** Below `queue.halls`. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Names within the halls that point at nothing, or are there twice. */
export function queueMistakes(
  halls: readonly z.output<typeof queueHall>[],
  known: { readonly devices: ReadonlySet<string>; readonly kiosks: ReadonlySet<string> },
): readonly QueueMistake[] {
  const found: QueueMistake[] = [];
  const twice = (list: readonly { readonly id: string }[], path: QueueMistake['path']): void => {
    list.forEach(({ id: name }, index) => {
      if (list.findIndex((other) => other.id === name) !== index)
        found.push({ path: [...path, index, 'id'], message: `"${name}" is there twice` });
    });
  };
  const need = (
    names: ReadonlySet<string>,
    name: string | undefined,
    path: QueueMistake['path'],
    what: string,
  ): void => {
    if (name !== undefined && !names.has(name)) found.push({ path, message: `no ${what} has the id "${name}"` });
  };
  twice(halls, []);
  // A counter is named alone wherever staff speak of it.
  twice(
    halls.flatMap(({ counters }) => counters),
    [0, 'counters'],
  );
  halls.forEach((hall, index) => {
    const { services, counters } = hall;
    twice(services, [index, 'services']);
    twice(hall.classes, [index, 'classes']);
    const headings = new Set(services.flatMap(({ parent }) => (parent === undefined ? [] : [parent])));
    const all = new Set(services.map(({ id: name }) => name));
    const classes = new Set(hall.classes.map(({ id: name }) => name));
    const leaves = new Set([...all].filter((name) => !headings.has(name)));
    services.forEach((one, at) => {
      need(all, one.parent, [index, 'services', at, 'parent'], 'service');
    });
    counters.forEach((one, at) => {
      one.services.forEach((name, n) => {
        need(leaves, name, [index, 'counters', at, 'services', n], 'service with tickets');
      });
      const to = one.keypadTransfer;
      if (typeof to === 'object') {
        const path = [index, 'counters', at, 'keypadTransfer'];
        if ('service' in to) need(leaves, to.service, [...path, 'service'], 'service with tickets');
        else need(new Set(counters.map(({ id: name }) => name)), to.counter, [...path, 'counter'], 'counter');
      }
      for (const part of COUNTER_PARTS) need(known.devices, one[part], [index, 'counters', at, part], 'device');
    });
    for (const name of leaves)
      if (!counters.some((one) => one.services.includes(name)))
        found.push({ path: [index, 'services'], message: `no counter does "${name}"` });
    hall.buttonMachines.forEach((machine, at) => {
      const path = [index, 'buttonMachines', at];
      need(known.devices, machine.buttons, [...path, 'buttons'], 'device');
      need(known.devices, machine.printer, [...path, 'printer'], 'device');
      for (const [button, given] of Object.entries(machine.services)) {
        const at = [...path, 'services', button];
        need(leaves, typeof given === 'string' ? given : given.service, at, 'service with tickets');
        if (typeof given !== 'string') need(classes, given.class, at, 'class');
      }
    });
    hall.kiosks.forEach(({ kiosk, printer }, at) => {
      need(known.kiosks, kiosk, [index, 'kiosks', at, 'kiosk'], 'kiosk');
      need(known.devices, printer, [index, 'kiosks', at, 'printer'], 'device');
    });
    need(known.devices, hall.announcements.speaker, [index, 'announcements', 'speaker'], 'device');
  });
  return found;
}
