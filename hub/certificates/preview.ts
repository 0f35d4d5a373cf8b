import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '@hallhub/sync/base';
import type { Config, Environment } from '../config/index.ts';
import { configSchema, loadConfig } from '../config/index.ts';
import { refuse } from '../refuse.ts';
import { dayIn } from './issuing.ts';
import { drawCertificate } from './render/draw.ts';
import { fontFiles } from './render/font-files.ts';
import { loadFonts } from './render/fonts.ts';
import { sampleSchema } from './templates/schema.ts';
import { loadSample, loadTemplates, shippedTemplates } from './templates/index.ts';

const USAGE = `hallhub certificate preview <template> [data.json] [--version n] [--out file.pdf]

  Draws a template with the sample data beside it, or with data of the same form from a file. Templates are those that
  ship with the product and those in the folder that the configuration names (HALLHUB_CONFIG, if there is one).
`;

/** `hallhub certificate …`; resolves with the exit code. */
export async function certificateCommand(arguments_: readonly string[], env: Environment): Promise<number> {
  const { positionals, values } = parseArgs({
    args: [...arguments_],
    allowPositionals: true,
    options: { version: { type: 'string' }, out: { type: 'string' } },
  });
  const [command, name, dataFile] = positionals;
  if (command !== 'preview' || name === undefined) {
    process.stderr.write(USAGE);
    return 64;
  }
  const { certificates, hub } = configuration(env);
  const places = [shippedTemplates, ...(certificates.templates === undefined ? [] : [certificates.templates])];
  const files = fontFiles(certificates);
  const templates = loadTemplates(places, Object.keys(files.families));
  const template = templates.get(name, values.version === undefined ? undefined : Number(values.version));
  if (!template) return refuse('E-CERT-0201', name);
  const fonts = loadFonts(files);
  if (!fonts.ok) return refuse(fonts.error.code, fonts.error.detail);
  const data =
    dataFile === undefined
      ? loadSample(name, template.version, places)
      : sampleSchema.parse(JSON.parse(readFileSync(resolve(dataFile), 'utf8')));
  const now = systemClock({ mode: 'production' }).now();
  const today = dayIn(hub.timeZone, now);
  const made = await drawCertificate(
    template,
    {
      ...data,
      template: name,
      issuer: { name: certificates.issuer, office: certificates.office, sealPurpose: certificates.sealPurpose },
      certificateNumber: `${certificates.numberPrefix}${today.slice(0, 4)}-000000`,
      verificationCode: '0000-0000-0000-0000',
      verifyUrl: certificates.verifyUrl,
      issuedOn: today,
      validUntil: today,
    },
    fonts.value,
    new Date(now),
  );
  if (!made.ok) return refuse(made.error.code, made.error.detail);
  const out = resolve(values.out ?? `${name}-${template.version}.pdf`);
  writeFileSync(out, made.value.pdf);
  process.stdout.write(`${out}: ${made.value.pages} page(s)\n`);
  return 0;
}

/** The operator's, where there is one; else the product's defaults. */
function configuration(env: Environment): Pick<Config, 'certificates' | 'hub'> {
  const file = resolve(env['HALLHUB_CONFIG'] ?? 'hallhub.yaml');
  const loaded = existsSync(file) ? loadConfig(file, env) : undefined;
  if (loaded?.ok) return loaded.value;
  const { certificates } = configSchema.shape;
  return {
    certificates: certificates.parse({}),
    hub: {
      id: 'preview',
      label: { zh: '', en: '' },
      campus: '',
      timeZone: 'Asia/Shanghai',
      calendar: { holidays: [], workdays: [] },
    },
  };
}
