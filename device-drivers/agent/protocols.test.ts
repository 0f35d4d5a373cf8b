import { expect, it } from 'vitest';
import { builtInProfiles } from '@hallhub/firmware-profiles/schema';
import { builtInProtocols, loadProtocol } from './protocols.ts';

it.each(builtInProtocols)('the protocol $name is where it is said to be', async (place) => {
  expect(await loadProtocol(place)).toMatchObject({ name: place.name });
});

it('there is a place for the protocol of every profile, and one only', () => {
  const names = builtInProtocols.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { protocol } of builtInProfiles().list()) expect(names).toContain(protocol);
});
