import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settingsOf } from './verify-site-command.ts';

let folder: string;
let needed: readonly string[];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hallhub-site-'));
  writeFileSync(join(folder, 'token'), `${'t'.repeat(32)}\n`);
  writeFileSync(join(folder, 'short'), 'short');
  needed = ['--hub', 'hub-1', '--token-file', join(folder, 'token')];
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('hallhub verify-site', () => {
  test('needs a hub and its token only, and then listens on loopback and believes no proxy', () => {
    expect(settingsOf(needed)).toMatchObject({
      ok: true,
      value: {
        host: '127.0.0.1',
        port: 8091,
        trustProxy: [],
        roots: [],
        hubs: [{ id: 'hub-1', token: 't'.repeat(32) }],
      },
    });
  });

  test('may be open to a network in plain HTTP behind a named proxy', () => {
    const open = [...needed, '--host', '0.0.0.0'];
    expect(settingsOf([...open, '--trust-proxy', '10.1.2.3,fd00::/8'])).toMatchObject({
      ok: true,
      value: { trustProxy: ['10.1.2.3', 'fd00::/8'] },
    });
    expect(settingsOf(open)).toMatchObject({
      error: { code: 'E-VERIFY-0301', detail: expect.stringContaining('plain HTTP') as unknown },
    });
  });

  test.each([
    [['--hub', 'hub-1'], '--token-file'],
    [['--port', '70000'], '--port'],
    [['--cert', 'a.pem'], 'belong together'],
    [['--trust-proxy', 'everybody'], 'everybody'],
    [['--trust-proxy', '10.0.0.0/33'], '10.0.0.0/33'],
    [['--time-zone', 'Asia/Nowhere'], 'Asia/Nowhere'],
    [['--trust', '/nonexistent.pem'], '/nonexistent.pem'],
    [['--loud'], '--loud'],
  ])('says what is wrong with %o', (more, what) => {
    const all = more.includes('--hub') ? more : [...needed, ...more];
    const settings = settingsOf(all);
    expect(settings).toMatchObject({ ok: false, error: { code: 'E-VERIFY-0301' } });
    expect(settings.ok ? '' : settings.error.detail).toContain(what);
  });

  test('refuses a token that could be guessed', () => {
    const settings = settingsOf(['--hub', 'hub-1', '--token-file', join(folder, 'short')]);
    expect(settings).toMatchObject({ ok: false, error: { code: 'E-VERIFY-0301' } });
  });
});
