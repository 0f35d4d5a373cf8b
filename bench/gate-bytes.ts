import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createPtyPair } from '@hallhub/device-drivers/kit/testing';
import { openDataDir, secretFile } from '@hallhub/hub/store';
import { createVault } from '@hallhub/hub/vault';
import { systemClock } from '@hallhub/sync/base';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import { cleanUp } from '../e2e/testing/clean-up.ts';
import { startHub } from '../e2e/testing/hub-process.ts';
import { logInAsFirst } from '../e2e/testing/staff.ts';
import { until } from '../e2e/testing/until.ts';
import { schemaComponents } from '../hub/parts.ts';
import { cpuSecondsOf, memoryOf, pause, startChild } from './kit/children.ts';
import { withFolder } from './kit/folder.ts';
import { fillPasses } from './kit/gates-by-hand.ts';
import { MiB, quantile, remark, report } from './kit/measure.ts';

/*
 * 40 gates on one hub as users start it, with 200,000 passes: at each, a full card read a second for a minute, over ptys and
 * by every byte, and somebody's relay that opens. The baseline is one gate of the same hub.
 */
const PEOPLE = 200_000;
const MANY = 40;
const SECONDS = 60;
const clock = systemClock({ mode: 'production' });

interface Line {
  readonly reader: string;
  readonly board: string;
}
interface Measured {
  readonly took: readonly number[];
  readonly cards: number;
  readonly cpu: number;
  readonly memory: number;
  /** From the hub's start until its last device was ready. */
  readonly readyMs: number;
}

await withFolder(async (folder) => {
  const one = await measure(join(folder, 'one'), 1);
  const many = await measure(join(folder, 'many'), MANY);
  for (const [name, q] of [
    ['p50', 0.5],
    ['p99', 0.99],
  ] as const) {
    report({
      name: `gate-bytes/${MANY}-gates/${name}`,
      value: quantile(many.took, q),
      unit: 'ms',
      baseline: 'one gate of the same hub',
      baselineValue: quantile(one.took, q),
      ...(name === 'p99' && {
        worst: Math.max(...many.took),
        cards: many.cards,
        missed: many.cards - many.took.length,
      }),
      samples: many.took.length,
    });
  }
  for (const [name, unit, value, baselineValue] of [
    ['cpu', '% of one core', many.cpu, one.cpu],
    ['memory', 'MiB', many.memory / MiB, one.memory / MiB],
    ['ready', 'ms', many.readyMs, one.readyMs],
  ] as const) {
    report({
      name: `gate-bytes/${MANY}-gates/${name}`,
      value,
      unit,
      baseline: 'one gate of the same hub',
      baselineValue,
    });
  }
});

async function measure(folder: string, gates: number): Promise<Measured> {
  mkdirSync(folder, { recursive: true });
  const running = cleanUp();
  try {
    const dataDir = join(folder, 'hub');
    fill(dataDir);
    const pair = async () => {
      const made = await createPtyPair();
      running.later(() => made.close());
      return made;
    };
    const pairs = await Promise.all(
      Array.from({ length: gates }, async () => ({ reader: await pair(), board: await pair() })),
    );
    const configFile = join(folder, 'hallhub.yaml');
    const near = pairs.map(({ reader, board }): Line => ({ reader: reader.a, board: board.a }));
    writeFileSync(configFile, JSON.stringify(configuration(near)));
    const lines = pairs.map(({ reader, board }): Line => ({ reader: reader.b, board: board.b }));
    const ends = startChild(join(import.meta.dirname, 'kit/gate-ends-main.ts'), [
      JSON.stringify({ lines, people: PEOPLE }),
    ]);
    running.later(() => ends.end());
    await ends.next();
    const begun = performance.now();
    const hub = await startHub({ configFile, dataDir });
    running.later(() => hub.stop('SIGKILL'));
    const staff = await logInAsFirst(() => hub);
    await until(
      'every device is ready',
      async () => {
        const { devices } = await staff.ask<{ devices: { health: { state: string } }[] }>('GET', '/api/devices');
        return devices.length === 2 * gates && devices.every(({ health }) => health.state === 'ready');
      },
      { every: 500, within: 120_000 },
    );
    const readyMs = performance.now() - begun;
    const before = cpuSecondsOf(hub.pid);
    ends.process.stdin?.write('{"cards": true}\n');
    await pause(SECONDS * 1_000);
    const cpu = ((cpuSecondsOf(hub.pid) - before) / SECONDS) * 100;
    ends.process.stdin?.write('{"cards": false}\n');
    const { took, cards } = (await ends.next()) as unknown as { took: readonly number[]; cards: number };
    remark(`${gates} gates ready in ${Math.round(readyMs)} ms: ${cards} cards, ${took.length} let in`);
    return { took, cards, cpu, memory: memoryOf(hub.pid).peak, readyMs };
  } finally {
    await running.run();
  }
}

function fill(dataDir: string): void {
  const dir = openDataDir(dataDir);
  secretFile(dir, 'vault.key', () => randomBytes(32));
  dir.release();
  const db = openDatabase({ file: join(dataDir, 'hub.db') });
  migrate({ db, components: schemaComponents });
  fillPasses({ db, clock, vault: createVault(readFileSync(join(dataDir, 'vault.key'))) }, 0, PEOPLE);
  db.prepare('INSERT OR REPLACE INTO replica_position VALUES (?, ?, ?, ?, ?, ?)').run(
    ...['hall', 'cursor-0', 'revocations-0', null, 1, clock.now()],
  );
  db.close();
}

function configuration(lines: readonly Line[]): object {
  const label = { zh: '测试', en: 'Bench' };
  return {
    hub: { id: 'hub-bench', label, campus: 'main' },
    http: { host: '127.0.0.1', tls: { mode: 'off' } },
    hall: {
      url: 'http://127.0.0.1:9/',
      token: 'a-token-that-nobody-checks',
      keys: { 'hall-bench': randomBytes(32).toString('base64') },
    },
    mqtt: { host: '127.0.0.1', port: 0, tls: 'off' },
    areas: [{ id: 'campus', label, maxStaleness: '24h' }],
    devices: lines.flatMap(({ reader, board }, n) => [
      {
        ...{ id: `reader-${n}`, profile: 'generic/resident-id-serial', label },
        transport: { kind: 'serial', path: reader, baudRate: 115_200 },
      },
      {
        ...{ id: `board-${n}`, profile: 'generic/modbus-relay-flash', label },
        transport: { kind: 'serial', path: board, baudRate: 115_200 },
      },
    ]),
    gates: lines.map((_, n) => ({
      ...{ id: `gate-${n}`, label, area: 'campus' },
      ...{ reader: `reader-${n}`, barrier: `board-${n}` },
    })),
  };
}
