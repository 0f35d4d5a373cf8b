import { setTimeout as wait } from 'node:timers/promises';
import { startDemo } from '../hub/demo/demo.ts';
import { withFolder } from './kit/folder.ts';
import { quantile, report } from './kit/measure.ts';

/*
 * From the commit of a revocation in the hall to the moment when the gate of a connected hub refuses: the fast lane over
 * HTTP, signature, one durable transaction. Beside it, one bare HTTP request to the same hall.
 */
const ROUNDS = 60;
const HOUR = 3_600_000;

await withFolder(async (folder) => {
  const demo = await startDemo({ dataDir: folder, port: 0, hallPort: 0 });
  const { hub, hall } = demo;
  const revoked = (id: string): boolean => hub.requests.get(id)?.state === 'revoked';
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await wait(1);
  };
  const enforced: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const applied = hall.requests.apply({
      kind: 'visitor-access',
      validFrom: new Date(Date.now() - HOUR).toISOString(),
      validUntil: new Date(Date.now() + HOUR).toISOString(),
      data: {
        people: [{ name: '访客', document: { type: 'passport', number: `E${10_000_000 + round}` } }],
        gates: ['east-1'],
        host: { name: '接待' },
      },
    });
    if (!applied.ok) throw new Error(applied.error.code);
    const id = applied.value;
    hall.requests.approve(id);
    await until(() => hub.requests.get(id)?.state === 'approved');
    const begun = performance.now();
    hall.requests.revoke(id, 'bench');
    await until(() => revoked(id));
    enforced.push(performance.now() - begun);
    const asked = performance.now();
    await (await fetch(hall.url)).arrayBuffer();
    bare.push(performance.now() - asked);
  }
  await demo.close();
  for (const [name, share] of [
    ['p50', 0.5],
    ['p99', 0.99],
  ] as const) {
    report({
      name: `revocation/${name}`,
      value: quantile(enforced, share),
      unit: 'ms',
      baseline: 'one bare HTTP request to the same hall',
      baselineValue: quantile(bare, share),
      ...(name === 'p99' && { aim: 'value < 1000', worst: Math.max(...enforced) }),
      samples: ROUNDS,
    });
  }
});
