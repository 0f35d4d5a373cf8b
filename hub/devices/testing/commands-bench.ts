import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Switch } from '@hallhub/device-drivers/capabilities';
import type { Command, Receipt } from '@hallhub/device-drivers/kit';
import { silentLog } from '@hallhub/device-drivers/kit';
import type { DurationMs, ManualClock } from '@hallhub/sync/base';
import { epochMs, manualClock, ok, plus, seconds, systemRandom, unwrap } from '@hallhub/sync/base';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import { auditSchema, createAudit } from '../../audit/index.ts';
import { createBehind } from '../behind.ts';
import type { Recording } from '../commands/journal.ts';
import type { Commands } from '../commands/service.ts';
import { createCommands } from '../commands/service.ts';
import { createCommandStore } from '../commands/store.ts';
import { devicesSchema } from '../schema.ts';
import { createTwin } from '../twin/twin.ts';
import { createTestFleet } from './fleet.ts';

const START = epochMs(Date.UTC(2026, 10, 22, 2));
const cleanUp: (() => void)[] = [];
/** Closes and removes what {@link setUp} made; after each test. */
export const tearDown = (): void => {
  for (const clean of cleanUp.splice(0)) clean();
};

/** A hub's commands over a file, which can be killed and started again over the same file. */
export function setUp(clock: ManualClock = manualClock(START)) {
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-commands-'));
  const open = () => {
    let alive = true;
    // The timers of a process that was killed never fire.
    const own = {
      ...clock,
      after: (delay: DurationMs, action: () => void) =>
        clock.after(delay, () => {
          if (alive) action();
        }),
    };
    const fleet = createTestFleet(own);
    const db = openDatabase({ file: join(folder, 'hub.db') });
    // What these tests are about is order, not the disk: a thousand runs need not wait for it.
    db.pragma('synchronous = OFF');
    migrate({ db, components: [auditSchema, devicesSchema] });
    const behind = createBehind({
      db,
      clock: own,
      onFault: (error) => {
        throw error;
      },
    });
    const twin = createTwin({ db });
    let inService = true;
    const commands = createCommands({
      db,
      host: fleet.host,
      clock: own,
      random: systemRandom,
      log: silentLog,
      audit: createAudit({ db, clock: own }),
      store: createCommandStore(db),
      twin,
      behind,
      inService: () => inService,
      digest: (text) => createHash('sha256').update(text).digest(),
    });
    commands.start();
    return {
      db,
      fleet,
      commands,
      twin,
      behind,
      die: () => {
        alive = false;
        db.close();
      },
      outOfService: () => {
        inService = false;
        commands.refuseWaiting('relay');
      },
    };
  };
  let hub = open();
  cleanUp.push(() => {
    hub.commands.stop();
    hub.db.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    clock,
    get hub() {
      return hub;
    },
    /** The process is gone without a word; another one opens the file. What waited to be written is lost. */
    kill: () => {
      hub.die();
      hub = open();
    },
  };
}

export const acknowledged = (command: Command): Receipt =>
  ok({ commandId: command.id, confirmation: 'acknowledged', at: command.issuedAt });
/** Promises that can settle now have. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};

/** Somebody asks for channel 0 of the relay. */
export const ask = (commands: Commands, key: string, on = true, lifetime = seconds(10), confirmed = true) =>
  commands.submit(
    { deviceId: 'relay', capability: 'switch', name: 'set', args: { channel: 0, on }, lifetime, confirmed },
    { actor: 'staff:1', key },
  );
/** A domain orders channel 1 of the relay. */
export const direct = (
  commands: Commands,
  command: Partial<Command> & { readonly id: string },
  clock: ManualClock,
  recording: Recording = 'before',
) => {
  const relay = commands.fleet(recording).capability('relay', 'switch') as Switch;
  return relay.set({
    name: 'set',
    args: { channel: 1, on: true },
    issuedAt: clock.now(),
    expiresAt: plus(clock.now(), seconds(2)),
    issuedBy: 'schedule:1',
    ...command,
  } as Parameters<Switch['set']>[0]);
};
/** The states that a command went through. */
export const states = (commands: Commands, id: string): readonly string[] =>
  unwrap(commands.get(id)).steps.map(({ state }) => state);
