import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { EpochMs } from '@hallhub/sync/base';
import { ms, seconds, systemClock } from '@hallhub/sync/base';
import { createSerialTransport } from '../../transports/index.ts';
import { createReaderSimulator } from './simulator.ts';
import type { ReaderFaults, SimulatedCard } from './simulator-types.ts';

/*
 * A simulated reader as a process of its own, on a serial port or a pty:
 *
 *   node device-drivers/protocols/resident-id/simulator-main.ts --path /dev/pts/3 [--baud 115200] [--read-time-ms 0]
 *     [--variant standard|cvr-100au-nj|stx-number]
 *
 * It takes one JSON object a line on stdin and answers each with one on stdout:
 *   {"do":"put","card":{"layout":"resident","name":"…","number":"…"}}   {"do":"lift"}   {"do":"faults","faults":{…}}
 *   {"do":"missed"} is answered when whoever asks the reader has found no card on it for a second
 *   → {"ok":true}  or  {"ok":false,"error":"…"}
 * {"event":"ready"} comes first. It ends when stdin does.
 */
const card = z.custom<SimulatedCard>(
  (value) =>
    z
      .looseObject({ layout: z.enum(['resident', 'hk-mo-tw', 'foreign-2017', 'foreign-2023']), number: z.string() })
      .safeParse(value).success,
  'a card needs a layout and a number',
);
const status = z.int().min(0).max(255).optional();
const faults = z.strictObject({
  status: z.strictObject({ find: status, select: status, read: status }).optional(),
  noiseBytes: z.int().min(0).optional(),
  tearAfter: z.int().min(0).optional(),
  badChecksum: z.boolean().optional(),
  findOnce: z.boolean().optional(),
  silent: z.boolean().optional(),
  slow: z.number().transform(ms).optional(),
  duplicate: z.boolean().optional(),
});
const order = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('put'), card }),
  z.strictObject({ do: z.literal('lift') }),
  z.strictObject({ do: z.literal('faults'), faults }),
  z.strictObject({ do: z.literal('missed') }),
]);
/** By then every host calls a card gone that it no longer finds. */
const MISSED_FOR = seconds(1);

const say = (message: object): void => {
  process.stdout.write(`${JSON.stringify(message)}\n`);
};

const { values } = parseArgs({
  options: {
    path: { type: 'string' },
    baud: { type: 'string', default: '115200' },
    'read-time-ms': { type: 'string', default: '0' },
    variant: { type: 'string', default: 'standard' },
  },
});
if (values.path === undefined) {
  process.stderr.write('--path is missing: the serial port or pty to be a reader on\n');
  process.exit(2);
}
const baudRate = Number(values.baud);
const variant = z.enum(['standard', 'cvr-100au-nj', 'stx-number']).safeParse(values.variant);
if (!variant.success) {
  process.stderr.write('--variant is standard, cvr-100au-nj or stx-number\n');
  process.exit(2);
}
const simulator = createReaderSimulator({
  transport: createSerialTransport({ path: values.path, baudRate }),
  clock: systemClock({ mode: 'test' }),
  baudRate,
  variant: variant.data,
  readTime: ms(Number(values['read-time-ms'])),
});
let missedSince: EpochMs | undefined;
let missed: () => void = () => undefined;
simulator.onTraffic(({ at, direction, meaning }) => {
  if (direction !== 'out') return;
  if (meaning !== 'no card') missedSince = undefined;
  else if (at - (missedSince ??= at) >= MISSED_FOR) missed();
});
const started = await simulator.start();
if (!started.ok) {
  process.stderr.write(`${started.error.code} ${started.error.detail ?? ''}\n`);
  process.exit(1);
}
say({ event: 'ready' });

for await (const line of createInterface({ input: process.stdin })) {
  const parsed = order.safeParse(parseJson(line));
  if (!parsed.success) {
    say({ ok: false, error: z.prettifyError(parsed.error) });
    continue;
  }
  switch (parsed.data.do) {
    case 'put':
      simulator.putCard(parsed.data.card);
      break;
    case 'lift':
      simulator.liftCard();
      break;
    case 'faults':
      simulator.setFaults(withoutUndefined(parsed.data.faults));
      break;
    case 'missed':
      await new Promise<void>((resolve) => {
        missed = resolve;
      });
  }
  say({ ok: true });
}
await simulator.stop();

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** The schema's optional fields may be present and undefined; the simulator's may only be absent. */
function withoutUndefined(given: z.infer<typeof faults>): ReaderFaults {
  return JSON.parse(JSON.stringify(given)) as ReaderFaults;
}
