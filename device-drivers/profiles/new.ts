import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { type ProfileCatalogue, type Vector } from '@hallhub/firmware-profiles/schema';
import type { Result } from '@hallhub/sync/base';
import { builtInProtocols } from '../agent/index.ts';

const NAME = /^[a-z0-9-]+$/;

/**
 * Asks what a profile needs, one question a line, and writes the profile and its vectors file. Resolves with their paths.
 *
 * The new model begins as one that is known and speaks the same protocol: its parameters, capabilities and vectors are
 * taken over, so that the two files hold what `profiles check` asks of them, and what differs is changed from there.
 */
export async function newProfile(options: {
  readonly folder: string;
  readonly input: Readable;
  readonly output: Writable;
  /** Where the known models stand. */
  readonly catalogue: ProfileCatalogue;
  readonly vectorsOf: (id: string) => Result<readonly Vector[]>;
}): Promise<readonly string[]> {
  const { folder, output, catalogue, vectorsOf } = options;
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
  const alike = catalogue.list().filter((each) => each.protocol === protocol);
  const like = await ask(
    `Most like (${alike.map(({ id }) => id).join(', ')})`,
    (answer) => alike.some(({ id }) => id === answer),
    'one of these; what differs is changed in the file',
  );
  const known = alike.find(({ id }) => id === like);
  const vectors = vectorsOf(like);
  if (!known || !vectors.ok) throw new Error(`${like} cannot be read`);
  const isNumber = (answer: string): boolean => /^[1-9]\d*$/.test(answer);
  const { transport: line, params, conditions, capabilities } = known;
  const transport =
    line.kind === 'serial'
      ? { ...line, baudRate: Number(await ask('Bits per second', isNumber, 'a number')) }
      : line.kind === 'tcp' || line.kind === 'udp'
        ? { ...line, port: Number(await ask('Port', isNumber, 'a number')) }
        : line;
  const source = await ask('Where its bytes are described (a manual, a standard)', given, 'something');
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
    params,
    ...(conditions.length > 0 && { conditions }),
    capabilities,
    quirks: [],
    wiring: [],
    evidence: ['vectors'],
    sources: [source],
  });
  write(vectorsFile, {
    $schema: '../../schema/vectors.schema.json',
    vectors: vectors.value,
  });
  return [profileFile, vectorsFile];
}
