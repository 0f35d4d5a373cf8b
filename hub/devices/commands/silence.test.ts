import { longestOf } from '@hallhub/device-drivers/capabilities';
import type { Receipt } from '@hallhub/device-drivers/kit';
import { hours, minutes, ms, ok, seconds, unwrap } from '@hallhub/sync/base';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { acknowledged, ask, direct, settle, setUp, states, tearDown } from '../testing/commands-bench.ts';

afterEach(tearDown);

/** Longer than a command that lives for ten seconds is waited for. */
const GIVEN_UP = ms(seconds(10) + longestOf('switch', 'set') + minutes(3));

describe('a driver that never says what came of a command', () => {
  test('is given up, and the next command of its lane leaves', async () => {
    const { hub, clock } = setUp();
    const first = unwrap(ask(hub.commands, 'k1'));
    const second = unwrap(ask(hub.commands, 'k2', false, minutes(30)));
    expect(hub.fleet.reached).toHaveLength(1);
    await clock.advanceAsync(GIVEN_UP);
    expect(unwrap(hub.commands.get(first.id))).toMatchObject({ state: 'failed', code: 'E-DEV-0202', uncertain: true });
    expect(hub.fleet.reached.map(({ command }) => command.id)).toEqual([first.id, second.id]);
  });

  test('does not keep a domain waiting', async () => {
    const { hub, clock } = setUp();
    let receipt: Receipt | undefined;
    void direct(hub.commands, { id: 'c1' }, clock).then((given) => {
      receipt = given;
    });
    await clock.advanceAsync(GIVEN_UP);
    expect(receipt).toMatchObject({ ok: false, error: { code: 'E-DEV-0202' } });
  });

  test('and does at last, corrects the record as any late receipt does, and moves nothing else', async () => {
    const { hub, clock } = setUp();
    const first = unwrap(ask(hub.commands, 'k1'));
    await clock.advanceAsync(GIVEN_UP);
    const second = unwrap(ask(hub.commands, 'k2', false));
    const third = unwrap(ask(hub.commands, 'k3', true, hours(1)));
    hub.fleet.answer(acknowledged);
    await settle();
    hub.behind.flush();
    expect(states(hub.commands, first.id)).toEqual(['queued', 'sent', 'failed', 'acknowledged']);
    // The second has the lane: the late word of the first does not free it.
    expect(hub.fleet.reached.map(({ command }) => command.id)).toEqual([first.id, second.id]);
    expect(unwrap(hub.commands.get(third.id)).state).toBe('queued');
  });

  test('whichever drivers fall silent and wake up late, a lane has one command at a time and always goes on', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ life: fc.integer({ min: 1, max: 60 }), after: fc.integer({ min: 0, max: 2_000 }) }), {
          minLength: 1,
          maxLength: 6,
        }),
        fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
        async (orders, answers) => {
          const { hub, clock } = setUp();
          const ids: string[] = [];
          for (const [index, { life, after }] of orders.entries()) {
            const asked = ask(hub.commands, `k${index}`, index % 2 === 0, minutes(life));
            if (asked.ok) ids.push(asked.value.id);
            await clock.advanceAsync(seconds(after));
            if (answers[index] === true)
              hub.fleet.answer((command) =>
                ok({ commandId: command.id, confirmation: 'acknowledged', at: clock.now() }),
              );
            await settle();
            hub.behind.flush();
            const underWay = ids.filter((id) => unwrap(hub.commands.get(id)).state === 'sent');
            expect(underWay.length).toBeLessThanOrEqual(1);
          }
          await clock.advanceAsync(hours(24));
          hub.behind.flush();
          for (const id of ids) expect(['queued', 'sent']).not.toContain(unwrap(hub.commands.get(id)).state);
          // And the lane takes the next one.
          const before = hub.fleet.reached.length;
          unwrap(ask(hub.commands, 'last', orders.length % 2 === 0));
          expect(hub.fleet.reached).toHaveLength(before + 1);
          tearDown();
        },
      ),
      { numRuns: 60 },
    );
  });
});
