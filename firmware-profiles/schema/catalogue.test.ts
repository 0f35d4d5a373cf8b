import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { editorSchemas } from './editor-schemas.ts';
import { builtInProfiles, compareVersions, loadProfiles, loadVectors, paramsFor } from './index.ts';

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
    for (const id of ['generic/ipp-everywhere', 'generic/modbus-relay-flash', 'generic/resident-id-serial'])
      expect(ids).toContain(id);
  });
});

describe('editor schemas', () => {
  it.each(Object.entries(editorSchemas()))('%s is what the loader checks with', async (name, json) => {
    const file: unknown = JSON.parse(await readFile(join(import.meta.dirname, name), 'utf8'));
    expect(file).toEqual(JSON.parse(json));
  });

  it('may extend a template, whose lists they keep and whose parameters they merge', async () => {
    await mkdir(join(folder, 'templates', 'generic'), { recursive: true });
    await writeFile(
      join(folder, 'templates', 'generic', 'base.json'),
      JSON.stringify({ ...GOOD, params: { unit: 1, relays: 8 }, quirks: [{ zh: '慢', en: 'slow' }] }),
    );
    await write('some.json', {
      extends: 'generic/base',
      label: { zh: '十六路', en: 'Sixteen' },
      params: { relays: 16 },
    });
    await write('some.vectors.json', VECTORS);
    const loaded = loadProfiles(folder);
    expect(loaded.ok && loaded.value.list()).toMatchObject([
      { id: 'generic/some', label: { en: 'Sixteen' }, params: { unit: 1, relays: 16 }, quirks: [{ en: 'slow' }] },
    ]);
  });

  it('are refused when what they extend is missing or goes round in a circle', async () => {
    await write('some.json', { extends: 'generic/base' });
    await write('some.vectors.json', VECTORS);
    expect(problem()).toContain('E-PROFILE-0104');
    await mkdir(join(folder, 'templates', 'generic'), { recursive: true });
    await writeFile(join(folder, 'templates', 'generic', 'base.json'), JSON.stringify({ extends: 'generic/base' }));
    expect(problem()).toContain('E-PROFILE-0104');
  });

  it('give other parameters where the firmware says so, the later condition over the earlier', async () => {
    await write('some.json', {
      ...GOOD,
      params: { pulse: 'device', unit: 1 },
      conditions: [
        { firmware: { below: '2.10' }, params: { pulse: 'host' } },
        { firmware: { from: '2.9', below: '2.10' }, params: { pulse: 'none' } },
      ],
    });
    await write('some.vectors.json', VECTORS);
    const loaded = loadProfiles(folder);
    const profile = loaded.ok ? loaded.value.get('generic/some') : undefined;
    if (!profile) throw new Error('no profile');
    expect(paramsFor(profile)).toEqual({ pulse: 'device', unit: 1 });
    expect(paramsFor(profile, '1.0')).toEqual({ pulse: 'host', unit: 1 });
    expect(paramsFor(profile, '2.9.4')).toEqual({ pulse: 'none', unit: 1 });
    expect(paramsFor(profile, '2.10')).toEqual({ pulse: 'device', unit: 1 });
  });
});

describe('versions', () => {
  it('are ordered by their numbers, not by their letters', () => {
    const part = fc.nat(40);
    const version = fc.array(part, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(version, version, (a, b) => {
        const width = Math.max(a.length, b.length);
        const pad = (numbers: number[]) => [...numbers, ...new Array<number>(width - numbers.length).fill(0)];
        const [left, right] = [pad(a), pad(b)];
        const first = left.findIndex((number, index) => number !== right[index]);
        const expected = first === -1 ? 0 : Math.sign((left[first] ?? 0) - (right[first] ?? 0));
        expect(Math.sign(compareVersions(a.join('.'), b.join('.')))).toBe(expected);
      }),
    );
  });
});
