import { expect } from 'vitest';
import type { EntryView } from '../../hub/gates/views.ts';
import { enrolAgent, startAgentProcess } from './agent-process.ts';
import type { Campus, OutsideBroker } from './campus.ts';
import { GATE, startCampus } from './campus.ts';
import type { CleanUp } from './clean-up.ts';
import type { HttpClient } from './http-client.ts';
import type { HubProcess } from './hub-process.ts';
import type { GivenOrder, Orders } from './orders.ts';
import { ordersOf } from './orders.ts';
import { approveVisit, person } from './people.ts';
import type { Program } from './program.ts';
import { logInAsFirst } from './staff.ts';
import { maybe, until } from './until.ts';

const AGENT = 'south-gate';
const API = { every: 100 } as const;
/** The shortest life that an order by hand may have, in milliseconds. */
export const SHORT = 1_000;

/** A hall in which things break. */
export interface Hall {
  readonly campus: Campus;
  readonly staff: HttpClient;
  readonly orders: Orders;
  restartHub(how: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** The agent's process gets no time any more; what is sent to it waits in its socket. */
  freezeAgent(): void;
  thawAgent(): void;
  /** Waits until every device of the gate is in this state. */
  gateIs(state: 'ready' | 'down'): Promise<unknown>;
}

/** A hub with the gate's devices on itself or behind an agent; all of it ends with `later`. */
export async function openHall(
  { later }: Pick<CleanUp, 'later'>,
  where: 'hub' | 'agent',
  broker?: OutsideBroker,
): Promise<Hall> {
  const campus = await startCampus({
    ...(where === 'agent' && { gateAgent: AGENT }),
    ...(broker && { broker }),
  });
  later(() => campus.stop());
  let hub: HubProcess = await campus.startHub();
  const staff = await logInAsFirst(() => hub);
  let agent: Program | undefined;
  if (where === 'agent') {
    const { code } = await staff.ask<{ code: string }>('POST', `/api/agents/${AGENT}/code`);
    const enrolled = await enrolAgent({ dataDir: campus.agentDir, url: hub.url, code });
    expect(enrolled.exit?.code, enrolled.stderr).toBe(0);
    const started = await startAgentProcess(campus.agentDir);
    later(() => started.stop('SIGKILL'));
    agent = started;
  }
  const signal = (name: 'SIGSTOP' | 'SIGCONT'): void => {
    if (!agent) throw new Error('there is no agent in this hall');
    process.kill(agent.pid, name);
  };
  const gateIs: Hall['gateIs'] = (state) =>
    until(
      `every device of the gate is ${state}`,
      async () => {
        const gates = await staff.ask<{ devices: { state: string }[] }[]>('GET', '/api/gates');
        return gates.every(({ devices }) => devices.every((device) => device.state === state));
      },
      { ...API, within: 60_000 },
    );
  await gateIs('ready');
  return {
    campus,
    staff,
    orders: ordersOf(campus, staff),
    restartHub: async (how) => {
      await hub.stop(how);
      hub = await campus.startHub();
    },
    freezeAgent: () => {
      signal('SIGSTOP');
    },
    thawAgent: () => {
      signal('SIGCONT');
    },
    gateIs,
  };
}

/** An order on a sound line is done once and known to be done. */
export async function orderWorks({ orders }: Hall): Promise<void> {
  const { hold } = await orders.give(5_000);
  expect(await orders.settled(hold, ['acknowledged', 'observed', 'failed', 'expired'])).toMatchObject({
    state: 'acknowledged',
  });
  expect(orders.effects(hold)).toHaveLength(1);
}

/** After a broker was away: orders get through again by themselves. Those that were lost on the way were done in time or never. */
export async function ordersGetThrough(hall: Hall): Promise<void> {
  const lost: number[] = [];
  await until('an order gets through', async () => {
    const { hold } = await hall.orders.give(5_000);
    const { state } = await hall.orders.settled(hold, ['acknowledged', 'observed', 'failed', 'expired']);
    if (state === 'acknowledged') return true;
    lost.push(hold);
    return false;
  });
  await orderWorks(hall);
  const journal = await hall.orders.journal();
  for (const hold of lost) {
    const effects = hall.orders.effects(hold);
    const expiresAt = journal.find(({ args }) => args.hold === hold)?.expiresAt ?? 0;
    expect(effects.length).toBeLessThanOrEqual(1);
    for (const { at } of effects) expect(at).toBeLessThan(expiresAt);
  }
}

/** A visitor is approved, holds a card to the reader until the gate knows of the approval, and the board releases the arm. */
export async function cardWorks({ campus, staff }: Hall, order: number): Promise<void> {
  const visitor = person('访客', order);
  const id = approveVisit(campus.hall, visitor, GATE);
  await until(
    'the visit reaches the hub',
    async () => (await staff.ask<{ id: string }[]>('GET', '/api/requests')).some((request) => request.id === id),
    API,
  );
  const entry = await until(
    'the gate decides',
    async () => {
      await campus.gateReader.put(visitor.card);
      const decided = await maybe(
        async () =>
          (await staff.ask<EntryView[]>('GET', '/api/gates/entries')).find(({ requestId }) => requestId === id),
        { ...API, within: 2_000 },
      );
      await campus.gateReader.lift();
      // A reader takes a card for another one only after it was away for a moment.
      if (!decided) await maybe(() => false, { within: 1_500 });
      return decided;
    },
    API,
  );
  expect(entry.state).not.toBe('refused');
  await until('somebody walks through', () => campus.turnstile.walk());
}

/** Gives orders that nobody can carry out now, and waits until their time is over. */
export async function giveInVain({ orders }: Hall): Promise<readonly GivenOrder[]> {
  const given = [await orders.give(SHORT), await orders.give(SHORT), await orders.give(SHORT)];
  const last = Date.now() + SHORT;
  for (const { answer } of given) expect(answer?.status).toBe(200);
  await until('their time is over', () => Date.now() > last, { every: 50 });
  return given;
}

export async function neverDone({ orders }: Hall, given: readonly GivenOrder[]): Promise<void> {
  const journal = await orders.journal();
  for (const { hold } of given) {
    expect(orders.effects(hold), `order ${hold}`).toEqual([]);
    expect(journal.find(({ args }) => args.hold === hold)?.state).not.toMatch(/acknowledged|observed|unconfirmed/);
  }
}
