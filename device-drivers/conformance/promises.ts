import { minutes, seconds } from '@hallhub/sync/base';
import type { Profile } from '@hallhub/firmware-profiles/schema';
import { capabilityNames } from '@hallhub/firmware-profiles/schema';
import { type CapabilityName, shapeOf } from '../capabilities/index.ts';
import type { Rig } from './rig.ts';
import type { Member, NotApplicable, Play, Subject } from './types.ts';

const READY_WITHIN = seconds(60);
const ANSWERED_WITHIN = seconds(20);
const SCENE_ORDER_LIVES = minutes(1);

interface Promised {
  readonly member: Member;
  readonly kind: 'event' | 'command' | 'call';
}

/** Every event, command and call of the capabilities that a profile promises. */
function promisedBy({ capabilities }: Profile): readonly Promised[] {
  return capabilityNames
    .filter((name) => capabilities.includes(name))
    .flatMap((capability) => {
      const { events, commands, calls } = shapeOf(capability);
      const members = (kind: Promised['kind'], names: object): readonly Promised[] =>
        Object.keys(names).map((name) => ({ member: `${capability}.${name}`, kind }));
      return [...members('event', events), ...members('command', commands), ...members('call', calls)];
    });
}

/** Calls that need no argument are asked without anybody's help. */
export function plainCalls({
  capabilities,
}: Profile): readonly { readonly capability: CapabilityName; readonly name: string }[] {
  return capabilityNames
    .filter((name) => capabilities.includes(name))
    .flatMap((capability) =>
      Object.entries(shapeOf(capability).calls)
        .filter(([, { args }]) => args.safeParse([]).success)
        .map(([name]) => ({ capability, name })),
    );
}

/** The profile's capabilities are those that the driver has. */
export function checkPromises(rig: Rig, profile: Profile): void {
  const promised = capabilityNames.filter((name) => profile.capabilities.includes(name));
  const has = capabilityNames.filter((name) => rig.driver.capabilities[name] !== undefined);
  if (promised.join() !== has.join())
    throw new Error(`the profile promises ${promised.join()}, the driver has ${has.join()}`);
}

/** Whatever the profile promises is exercised by a stimulus, an order, a refusal, a call or a scene, or cannot be and says why. */
export function checkCoverage(subject: Subject, profile: Profile, { promises = {} }: NotApplicable): void {
  const { stimuli, orders, refusals = [], scenes = [] } = subject;
  const exercised = new Set<string>([
    ...stimuli.map(({ capability, event }) => `${capability}.${event}`),
    ...[...orders, ...refusals].map(({ capability, command }) => `${capability}.${command}`),
    ...orders.flatMap(({ capability, tells = [] }) => tells.map((event) => `${capability}.${event}`)),
    ...plainCalls(profile).map(({ capability, name }) => `${capability}.${name}`),
    ...scenes.flatMap(({ covers }) => covers),
  ]);
  const promised = promisedBy(profile);
  const excused = new Set(Object.keys(promises));
  const silent = promised.filter(({ member }) => !exercised.has(member) && !excused.has(member));
  if (silent.length > 0)
    throw new Error(`nothing exercises ${silent.map(({ member, kind }) => `the ${kind} ${member}`).join(', ')}`);
  const stale = [...excused].filter(
    (member) => exercised.has(member) || !promised.some((known) => known.member === member),
  );
  if (stale.length > 0) throw new Error(`there is no reason to leave out ${stale.join(', ')}`);
}

async function ready(rig: Rig): Promise<void> {
  if (!(await rig.until(() => rig.driver.health.state === 'ready', READY_WITHIN)))
    throw new Error(`the device is ${rig.driver.health.state}`);
}

/** Asks, and lets time pass until the answer is there; it must be what the capability declares. */
async function answered(
  rig: Rig,
  capability: CapabilityName,
  name: string,
  args: readonly unknown[],
): Promise<unknown> {
  const label = `${capability}.${name}`;
  const shape = shapeOf(capability).calls[name];
  if (!shape) throw new Error(`there is no call ${label}`);
  let answer: Awaited<ReturnType<Rig['call']>> | undefined;
  void rig.call(capability, name, args).then((given) => {
    answer = given;
  });
  if (!(await rig.until(() => answer !== undefined, ANSWERED_WITHIN)) || !answer)
    throw new Error(`${label} is not answered within ${ANSWERED_WITHIN} ms`);
  if (!answer.ok) throw new Error(`${label} failed: ${answer.error.code} ${answer.error.detail ?? ''}`);
  const shaped = shape.result.safeParse(answer.value);
  if (!shaped.success) throw new Error(`${label} answers otherwise than declared: ${shaped.error.message}`);
  return answer.value;
}

/** Every call without arguments is answered as its capability declares. */
export async function checkCalls(rig: Rig, profile: Profile): Promise<void> {
  await ready(rig);
  for (const { capability, name } of plainCalls(profile)) await answered(rig, capability, name, []);
}

/** What this model has not is refused, by name, and not left without a word. */
export async function checkRefusals(rig: Rig): Promise<void> {
  await ready(rig);
  for (const refusal of rig.subject.refusals ?? []) {
    const { capability, command, code } = refusal;
    const given = rig.give(refusal, rig.command(refusal));
    await rig.until(() => given.receipt() !== undefined, ANSWERED_WITHIN);
    const receipt = given.receipt();
    if (receipt?.ok !== false || receipt.error.code !== code) {
      const got = receipt?.ok === false ? receipt.error.code : (receipt?.value.confirmation ?? 'no receipt');
      throw new Error(`${capability}.${command}: ${got} instead of ${code}`);
    }
  }
}

/** Scenes follow each other on one device; each finds it ready. */
export async function playScenes(rig: Rig): Promise<void> {
  const play: Play = {
    clock: rig.clock,
    driver: rig.driver,
    until: (holds, longest) => rig.until(holds, longest),
    order: (capability, command, args) => rig.give({ capability }, rig.command({ command, args }, SCENE_ORDER_LIVES)),
    ask: (capability, call, ...args) => answered(rig, capability, call, args),
  };
  for (const { name, play: scene } of rig.subject.scenes ?? []) {
    await ready(rig);
    try {
      await scene(play);
    } catch (error) {
      throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
}
