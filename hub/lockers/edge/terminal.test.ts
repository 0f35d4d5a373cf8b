import type { AgentHost } from '@hallhub/device-drivers/agent';
import { createEmitter, rethrow } from '@hallhub/device-drivers/kit';
import { systemRandom } from '@hallhub/sync/base';
import { afterEach, describe, expect, it } from 'vitest';
import type { LockerTerminal } from './terminal.ts';
import { createLockerTerminal } from './terminal.ts';
import type { Rig } from './testing/rig.ts';
import { CABINET, createRig } from './testing/rig.ts';

let rig: Rig;
afterEach(() => rig.stop());

async function setUp() {
  rig = await createRig();
  const scans = createEmitter<{ text: string }>(rethrow);
  const cards = createEmitter<{ presented: object }>(rethrow);
  const host = {
    capability: (_: string, name: string) => (name === 'codeScanner' ? { onScan: scans.on } : { onCard: cards.on }),
  } as unknown as AgentHost;
  const terminal: LockerTerminal = createLockerTerminal({
    ...{ cabinets: rig.cabinets(), cabinet: CABINET, clock: rig.clock, random: systemRandom },
    readers: [
      { id: 'scanner', kind: 'scanner' },
      { id: 'reader', kind: 'resident-id' },
    ],
    host: () => host,
  });
  return {
    terminal,
    scan: (text: string) => scans.emit({ text }),
    card: (presented: object) => cards.emit({ presented }),
  };
}
const valueOf = <T>(
  result:
    | { readonly ok: true; readonly value: T }
    | { readonly ok: false; readonly error: { readonly code: string } }
    | undefined,
): T => {
  if (result?.ok !== true) throw new Error(result?.error.code ?? 'nothing');
  return result.value;
};

describe('the screen at a cabinet', () => {
  it('says how many doors of each size are free, and whether its boards answer', async () => {
    const { terminal } = await setUp();
    expect(terminal.view()).toMatchObject({
      value: { id: CABINET, free: { small: 4, medium: 2, large: 2 }, working: true },
    });
    rig.simulator.setFaults({ silent: true });
    await rig.restart();
    expect(terminal.view()).toMatchObject({ value: { free: { small: 0, medium: 0, large: 0 }, working: false } });
  });

  it('leads from a code that was typed to a door that was shut', async () => {
    const { terminal } = await setUp();
    const pass = rig.allow('deposit', 'letter', '123456');
    const { session, passes } = valueOf(terminal.present({ code: ' 123456 ' }));
    expect(passes).toEqual([{ id: pass, purpose: 'deposit', size: 'small' }]);
    const { id } = valueOf(terminal.begin({ session, pass, size: 'medium' }));
    expect(valueOf(terminal.begin({ session, pass, size: 'medium' })).id).toBe(id);
    await rig.pass(3);
    expect(terminal.order(id, session)).toMatchObject({ value: { state: 'open', compartment: 'A5' } });
    rig.hardware.shut(5);
    await rig.pass(1);
    expect(terminal.order(id, session)).toMatchObject({ value: { state: 'asking', mayReopen: true } });
    expect(terminal.answer(id, { session, answer: 'again' })).toMatchObject({ value: { state: 'opening' } });
    await rig.pass(3);
    rig.hardware.place(5, true);
    await rig.pass(1);
    rig.hardware.shut(5);
    await rig.pass(1);
    expect(terminal.order(id, session)).toMatchObject({ value: { state: 'ended', outcome: 'stored', sure: true } });
    expect(terminal.answer(id, { session, answer: 'done' })).toMatchObject({ error: { code: 'E-LOCK-0108' } });
  });

  it('follows to the other door where the first is stuck', async () => {
    const { terminal } = await setUp();
    rig.hardware.setStuck(1, true);
    const pass = rig.allow('deposit', 'letter', '123456');
    const { session } = valueOf(terminal.present({ code: '123456' }));
    const { id } = valueOf(terminal.begin({ session, pass }));
    await rig.pass(15);
    const { next = '' } = valueOf(terminal.order(id, session));
    expect(terminal.order(next, session)).toMatchObject({ value: { compartment: 'A2' } });
  });

  it('takes a QR code, a resident ID and a campus card at its readers, one person at a time', async () => {
    const { terminal, scan, card } = await setUp();
    const hash = (kind: 'uid' | 'resident-id', value: string) => ({ kind, hash: rig.hash(kind, value) });
    rig.allow('deposit', 'letter', '123456', {
      credentials: [hash('uid', '010203A4'), hash('resident-id', '11010519491231002X')],
    });
    rig.allow('deposit', 'form', '654321');
    const never = new AbortController().signal;
    const first = terminal.listen(never);
    const second = terminal.listen(never);
    expect(await first).toBeUndefined();
    scan('HHL:654321');
    expect(valueOf(await second).passes).toMatchObject([{ id: 'deposit-form' }]);
    const third = terminal.listen(never);
    card({ type: 'resident-number', number: '11010519491231002X' });
    expect(valueOf(await third).passes).toMatchObject([{ id: 'deposit-letter' }]);
    const fourth = terminal.listen(never);
    card({ type: 'uid', uid: 'FFFFFFFF' });
    expect(await fourth).toMatchObject({ error: { code: 'E-LOCK-0102' } });
    const fifth = terminal.listen(never);
    await rig.pass(20);
    expect(await fifth).toBeUndefined();
    const gone = new AbortController();
    const sixth = terminal.listen(gone.signal);
    gone.abort();
    expect(await sixth).toBeUndefined();
    scan('HHL:654321');
  });

  it('opens nothing without a session, with that of somebody else, or with one that is over', async () => {
    const { terminal } = await setUp();
    const [mine, yours] = [rig.allow('deposit', 'letter', '123456'), rig.allow('deposit', 'form', '654321')];
    const { session } = valueOf(terminal.present({ code: '123456' }));
    expect(terminal.begin({ session: 'nobody', pass: mine })).toMatchObject({ error: { code: 'E-LOCK-0108' } });
    expect(terminal.begin({ session, pass: yours })).toMatchObject({ error: { code: 'E-LOCK-0108' } });
    const { id } = valueOf(terminal.begin({ session, pass: mine }));
    const other = valueOf(terminal.present({ code: '654321' })).session;
    expect(terminal.order(id, other)).toMatchObject({ error: { code: 'E-LOCK-0108' } });
    terminal.end({ session });
    expect(terminal.order(id, session)).toMatchObject({ error: { code: 'E-LOCK-0108' } });
    await rig.pass(121);
    expect(terminal.begin({ session: other, pass: yours })).toMatchObject({ error: { code: 'E-LOCK-0108' } });
  });

  it('takes nothing that is not what it asks for', async () => {
    const { terminal } = await setUp();
    for (const body of [undefined, {}, { code: 7 }, { code: 'x'.repeat(65) }])
      expect(terminal.present(body)).toMatchObject({ error: { code: 'E-API-0101' } });
    expect(terminal.begin({ session: '' })).toMatchObject({ error: { code: 'E-API-0101' } });
    expect(terminal.answer('x', { session: '', answer: 'perhaps' })).toMatchObject({ error: { code: 'E-API-0101' } });
    expect(terminal.end({})).toMatchObject({ error: { code: 'E-API-0101' } });
  });
});
