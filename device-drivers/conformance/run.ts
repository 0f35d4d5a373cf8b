import type { Profile, Vector } from '@hallhub/firmware-profiles/schema';
import { capabilityNames } from '@hallhub/firmware-profiles/schema';
import type { Protocol } from '../kit/index.ts';
import {
  checkCommands,
  checkDeviceFault,
  checkGhosts,
  checkLineFault,
  checkRoundTrip,
  checkUnplug,
} from './dialogue.ts';
import { checkChunking, checkNoise, checkTruncation } from './frames.ts';
import { type LineFault, type Rig, createHauntedRig, createRig } from './rig.ts';
import type { CheckReport, ProtocolConformance } from './types.ts';

/** A check by its name; it throws, with what went wrong. */
export interface Check {
  readonly name: string;
  readonly run: () => Promise<void> | void;
}

const LINE_FAULTS: readonly LineFault[] = ['doubles', 'noise', 'cuts'];
const WEB_FAULTS: readonly LineFault[] = ['loses', 'doubles', 'delays'];
const BROKER_FAULTS: readonly LineFault[] = ['loses', 'doubles', 'reorders', 'delays'];

/** Every check that a profile must pass, by name. */
export function checksOf(options: {
  readonly profile: Profile;
  readonly vectors: readonly Vector[];
  readonly protocol: Protocol;
  readonly conformance: ProtocolConformance;
}): readonly Check[] {
  const { profile, vectors, protocol, conformance } = options;
  const checks: Check[] = vectors.map((vector) => ({
    name: `vector, ${vector.direction}: ${vector.name}`,
    run: () => {
      conformance.checkVector(vector, profile);
    },
  }));
  const samples = conformance.frameSamples?.(
    vectors.filter(({ direction }) => direction === 'reply'),
    profile,
  );
  if (samples && samples.frames.length > 0) {
    checks.push(
      { name: 'frames in pieces', run: () => checkChunking(samples) },
      { name: 'frames that end early', run: () => checkTruncation(samples) },
      { name: 'frames behind noise', run: () => checkNoise(samples) },
    );
  }
  const hangsOnBroker = conformance.simulateMqtt !== undefined;
  const speaksHttp = conformance.simulateHttp !== undefined;
  if (!conformance.simulate && !hangsOnBroker && !speaksHttp) return checks;
  const live = (
    name: string,
    run: (rig: Rig) => Promise<void>,
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
  checks.push(
    live('promises what it has', (rig) => {
      const promised = capabilityNames.filter((name) => profile.capabilities.includes(name));
      const has = capabilityNames.filter((name) => rig.driver.capabilities[name] !== undefined);
      if (promised.join() !== has.join())
        throw new Error(`the profile promises ${promised.join()}, the driver has ${has.join()}`);
      return Promise.resolve();
    }),
    live('round trip with the simulated device', checkRoundTrip),
    live('repeated and late commands', checkCommands),
    live('unplugged in mid-command', checkUnplug),
    ...(hangsOnBroker ? BROKER_FAULTS : speaksHttp ? WEB_FAULTS : LINE_FAULTS).map((fault) =>
      live(`a line that ${fault}`, (rig) => checkLineFault(rig, fault)),
    ),
    ...(hangsOnBroker ? [live('what a dead device left at the broker', checkGhosts, createHauntedRig)] : []),
  );
  checks.push(
    ...conformance.deviceFaults.map((fault) =>
      live(`a device that is ${fault}`, (rig) => checkDeviceFault(rig, fault)),
    ),
  );
  return checks;
}

/** Runs them all; nothing stops at the first that fails. */
export async function runChecks(profile: string, checks: readonly Check[]): Promise<readonly CheckReport[]> {
  const reports: CheckReport[] = [];
  for (const { name, run } of checks) {
    try {
      await run();
      reports.push({ profile, check: name, ok: true });
    } catch (error) {
      reports.push({ profile, check: name, ok: false, detail: error instanceof Error ? error.message : String(error) });
    }
  }
  return reports;
}
