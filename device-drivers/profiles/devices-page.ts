import { join } from 'node:path';
import type { Profile, ProfileCatalogue } from '@hallhub/firmware-profiles/schema';
import { shapeOf } from '../capabilities/index.ts';

/** Where the generated page stands. */
export const devicesPageFile = join(import.meta.dirname, '../../docs/devices.md');

const EVIDENCE: Readonly<Record<Profile['evidence'][number], string>> = {
  vectors: 'golden bytes',
  peer: 'ran against an implementation written elsewhere',
  hardware: 'a real device',
};

/** The evidence in words; of a peer which it was, and whether a test repeats the run. */
const evidenceOf = ({ evidence, peers }: Profile): string =>
  evidence
    .map((kind) => {
      if (kind !== 'peer') return EVIDENCE[kind];
      const runs = peers.map(({ tool, version, run }) => {
        const name = version === undefined ? tool : `${tool} ${version}`;
        return `${name}, ${run === 'ci' ? 'in CI' : 'once, by hand'}`;
      });
      return `${EVIDENCE.peer} (${runs.join('; ')})`;
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
  return `${[
    '# 可接入设备 Devices',
    '',
    'Generated from `firmware-profiles/profiles` by `npm run profiles -- docs`; a test keeps it in step.',
    '',
    `${profiles.length} profiles. None of them has been tried on a real device unless its evidence says so.`,
    '',
    '| 型号 Profile | 名称 Name | 协议 Protocol | 线路 Line | 能力 Capabilities | 依据 Evidence |',
    '| --- | --- | --- | --- | --- | --- |',
    ...profiles.map(
      (profile) =>
        `| \`${profile.id}\` | ${profile.label.zh} | \`${profile.protocol}\` | ${lineOf(profile)} | ${profile.capabilities.join(', ')} | ${profile.evidence.join(', ')} |`,
    ),
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
