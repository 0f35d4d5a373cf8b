import { builtInProfiles } from '@hallhub/firmware-profiles/schema';
import { plus, seconds, systemClock, systemRandom, unwrap } from '@hallhub/sync/base';
import { expect, it } from 'vitest';
import { loadBuiltInProtocols } from '../../agent/index.ts';
import { listenerName } from '../../capabilities/index.ts';
import { builtInConformance } from '../../conformance/index.ts';
import { type Command, type Receipt, silentLog } from '../../kit/index.ts';
import { freePort, until } from '../../kit/testing/index.ts';
import { createHttpInboxes } from '../../transports/index.ts';
import { openRealWeb } from './testing/real-web.ts';

const protocols = await loadBuiltInProtocols();

it.each([
  'hikvision/anpr',
  'hikvision/anpr-push',
  'dahua/anpr',
  'vzenith/http-comet',
  'hikvision/access-terminal',
  'hikvision/access-terminal-push',
])('a device of %s tells what happens and does as it is told over real sockets', { timeout: 60_000 }, async (id) => {
  const profile = builtInProfiles().get(id);
  const protocol = protocols.find(({ name }) => name === profile?.protocol);
  const conformance = builtInConformance.find((one) => one.protocol === profile?.protocol);
  if (!profile || !protocol || !conformance?.simulateHttp) throw new Error(`no simulated camera for ${id}`);
  const clock = systemClock({ mode: 'test' });
  const port = await freePort();
  const camera = await openRealWeb(port);
  const subject = conformance.simulateHttp({ web: camera.web, clock, profile });
  const pushes = profile.transport.kind === 'http-listen';
  const installation = { ...conformance.installation?.(profile) };
  const params = {
    ...profile.params,
    ...installation,
    ...('url' in installation && { url: camera.url }),
  };
  const [driver] = unwrap(
    protocol.connect(
      {
        transport: pushes ? { kind: 'http-listen', host: '127.0.0.1', port } : { kind: 'url', url: camera.url },
        devices: [{ deviceId: 'camera', params }],
      },
      {
        clock,
        random: systemRandom,
        log: silentLog,
        inbox: createHttpInboxes({ clock, log: silentLog }),
        transportFactory: () => ({ ok: false, error: { code: 'E-DEV-0302' } }),
      },
    ),
  );
  if (!driver) throw new Error('no driver');
  await subject.start();
  driver.start();
  await until('it is ready', () => driver.health.state === 'ready');
  for (const stimulus of subject.stimuli) {
    const { capability, event } = stimulus;
    let seen = 0;
    const listen: unknown = Reflect.get(driver.capabilities[capability] ?? {}, listenerName(event));
    (listen as (listener: (data: unknown) => void) => void)((data) => (seen += stimulus.matches(data) ? 1 : 0));
    await stimulus.cause();
    await until('it is told', () => seen === 1);
  }
  for (const order of subject.orders) {
    const open: unknown = Reflect.get(driver.capabilities[order.capability] ?? {}, order.command);
    const now = clock.now();
    const command = {
      id: `${order.capability}.${order.command}`,
      name: order.command,
      args: typeof order.args === 'function' ? (order.args as () => object)() : order.args,
      issuedAt: now,
      expiresAt: plus(now, seconds(10)),
      issuedBy: 'test',
    };
    const receipt = await (open as (command: Command) => Promise<Receipt>)(command);
    expect(receipt).toMatchObject({ ok: true, value: { confirmation: order.confirmation } });
    await until('it is done', () => order.effects() === 1);
  }
  await driver.stop();
  await subject.stop();
  camera.close();
});
