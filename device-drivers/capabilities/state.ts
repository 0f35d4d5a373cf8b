import type { z } from 'zod';
import { barrierModeShape, cabinetShape, doorContactShape, fireInputShape } from './barrier.ts';
import type { CapabilityShape } from './declare.ts';
import { climateShape, curtainShape, occupancyShape, projectorShape, switchShape } from './room.ts';

/** A lasting state of a device, such as channel 2 of a relay board, and a value of it. */
export interface StateValue {
  readonly property: string;
  readonly value: StateJson;
}
export type StateJson = boolean | number | string | { readonly [key: string]: StateJson };

/** What of a capability is lasting state: what its commands set, what its events and answers report. */
export interface StateShape {
  /**
   * The state that a command is to bring about, by its arguments; undefined where these leave nothing behind (a pulse).
   * A command that sets a state is idempotent: given again, it changes nothing that is so already.
   */
  readonly sets: Readonly<Record<string, (args: unknown) => StateValue | undefined>>;
  readonly reports: Readonly<Record<string, (data: unknown) => readonly StateValue[]>>;
  readonly answers: Readonly<Record<string, (result: unknown) => readonly StateValue[]>>;
  /** The command that brings a state about; undefined for one that can only be watched. */
  readonly restore?: (state: StateValue) => { readonly name: string; readonly args: unknown } | undefined;
  /** Whether a reported value is what was desired; equality where it is left out. */
  readonly agrees?: (desired: StateJson, reported: StateJson) => boolean;
}

/** Declares the state of a shape, with the types of its arguments, events and answers. */
function stateOf<S extends CapabilityShape>(
  _shape: S,
  state: {
    readonly sets?: {
      readonly [K in keyof S['commands']]?: (args: z.output<S['commands'][K]['args']>) => StateValue | undefined;
    };
    readonly reports?: {
      readonly [K in keyof S['events']]?: (data: z.output<S['events'][K]['data']>) => readonly StateValue[];
    };
    readonly answers?: {
      readonly [K in keyof S['calls']]?: (result: z.output<S['calls'][K]['result']>) => readonly StateValue[];
    };
    readonly restore?: StateShape['restore'];
    readonly agrees?: StateShape['agrees'];
  },
): StateShape {
  // Whoever calls them has checked the value by the shape's own schema.
  return { sets: {}, reports: {}, answers: {}, ...state } as StateShape;
}

const channelOf = (property: string): number | undefined => {
  const number = /^channel-(\d+)$/.exec(property)?.[1];
  return number === undefined ? undefined : Number(number);
};

const stateShapes: Readonly<Partial<Record<string, StateShape>>> = {
  barrierMode: stateOf(barrierModeShape, {
    sets: { mode: ({ mode, direction }) => ({ property: `mode-${direction}`, value: mode }) },
    restore: ({ property, value }) => ({
      name: 'mode',
      args: { mode: value, direction: property.slice('mode-'.length) },
    }),
  }),
  doorContact: stateOf(doorContactShape, {
    reports: { door: ({ open }) => [{ property: 'open', value: open }] },
    answers: { state: ({ open }) => (open === undefined ? [] : [{ property: 'open', value: open }]) },
  }),
  fireInput: stateOf(fireInputShape, {
    reports: { fire: ({ alarm }) => [{ property: 'alarm', value: alarm }] },
    answers: { state: ({ alarm }) => [{ property: 'alarm', value: alarm }] },
  }),
  cabinet: stateOf(cabinetShape, {
    reports: {
      door: ({ compartment, open }) => [{ property: `door-${compartment}`, value: open ? 'open' : 'closed' }],
    },
    answers: {
      doors: ({ doors }) =>
        doors.flatMap(({ compartment, open }) =>
          open === undefined ? [] : [{ property: `door-${compartment}`, value: open ? 'open' : 'closed' }],
        ),
    },
  }),
  switch: stateOf(switchShape, {
    sets: {
      set: ({ channel, on, pulse }) =>
        pulse === undefined ? { property: `channel-${channel}`, value: on } : undefined,
    },
    reports: { change: ({ channel, on }) => [{ property: `channel-${channel}`, value: on }] },
    answers: { state: ({ on }) => on.map((value, channel) => ({ property: `channel-${channel}`, value })) },
    restore: ({ property, value }) => {
      const channel = channelOf(property);
      return channel === undefined ? undefined : { name: 'set', args: { channel, on: value } };
    },
  }),
  curtain: stateOf(curtainShape, {
    sets: {
      move: ({ to }) => {
        if (to === 'stop') return undefined;
        const percent = to === 'open' ? 100 : to === 'closed' ? 0 : to.percentOpen;
        return { property: 'percentOpen', value: percent };
      },
    },
    reports: { position: ({ percentOpen }) => [{ property: 'percentOpen', value: percentOpen }] },
    restore: ({ value }) => ({ name: 'move', args: { to: { percentOpen: value } } }),
    // Motors stop where their inertia lets them.
    agrees: (desired, reported) => Math.abs(Number(desired) - Number(reported)) <= 3,
  }),
  projector: stateOf(projectorShape, {
    sets: {
      power: ({ on }) => ({ property: 'power', value: on ? 'on' : 'off' }),
      input: ({ input }) => ({ property: 'input', value: input }),
      mute: ({ on }) => ({ property: 'mute', value: on }),
    },
    reports: { power: ({ power }) => [{ property: 'power', value: power }] },
    answers: {
      status: ({ power, input }) => [
        { property: 'power', value: power },
        ...(input === undefined ? [] : [{ property: 'input', value: input }]),
      ],
    },
    restore: ({ property, value }) => {
      if (property === 'power') return { name: 'power', args: { on: value === 'on' } };
      if (property === 'input') return { name: 'input', args: { input: value } };
      return { name: 'mute', args: { on: value } };
    },
    // A lamp that warms up or cools down is on its way.
    agrees: (desired, reported) =>
      desired === reported ||
      (desired === 'on' && reported === 'warming') ||
      (desired === 'off' && reported === 'cooling'),
  }),
  climate: stateOf(climateShape, {
    sets: { set: (args) => ({ property: 'setting', value: args }) },
    restore: ({ value }) => ({ name: 'set', args: value }),
  }),
  occupancy: stateOf(occupancyShape, {
    reports: { occupancy: ({ occupied }) => [{ property: 'occupied', value: occupied }] },
  }),
};

/** What of a capability is lasting state; undefined where nothing is. */
export const stateShapeOf = (capability: string): StateShape | undefined => stateShapes[capability];
