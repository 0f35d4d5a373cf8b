import { describe, expect, it } from 'vitest';
import { ms, unwrap } from '@hallhub/sync/base';
import { type Profile, builtInProfiles, loadVectors } from '@hallhub/firmware-profiles/schema';
import { loadBuiltInProtocols } from '../agent/index.ts';
import { modbusConformance } from '../protocols/modbus/conformance.ts';
import { checkLineFault } from './dialogue.ts';
import { builtInConformance, checksOf, runChecks } from './index.ts';
import { type Rig, createRig } from './rig.ts';
import { wiegandLineConformance } from '../protocols/wiegand-line/conformance.ts';
import type { CheckReport, ProtocolConformance, Subject } from './types.ts';

const protocols = await loadBuiltInProtocols();

function partsOf(profile: Profile) {
  const protocol = protocols.find(({ name }) => name === profile.protocol);
  const conformance = builtInConformance.find((candidate) => candidate.protocol === profile.protocol);
  if (!protocol || !conformance) throw new Error(`${profile.protocol} is gone`);
  return { protocol, conformance };
}

/** The reports of a relay board whose protocol brings something else than it should. */
async function reportsWith(
  change: Partial<ProtocolConformance>,
  {
    only,
    id = 'generic/modbus-relay8-input8',
    without,
  }: { readonly only: RegExp; readonly id?: string; readonly without?: string },
): Promise<readonly CheckReport[]> {
  const shipped = builtInProfiles().get(id);
  const profile = shipped && {
    ...shipped,
    params: Object.fromEntries(Object.entries(shipped.params).filter(([name]) => name !== without)),
  };
  const protocol = protocols.find(({ name }) => name === profile?.protocol);
  if (!profile || !protocol) throw new Error(`${id} is gone`);
  const conformance = { ...modbusConformance, ...change };
  const checks = checksOf({ profile, vectors: unwrap(loadVectors(id)), protocol, conformance });
  return runChecks(
    id,
    checks.filter(({ name }) => only.test(name)),
  );
}

const failures = (reports: readonly CheckReport[]): readonly string[] =>
  reports.filter(({ ok }) => !ok).map(({ check, detail = '' }) => `${check}: ${detail}`);

/** The board of the protocol, of which something is taken away. */
const boardWithout =
  (change: (subject: Subject) => Partial<Subject>): NonNullable<ProtocolConformance['simulate']> =>
  (options) => {
    const subject = modbusConformance.simulate?.(options);
    if (!subject) throw new Error('no simulated board');
    return { ...subject, ...change(subject) };
  };

describe('a check that is not run', () => {
  it('fails where there are no samples and no reason', async () => {
    const none = await reportsWith({ frameSamples: (_v, _p) => ({ create: never, frames: [] }) }, { only: /^frames/ });
    expect(failures(none)).toEqual(['frames: nothing is checked, and no reason given']);
    const reports = await reportsWith(
      { ...noSimulation, notApplicable: () => ({ frames: 'no' }) },
      { only: /^a simulated device|^frames$/ },
    );
    expect(failures(reports)).toEqual([
      'frames: it is checked, and yet left out: no',
      'a simulated device: nothing is checked, and no reason given',
    ]);
  });

  it('is reported with its reason where there is one', async () => {
    const reports = await reportsWith(
      {
        frameSamples: (_v, _p) => ({ create: never, frames: [] }),
        notApplicable: () => ({ frames: 'it has no frames' }),
        deviceFaults: (profile) => ({ ...modbusConformance.deviceFaults(profile), refuses: 'it cannot' }),
      },
      { only: /^frames|refuses$/ },
    );
    expect(reports).toMatchObject([
      { check: 'frames', ok: true, notApplicable: 'it has no frames' },
      { check: 'a device that is refuses', ok: true, notApplicable: 'it cannot' },
    ]);
  });
});

it('that finds nothing to do is not counted as one that holds', async () => {
  const simulate = boardWithout(() => ({ orders: [], stimuli: [] }));
  const reports = await reportsWith({ simulate }, { only: /^round trip|^refuses|^plays|^repeated|^nobody else/ });
  expect(reports.map(({ check, notApplicable }) => [check, notApplicable?.startsWith('nothing of the kind')])).toEqual([
    ['round trip with the simulated device', true],
    ['refuses what it has not', true],
    ['plays its scenes', true],
    ['repeated and late commands', true],
    ['nobody else on a bad line', true],
  ]);
});

it('runs with the parameters of each firmware that has its own', async () => {
  const shipped = builtInProfiles().get('shelly/plug-gen2');
  if (!shipped) throw new Error('the profile is gone');
  const { protocol, conformance } = partsOf(shipped);
  const condition = (switches: number) => ({ firmware: { from: '2', below: '3' }, params: { switches } });
  const held = async (switches: number) => {
    const profile: Profile = { ...shipped, conditions: [condition(switches)] };
    const checks = checksOf({ profile, vectors: [], protocol, conformance });
    const name = 'with firmware from 2 and below 3: promises what it has';
    return failures(
      await runChecks(
        profile.id,
        checks.filter((check) => check.name === name),
      ),
    ).length;
  };
  expect([await held(2), await held(0)]).toEqual([0, 1]);
});

describe('a promise', () => {
  const only = /^exercises/;

  it('that nothing exercises fails, event and command alike', async () => {
    const simulate = boardWithout(({ stimuli }) => ({
      orders: [],
      stimuli: stimuli.filter(({ capability }) => capability !== 'buttonPanel'),
    }));
    expect(failures(await reportsWith({ simulate }, { only }))).toEqual([
      'exercises what it promises: nothing exercises the command switch.set, the event buttonPanel.button',
    ]);
  });

  it('may be left out with a reason, and not without need', async () => {
    const simulate = boardWithout(({ stimuli }) => ({
      stimuli: stimuli.filter(({ capability }) => capability !== 'buttonPanel'),
    }));
    const promises = { 'buttonPanel.button': 'its keys were torn off' } as const;
    const excused = await reportsWith({ simulate, notApplicable: () => ({ promises }) }, { only });
    expect(failures(excused)).toEqual([]);
    expect(excused.find(({ check }) => check === 'exercises buttonPanel.button')).toMatchObject({
      notApplicable: promises['buttonPanel.button'],
    });
    expect(failures(await reportsWith({ notApplicable: () => ({ promises }) }, { only }))).toEqual([
      'exercises what it promises: there is no reason to leave out buttonPanel.button',
    ]);
  });

  it('of a refusal, of news with an order and of a scene is held to its word', async () => {
    const simulate = boardWithout(({ orders }) => ({
      orders: orders.map((order) => ({ ...order, tells: ['change'], args: { channel: 0, on: false } })),
      refusals: [{ capability: 'switch', command: 'set', args: { channel: 99, on: true }, code: 'E-DEV-0202' }],
      scenes: [
        {
          name: 'a scene',
          covers: [],
          play: async ({ until }) => {
            await until(() => false, ms(10));
            throw new Error('it went wrong');
          },
        },
      ],
    }));
    const reports = await reportsWith({ simulate }, { only: /^refuses|^round trip|^plays/ });
    expect(failures(reports)).toEqual([
      expect.stringMatching(/^round trip.*: switch\.set /),
      'refuses what it has not: switch.set: E-DEV-0203 instead of E-DEV-0202',
      'plays its scenes: a scene: it went wrong',
    ]);
  });
});

const unwrapped = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('there is none');
  return value;
};

describe('a fault that is none is found out', () => {
  const idle = <S extends Pick<Subject, 'setFault'>>(subject: S): S => ({ ...subject, setFault: () => undefined });

  /** The protocol with simulated devices that no fault can be switched on at. */
  const faultless = (conformance: ProtocolConformance): ProtocolConformance => {
    const { simulate, simulateMqtt, simulateHttp } = conformance;
    return {
      ...conformance,
      ...(simulate && { simulate: (options) => idle(simulate(options)) }),
      ...(simulateMqtt && { simulateMqtt: (options) => idle(simulateMqtt(options)) }),
      ...(simulateHttp && { simulateHttp: (options) => idle(simulateHttp(options)) }),
      ...(conformance.simulateOwn && {
        simulateOwn: (options) => {
          const stage = unwrapped(conformance.simulateOwn?.(options));
          return { ...stage, subject: idle(stage.subject) };
        },
      }),
    };
  };

  it.each(builtInProfiles().list())('in the device: $id', async (profile) => {
    const { protocol, conformance } = partsOf(profile);
    const checks = checksOf({ profile, vectors: [], protocol, conformance: faultless(conformance) });
    const reports = await runChecks(
      profile.id,
      checks.filter((check) => 'run' in check && check.name.startsWith('a device that is')),
    );
    expect(reports.filter(({ ok }) => ok)).toEqual([]);
  });

  it.each(['generic/modbus-relay8-input8', 'generic/uid-line-10d', 'shelly/plug-gen2', 'vzenith/http-push'])(
    'on the line: %s',
    async (id) => {
      const profile = builtInProfiles().get(id);
      if (!profile) throw new Error(`${id} is gone`);
      const { protocol, conformance } = partsOf(profile);
      const rig = unwrap(await createRig(conformance, protocol, profile));
      const line = Object.create(rig.line, { setFault: { value: () => undefined } }) as Rig['line'];
      await expect(checkLineFault({ ...rig, line }, 'doubles')).rejects.toThrow('nothing ever came over the line');
      await rig.stop();
    },
  );
});

describe('somebody at a bad line', () => {
  const id = 'generic/uid-line-10d';
  const only = /^nobody else/;

  it('is nobody else with a reader whose numbers have a length', async () => {
    expect(failures(await reportsWith(wiegandLineConformance, { only, id }))).toEqual([]);
  });

  it('is found out to be somebody else where nothing tells half a number from a whole one', async () => {
    const unchecked = await reportsWith(wiegandLineConformance, { only, id, without: 'digits' });
    expect(failures(unchecked)).toEqual([expect.stringMatching(/cuts: .*somebody else was reported/)]);
  });
});

const never = (): never => {
  throw new Error('there are no frames');
};
const noSimulation: Partial<ProtocolConformance> = { simulate: undefined as never };
