import type { Receipt } from '@hallhub/device-drivers/kit';
import type { ManualClock } from '@hallhub/sync/base';
import { hours, ok, plus, seconds } from '@hallhub/sync/base';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { ask, direct, settle, setUp, tearDown } from '../testing/commands-bench.ts';

afterEach(tearDown);

/* Whatever happens in between: at most once, never late, every command ends, and no confirmation is taken back. */
describe('interleavings', () => {
  const action = fc.oneof(
    fc.record({
      do: fc.constant('submit' as const),
      key: fc.integer({ min: 0, max: 6 }),
      life: fc.integer({ min: 1, max: 20 }),
    }),
    fc.record({
      do: fc.constant('direct' as const),
      id: fc.integer({ min: 0, max: 6 }),
      life: fc.integer({ min: -1, max: 20 }),
    }),
    fc.record({ do: fc.constant('advance' as const), by: fc.integer({ min: 1, max: 15 }) }),
    fc.record({ do: fc.constant('step' as const), by: fc.integer({ min: -7_200, max: 7_200 }) }),
    fc.record({ do: fc.constant('health' as const), state: fc.constantFrom('ready' as const, 'down' as const) }),
    fc.record({
      do: fc.constant('answer' as const),
      as: fc.constantFrom('acknowledged', 'observed', 'unconfirmed', 'E-DEV-0202', 'E-DEV-0203'),
    }),
    fc.record({
      do: fc.constant('late' as const),
      nth: fc.nat(10),
      as: fc.constantFrom('acknowledged', 'observed', 'E-DEV-0206'),
    }),
    fc.record({ do: fc.constant('cancel' as const), nth: fc.nat(10) }),
    fc.record({ do: fc.constant('report' as const), on: fc.boolean() }),
    fc.constant({ do: 'kill' as const }),
  );
  const RANK: Readonly<Record<string, number>> = { unconfirmed: 1, acknowledged: 2, observed: 3 };
  const receiptAs = (as: string, id: string, at: ReturnType<ManualClock['now']>): Receipt =>
    as.startsWith('E-')
      ? { ok: false, error: { code: as as `E-DEV-${number}` } }
      : ok({ commandId: id, confirmation: as as 'acknowledged' | 'observed' | 'unconfirmed', at });

  test('at most once, never late, every command ends', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 40 }), async (actions) => {
        const bench = setUp();
        const { clock } = bench;
        /** When each command's time is over, by the monotonic clock. */
        const deadlines = new Map<string, number>();
        const reached: { id: string; at: number }[] = [];
        const known: string[] = [];
        const watch = (): void => {
          for (const { command } of bench.hub.fleet.reached.splice(0))
            reached.push({ id: command.id, at: clock.monotonic() });
        };
        for (const step of actions) {
          const { commands, fleet } = bench.hub;
          switch (step.do) {
            case 'submit': {
              const given = ask(commands, `k${step.key}`, true, seconds(step.life));
              // A key that stands for a longer life is the same question; the first answer stands.
              if (given.ok && !deadlines.has(given.value.id)) {
                deadlines.set(given.value.id, clock.monotonic() + (given.value.expiresAt - given.value.issuedAt));
                known.push(given.value.id);
              }
              break;
            }
            case 'direct': {
              const id = `d${step.id}`;
              if (!deadlines.has(id)) {
                deadlines.set(id, clock.monotonic() + step.life * 1_000);
                known.push(id);
              }
              void direct(commands, { id, expiresAt: plus(clock.now(), seconds(step.life)) }, clock);
              break;
            }
            case 'advance':
              await clock.advanceAsync(seconds(step.by));
              break;
            case 'step':
              clock.stepWall(seconds(step.by));
              break;
            case 'health':
              fleet.health(step.state);
              break;
            case 'answer':
              fleet.answer((command) => receiptAs(step.as, command.id, clock.now()));
              break;
            case 'late': {
              const id = known[step.nth % Math.max(1, known.length)];
              if (id !== undefined) commands.receive('relay', id, receiptAs(step.as, id, clock.now()));
              break;
            }
            case 'cancel': {
              const id = known[step.nth % Math.max(1, known.length)];
              if (id !== undefined) commands.cancel(id, 'staff:1');
              break;
            }
            case 'report':
              fleet.change(0, step.on);
              break;
            case 'kill':
              watch();
              bench.kill();
              // A refusal that was not written down yet is forgotten: to the new process such an id is new.
              for (const id of known) if (!bench.hub.commands.get(id).ok) deadlines.delete(id);
          }
          await settle();
          watch();
        }
        const ids = reached.map(({ id }) => id);
        expect(new Set(ids).size).toBe(ids.length);
        for (const { id, at } of reached) expect(at).toBeLessThan(deadlines.get(id) ?? Number.NaN);
        await clock.advanceAsync(hours(1));
        await settle();
        watch();
        expect(reached).toHaveLength(ids.length + reached.filter(({ id }) => !ids.includes(id)).length);
        for (const id of known) {
          const found = bench.hub.commands.get(id);
          // Refused before it was on record, and the process died before it wrote that down.
          if (!found.ok) {
            expect(ids).not.toContain(id);
            continue;
          }
          expect(['queued', 'sent']).not.toContain(found.value.state);
          const ranks = found.value.steps.map(({ state }) => RANK[state] ?? 0);
          expect(ranks.slice(1).every((rank, index) => rank >= (ranks[index] ?? 0))).toBe(true);
          expect(found.value.steps.filter(({ state }) => state === 'sent')).toHaveLength(ids.includes(id) ? 1 : 0);
        }
        tearDown();
      }),
      { numRuns: 150 },
    );
  });
});
