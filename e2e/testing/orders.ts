import { randomUUID } from 'node:crypto';
import type { CommandState } from '../../hub/devices/commands/rules.ts';
import type { Campus } from './campus.ts';
import type { Answer, HttpClient } from './http-client.ts';
import { until } from './until.ts';

/** One command as `GET /api/devices/:id/commands` shows it; as much as is judged here. */
interface JournalRow {
  readonly id: string;
  readonly args: { readonly hold: number };
  readonly state: CommandState;
  readonly code: string | null;
  readonly expiresAt: number;
}

/** An order to the gate's barrier that can be told from all others at the board: no other holds as long. */
export interface GivenOrder {
  readonly hold: number;
  /** Undefined: the hub did not answer, so that nobody knows whether it is on record. */
  readonly answer: Answer | undefined;
}

const BARRIER = 'south-turnstile';
/** What the relay board counts in. */
const STEP = 100;
/** Above what the gate itself orders when somebody is let in (700 ms). */
const FIRST = 20;

/** Orders by hand to the relay board of the gate, and what became of them there and in the journal. */
export interface Orders {
  /** Orders a release; never throws. `lifetime` in milliseconds. */
  give(lifetime: number): Promise<GivenOrder>;
  /** How often and when the board did it. */
  effects(hold: number): readonly { readonly at: number }[];
  journal(): Promise<readonly JournalRow[]>;
  /** The journal's row of an order once it has reached one of these states. */
  settled(hold: number, states: readonly CommandState[]): Promise<JournalRow>;
}

export function ordersOf(campus: Campus, staff: HttpClient): Orders {
  let given = FIRST;
  const journal = (): Promise<readonly JournalRow[]> =>
    staff.ask<JournalRow[]>('GET', `/api/devices/${BARRIER}/commands?limit=200`);
  return {
    give: async (lifetime) => {
      given += 1;
      const hold = given * STEP;
      const body = {
        capability: 'barrier',
        command: 'open',
        args: { hold, direction: 'in' },
        lifetime,
        confirmed: true,
      };
      const answer = await staff
        .call('POST', `/api/devices/${BARRIER}/commands`, body, { 'idempotency-key': randomUUID() })
        .catch(() => undefined);
      return { hold, answer };
    },
    effects: (hold) => campus.turnstile.pulses.filter(({ pulse }) => pulse === hold),
    journal,
    settled: (hold, states) =>
      until(
        `order ${hold} is ${states.join(' or ')}`,
        async () => (await journal()).find(({ args, state }) => args.hold === hold && states.includes(state)),
        { every: 100 },
      ),
  };
}
