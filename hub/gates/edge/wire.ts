import { clockReading } from '@hallhub/device-drivers/agent/station';
import { defineKind, instant } from '@hallhub/sync/contract';
import type { EventType } from '@hallhub/sync/contract';
import { z } from 'zod';
import { areaSchema, gateSchema } from '../../config/gates.ts';
import type { AreaConfig, GateConfig } from '../../config/schema.ts';

/*
 * What a hub tells the agents that decide at gates, and what they tell it. Nothing here names a person: passes travel under
 * hashes with the agent's own key, and what a stranger's card said goes up once, in an outbox that is sealed.
 */

const id = z.string().min(1).max(160);
const hex = z.string().regex(/^[0-9a-f]{32}$/);
const epochMs = z.number();
const day = z.string().regex(/^\d{8}$/);
const way = z.enum(['in', 'out']);

/** A gate that the agent is to decide at, as the configuration has it. */
const gateWire = z
  .object({
    gate: gateSchema,
    area: areaSchema,
    calendar: z.object({
      timeZone: z.string(),
      holidays: z.array(z.string()),
      workdays: z.array(z.string()),
    }),
    visitorKeys: z
      .array(z.base64())
      .default([])
      .meta({ description: 'Ed25519 public keys, raw: whose visitor codes are believed' }),
    legacyCodes: z
      .object({ password: z.string(), validFor: z.number() })
      .exactOptional()
      .meta({ description: 'What makes the codes of older systems; sealed on the agent' }),
  })
  .meta({ id: 'EdgeGate' });

const passWire = z
  .object({
    id,
    requestId: z.string().max(128),
    person: z.int().min(0),
    kind: z.string().max(64),
    effect: z.enum(['admit', 'deny']),
    identities: z.tuple([hex], hex),
    account: id,
    validFrom: epochMs,
    validUntil: epochMs,
    places: z.array(z.string()),
    direction: way.exactOptional(),
    windows: z.array(
      z.object({
        weekdays: z.array(z.int()).exactOptional(),
        on: z.enum(['workday', 'day-off']).exactOptional(),
        from: z.int(),
        until: z.int(),
      }),
    ),
    uses: z.object({ max: z.int(), per: z.enum(['request', 'day']) }).exactOptional(),
    slot: z.object({ id: z.string(), capacity: z.int() }).exactOptional(),
    oneInside: z.boolean(),
    companions: z.int().min(0),
    escorted: z.boolean(),
    may: z.array(z.enum(['escort', 'lead', 'override'])),
    behind: z
      .array(hex)
      .max(20)
      .exactOptional()
      .meta({ description: 'Whom else a deny list may name to shut this out' }),
    duress: z
      .array(hex)
      .max(20)
      .exactOptional()
      .meta({ description: 'Credentials that are shown by somebody who is forced to' }),
    credentials: z
      .array(
        z.object({
          hash: hex,
          type: z.string().max(32),
          secret: z.base64().exactOptional().meta({ description: 'Key of a dynamic code; sealed on the agent' }),
        }),
      )
      .max(20),
  })
  .meta({ id: 'EdgePass', description: 'Hashes are HMAC-SHA-256/128 under the key of this agent' });
export type PassWire = z.output<typeof passWire>;

const standingWire = z
  .object({
    scope: z.string().max(80),
    standing: z.enum(['open', 'closed', 'lock-down', 'fire']),
    since: epochMs,
    by: z.string().max(100),
    heard: epochMs.exactOptional().meta({ description: 'Of a fire: when the hub was told of it last' }),
  })
  .meta({ id: 'EdgeStanding' });

/** A way through another gate, for counts of uses and heads. Whose it was is said by the pass. */
const countedWire = z
  .object({
    id,
    gateId: z.string().max(63),
    area: z.string().max(63),
    way,
    day,
    at: epochMs,
    passId: id,
    companion: z.boolean(),
    elsewhere: z
      .literal(true)
      .exactOptional()
      .meta({ description: 'The pass opens no gate of this agent: a head, and nothing more' }),
    leads: z.literal(true).exactOptional().meta({ description: 'Whoever it was opened the area for the day' }),
  })
  .meta({ id: 'EdgeCounted' });
export type CountedWire = z.output<typeof countedWire>;

/** By how much guards have set the count of an area right, altogether; negative where sensors had missed people who left. */
const countCorrectionWire = z
  .object({ area: z.string().max(63), heads: z.int(), at: epochMs })
  .meta({ id: 'EdgeCountCorrection' });
export type CountCorrectionWire = z.output<typeof countCorrectionWire>;

/** A code that another gate has taken a moment ago. */
const codeTakenWire = z
  .object({
    id,
    owner: id.meta({ description: 'The pass that the code belongs to' }),
    method: z.string().max(32),
    step: z.int().min(0),
    gateId: z.string().max(63),
    area: z.string().max(63),
    way,
    at: epochMs,
  })
  .meta({ id: 'EdgeCodeTaken' });
export type CodeTakenWire = z.output<typeof codeTakenWire>;

/** A visitor's code that is worth nothing by its signature alone: its approval was taken back, or cut short. */
const codeWithdrawnWire = z
  .object({ subject: z.string().regex(/^[0-9a-f]{16}$/), until: epochMs })
  .meta({ id: 'EdgeCodeWithdrawn' });
export type CodeWithdrawnWire = z.output<typeof codeWithdrawnWire>;

const kind = <const K extends string, S extends z.ZodType>(name: K, schema: S) =>
  defineKind<K, z.output<S>>({ kind: name, major: 1, schemaVersion: '1.0', schema: schema as z.ZodType<z.output<S>> });

export const gateKinds = [
  kind('gate', gateWire),
  kind('gate-pass', passWire),
  kind('gate-standing', standingWire),
  kind('gate-counted', countedWire),
  kind('gate-count-correction', countCorrectionWire),
  kind('gate-code-taken', codeTakenWire),
  kind('gate-code-withdrawn', codeWithdrawnWire),
] as const;

const event = <const T extends string, S extends z.ZodObject>(type: T, schema: S): EventType<T, S> => ({
  type,
  direction: 'outcome',
  schema,
});
/** When it was told: by it the hub reads `at` in its own time. Absent: from an agent of before. */
const clock = clockReading.exactOptional();

/** Somebody was let in or not. The subject is the gate. */
export const entryAdded = event(
  'hallhub.gate.entry-added.v1',
  z
    .object({
      at: instant,
      clock,
      id,
      area: z.string().max(63),
      way,
      day,
      state: z.enum(['refused', 'releasing', 'unexpected', 'free']),
      code: z.string().max(32).exactOptional(),
      warning: z.string().max(32).exactOptional(),
      passId: id.exactOptional(),
      companion: z.boolean(),
      method: z.string().max(32).exactOptional(),
      byHand: z.string().max(100).exactOptional(),
      codeStep: z.int().min(0).exactOptional(),
      codeOwner: id.exactOptional(),
      stranger: z
        .union([
          z.object({ name: z.string().max(100), number: z.string().max(40) }),
          z
            .object({ sealed: z.base64().max(2_000) })
            .meta({ description: 'Of a number that was typed at the hub, which alone can open it' }),
        ])
        .exactOptional(),
    })
    .meta({ id: 'EntryAdded' }),
);
/** What became of it. The subject is the gate. */
export const entrySettled = event(
  'hallhub.gate.entry-settled.v1',
  z
    .object({
      at: instant,
      clock,
      id,
      state: z.enum(['released', 'passed', 'lapsed', 'unconfirmed', 'blocked']),
      code: z.string().max(32).exactOptional(),
      confirmation: z.enum(['acknowledged', 'observed', 'unconfirmed']).exactOptional(),
    })
    .meta({ id: 'EntrySettled' }),
);
/** A gate noticed something beside entries. The subject is the gate. */
export const gateAlarmed = event(
  'hallhub.gate.alarmed.v1',
  z.object({ at: instant, clock, id, alarm: z.string().max(32), clear: z.boolean() }).meta({ id: 'GateAlarmed' }),
);
/** A fire contact released an area. The subject is the gate. */
export const areaReleased = event(
  'hallhub.gate.area-released.v1',
  z.object({ at: instant, clock, area: z.string().max(63) }).meta({ id: 'AreaReleased' }),
);

export const gateEventTypes = [entryAdded, entrySettled, gateAlarmed, areaReleased] as const;

const clockText = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
const durationText = (value: number): string => `${value}ms`;

/** A gate of the configuration in the form in which a file writes it, which is how it travels. */
export const gateInput = (gate: GateConfig): z.input<typeof gateSchema> => ({
  ...gate,
  hold: durationText(gate.hold),
  passageTimeout: durationText(gate.passageTimeout),
  pairTimeout: durationText(gate.pairTimeout),
  schedule: gate.schedule.map(({ from, until, ...window }) => ({
    ...window,
    from: clockText(from),
    until: clockText(until),
  })),
});

export const areaInput = ({ maxStaleness, antiPassback, curfew, ...area }: AreaConfig): z.input<typeof areaSchema> => ({
  ...area,
  maxStaleness: durationText(maxStaleness),
  ...(antiPassback && { antiPassback: { ...antiPassback, within: durationText(antiPassback.within) } }),
  ...(curfew && {
    curfew: {
      ...curfew,
      until: clockText(curfew.until),
      nights: curfew.nights.map(({ from, lateUntil, ...night }) => ({
        ...night,
        from: clockText(from),
        lateUntil: clockText(lateUntil),
      })),
    },
  }),
});
