import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../base/index.ts';
import { trustRoots } from '../verification/index.ts';
import { startReferenceHall } from './index.ts';

/**
 * Runs the hall alone: `HALL_PORT` (8090), `HALL_DATA_DIR` (data/hall), `HALL_HUB` (hub-1), `HALL_TOKEN` (needed),
 * `HALL_TRUST` (a PEM file: whose signatures its page `/verify` believes).
 */
const { HALL_PORT, HALL_DATA_DIR, HALL_HUB, HALL_TOKEN, HALL_TRUST } = process.env;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

if (HALL_TOKEN === undefined || HALL_TOKEN.length < 16) {
  process.stderr.write('HALL_TOKEN: set the token that the hub will show, at least 16 characters.\n');
  process.exit(2);
}
const hall = await startReferenceHall({
  dataDir: HALL_DATA_DIR ?? join(process.cwd(), 'data', 'hall'),
  port: Number(HALL_PORT ?? 8090),
  clock: systemClock({ mode: 'production' }),
  hubs: [{ id: HALL_HUB ?? 'hub-1', token: HALL_TOKEN }],
  seed: true,
  verify: {
    ...(HALL_TRUST !== undefined && { roots: trustRoots(readFileSync(HALL_TRUST, 'utf8')) }),
    onRefused: ({ refused, misses }) => {
      say(`verify page: ${refused} refused, ${misses} asked in vain`);
    },
  },
});
say(`网上办事大厅 / reference hall  ${hall.url}`);
say(`signing key  ${hall.keyId}  ${hall.publicKey}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void hall.close();
  });
}
