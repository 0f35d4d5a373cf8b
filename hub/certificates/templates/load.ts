import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtIn, fontNamed, isFilter, placeholders } from './fill.ts';
import {
  type Block,
  MAIN_FAMILY,
  MAIN_ROLE,
  type Sample,
  type Template,
  type TemplateBody,
  sampleSchema,
  templateSchema,
} from './schema.ts';

export interface TemplateSet {
  /** The newest version, or the one asked for. */
  get(name: string, version?: number): Template | undefined;
  readonly names: readonly string[];
}

/** The templates that ship with the product. */
export const shippedTemplates = fileURLToPath(new URL('.', import.meta.url));

/**
 * Reads every `<folder>/<name>/<version>/template.json`. Of two of one name and version that of the later folder counts.
 * @param families The font families that there are.
 * @throws {Error} naming the file, when one breaks the schema, or names a field or a font that is not there.
 */
export function loadTemplates(
  places: readonly string[] = [shippedTemplates],
  families: readonly string[] = [MAIN_FAMILY],
): TemplateSet {
  const byName = new Map<string, Map<number, Template>>();
  for (const folder of places) {
    for (const name of folders(folder)) {
      for (const version of folders(join(folder, name))) {
        if (!/^[1-9]\d*$/.test(version))
          throw new Error(`${join(folder, name, version)}: a version is a number from 1 on`);
        const versions = byName.get(name) ?? new Map<number, Template>();
        versions.set(Number(version), loadTemplate(folder, name, Number(version), families));
        byName.set(name, versions);
      }
    }
  }
  return {
    get: (name, version) => {
      const versions = byName.get(name);
      return versions?.get(version ?? Math.max(...versions.keys()));
    },
    names: [...byName.keys()],
  };
}

function folders(path: string): readonly string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

function loadTemplate(folder: string, name: string, version: number, families: readonly string[]): Template {
  const file = join(folder, name, String(version), 'template.json');
  const parsed = templateSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (!parsed.success) throw new Error(`${file}: ${parsed.error.message}`);
  const fault = faultIn(parsed.data, families);
  if (fault !== undefined) throw new Error(`${file}: ${fault}`);
  return { ...parsed.data, name, version };
}

/** What refers to something that is not there. */
function faultIn(template: TemplateBody, families: readonly string[]): string | undefined {
  const family = Object.values(template.fonts)
    .flat()
    .find((name) => !families.includes(name));
  if (family !== undefined) return `there is no font family ${family} (certificates.fonts)`;
  const roles = new Set([MAIN_ROLE, ...Object.keys(template.fonts)]);
  const role = [...template.layout.flatMap(fontsOf), template.footer?.font].find(
    (name) => name !== undefined && !roles.has(name),
  );
  if (role !== undefined) return `there is no font ${role}`;
  const known = new Set([...builtIn, ...Object.keys(template.fields)]);
  for (const block of template.layout) {
    const own = new Set(known);
    if (block.type === 'table') {
      const list = template.fields[block.rows];
      if (list?.type !== 'list') return `${block.rows} is no list`;
      for (const column of Object.keys(list.row)) own.add(column);
      if (block.groupBy !== undefined && !(block.groupBy in list.row)) return `${block.groupBy} is no column`;
    }
    if (block.when !== undefined && !known.has(block.when)) return `${block.when} is no field`;
    const fault = faultyPlaceholder(JSON.stringify(block), own, roles);
    if (fault !== undefined) return fault;
  }
  const paging = new Set([...known, 'page', 'pages']);
  return template.footer && faultyPlaceholder(template.footer.text, paging, roles);
}

function fontsOf(block: Block): readonly (string | undefined)[] {
  if (block.type === 'rule') return [];
  return 'lines' in block ? block.lines.map(({ font }) => font) : [block.font];
}

function faultyPlaceholder(text: string, known: ReadonlySet<string>, roles: ReadonlySet<string>): string | undefined {
  for (const used of placeholders(text)) {
    if (!known.has(used.name)) return `{{${used.name}}} is no field`;
    const odd = used.filters.find((filter) => !(isFilter(filter) || roles.has(fontNamed(filter) ?? '')));
    if (odd !== undefined) return `there is no filter ${odd}`;
  }
  return undefined;
}

/** The sample data that stands beside a template. */
export function loadSample(name: string, version: number, places: readonly string[] = [shippedTemplates]): Sample {
  const folder = places.findLast((place) => existsSync(join(place, name, String(version), 'sample.json')));
  if (folder === undefined) throw new Error(`${name} ${version} has no sample.json`);
  return sampleSchema.parse(JSON.parse(readFileSync(join(folder, name, String(version), 'sample.json'), 'utf8')));
}
