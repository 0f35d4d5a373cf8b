import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  CONTENT_SECURITY_POLICY,
  PARTITION,
  isAllowedKey,
  isOwn,
  isSavable,
  isScreen,
  pageOf,
  windowOptions,
} from './policy.ts';

describe('the window', () => {
  const { webPreferences, ...window } = windowOptions('/preload.cjs');

  it('gives a page nothing of Node and nothing to open', () => {
    expect(webPreferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
      devTools: false,
    });
    expect(window).toMatchObject({ kiosk: true, frame: false });
  });

  it('keeps nothing on the disk', () => {
    expect(PARTITION.startsWith('persist:')).toBe(false);
    expect(webPreferences?.partition).toBe(PARTITION);
  });
});

describe('an address', () => {
  test.each(['app://kiosk/kiosk/hall', pageOf('图书馆 一层')])('%s is a screen', (address) => {
    expect(isScreen(address)).toBe(true);
  });
  test.each([
    'https://example.org/kiosk/hall',
    'app://kiosk.example.org/kiosk/hall',
    'app://other/kiosk/hall',
    'app://user:word@kiosk/kiosk/hall',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'data:text/html,x',
    '',
  ])('%s is not ours', (address) => {
    expect(isOwn(address)).toBe(false);
    expect(isScreen(address)).toBe(false);
    expect(isSavable(address)).toBe(false);
  });
  it('of the API is no screen, and only the log may be saved', () => {
    expect(isScreen('app://kiosk/api/kiosks/hall/certificates/1/document')).toBe(false);
    expect(isSavable('app://kiosk/api/kiosks/hall/certificates/1/document')).toBe(false);
    expect(isSavable('app://kiosk/api/kiosks/hall/service/log')).toBe(true);
  });
  it('is never taken for ours by how it begins', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (address) => {
        expect(isOwn(address)).toBe(false);
      }),
    );
  });
});

describe('a key', () => {
  const key = (name: string, held: Partial<Record<'control' | 'alt' | 'meta', boolean>> = {}): boolean =>
    isAllowedKey({ key: name, control: false, alt: false, meta: false, ...held });

  it('moves and types', () => {
    for (const name of ['Tab', 'Enter', 'a', '7', ' ', '喆']) expect(key(name)).toBe(true);
  });
  it('leads nowhere else, whatever is held with it', () => {
    for (const name of ['F1', 'F5', 'F11', 'F12', 'Escape', 'BrowserBack', 'Super']) expect(key(name)).toBe(false);
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('control' as const, 'alt' as const, 'meta' as const), (name, held) => {
        expect(key(name, { [held]: true })).toBe(false);
      }),
    );
  });
});

it('holds the page to its own policy, wherever it is served', () => {
  const html = readFileSync(join(import.meta.dirname, '../ui/index.html'), 'utf8');
  const own = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(html)?.[1];
  expect(`${own ?? ''}; frame-ancestors 'none'`).toBe(CONTENT_SECURITY_POLICY);
  expect(CONTENT_SECURITY_POLICY).not.toMatch(/unsafe|\*|https?:/);
});

it('is packed with every fuse of the checklist', () => {
  const file = join(import.meta.dirname, '../packaging/electron-builder.json');
  const { asar, electronFuses } = JSON.parse(readFileSync(file, 'utf8')) as { asar: boolean; electronFuses: object };
  expect(asar).toBe(true);
  expect(electronFuses).toMatchObject({
    runAsNode: false,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    grantFileProtocolExtraPrivileges: false,
    onlyLoadAppFromAsar: true,
    enableCookieEncryption: true,
  });
});
