import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { openDatabase } from '@hallhub/sync/sqlite';
import { enrolAgent, startAgentProcess } from '../e2e/testing/agent-process.ts';
import { GATE, startCampus } from '../e2e/testing/campus.ts';
import { approveVisit, person } from '../e2e/testing/people.ts';
import { logInAsFirst } from '../e2e/testing/staff.ts';
import { quantile, report } from './kit/measure.ts';

/*
 * From the commit of a revocation in the hall to the moment when an agent that decides at its own gate refuses: fast lane to
 * the hub, its transaction, MQTT to the agent, the agent's transaction. Hub and agent are the programs that users start; the
 * agent's file is read beside it, because what it decides from is what is committed there. The baseline is the hub's share
 * of the same revocations: until its own file has it.
 */
const ROUNDS = 100;
const AGENT = 'south-gate';

const campus = await startCampus({ gateAgent: AGENT });
try {
  const hub = await campus.startHub();
  const staff = await logInAsFirst(() => hub);
  const { code } = await staff.ask<{ code: string }>('POST', `/api/agents/${AGENT}/code`);
  const enrolled = await enrolAgent({ dataDir: campus.agentDir, url: hub.url, code });
  if (enrolled.exit?.code !== 0) throw new Error(enrolled.stderr);
  const agent = await startAgentProcess(campus.agentDir);
  const revokedIn = (file: string) => {
    const db = openDatabase({ file, readonly: true });
    return db.prepare<[string], number>('SELECT min(revoked) FROM gate_pass WHERE request_id = ?').pluck();
  };
  const [atHub, atAgent] = [revokedIn(campus.database), revokedIn(join(campus.agentDir, 'agent.db'))];
  const until = async (condition: () => boolean): Promise<number> => {
    while (!condition()) await wait(1);
    return performance.now();
  };
  const [hubTook, agentTook]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    const id = approveVisit(campus.hall, person('访客', round), GATE);
    await until(() => atAgent.get(id) === 0);
    const begun = performance.now();
    campus.hall.requests.revoke(id, 'bench');
    hubTook.push((await until(() => atHub.get(id) === 1)) - begun);
    agentTook.push((await until(() => atAgent.get(id) === 1)) - begun);
  }
  await agent.stop('SIGTERM');
  for (const [name, share] of [
    ['p50', 0.5],
    ['p99', 0.99],
  ] as const) {
    report({
      name: `revocation/agent/${name}`,
      value: quantile(agentTook, share),
      unit: 'ms',
      baseline: 'until the hub itself has it',
      baselineValue: quantile(hubTook, share),
      ...(name === 'p99' && { aim: 'value < 1000', worst: Math.max(...agentTook) }),
      samples: ROUNDS,
    });
  }
} finally {
  await campus.stop();
}
