import { join } from 'node:path';
import type { PeerRun, Profile, ProfileCatalogue } from '@hallhub/firmware-profiles/schema';
import { shapeOf } from '../capabilities/index.ts';
import { builtInConformance } from '../conformance/index.ts';

/** Where the generated page stands. */
export const devicesPageFile = join(import.meta.dirname, '../../docs/devices.md');

const EVIDENCE: Readonly<Record<Profile['evidence'][number], string>> = {
  vectors: 'golden bytes',
  peer: 'ran against an implementation written elsewhere',
  hardware: 'a real device',
};

const runOf = ({ tool, version, covers, run }: PeerRun): string => {
  const name = version === undefined ? tool : `${tool} ${version}`;
  return `${name}, ${run === 'ci' ? 'in CI' : 'once, by hand'}, shows: ${covers}`;
};

/** The evidence in words; of a peer which it was, and whether a test repeats the run. */
const evidenceOf = ({ evidence, peers }: Profile): string =>
  evidence
    .map((kind) => {
      if (kind !== 'peer') return EVIDENCE[kind];
      return `${EVIDENCE.peer} (${peers.map(runOf).join('; ')})`;
    })
    .join('; ');

function lineOf({ transport }: Profile): string {
  switch (transport.kind) {
    case 'serial': {
      const { baudRate, dataBits = 8, parity = 'none', stopBits = 1 } = transport;
      return `serial, ${baudRate} ${dataBits}${parity.charAt(0).toUpperCase()}${stopBits}`;
    }
    case 'tcp':
    case 'udp':
      return `${transport.kind.toUpperCase()}, port ${transport.port}`;
    case 'http':
      return 'HTTP';
    case 'usb':
      return 'USB';
    case 'url':
      return 'network address';
    case 'http-listen':
      return 'HTTP, reported to a port of the hub or agent';
    case 'mqtt':
      return 'MQTT, over the hub’s broker';
  }
}

const list = (title: string, texts: readonly { readonly zh: string; readonly en: string }[]): readonly string[] =>
  texts.length === 0 ? [] : [`${title}:`, '', ...texts.map(({ zh, en }) => `- ${zh} ${en}`), ''];

/** `docs/devices.md`: what can be connected, how, and on what evidence; made from the profiles. */
export function devicesPage(catalogue: ProfileCatalogue): string {
  const profiles = [...catalogue.list()].sort((a, b) => a.id.localeCompare(b.id));
  const sections = profiles.flatMap((profile) => [
    `### ${profile.label.zh} · ${profile.label.en}`,
    '',
    `\`${profile.id}\` · protocol \`${profile.protocol}\` · ${lineOf(profile)} · ${profile.capabilities.map((name) => `\`${name}\``).join(', ')}`,
    '',
    `Evidence: ${evidenceOf(profile)}. Sources: ${profile.sources.join('; ')}.`,
    '',
    ...list('接线 Wiring', profile.wiring),
    ...list('注意 Good to know', profile.quirks),
  ]);
  const used = [...new Set(profiles.flatMap(({ capabilities }) => capabilities))].sort();
  const meanings = used.flatMap((name) =>
    Object.entries(shapeOf(name).commands).flatMap(([command, { done }]) =>
      Object.entries(done).map(
        ([confirmation, meaning]) => `| \`${name}.${command}\` | ${confirmation} | ${meaning} |`,
      ),
    ),
  );
  const protocolRuns = builtInConformance
    .filter(({ peers = [] }) => peers.length > 0)
    .map(({ protocol, peers = [] }) => `- \`${protocol}\`: ${peers.map(runOf).join('; ')}`);
  const conditional = profiles.filter(({ conditions }) => conditions.length > 0).map(({ id }) => `\`${id}\``);
  return `${[
    '# 可接入设备 Devices',
    '',
    'Generated from `firmware-profiles/profiles` by `npm run profiles -- docs`; a test keeps it in step.',
    '',
    `${profiles.length} profiles. None of them has been tried on a real device unless its evidence says so.`,
    '',
    conditional.length === 0
      ? 'No shipped profile needs parameters that differ with the firmware version (`conditions`); where one has them, every check with a simulated device runs once for each.'
      : `Parameters that differ with the firmware version: ${conditional.join(', ')}.`,
    '',
    '| 型号 Profile | 名称 Name | 协议 Protocol | 线路 Line | 能力 Capabilities | 依据 Evidence |',
    '| --- | --- | --- | --- | --- | --- |',
    ...profiles.map(
      (profile) =>
        `| \`${profile.id}\` | ${profile.label.zh} | \`${profile.protocol}\` | ${lineOf(profile)} | ${profile.capabilities.join(', ')} | ${profile.evidence.join(', ')} |`,
    ),
    '',
    '## Protocols that ran against implementations written elsewhere',
    '',
    'The protocol, and no profile with its own parameters: each run stands for the codec and its driver or simulator.',
    '',
    ...protocolRuns,
    '',
    '## When a command is done',
    '',
    '| Command | Confirmation | Means |',
    '| --- | --- | --- |',
    ...meanings,
    '',
    '## Profiles',
    '',
    ...sections,
  ].join('\n')}\n`;
}
