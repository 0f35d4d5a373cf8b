import { createHash } from 'node:crypto';
import type { CapabilityName } from '@hallhub/device-drivers/capabilities';
import type { CommandMessage } from '@hallhub/device-drivers/agent/station';
import { decodeMessage, deviceReported, encodeMessage, healthChanged } from '@hallhub/device-drivers/agent/station';
import { silentLog } from '@hallhub/device-drivers/kit';
import { epochMs, manualClock, ms, ok, plus, seconds, systemRandom } from '@hallhub/sync/base';
import type { CloudEvent } from '@hallhub/sync/contract';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import { describe, expect, it } from 'vitest';
import { auditSchema, createAudit } from '../audit/index.ts';
import { createRegistry } from '../devices/registry/service.ts';
import { createHardware } from '../devices/registry/hardware.ts';
import { devicesSchema } from '../devices/index.ts';
import type { RemoteDevice, RemoteHost } from './index.ts';
import { createRemoteHost } from './index.ts';

const board = (...capabilities: CapabilityName[]): RemoteDevice => ({
  agent: 'gate-1',
  definition: { id: 'relay', profile: 'test/board', transport: { kind: 'memory', name: 'relays' } },
  capabilities,
});

function setUp(first: readonly RemoteDevice[]) {
  const clock = manualClock();
  let connected = true;
  const db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [auditSchema, devicesSchema] });
  const commanded: CommandMessage[] = [];
  const host = createRemoteHost({
    pipe: {
      connected: () => connected,
      command: (_agent, payload) => commanded.push(decodeMessage(payload) as CommandMessage),
      ask: () => Promise.resolve(ok({})),
    },
    db,
    agentClock: () => ({ toHub: () => clock.now() }),
    clock,
    log: silentLog,
  });
  host.assign(first);
  const audit = createAudit({ db, clock });
  const registry = createRegistry({
    db,
    clock,
    random: systemRandom,
    log: silentLog,
    audit,
    digest: (text) => createHash('sha256').update(text).digest(),
    timeZone: 'Asia/Shanghai',
    host,
    hardware: createHardware({ db, clock, audit }),
    configured: () => [],
    areaOf: () => undefined,
    profilesOf: () => undefined,
    profiles: () => [],
    serialPorts: () => Promise.resolve([]),
    usbDevices: () => Promise.resolve(ok([])),
  });
  registry.start();
  const report = (capability: CapabilityName, event: string, data: object) =>
    host.apply('gate-1', {
      type: deviceReported.type,
      subject: 'relay',
      data: {
        clock: { at: clock.now(), mono: clock.monotonic(), run: 'r' },
        capability,
        event,
        data: { at: clock.now(), ...data },
      },
    } as unknown as CloudEvent);
  const twin = () => {
    clock.advance(seconds(1));
    const detail = registry.detail('relay');
    return detail.ok ? detail.value.twin.map(({ property, reported }) => [property, reported?.value]) : [];
  };
  const set = (id: string) =>
    host.capability('relay', 'switch')?.set({
      id,
      name: 'set',
      args: { channel: 0, on: true },
      issuedAt: clock.now(),
      expiresAt: plus(clock.now(), seconds(3)),
      issuedBy: 'test',
    });
  const presence = (here: boolean): void => {
    connected = here;
    host.connection('gate-1', here);
  };
  return { clock, host, registry, commanded, report, twin, set, presence };
}

describe('the devices of agents', () => {
  it('can what other profiles add from that moment on, and whoever listens to all devices hears it', () => {
    const { host, registry, commanded, report, twin, set } = setUp([board('occupancy')]);
    expect(host.capability('relay', 'switch')).toBeUndefined();
    expect(report('switch', 'change', { channel: 0, on: true })).toMatchObject({ code: 'E-AGENT-0102' });
    host.assign([board('occupancy', 'switch')]);
    expect(registry.list()).toMatchObject([{ capabilities: ['occupancy', 'switch'] }]);
    expect(report('switch', 'change', { channel: 0, on: true })).toBeUndefined();
    expect(report('occupancy', 'occupancy', { occupied: true })).toBeUndefined();
    expect(twin()).toEqual([
      ['occupied', true],
      ['channel-0', true],
    ]);
    void set('1');
    expect(commanded).toMatchObject([{ id: '1', capability: 'switch' }]);
  });

  it('lose what other profiles take away: nothing of it is ordered any more, and it comes back as it was', async () => {
    const { clock, host, registry, commanded, report, twin } = setUp([board('switch')]);
    const held = host.capability('relay', 'switch');
    const heard: boolean[] = [];
    held?.onChange(({ on }) => heard.push(on));
    host.assign([board('tamper')]);
    expect(registry.list()).toMatchObject([{ capabilities: ['tamper'] }]);
    expect(host.capability('relay', 'switch')).toBeUndefined();
    const order = (id: string) => ({
      id,
      name: 'set' as const,
      args: { channel: 0, on: true },
      issuedAt: clock.now(),
      expiresAt: plus(clock.now(), ms(500)),
      issuedBy: 'test',
    });
    expect(await held?.set(order('1'))).toMatchObject({ ok: false, error: { code: 'E-DEV-0203' } });
    expect(await held?.state()).toMatchObject({ ok: false, error: { code: 'E-DEV-0203' } });
    expect(commanded).toEqual([]);
    // What waited in the agent's outbox from before is no nonsense, and changes nothing here.
    expect(report('switch', 'change', { channel: 0, on: true })).toBeUndefined();
    expect(twin()).toEqual([]);
    host.assign([board('switch')]);
    expect(host.capability('relay', 'switch')).toBe(held);
    report('switch', 'change', { channel: 0, on: false });
    expect(heard).toEqual([true, false]);
    void held?.set(order('2'));
    expect(commanded).toMatchObject([{ id: '2' }]);
    host.assign([]);
    expect(host.devices()).toEqual([]);
    expect(await held?.set(order('3'))).toMatchObject({ ok: false, error: { code: 'E-DEV-0203' } });
  });

  it('are sent no order that is larger than a message may be', async () => {
    const { clock, host, commanded } = setUp([board('ticketPrinter')]);
    const print = (height: number) =>
      host.capability('relay', 'ticketPrinter')?.print({
        id: String(height),
        name: 'print',
        args: { ticket: { blocks: [{ type: 'image', width: 832, height, bits: new Uint8Array(104 * height) }] } },
        issuedAt: clock.now(),
        expiresAt: plus(clock.now(), seconds(3)),
        issuedBy: 'test',
      });
    expect(await print(2_000)).toMatchObject({ ok: false, error: { code: 'E-AGENT-0105' } });
    expect(commanded).toEqual([]);
    void print(1_000);
    expect(commanded).toHaveLength(1);
  });

  it('drop what a live message says of a capability that they never had', () => {
    const { clock, host } = setUp([board('switch')]);
    const heard: unknown[] = [];
    host.assign([board('switch', 'cardReader')]);
    host.capability('relay', 'cardReader')?.onCard((read) => heard.push(read.presented));
    const presented = { type: 'uid', uid: '04A1' };
    let messages = 0;
    const live = (capability: CapabilityName): Uint8Array =>
      encodeMessage({
        id: String((messages += 1)),
        clock: { at: clock.now(), mono: clock.monotonic(), run: 'r' },
        device: 'relay',
        capability,
        event: 'card',
        data: { presented, at: clock.now(), lastByteAt: 5 },
        expiresAt: plus(clock.now(), seconds(5)),
      });
    host.live('gate-1', live('cardReader'));
    host.live('gate-1', live('tamper'));
    host.live('gate-2', live('cardReader'));
    expect(heard).toEqual([presented]);
  });

  const said = (mono: number, state: 'starting' | 'ready') => ({
    clock: { at: 0, mono, run: 'r' },
    health: { state, since: epochMs(mono) },
  });
  const greeting = { version: '1', startedAt: epochMs(0), profiles: '1', pendingEvents: 0, ports: [], usb: [] };
  const greets = (host: RemoteHost, mono: number, state: 'starting' | 'ready'): void => {
    const { clock, health } = said(mono, state);
    const device = { id: 'relay', profile: 'test/board', line: 'relays', capabilities: [], health };
    host.hello('gate-1', { ...greeting, clock, devices: [device] });
  };
  const changes = (host: RemoteHost, mono: number, state: 'starting' | 'ready') =>
    host.apply('gate-1', {
      type: healthChanged.type,
      subject: 'relay',
      data: said(mono, state),
    } as unknown as CloudEvent);

  it('are as well as the newest word has it, when a greeting that was asked again comes after it', () => {
    const { host } = setUp([board('switch')]);
    changes(host, 20, 'ready');
    greets(host, 10, 'starting');
    expect(host.health('relay')).toMatchObject({ state: 'ready' });
  });

  it('are as well as was said before the broker told that their agent is here', () => {
    const { host, presence } = setUp([board('switch')]);
    presence(false);
    changes(host, 20, 'ready');
    expect(host.health('relay')).toMatchObject({ state: 'down', reason: { code: 'E-AGENT-0103' } });
    presence(true);
    expect(host.health('relay')).toMatchObject({ state: 'ready' });
  });

  it('are not believed to be well again because their agent was here before', () => {
    const { host, presence } = setUp([board('switch')]);
    changes(host, 20, 'ready');
    presence(false);
    presence(true);
    expect(host.health('relay')).toMatchObject({ state: 'down' });
    greets(host, 30, 'ready');
    expect(host.health('relay')).toMatchObject({ state: 'ready' });
  });
});
