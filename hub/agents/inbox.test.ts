import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Failure, ManualClock } from '@hallhub/sync/base';
import { iso, manualClock, minutes, seconds } from '@hallhub/sync/base';
import type { CloudEvent } from '@hallhub/sync/contract';
import type { Db } from '@hallhub/sync/sqlite';
import { aesGcmSealer, afterCommit, migrate, openDatabase, transact } from '@hallhub/sync/sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AgentInbox } from './inbox.ts';
import { agentInboxSchema, createAgentInbox } from './inbox.ts';

let folder: string;
let clock: ManualClock;
let db: Db;
let inbox: AgentInbox;
let apply: (agent: string, id: string) => Failure | undefined;
let faults: unknown[];

/** A process over the file; the one before is gone without a word. */
function begin(): void {
  db = openDatabase({ file: join(folder, 'hub.db') });
  migrate({ db, components: [agentInboxSchema] });
  db.exec('CREATE TABLE IF NOT EXISTS effect (id TEXT)');
  const mine = db;
  inbox = createAgentInbox({
    db,
    clock,
    sealer: aesGcmSealer(new Uint8Array(32)),
    apply: (agent, { id }) => {
      mine.prepare('INSERT INTO effect (id) VALUES (?)').run(id);
      return apply(agent, id);
    },
    onFault: (error) => faults.push(error),
  });
  inbox.start();
}
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agent-inbox-'));
  clock = manualClock();
  faults = [];
  apply = () => undefined;
  begin();
});
afterEach(() => {
  inbox.stop();
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

/** About the subject before the dot. */
const event = (id: string): CloudEvent => ({
  specversion: '1.0',
  id,
  source: '/hubs/gate-1',
  type: 'test.v1',
  subject: id.split('.')[0]!,
  time: iso(clock.now()),
  hubsequence: 1,
  data: { secret: 'plain words' },
});
const receive = (...ids: string[]): void => {
  transact(db, () => {
    for (const id of ids) inbox.put('gate-1', event(id));
  });
};
const effects = (): unknown[] => db.prepare('SELECT id FROM effect ORDER BY rowid').pluck().all();
const settle = (): Promise<void> => clock.advanceAsync(seconds(0));

describe('events of agents', () => {
  it('have their effects after they were acknowledged, once and in order', async () => {
    transact(db, () => {
      receive('a', 'b');
      expect(effects()).toEqual([]);
    });
    expect(inbox.counts()).toEqual({ waiting: 2, failed: 0 });
    await settle();
    expect(effects()).toEqual(['a', 'b']);
    expect(inbox.counts()).toEqual({ waiting: 0, failed: 0 });
  });

  it('that were received and not yet told when the process died have their effects in the next', async () => {
    receive('a', 'b');
    inbox.stop();
    db.close();
    begin();
    await settle();
    expect(effects()).toEqual(['a', 'b']);
  });

  it('are told in a transaction: what they order leaves after the commit, and not when that fails', async () => {
    const left: string[] = [];
    let broken = true;
    apply = (_agent, id) => {
      afterCommit(db, () => left.push(`${id} ${String(db.inTransaction)} ${String(effects().includes(id))}`));
      if (broken && id === 'a') throw new Error('a listener that throws');
      return undefined;
    };
    receive('a', 'b');
    await settle();
    expect(left).toEqual(['b false true']);
    expect(effects()).toEqual(['b']);
    broken = false;
    await clock.advanceAsync(seconds(6));
    expect(left).toEqual(['b false true', 'a false true']);
    expect(effects()).toEqual(['b', 'a']);
  });

  it('that fail again and again are set aside, counted, and tried once more by the next process', async () => {
    apply = (_agent, id) => (id === 'bad' ? { code: 'E-TEST-0001' } : undefined);
    receive('a', 'bad', 'c');
    await clock.advanceAsync(minutes(2));
    expect(effects()).toEqual(['a', 'c']);
    expect(faults).toHaveLength(5);
    expect(inbox.counts()).toEqual({ waiting: 0, failed: 1 });
    expect(db.prepare('SELECT code FROM agent_inbox').pluck().get()).toBe('E-TEST-0001');
    apply = () => undefined;
    inbox.stop();
    db.close();
    begin();
    await settle();
    expect(effects()).toEqual(['a', 'c', 'bad']);
    expect(inbox.counts()).toEqual({ waiting: 0, failed: 0 });
  });

  it('that fail hold up those behind them of the same subject, and no others, until they are told or set aside', async () => {
    apply = (_agent, id) => (id === 'door.open' ? { code: 'E-TEST-0001' } : undefined);
    receive('door.open', 'door.shut', 'gate.open');
    await clock.advanceAsync(seconds(6));
    receive('door.held');
    await clock.advanceAsync(seconds(1));
    expect(effects()).toEqual(['gate.open']);
    apply = () => undefined;
    await clock.advanceAsync(seconds(6));
    expect(effects()).toEqual(['gate.open', 'door.open', 'door.shut', 'door.held']);
    apply = (_agent, id) => (id === 'door.bad' ? { code: 'E-TEST-0001' } : undefined);
    receive('door.bad', 'door.shut again');
    await clock.advanceAsync(minutes(2));
    expect(effects()).toContain('door.shut again');
    expect(inbox.counts()).toEqual({ waiting: 0, failed: 1 });
  });

  it('are told when the disk takes them again, and a full disk is nobody’s fault', async () => {
    receive('a', 'b');
    const pages = db.pragma('page_count', { simple: true }) as number;
    apply = (_agent, id) => {
      if (id === 'b' && faults.length === 0) {
        db.pragma(`max_page_count = ${pages}`);
        db.prepare('INSERT INTO effect (id) VALUES (?)').run('x'.repeat(1_000_000));
      }
      return undefined;
    };
    await settle();
    expect(effects()).toEqual([]);
    expect(faults).toHaveLength(1);
    db.pragma('max_page_count = 100000');
    await clock.advanceAsync(seconds(6));
    expect(effects()).toEqual(['a', 'b']);
    expect(inbox.counts()).toEqual({ waiting: 0, failed: 0 });
  });

  it('lie sealed while they wait, and are forgotten when they failed long ago', async () => {
    apply = () => ({ code: 'E-TEST-0001' });
    receive('a');
    expect(
      Buffer.from(db.prepare('SELECT event FROM agent_inbox').pluck().get() as Uint8Array).toString(),
    ).not.toContain('plain words');
    await clock.advanceAsync(minutes(2));
    expect(inbox.purge(clock.now())).toBe(1);
    expect(inbox.counts()).toEqual({ waiting: 0, failed: 0 });
  });
});
