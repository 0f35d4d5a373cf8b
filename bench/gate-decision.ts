import { join } from 'node:path';
import { createPtyPair } from '@hallhub/device-drivers/kit/testing';
import { createSerialTransport } from '@hallhub/device-drivers/transports';
import { systemClock, unwrap, uuidv7 } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import { encodeCommand } from '../device-drivers/protocols/resident-id/frames.ts';
import { encodeRequest } from '../device-drivers/protocols/modbus/rtu-frames.ts';
import { schemaComponents } from '../hub/parts.ts';
import { pause, startChild } from './kit/children.ts';
import { withFolder } from './kit/folder.ts';
import { fillPasses } from './kit/gates-by-hand.ts';
import { benchVault, createBenchGate, isOrder } from './kit/gate.ts';
import { median, quantile, remark, report } from './kit/measure.ts';
import { residentNumber } from './kit/people.ts';

/*
 * From the arrival that holds the last byte of a card to the moment when the order for the relay has been handed to the
 * system: framing, decoding, keyed hash, lookup, decision, durable commit, encoding, write. Reader and board are a process
 * of their own on ptys; the bare loop on the same ptys, in the same process and on the same file does one point lookup,
 * one commit of one row with synchronous=FULL, and writes the same bytes. Blocks of both take turns.
 */
const SIZES = [1_000, 10_000, 100_000, 1_000_000];
const ROUNDS = 4;
const BLOCK = 125;
const CARD_FRAME_BYTES = 1_295;
/** A line that was just opened is left alone for 700 ms; the cards that were read meanwhile must have been served as well. */
const SETTLING_MS = 1_500;
const LONGEST_BLOCK_MS = 20_000;

const clock = systemClock({ mode: 'production' });
const vault = benchVault();

await withFolder(async (folder) => {
  const db = openDatabase({ file: join(folder, 'hub.db') });
  migrate({ db, components: schemaComponents });
  db.exec('CREATE TABLE bare_entry (seq INTEGER PRIMARY KEY, id TEXT, at INTEGER, credential BLOB)');
  let stored = 0;
  for (const size of SIZES) {
    const begun = performance.now();
    fillPasses({ db, clock, vault }, stored, size);
    remark(`${size} passes, filled in ${((performance.now() - begun) / 1_000).toFixed(1)} s`);
    stored = size;
    await compare(db, size, false);
    if (size === 100_000) await compare(db, size, true);
  }
  db.close();
});

async function compare(db: Db, people: number, polled: boolean): Promise<void> {
  const [readerLine, boardLine] = [await createPtyPair(), await createPtyPair()];
  const ends = startChild(join(import.meta.dirname, 'kit/line-ends-main.ts'), [
    ...['--reader', readerLine.b, '--board', boardLine.b, '--people', String(people)],
  ]);
  await ends.next();
  const gate: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    gate.push(...(await gateBlock(db, readerLine.a, boardLine.a, polled)));
    bare.push(...(await bareBlock(db, readerLine.a, boardLine.a, people)));
  }
  await ends.end();
  await Promise.all([readerLine.close(), boardLine.close()]);

  const granted = db.prepare<[], number>("SELECT count(*) FROM gate_entry WHERE state <> 'refused'").pluck().get();
  const refused = db.prepare<[], number>("SELECT count(*) FROM gate_entry WHERE state = 'refused'").pluck().get();
  if (refused !== 0 || granted === 0) throw new Error(`${refused} of ${granted} cards were refused`);
  for (const [name, q] of [
    ['p50', 0.5],
    ['p99', 0.99],
  ] as const) {
    report({
      name: `gate-decision/${people}${polled ? '/polled' : ''}/${name}`,
      value: quantile(gate, q),
      unit: 'ms',
      baseline: 'bare loop on the same ptys: one lookup, one FULL commit, the same relay bytes',
      baselineValue: quantile(bare, q),
      ...(name === 'p99' && { aim: polled ? 'reported, no aim' : '5 ms, flat as passes grow' }),
      samples: gate.length,
      ...(name === 'p99' && { worst: Math.max(...gate), baselineWorst: Math.max(...bare), p50: median(gate) }),
    });
  }
}

/** The product: its own drivers, gate, journal and outbox. */
async function gateBlock(db: Db, readerPath: string, boardPath: string, polled: boolean): Promise<readonly number[]> {
  const samples: number[] = [];
  const settled = performance.now() + SETTLING_MS;
  let lastArrival = 0;
  const gate = createBenchGate({
    db,
    clock,
    vault,
    readerPath,
    boardPath,
    polled,
    onReaderData: () => {
      lastArrival = performance.now();
    },
    onBoardWrite: (bytes) => {
      if (isOrder(bytes) && lastArrival > settled) samples.push(performance.now() - lastArrival);
    },
  });
  gate.start();
  await enough(samples);
  await gate.stop();
  // The first card of a block meets code and pages that are cold after a pause that no gate ever has.
  return samples.slice(5, 5 + BLOCK);
}

/** The least that could open this gate. */
async function bareBlock(db: Db, readerPath: string, boardPath: string, people: number): Promise<readonly number[]> {
  const samples: number[] = [];
  const lookup = db.prepare('SELECT * FROM gate_credential WHERE credential = ?');
  const insert = db.prepare('INSERT INTO bare_entry (id, at, credential) VALUES (?, ?, ?)');
  const ask = encodeCommand({ command: 'read', fingerprints: false });
  const order = encodeRequest({ function: 'flash-on', unit: 1, channel: 0, tenths: 7 });
  const reader = createSerialTransport({ path: readerPath, baudRate: 115_200 });
  const board = createSerialTransport({ path: boardPath, baudRate: 115_200 });
  unwrap(await reader.open());
  unwrap(await board.open());
  // Hashed beforehand, so that the lookup goes to another page each time without a hash in the bare loop.
  const credentials = Array.from({ length: 512 }, (_, n) =>
    vault.match('resident-id', residentNumber((n * 7_919) % people)),
  );
  let arrived = 0;
  reader.onData((bytes) => {
    const lastArrival = performance.now();
    arrived += bytes.length;
    if (arrived < CARD_FRAME_BYTES) return;
    arrived = 0;
    const credential = credentials[samples.length % credentials.length];
    lookup.all(credential);
    insert.run(uuidv7(clock.now()), clock.now(), credential);
    void board.write(order);
    samples.push(performance.now() - lastArrival);
    setTimeout(() => void reader.write(ask), 8);
  });
  await pause(300);
  arrived = 0;
  void reader.write(ask);
  await enough(samples);
  await reader.close();
  await board.close();
  return samples.slice(5, 5 + BLOCK);
}

async function enough(samples: readonly number[]): Promise<void> {
  const begun = performance.now();
  while (samples.length < BLOCK + 5) {
    if (performance.now() - begun > LONGEST_BLOCK_MS)
      throw new Error(`only ${samples.length} decisions in ${LONGEST_BLOCK_MS} ms`);
    await pause(20);
  }
}
