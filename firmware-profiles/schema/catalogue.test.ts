import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { editorSchemas } from './editor-schemas.ts';
import { builtInProfiles, loadProfiles, loadVectors } from './index.ts';

const GOOD = {
  label: { zh: '某设备', en: 'Some device' },
  protocol: 'some-protocol',
  transport: { kind: 'serial', baudRate: 9600 },
  capabilities: ['barrier'],
  evidence: ['vectors'],
  sources: ['a manual'],
};
const VECTORS = { vectors: [{ name: 'open', direction: 'request', hex: '0102', message: { open: true } }] };

let folder: string;
const write = async (name: string, content: unknown): Promise<void> => {
  await mkdir(join(folder, 'generic'), { recursive: true });
  await writeFile(join(folder, 'generic', name), typeof content === 'string' ? content : JSON.stringify(content));
};
const problem = (): string => {
  const loaded = loadProfiles(folder);
  return loaded.ok ? 'none' : `${loaded.error.code} ${loaded.error.detail ?? ''}`;
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'profiles-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('profiles', () => {
  it('are known by their place in the tree', async () => {
    await write('some.json', GOOD);
    await write('some.vectors.json', VECTORS);
    const loaded = loadProfiles(folder);
    expect(loaded.ok && loaded.value.get('generic/some')).toMatchObject({ id: 'generic/some', params: {}, quirks: [] });
    expect(loadVectors('generic/some', folder)).toMatchObject({ ok: true, value: [{ hex: '0102' }] });
  });

  it.each([
    ['an unknown key', { ...GOOD, colour: 'red' }, 'colour'],
    ['a capability that nobody has', { ...GOOD, capabilities: ['teleporter'] }, 'capabilities'],
    ['no evidence', { ...GOOD, evidence: [] }, 'evidence'],
    ['a label in one language', { ...GOOD, label: { zh: '某' } }, 'label.en'],
  ])('with %s are refused, and the place is named', async (_name, profile, place) => {
    await write('some.json', profile);
    await write('some.vectors.json', VECTORS);
    expect(problem()).toContain('E-PROFILE-0102');
    expect(problem()).toContain(place);
  });

  it('are refused without vectors, and when they are no JSON', async () => {
    await write('some.json', GOOD);
    expect(problem()).toBe('E-PROFILE-0103 generic/some');
    await write('some.json', '{ "label"');
    expect(problem()).toContain('E-PROFILE-0101');
  });

  it('are refused where there is no folder', () => {
    const nowhere = join(folder, 'nowhere');
    expect(loadProfiles(nowhere)).toMatchObject({ ok: false, error: { code: 'E-PROFILE-0101' } });
    expect(loadVectors('generic/some', nowhere)).toMatchObject({ ok: false });
  });

  it('that come with the product are all sound', () => {
    const ids = builtInProfiles()
      .list()
      .map(({ id }) => id);
    expect(ids).toEqual(['generic/ipp-everywhere', 'generic/modbus-relay-flash', 'generic/resident-id-serial']);
  });
});

describe('editor schemas', () => {
  it.each(Object.entries(editorSchemas()))('%s is what the loader checks with', async (name, json) => {
    const file: unknown = JSON.parse(await readFile(join(import.meta.dirname, name), 'utf8'));
    expect(file).toEqual(JSON.parse(json));
  });
});
