import { catalogueOf } from '@hallhub/firmware-profiles/schema';
import { ms, systemClock, systemRandom, unwrap } from '@hallhub/sync/base';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLog } from '../../kit/index.ts';
import { freePort, until } from '../../kit/testing/index.ts';
import { type AssignableHost, createAgentHost } from '../index.ts';
import { reportingPlace } from '../testing/reporting-protocol.ts';

const profiles = unwrap(
  catalogueOf(
    new Map([
      [
        'test/reporting.json',
        JSON.stringify({
          label: { zh: '测试', en: 'test' },
          protocol: 'reporting',
          transport: { kind: 'http-listen' },
          capabilities: ['plateReader'],
          evidence: ['vectors'],
          sources: ['this test'],
        }),
      ],
      ['test/reporting.vectors.json', '{}'],
    ]),
  ),
);
let host: AssignableHost;
let port: number;

beforeEach(async () => {
  port = await freePort();
  host = createAgentHost({
    clock: systemClock({ mode: 'test' }),
    random: systemRandom,
    log: silentLog,
    isolate: true,
    patience: ms(1_000),
    profiles,
    protocols: [reportingPlace],
    devices: ['one', 'two'].map((id) => ({
      id,
      profile: 'test/reporting',
      transport: { kind: 'http-listen', host: '127.0.0.1', port },
      params: { token: id },
    })),
  });
  host.start();
  await allReady();
});
afterEach(() => host.stop());

const allReady = (): Promise<void> =>
  until('both are ready', () => host.devices().every(({ health }) => health.state === 'ready'));
const post = async (path: string, body: string): Promise<string> => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body });
  return `${response.status} ${await response.text()}`.trim();
};

it('requests of devices cross into the thread of their bus, and answers come back', async () => {
  const plates: string[] = [];
  for (const id of ['one', 'two'])
    host.capability(id, 'plateReader')?.onPlate(({ plate }) => plates.push(`${id} ${plate}`));
  expect(await post('/one/plate', '京A12345')).toBe('200 京A12345');
  expect(await post('/two/plate', '赣GZ7S13')).toBe('200 赣GZ7S13');
  await until('the events are here', () => plates.length === 2);
  expect(plates).toEqual(['one 京A12345', 'two 赣GZ7S13']);
});

it('a device whose thread dies is told to try again, and is heard again', { timeout: 30_000 }, async () => {
  const spinning = post('/one/spin', '');
  expect(await spinning).toBe('503');
  await until('it is down', () => host.health('one')?.state === 'down');
  await allReady();
  expect(await post('/one/plate', '京A12345')).toBe('200 京A12345');
});
