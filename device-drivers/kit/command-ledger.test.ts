import { describe, expect, it } from 'vitest';
import { type EpochMs, type ManualClock, failure, manualClock, ms, ok, plus, seconds } from '@hallhub/sync/base';
import { type CommandLedger, createCommandLedger } from './command-ledger.ts';
import type { Command, Receipt } from './command.ts';

function setup(): {
  clock: ManualClock;
  ledger: CommandLedger;
  done: string[];
  run: (command: Command) => Promise<Receipt>;
} {
  const clock = manualClock();
  const ledger = createCommandLedger({ clock });
  const done: string[] = [];
  return {
    clock,
    ledger,
    done,
    run: (command) =>
      ledger.run(command, () => {
        done.push(command.id);
        return Promise.resolve(ok({ commandId: command.id, confirmation: 'acknowledged', at: clock.now() }));
      }),
  };
}

const command = (id: string, issuedAt: EpochMs, lives = seconds(5)): Command => ({
  id,
  name: 'open',
  args: {},
  issuedAt,
  expiresAt: plus(issuedAt, lives),
  issuedBy: 'test',
});

describe('command ledger', () => {
  it('runs a command once, however often and however long after it comes', async () => {
    const { clock, run, done } = setup();
    const asked = command('a', clock.now());
    const first = await run(asked);
    clock.advance(seconds(1));
    expect(await run(asked)).toEqual(first);
    clock.advance(seconds(3_600));
    expect(await run(asked)).toEqual(first);
    expect(done).toEqual(['a']);
  });

  it('does not run an expired command, nor one again that failed', async () => {
    const { clock, ledger, run, done } = setup();
    const late = command('a', clock.now());
    clock.advance(seconds(5));
    expect(await run(late)).toMatchObject({ ok: false, error: { code: 'E-DEV-0201' } });
    const failing = command('b', clock.now());
    await ledger.run(failing, () => Promise.resolve(failure('E-DEV-0202')));
    expect(await run(failing)).toMatchObject({ ok: false, error: { code: 'E-DEV-0202' } });
    expect(done).toEqual([]);
  });

  it('remembers every live command, and no more than it must of the dead', async () => {
    const { clock, run, done } = setup();
    const early = command('early', clock.now(), seconds(1_000));
    await run(early);
    for (let index = 0; index < 3_000; index += 1) await run(command(`live-${index}`, clock.now(), seconds(1_000)));
    await run(early);
    expect(done.filter((id) => id === 'early')).toHaveLength(1);
    expect(done).toHaveLength(3_001);
  });

  it('vetoes what expires while it waits, even when the wall clock is set back', async () => {
    const { clock, ledger } = setup();
    const verdicts: (string | undefined)[] = [];
    await ledger.run(command('a', clock.now()), (veto) => {
      verdicts.push(veto()?.code);
      clock.advance(seconds(4));
      clock.stepWall(ms(-3_600_000));
      verdicts.push(veto()?.code);
      clock.advance(seconds(1));
      verdicts.push(veto()?.code);
      return Promise.resolve(failure('E-DEV-0201'));
    });
    expect(verdicts).toEqual([undefined, undefined, 'E-DEV-0201']);
  });
});
