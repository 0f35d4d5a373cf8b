import type { Profile, ProfileCatalogue } from '@hallhub/firmware-profiles/schema';
import {
  type Clock,
  type Code,
  type DurationMs,
  type RandomBytes,
  type Result,
  err,
  ok,
  seconds,
} from '@hallhub/sync/base';
import { createAgentHost, loadBuiltInProtocols } from '../agent/index.ts';
import { silentLog } from '../kit/index.ts';
import type { Protocol, TransportFactory, TransportSettings } from '../kit/index.ts';
import { systemTransports } from '../transports/index.ts';

export interface Answer {
  readonly profile: string;
  /**
   * `answers`: the device spoke the protocol; `silent`: nothing, or nonsense; `listens`: it would not answer anyway; `not-asked`:
   * something is missing without which it cannot be asked, and it may well be this one.
   */
  readonly result: 'answers' | 'silent' | 'listens' | 'not-asked';
  /** What is missing to ask it. */
  readonly without?: string;
  /** What it says of itself, where the protocol has that. */
  readonly identity?: string;
}

const ANSWER_WITHIN = seconds(4);
/** Not connected, broken off, no answer, nonsense, gone in the middle: whoever is there does not speak this. */
const SILENCE: ReadonlySet<Code> = new Set<Code>([
  'E-DEV-0102',
  'E-DEV-0103',
  'E-DEV-0202',
  'E-DEV-0204',
  'E-DEV-0206',
]);
/** Even no is an answer. */
const REFUSED: Code = 'E-DEV-0203';

/**
 * Tries the profiles that could be on a port, one after the other, and says which of them answer. Drivers are told that they
 * are probing and only ask (find card, read inputs, identify, status): nothing is set up, switched, printed or opened.
 * Readers of OSDP are asked in plain, where who they are needs no key. Protocols whose devices only listen are not tried, although some have a setup: entering that changes the device.
 *
 * Error: `E-DEV-0101` the port cannot be opened, which says nothing of any profile.
 */
export async function probe(options: {
  /** A serial port, `tcp://host:port`, or `memory:name` in tests. */
  readonly port: string;
  readonly catalogue: ProfileCatalogue;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly transports?: TransportFactory;
  readonly within?: DurationMs;
  readonly on?: (answer: Answer) => void;
}): Promise<Result<readonly Answer[]>> {
  const { port, catalogue, clock, random, within = ANSWER_WITHIN, on } = options;
  const protocols = (await loadBuiltInProtocols()).map(probing);
  const answers: Answer[] = [];
  const listens = ({ protocol }: Profile): boolean =>
    protocols.some(({ name, listensOnly }) => name === protocol && listensOnly === true);
  // Those that are asked first: that a port is not there is found out by them.
  const inOrder = [...catalogue.list()].sort((a, b) => Number(listens(a)) - Number(listens(b)));
  for (const profile of inOrder) {
    const transport = lineTo(port, profile);
    if (!transport) continue;
    const answer: Result<Answer> = listens(profile)
      ? ok({ profile: profile.id, result: 'listens' })
      : await ask(profile, transport, {
          clock,
          random,
          within,
          protocols,
          transports: options.transports ?? systemTransports({ clock }),
        });
    if (!answer.ok) return answer;
    answers.push(answer.value);
    on?.(answer.value);
  }
  return ok(answers);
}

/** The protocol with drivers that know that they only ask. */
const probing = (protocol: Protocol): Protocol => ({
  ...protocol,
  connect: (bus, environment) => protocol.connect(bus, { ...environment, probe: true }),
});

async function ask(
  profile: Profile,
  transport: TransportSettings,
  deps: {
    readonly clock: Clock;
    readonly random: RandomBytes;
    readonly within: DurationMs;
    readonly protocols: readonly Protocol[];
    readonly transports: TransportFactory;
  },
): Promise<Result<Answer>> {
  const host = createAgentHost({
    clock: deps.clock,
    random: deps.random,
    log: silentLog,
    protocols: deps.protocols,
    devices: [{ id: 'probed', profile: profile.id, transport }],
    profiles: { get: (id) => (id === profile.id ? profile : undefined), list: () => [profile] },
    transportFactory: deps.transports,
  });
  host.start();
  const answered = await new Promise<boolean>((resolve) => {
    const settle = (spoke: boolean): void => {
      stopWatching();
      cancel();
      resolve(spoke);
    };
    const stopWatching = host.onHealth(({ health }) => {
      if (health.state === 'ready' || health.state === 'degraded') settle(true);
    });
    const cancel = deps.clock.after(deps.within, () => {
      settle(false);
    });
  });
  const { reason } = host.health('probed') ?? {};
  const installed = answered ? await host.capability('probed', 'firmware')?.installed() : undefined;
  await host.stop();
  // Tried again and again in the meantime: it is not that somebody had only just left it.
  if (!answered && reason?.code === 'E-DEV-0101') return err(reason);
  if (!answered && reason && reason.code !== REFUSED && !SILENCE.has(reason.code)) {
    const without = reason.detail?.replace(/^probed: /, '') ?? reason.code;
    return ok({ profile: profile.id, result: 'not-asked', without });
  }
  const identity = installed?.ok === true ? Object.values(installed.value).join(' ') : undefined;
  return ok({
    profile: profile.id,
    result: answered || reason?.code === REFUSED ? 'answers' : 'silent',
    ...(identity !== undefined && { identity }),
  });
}

/** The line that a profile would have on this port; undefined when the port is none for it. */
function lineTo(port: string, { transport }: Profile): TransportSettings | undefined {
  const tcp = /^tcp:\/\/(.+):(\d+)$/.exec(port);
  if (tcp) return transport.kind === 'tcp' ? { kind: 'tcp', host: tcp[1] ?? '', port: Number(tcp[2]) } : undefined;
  if (transport.kind !== 'serial') return undefined;
  if (port.startsWith('memory:')) {
    return { kind: 'memory', name: port.slice('memory:'.length), baudRate: transport.baudRate };
  }
  const { kind, baudRate, dataBits, parity, stopBits } = transport;
  return {
    kind,
    path: port,
    baudRate,
    ...(dataBits && { dataBits }),
    ...(parity && { parity }),
    ...(stopBits && { stopBits }),
  };
}
