import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtInProfiles, loadVectors } from '@hallhub/firmware-profiles/schema';
import { FailureError, systemClock, systemRandom } from '@hallhub/sync/base';
import { createBundleKey, writeBundle } from './bundle-command.ts';
import { checkProfiles } from './check.ts';
import { devicesPage, devicesPageFile } from './devices-page.ts';
import { newProfile } from './new.ts';
import { probe } from './probe.ts';

const USAGE = `npm run profiles -- <command>

  check [part of an id]  lints every profile and runs the conformance suite for it
  new                    asks a few questions and writes a profile with its vectors file
  probe <port>           says which profiles answer on a serial port or tcp://host:port; only asks, never orders
  docs                   writes docs/devices.md from the profiles
  keygen <key file>      makes a key for signing bundles and prints its public half for profiles.keys of the hub
  bundle <version> <key id> <key file> <out>
                         checks these profiles and signs them as a bundle that a hub takes without a new program
`;

const PROFILES = join(import.meta.dirname, '../../firmware-profiles/profiles');
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

async function check(only: string | undefined): Promise<number> {
  const reports = await checkProfiles({
    catalogue: builtInProfiles(),
    vectorsOf: (id) => loadVectors(id),
    ...(only !== undefined && { only }),
    on: (profile, done) => {
      const failed = done.filter(({ ok }) => !ok);
      const run = done.filter(({ notApplicable }) => notApplicable === undefined);
      say(`${failed.length === 0 ? 'ok  ' : 'FAIL'} ${profile} (${run.length} checks)`);
      for (const { check: name, detail } of failed) say(`       ${name}: ${detail ?? ''}`);
      for (const { check: name, notApplicable } of done) {
        if (notApplicable !== undefined) say(`       ${name}: not applicable: ${notApplicable}`);
      }
    },
  });
  if (reports.length === 0) throw new Error(`no profile's id contains "${only ?? ''}"`);
  const failed = reports.filter(({ ok }) => !ok).length;
  const run = reports.filter(({ notApplicable }) => notApplicable === undefined).length;
  say(failed === 0 ? `${run} checks, all hold` : `${failed} of ${run} checks do not hold`);
  return failed === 0 ? 0 : 1;
}

async function probePort(port: string): Promise<number> {
  if (!/^(tcp:\/\/.+:\d+$|\/|COM\d)/.test(port)) {
    say(`${port}: only serial ports (/dev/serial/by-id/…) and tcp://host:port can be probed`);
    return 64;
  }
  const probed = await probe({
    port,
    catalogue: builtInProfiles(),
    clock: systemClock({ mode: 'production' }),
    random: systemRandom,
    on: ({ profile, result, identity = '' }) => {
      if (result === 'answers' || result === 'silent')
        say(`${result === 'answers' ? 'yes' : 'no '} ${profile} ${identity}`);
    },
  });
  if (!probed.ok) throw new FailureError(probed.error);
  const answers = probed.value;
  if (answers.length === 0) say(`no profile is for a port like ${port}`);
  else
    say('each was asked at the speed and address that its profile has: a device that was set otherwise stays silent');
  const listening = answers.filter(({ result }) => result === 'listens').map(({ profile }) => profile);
  for (const { profile, without = '' } of answers.filter(({ result }) => result === 'not-asked'))
    say(`not asked, ${profile} cannot be asked without this: ${without}`);
  if (listening.length > 0) say(`cannot be told by asking, they only listen: ${listening.join(', ')}`);
  return answers.some(({ result }) => result === 'answers') ? 0 : 1;
}

async function run([command, argument, ...more]: readonly string[]): Promise<number> {
  switch (command) {
    case 'check':
      return check(argument);
    case 'new':
      for (const file of await newProfile({
        folder: PROFILES,
        input: process.stdin,
        output: process.stdout,
        catalogue: builtInProfiles(),
        vectorsOf: (id) => loadVectors(id),
      }))
        say(file);
      say(
        'Change what differs in params and capabilities, replace the vectors by bytes of this model, write wiring and quirks; then: npm run profiles -- check',
      );
      return 0;
    case 'probe':
      if (argument !== undefined) return probePort(argument);
      break;
    case 'keygen':
      if (argument === undefined) break;
      say(createBundleKey(argument));
      return 0;
    case 'bundle': {
      const [keyId, keyFile, out] = more;
      if (argument === undefined || keyId === undefined || keyFile === undefined || out === undefined) break;
      // What is signed is believed by whole campuses.
      if ((await check(undefined)) !== 0) return 1;
      const now = systemClock({ mode: 'production' }).now();
      say(`${writeBundle({ version: argument, keyId, keyFile, out, now })} bytes in ${out}`);
      return 0;
    }
    case 'docs':
      writeFileSync(devicesPageFile, devicesPage(builtInProfiles()));
      return 0;
    default:
  }
  process.stderr.write(USAGE);
  return 64;
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
