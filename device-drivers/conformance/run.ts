import { type Profile, type Vector, paramsFor } from '@hallhub/firmware-profiles/schema';
import type { Protocol } from '../kit/index.ts';
import {
  checkCommands,
  checkDeviceFault,
  checkGhosts,
  checkIdentity,
  checkLineFault,
  checkRoundTrip,
  checkUnplug,
  identitiesOf,
} from './dialogue.ts';
import { checkChunking, checkNoise, checkTruncation } from './frames.ts';
import { checkCalls, checkCoverage, checkPromises, checkRefusals, plainCalls, playScenes } from './promises.ts';
import { type LineFault, type Rig, createHauntedRig, createRig, subjectOf } from './rig.ts';
import type { CheckReport, DeviceFault, DeviceFaults, NotApplicable, ProtocolConformance } from './types.ts';

/** A check by its name: it is run, and throws with what went wrong; or it is not, and this is why. */
export type Check =
  | { readonly name: string; readonly run: () => Promise<void> | void }
  | { readonly name: string; readonly notApplicable: string };

const LINE_FAULTS: readonly LineFault[] = ['doubles', 'noise', 'cuts'];
/** What is sent twice is what a device reports by itself: an answer comes once. */
const REPORTING_FAULTS: readonly LineFault[] = ['loses', 'doubles', 'delays'];
const ASKED_FAULTS: readonly LineFault[] = ['loses', 'delays'];
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
  return [
    ...vectorChecks(checked, excuses),
    ...frameChecks(checked, excuses),
    ...dialogueChecks(checked, excuses),
    ...checked.profile.conditions.flatMap(({ firmware }) => conditionChecks(checked, firmware)),
  ];
}

/** The same dialogues with the parameters that a device with such firmware gets. Its bytes are those of its protocol all the same. */
function conditionChecks(checked: Checked, firmware: Profile['conditions'][number]['firmware']): readonly Check[] {
  const { from = '0', below } = firmware;
  const profile = { ...checked.profile, params: paramsFor(checked.profile, from), conditions: [] };
  const excuses = checked.conformance.notApplicable?.(profile) ?? {};
  const which = below === undefined ? `from ${from}` : `from ${from} and below ${below}`;
  return dialogueChecks({ ...checked, profile }, excuses).map((check) => ({
    ...check,
    name: `with firmware ${which}: ${check.name}`,
  }));
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
  const looked = subjectOf(conformance, profile);
  if (!looked.ok) return [failing('a simulated device', looked.error.detail ?? looked.error.code)];
  const subject = looked.value;
  if (!subject) return orExcuse('a simulated device', [], excuses.dialogue);
  const always = (
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
  const webFaults = profile.transport.kind === 'http-listen' ? REPORTING_FAULTS : ASKED_FAULTS;
  const lineFaults = onItsOwn ? [] : onBroker ? BROKER_FAULTS : onWeb ? webFaults : LINE_FAULTS;
  const spoils = lineFaults.filter((fault) => fault === 'noise' || fault === 'cuts');
  const { stimuli, orders, refusals = [], scenes = [] } = subject;
  /** A check that would find nothing to do is not one that holds. */
  const live = (name: string, of: readonly unknown[], what: string, run: (rig: Rig) => Promise<void> | void): Check =>
    of.length > 0 ? always(name, run) : { name, notApplicable: `nothing of the kind: ${what}` };
  const identities = identitiesOf(subject);
  const identityChecks =
    identities.length === 0 && excuses.identity === undefined
      ? [{ name: 'nobody else on a bad line', notApplicable: 'nothing of the kind: it tells nobody apart' }]
      : excuses.identity === undefined
        ? spoils.map((fault) => always(`nobody else on a line that ${fault}`, (rig) => checkIdentity(rig, fault)))
        : [{ name: 'nobody else on a bad line', notApplicable: excuses.identity }];
  const faults = Object.entries(conformance.deviceFaults(profile)) as [DeviceFault, DeviceFaults[DeviceFault]][];
  return [
    always('promises what it has', (rig) => {
      checkPromises(rig, profile);
    }),
    always('exercises what it promises', (rig) => {
      checkCoverage(rig.subject, profile, excuses);
    }),
    ...Object.entries(excuses.promises ?? {}).map(([member, notApplicable]) => ({
      name: `exercises ${member}`,
      notApplicable,
    })),
    live(
      'round trip with the simulated device',
      [...stimuli, ...orders],
      'it reports nothing by itself, and takes no orders',
      checkRoundTrip,
    ),
    live('answers what it is asked', plainCalls(profile), 'no call without arguments', (rig) =>
      checkCalls(rig, profile),
    ),
    live('refuses what it has not', refusals, 'it has whatever its capabilities have', checkRefusals),
    live('plays its scenes', scenes, 'nothing that no single order or stimulus shows', playScenes),
    live('repeated and late commands', orders, 'it takes no orders', checkCommands),
    always(orders.length > 0 ? 'unplugged in mid-command' : 'unplugged', checkUnplug),
    ...orExcuse(
      'a line with faults',
      lineFaults.map((fault) => always(`a line that ${fault}`, (rig) => checkLineFault(rig, fault))),
      excuses.lineFaults,
    ),
    ...identityChecks,
    ...(onBroker ? [always('what a dead device left at the broker', checkGhosts, createHauntedRig)] : []),
    ...faults.map(([fault, signs]) =>
      typeof signs === 'string'
        ? { name: `a device that is ${fault}`, notApplicable: signs }
        : always(`a device that is ${fault}`, (rig) => checkDeviceFault(rig, fault, signs)),
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
