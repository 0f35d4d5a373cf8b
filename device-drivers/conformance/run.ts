import type { Profile, Vector } from '@hallhub/firmware-profiles/schema';
import type { Protocol } from '../kit/index.ts';
import {
  checkCommands,
  checkDeviceFault,
  checkGhosts,
  checkIdentity,
  checkLineFault,
  checkRoundTrip,
  checkUnplug,
} from './dialogue.ts';
import { checkChunking, checkNoise, checkTruncation } from './frames.ts';
import { checkCalls, checkCoverage, checkPromises, checkRefusals, playScenes } from './promises.ts';
import { type LineFault, type Rig, createHauntedRig, createRig } from './rig.ts';
import type { CheckReport, DeviceFault, NotApplicable, ProtocolConformance } from './types.ts';

/** A check by its name: it is run, and throws with what went wrong; or it is not, and this is why. */
export type Check =
  | { readonly name: string; readonly run: () => Promise<void> | void }
  | { readonly name: string; readonly notApplicable: string };

const LINE_FAULTS: readonly LineFault[] = ['doubles', 'noise', 'cuts'];
const WEB_FAULTS: readonly LineFault[] = ['loses', 'doubles', 'delays'];
const BROKER_FAULTS: readonly LineFault[] = ['loses', 'doubles', 'reorders', 'delays'];

interface Checked {
  readonly profile: Profile;
  readonly vectors: readonly Vector[];
  readonly protocol: Protocol;
  readonly conformance: ProtocolConformance;
}

/** Every check that a profile must pass, by name, and those that make no sense for it with the reason. */
export function checksOf(checked: Checked): readonly Check[] {
  const excuses = checked.conformance.notApplicable?.(checked.profile) ?? {};
  return [...vectorChecks(checked, excuses), ...frameChecks(checked, excuses), ...dialogueChecks(checked, excuses)];
}

/** The checks where there is something to check; else the reason why not, and a failure where there is none. */
function orExcuse(what: string, checks: readonly Check[], excuse: string | undefined): readonly Check[] {
  if (excuse === undefined)
    return checks.length > 0 ? checks : [failing(what, 'nothing is checked, and no reason given')];
  if (checks.length > 0) return [...checks, failing(what, `it is checked, and yet left out: ${excuse}`)];
  return [{ name: what, notApplicable: excuse }];
}

const failing = (name: string, why: string): Check => ({
  name,
  run: () => {
    throw new Error(why);
  },
});

function vectorChecks({ profile, vectors, conformance }: Checked, excuses: NotApplicable): readonly Check[] {
  const of = (direction: Vector['direction']): readonly Check[] =>
    vectors
      .filter((vector) => vector.direction === direction)
      .map((vector) => ({
        name: `vector, ${direction}: ${vector.name}`,
        run: () => {
          conformance.checkVector(vector, profile);
        },
      }));
  return [
    ...orExcuse('vectors of requests', of('request'), excuses.requests),
    ...orExcuse('vectors of replies', of('reply'), excuses.replies),
  ];
}

function frameChecks({ profile, vectors, conformance }: Checked, excuses: NotApplicable): readonly Check[] {
  const samples = conformance.frameSamples?.(
    vectors.filter(({ direction }) => direction === 'reply'),
    profile,
  );
  const checks: readonly Check[] =
    samples && samples.frames.length > 0
      ? [
          { name: 'frames in pieces', run: () => checkChunking(samples) },
          { name: 'frames that end early', run: () => checkTruncation(samples) },
          { name: 'frames behind noise', run: () => checkNoise(samples) },
        ]
      : [];
  return orExcuse('frames', checks, excuses.frames);
}

function dialogueChecks({ profile, protocol, conformance }: Checked, excuses: NotApplicable): readonly Check[] {
  const [onBroker, onWeb, onItsOwn] = [
    conformance.simulateMqtt !== undefined,
    conformance.simulateHttp !== undefined,
    conformance.simulateOwn !== undefined,
  ];
  if (!conformance.simulate && !onBroker && !onWeb && !onItsOwn)
    return orExcuse('a simulated device', [], excuses.dialogue);
  const live = (
    name: string,
    run: (rig: Rig) => Promise<void> | void,
    make: typeof createHauntedRig | typeof createRig = createRig,
  ): Check => ({
    name,
    run: async () => {
      const made = await make(conformance, protocol, profile);
      if (!made.ok) throw new Error(`${made.error.code} ${made.error.detail ?? ''}`);
      const rig = made.value;
      await run(rig);
      const timers = await rig.stop();
      if (timers > 0) throw new Error(`${timers} timers run on after everything was stopped`);
    },
  });
  const lineFaults = onItsOwn ? [] : onBroker ? BROKER_FAULTS : onWeb ? WEB_FAULTS : LINE_FAULTS;
  const spoils = lineFaults.filter((fault) => fault === 'noise' || fault === 'cuts');
  const identityChecks =
    excuses.identity === undefined
      ? spoils.map((fault) => live(`nobody else on a line that ${fault}`, (rig) => checkIdentity(rig, fault)))
      : [{ name: 'nobody else on a bad line', notApplicable: excuses.identity }];
  const faults = Object.entries(conformance.deviceFaults) as [DeviceFault, true | string][];
  return [
    live('promises what it has', (rig) => {
      checkPromises(rig, profile);
    }),
    live('exercises what it promises', (rig) => {
      checkCoverage(rig.subject, profile, excuses);
    }),
    ...Object.entries(excuses.promises ?? {}).map(([member, notApplicable]) => ({
      name: `exercises ${member}`,
      notApplicable,
    })),
    live('round trip with the simulated device', checkRoundTrip),
    live('answers what it is asked', (rig) => checkCalls(rig, profile)),
    live('refuses what it has not', checkRefusals),
    live('plays its scenes', playScenes),
    live('repeated and late commands', checkCommands),
    live('unplugged in mid-command', checkUnplug),
    ...orExcuse(
      'a line with faults',
      lineFaults.map((fault) => live(`a line that ${fault}`, (rig) => checkLineFault(rig, fault))),
      excuses.lineFaults,
    ),
    ...identityChecks,
    ...(onBroker ? [live('what a dead device left at the broker', checkGhosts, createHauntedRig)] : []),
    ...faults.map(([fault, has]) =>
      has === true
        ? live(`a device that is ${fault}`, (rig) => checkDeviceFault(rig, fault))
        : { name: `a device that is ${fault}`, notApplicable: has },
    ),
    ...(excuses.dialogue === undefined ? [] : [failing('a simulated device', 'there is one, and yet it is left out')]),
  ];
}

/** Runs them all; nothing stops at the first that fails. */
export async function runChecks(profile: string, checks: readonly Check[]): Promise<readonly CheckReport[]> {
  const reports: CheckReport[] = [];
  for (const check of checks) {
    const { name } = check;
    if ('notApplicable' in check) {
      reports.push({ profile, check: name, ok: true, notApplicable: check.notApplicable });
      continue;
    }
    try {
      await check.run();
      reports.push({ profile, check: name, ok: true });
    } catch (error) {
      reports.push({ profile, check: name, ok: false, detail: error instanceof Error ? error.message : String(error) });
    }
  }
  return reports;
}
