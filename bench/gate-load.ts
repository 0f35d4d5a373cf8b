import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { systemClock, uuidv7 } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { migrate, openDatabase, outboxSchema } from '@hallhub/sync/sqlite';
import { edgeConfigSchema } from '../hub/gates/edge/index.ts';
import { gatesSchema } from '../hub/gates/index.ts';
import { gateCodeSchema } from '../hub/gates/qr/index.ts';
import { schemaComponents } from '../hub/parts.ts';
import { memoryOf } from './kit/children.ts';
import { withFolder } from './kit/folder.ts';
import { benchVault } from './kit/gate.ts';
import type { GatesByHand } from './kit/gates-by-hand.ts';
import { agentGates, fillPasses, hubGates } from './kit/gates-by-hand.ts';
import { MiB, quantile, remark, report } from './kit/measure.ts';
import { residentNumber } from './kit/people.ts';

/*
 * The day on which the new students come: 40 gates, 200 cards a second for a minute, injected behind the framer, each
 * decided, committed and walked through. A card's time is from the moment at which it was due, so that a card that waited
 * behind others counts its wait. Once as the hub runs its gates, with 200,000 passes; once as an agent does; and with a
 * million passes at the pace of ten cards a second, where what is measured is the decision. The bare loop at the same pace
 * on the same file does one lookup and one commit of one row for each card and each passage.
 */
const GATES = 40;
const STRIDE = 7_919;
const clock = systemClock({ mode: 'production' });
const vault = benchVault();
const places = [
  { place: 'hub', components: schemaComponents, run: hubGates },
  { place: 'agent', components: [outboxSchema, gatesSchema, gateCodeSchema, edgeConfigSchema], run: agentGates },
];
const loads = [
  { people: 200_000, perSecond: 200, seconds: 60 },
  { people: 1_000_000, perSecond: 10, seconds: 60 },
];

for (const { place, components, run } of places) {
  await withFolder(async (folder) => {
    const db = openDatabase({ file: join(folder, 'gates.db') });
    migrate({ db, components });
    db.exec('CREATE TABLE bare_entry (seq INTEGER PRIMARY KEY, id TEXT, at INTEGER, credential BLOB)');
    let filled = 0;
    for (const { people, perSecond, seconds } of loads) {
      fillPasses({ db, clock, vault }, filled, people);
      filled = people;
      remark(`${place}: ${people} passes`);
      const before = memoryOf('self').now;
      const opened: (() => void)[] = [];
      const gates = run({
        ...{ db, clock, vault, gates: GATES },
        onOpen: (gate) => {
          opened[gate]?.();
        },
      });
      const cards = await drive({ perSecond, seconds, people }, (gate, number, done) => {
        opened[gate] = done;
        gates.card(gate, number);
        walkLater(gates, gate);
      });
      gates.stop();
      const grown = memoryOf('self').now - before;
      const bare = await drive({ perSecond, seconds: seconds / 3, people }, bareLoop(db));
      for (const [name, q] of [
        ['p50', 0.5],
        ['p99', 0.99],
      ] as const) {
        report({
          name: `gate-load/${place}/${people}/${name}`,
          value: quantile(cards.took, q),
          unit: 'ms',
          baseline: 'bare loop at the same pace: one lookup, one FULL commit for the card and one for the passage',
          baselineValue: quantile(bare.took, q),
          ...(name === 'p99' && {
            worst: Math.max(...cards.took),
            baselineWorst: Math.max(...bare.took),
            missed: cards.asked - cards.took.length,
            grownMiB: grown / MiB,
          }),
          perSecond,
          samples: cards.took.length,
        });
      }
    }
    db.close();
  });
}

type Present = (gate: number, number: string, done: () => void) => void;

/** Cards at a steady pace, one gate after the other; what was due while something else went on is caught up with. */
async function drive(
  load: { readonly perSecond: number; readonly seconds: number; readonly people: number },
  present: Present,
): Promise<{ readonly took: readonly number[]; readonly asked: number }> {
  const total = load.perSecond * load.seconds;
  const numbers = Array.from({ length: total }, (_, n) => residentNumber(((n + 1) * STRIDE) % load.people));
  const took: number[] = [];
  const begun = performance.now() + 100;
  for (const [n, number] of numbers.entries()) {
    const due = begun + (n * 1_000) / load.perSecond;
    const left = due - performance.now();
    if (left > 0) await wait(left);
    present(n % GATES, number, () => took.push(performance.now() - due));
  }
  await wait(500);
  if (took.length === 0) throw new Error('no gate opened for anybody');
  return { took, asked: total };
}

/** Somebody who was let in walks through a moment later. */
function walkLater(gates: GatesByHand, gate: number): void {
  setTimeout(() => {
    gates.walk(gate);
  }, 40);
}

function bareLoop(db: Db): Present {
  const lookup = db.prepare('SELECT * FROM gate_credential WHERE credential = ?');
  const insert = db.prepare('INSERT INTO bare_entry (id, at, credential) VALUES (?, ?, ?)');
  return (_gate, number, done) => {
    const credential = vault.match('resident-id', number);
    lookup.all(credential);
    insert.run(uuidv7(clock.now()), clock.now(), credential);
    done();
    setTimeout(() => insert.run(uuidv7(clock.now()), clock.now(), credential), 40);
  };
}
