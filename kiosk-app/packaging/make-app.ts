import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtInProtocols } from '@hallhub/device-drivers/agent';

/*
 * Makes of the sources what electron-builder packs: Node takes types off no file inside a package, so everything that the
 * shell and the agent load is written out as plain JavaScript, each file where it was. Nothing is bundled: the agent starts
 * threads and loads protocols by the places of their files.
 *
 *   node kiosk-app/packaging/make-app.ts        into kiosk-app/dist/app
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ENTRIES = ['kiosk-app/main/main.ts', 'kiosk-app/agent/main.mjs'];
/** What is read and not loaded. */
const FILES = [
  'kiosk-app/preload/preload.cjs',
  'kiosk-app/dist/ui',
  'hub/package.json',
  'firmware-profiles/profiles',
  'LICENSE',
];
/** Comes with the shell itself. */
const GIVEN = new Set(['electron']);

export interface MadeApp {
  /** Sources that were written out, from the repository's root. */
  readonly modules: readonly string[];
  /** Packages that must be installed beside them, with the versions of this checkout. */
  readonly dependencies: Readonly<Record<string, string>>;
}

/** @throws {Error} when the screens are not built, or a source names what is not there. */
export function makeApp(out: string): MadeApp {
  if (!existsSync(join(ROOT, 'kiosk-app/dist/ui/index.html'))) throw new Error('no screens: npm run build:web');
  rmSync(out, { recursive: true, force: true });
  const modules = new Set<string>();
  const packages = new Set<string>();
  const waiting = [...ENTRIES, ...builtInProtocols.map(({ module }) => relative(ROOT, fileURLToPath(module)))];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (modules.has(file)) continue;
    modules.add(file);
    const { code, loads } = plain(file);
    for (const load of loads) {
      if (load.type === 'package') packages.add(load.name);
      else waiting.push(load.file);
    }
    const to = join(out, asScript(file));
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, code);
  }
  for (const file of FILES) {
    cpSync(join(ROOT, file), join(out, file), { recursive: true, filter: (name) => !name.endsWith('.test.ts') });
  }
  const dependencies = Object.fromEntries(
    [...packages]
      .filter((name) => !GIVEN.has(name))
      .sort()
      .map((name) => [name, manifest(join('node_modules', name)).version]),
  );
  const { version, description, license } = manifest('kiosk-app');
  const app = { name: 'hallhub-kiosk', version, description, license, type: 'module', private: true };
  const main = asScript('kiosk-app/main/main.ts');
  writeFileSync(join(out, 'package.json'), `${JSON.stringify({ ...app, main, dependencies }, null, 2)}\n`);
  return { modules: [...modules].sort(), dependencies };
}

type Load = { readonly type: 'file'; readonly file: string } | { readonly type: 'package'; readonly name: string };

/** Every quoted string of a module that names another one, types being gone. */
const NAMED =
  /((?:^|\n)(?:import|export)\b[^'";]*?\bfrom\s*|(?:^|\n)import\s*|\bimport\(\s*|\bnew URL\(\s*(?=['"]\.))(['"])([^'"\n]+)\2/g;

function plain(file: string): { readonly code: string; readonly loads: readonly Load[] } {
  const source = readFileSync(join(ROOT, file), 'utf8');
  const script = file.endsWith('.ts') ? stripTypeScriptTypes(source) : source;
  const loads: Load[] = [];
  const code = script
    .replace(NAMED, (whole, before: string, quote: string, name: string) => {
      if (name.startsWith('node:')) return whole;
      if (name.startsWith('.')) {
        const target = relative(ROOT, resolve(ROOT, dirname(file), name));
        // What is no module is data; the list above has it.
        if (!/\.(?:ts|mjs)$/.test(name)) return whole;
        loads.push({ type: 'file', file: target });
        return before + quote + asScript(name) + quote;
      }
      if (!name.startsWith('@hallhub/')) {
        const [scope = '', part = ''] = name.split('/');
        loads.push({ type: 'package', name: scope.startsWith('@') ? `${scope}/${part}` : scope });
        return whole;
      }
      const target = ownModule(name);
      loads.push({ type: 'file', file: target });
      const path = relative(dirname(file), asScript(target)).split(sep).join('/');
      return before + quote + (path.startsWith('.') ? path : `./${path}`) + quote;
    })
    // Protocols are named by their files' places (device-drivers/agent/protocols.ts).
    .replace(/(?<=\bplace\('[\w-]+', ')([\w/-]+)\.ts(?=')/g, '$1.js');
  return { code, loads };
}

const asScript = (file: string): string => file.replace(/\.ts$/, '.js');

/** The file behind `@hallhub/<workspace>/<folder>`, by the workspace's own exports. */
function ownModule(name: string): string {
  const [, workspace = '', ...rest] = name.split('/');
  const { exports = {} } = manifest(workspace);
  const path = rest.join('/');
  const target = exports[`./${path}`] ?? exports['./*']?.replace('*', path);
  const file = target === undefined ? '' : join(workspace, target);
  if (!existsSync(join(ROOT, file)) || !file.endsWith('.ts')) throw new Error(`${name}: no such module`);
  return file;
}

interface Manifest {
  readonly version: string;
  readonly description?: string;
  readonly license?: string;
  readonly exports?: Readonly<Partial<Record<string, string>>>;
}

function manifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as Manifest;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const out = join(ROOT, 'kiosk-app/dist/app');
  const { modules, dependencies } = makeApp(out);
  process.stdout.write(`${out}: ${modules.length} modules; beside them ${Object.keys(dependencies).join(', ')}\n`);
}
