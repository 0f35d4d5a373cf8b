import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { capabilityNames } from '@hallhub/firmware-profiles/schema';
import { builtInProtocols } from '../agent/index.ts';

const NAME = /^[a-z0-9-]+$/;
const HEX = /^([0-9a-f]{2})+$/;

/** Asks what a profile needs, one question a line, and writes the profile and its vectors file. Resolves with their paths. */
export async function newProfile(options: {
  readonly folder: string;
  readonly input: Readable;
  readonly output: Writable;
}): Promise<readonly string[]> {
  const { folder, output } = options;
  const dialogue = createInterface({ input: options.input, output, terminal: false });
  const lines = dialogue[Symbol.asyncIterator]();
  const ask = async (question: string, accept: (answer: string) => boolean, hint: string): Promise<string> => {
    for (;;) {
      output.write(`${question}: `);
      const next = await lines.next();
      if (next.done === true) throw new Error('the answers ended before the questions');
      const answer = next.value.trim();
      if (accept(answer)) return answer;
      output.write(`  ${hint}\n`);
    }
  };
  const given = (answer: string): boolean => answer.length > 0;
  const protocols = builtInProtocols.map(({ name }) => name);
  const allKnown = (answer: string): boolean =>
    answer.split(',').every((name) => (capabilityNames as readonly string[]).includes(name.trim()));

  const family = await ask(
    'Family (generic, or the vendor)',
    (answer) => NAME.test(answer),
    'small letters, digits, -',
  );
  const name = await ask('Name of the profile', (answer) => NAME.test(answer), 'small letters, digits, -');
  const vendor = family === 'generic' ? undefined : await ask('Vendor as it writes itself', given, 'something');
  const model = vendor === undefined ? undefined : await ask('Model as printed on the device', given, 'something');
  const zh = await ask('中文名称', (answer) => /\p{Script=Han}/u.test(answer), '请用中文');
  const en = await ask('English name', given, 'something');
  const protocol = await ask(
    `Protocol (${protocols.join(', ')})`,
    (answer) => protocols.includes(answer),
    'one of these; a new protocol is code',
  );
  const kind = await ask(
    'Line (serial, tcp, usb, url, mqtt)',
    (answer) => /^(serial|tcp|usb|url|mqtt)$/.test(answer),
    'one of these',
  );
  const isNumber = (answer: string): boolean => /^[1-9]\d*$/.test(answer);
  const transport =
    kind === 'serial'
      ? { kind, baudRate: Number(await ask('Bits per second', isNumber, 'a number')) }
      : kind === 'tcp'
        ? { kind, port: Number(await ask('Port', isNumber, 'a number')) }
        : { kind };
  const capabilities = await ask(`Capabilities, with commas (${capabilityNames.join(', ')})`, allKnown, 'of these');
  const source = await ask('Where its bytes are described (a manual, a standard)', given, 'something');
  const hex = await ask(
    'One message as hex, for the first vector',
    (answer) => HEX.test(answer),
    'hex digits, two a byte',
  );
  const direction = await ask(
    'Is it a request to the device, or a reply',
    (answer) => /^(request|reply)$/.test(answer),
    'request or reply',
  );
  dialogue.close();

  const place = join(folder, family);
  const profileFile = join(place, `${name}.json`);
  const vectorsFile = join(place, `${name}.vectors.json`);
  if (existsSync(profileFile)) throw new Error(`${profileFile} is there already`);
  mkdirSync(place, { recursive: true });
  const write = (file: string, content: object): void => {
    writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
  };
  write(profileFile, {
    $schema: '../../schema/profile.schema.json',
    label: { zh, en },
    ...(vendor !== undefined && { vendor, model }),
    protocol,
    transport,
    params: {},
    capabilities: capabilities.split(',').map((capability) => capability.trim()),
    quirks: [],
    wiring: [],
    evidence: ['vectors'],
    sources: [source],
  });
  write(vectorsFile, {
    $schema: '../../schema/vectors.schema.json',
    vectors: [{ name: 'the first message', direction, hex, message: {} }],
  });
  return [profileFile, vectorsFile];
}
