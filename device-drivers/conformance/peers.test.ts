import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Profile, builtInProfiles } from '@hallhub/firmware-profiles/schema';
import { builtInConformance } from './index.ts';
import { escposSchema } from '../protocols/escpos/params.ts';
import { readByNpos } from '../protocols/escpos/testing/read-by-npos.ts';

/** What a profile's own parameters come to is given to an implementation written elsewhere; throws when that reads it otherwise. */
const RUNS: Readonly<Record<string, (profile: Profile) => Promise<unknown>>> = {
  npos: ({ params }) => readByNpos(escposSchema.parse(params)),
};

const claims = builtInProfiles()
  .list()
  .flatMap((profile) =>
    profile.peers.filter(({ run }) => run === 'ci').map(({ tool }) => ({ id: profile.id, tool, profile })),
  );

describe('a profile that claims to run against a peer each time', () => {
  it.each(claims)('$id does: $tool', async ({ tool, profile }) => {
    const run = RUNS[tool];
    if (!run) throw new Error(`no test runs ${tool} for a profile`);
    await expect(run(profile)).resolves.toBeDefined();
  });

  it('is one for every peer that has a run here', () => {
    expect(new Set(claims.map(({ tool }) => tool))).toEqual(new Set(Object.keys(RUNS)));
  });
});

describe('a protocol that claims to run against a peer each time', () => {
  const runs = builtInConformance.flatMap(({ protocol, peers = [] }) => peers.map((peer) => ({ protocol, ...peer })));

  it.each(runs)('$protocol does: $tool', ({ tool, test }) => {
    const found = readdirSync(join(import.meta.dirname, '../protocols'), { recursive: true, encoding: 'utf8' })
      .filter((path) => basename(path) === test)
      .map((path) => readFileSync(join(import.meta.dirname, '../protocols', path), 'utf8'));
    expect(found).toEqual([expect.stringContaining(tool.split(' ')[0] ?? tool)]);
  });
});

describe('a profile that ran against a peer by hand', () => {
  const byHand = builtInProfiles()
    .list()
    .flatMap(({ id, peers }) => peers.filter(({ run }) => run === 'by-hand').map((run) => ({ id, ...run })));

  it.each(byHand)('$id says which version of $tool it was', ({ version }) => {
    expect(version).toMatch(/^\d+(\.\d+)+$/);
  });
});
