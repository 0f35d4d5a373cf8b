import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MadeApp } from './make-app.ts';
import { makeApp } from './make-app.ts';

const ROOT = join(import.meta.dirname, '../..');
let out: string;
let made: MadeApp;
beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'hallhub-app-'));
  made = makeApp(out);
  symlinkSync(join(ROOT, 'node_modules'), join(out, 'node_modules'));
});
afterAll(() => {
  rmSync(out, { recursive: true });
});

/** Runs it as a packed program runs: nothing takes types off. */
const run = (script: string) =>
  spawnSync(process.execPath, ['--no-strip-types', '--input-type=module', '--eval', script], {
    cwd: out,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  });

describe('what is packed', () => {
  test('is plain JavaScript that names no TypeScript and no package of this repository', () => {
    for (const file of made.modules.map((name) => name.replace(/\.ts$/, '.js'))) {
      const code = readFileSync(join(out, file), 'utf8');
      expect(/(?:from|import|URL)\b[^\n;]*['"]\.[^'"\n]*\.ts['"]/.exec(code), file).toBeNull();
      expect(/(?:\bfrom|\bimport)\s*\(?\s*['"]@hallhub\//.exec(code), file).toBeNull();
    }
    expect(made.modules).toContain('device-drivers/agent/isolation/worker.ts');
    expect(made.modules.filter((name) => /test|demo\/|reference-hall|simulator/.test(name))).toEqual([]);
  });

  test('names every package that it needs, with the version that is tested here, and Electron is none of them', () => {
    const names = Object.keys(made.dependencies);
    expect(names).toEqual(expect.arrayContaining(['better-sqlite3', 'mqtt', 'serialport', 'zod']));
    expect(names).not.toContain('electron');
    for (const [name, version] of Object.entries(made.dependencies)) {
      const own = JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')) as object;
      expect(own).toMatchObject({ version });
    }
    const app = JSON.parse(readFileSync(join(out, 'package.json'), 'utf8')) as { main: string };
    expect(app).toMatchObject({ main: 'kiosk-app/main/main.js', dependencies: made.dependencies });
    for (const file of [app.main, 'kiosk-app/preload/preload.cjs', 'kiosk-app/dist/ui/index.html']) {
      expect(existsSync(join(out, file)), file).toBe(true);
    }
  });

  test('loads every protocol and every profile with nothing but Node', () => {
    const script = `
      const { loadBuiltInProtocols, builtInProtocols } = await import('./device-drivers/agent/protocols.js');
      const { builtInFiles } = await import('./firmware-profiles/schema/index.js');
      const loaded = await loadBuiltInProtocols();
      console.log(JSON.stringify({ protocols: loaded.length === builtInProtocols.length, files: builtInFiles().size }));`;
    const { stdout, stderr } = run(script);
    expect(stderr).toBe('');
    const told = JSON.parse(stdout) as { protocols: boolean; files: number };
    expect(told.protocols).toBe(true);
    expect(told.files).toBeGreaterThan(10);
  });

  test('has the configuration that the packer reads, which takes all of it and sets the fuses', () => {
    const text = readFileSync(join(import.meta.dirname, 'electron-builder.json'), 'utf8');
    const config = JSON.parse(text) as { directories: { app: string }; linux: { extraFiles: { from: string }[] } };
    expect(config).toMatchObject({
      directories: { app: 'kiosk-app/dist/app' },
      files: ['**/*'],
      electronFuses: { runAsNode: false, onlyLoadAppFromAsar: true },
    });
    for (const { from } of config.linux.extraFiles) expect(existsSync(join(ROOT, from)), from).toBe(true);
  });
});
