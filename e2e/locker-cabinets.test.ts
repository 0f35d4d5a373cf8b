import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unwrap } from '@hallhub/sync/base';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ItemView } from '../hub/lockers/contract.ts';
import type { LockerOrderView, LockerView, Presented } from '../hub/lockers/terminal-contract.ts';
import { reading } from './testing/agent-journal.ts';
import { enrolAgent, startAgentProcess } from './testing/agent-process.ts';
import type { StreetCabinet } from './testing/cabinets.ts';
import { startCabinets, useDoor } from './testing/cabinets.ts';
import type { Cable } from './testing/cable.ts';
import { layCable } from './testing/cable.ts';
import type { Campus } from './testing/campus.ts';
import { freePort, startCampus } from './testing/campus.ts';
import { cleanUp } from './testing/clean-up.ts';
import type { HttpClient } from './testing/http-client.ts';
import type { Program } from './testing/program.ts';
import { PANEL } from './testing/kiosk-screens.ts';
import { logInAsFirst } from './testing/staff.ts';
import { until } from './testing/until.ts';

/*
 * Cabinets behind lock boards of five kinds, by their bytes on ptys, at an agent that is a program of its own: dropped off,
 * told to hub and hall, collected while the hub is out of reach; stuck doors, an agent that is killed, doors that are forced.
 */

const AGENT = 'lockers';
const HUB = 'hub-south';
const API = { every: 150 } as const;
const CHROMIUM = '/usr/bin/chromium';
/** Pictures of what stands on the screen go to this folder. */
const SHOTS = process.env['HALLHUB_SHOTS'];
const KINDS = ['lock-8a80', 'kerong', 'wkly', 'winnsen', 'modbus'] as const;

const running = cleanUp();
let campus: Campus;
let staff: HttpClient;
let cable: Cable;
let cabinets: readonly StreetCabinet[];
let agent: Program;
/** Of the server beside the screens: where it is, and what its pages prove themselves with. */
let screens: { readonly url: string; readonly token: string };

async function startAgent(): Promise<void> {
  agent = await startAgentProcess(campus.agentDir);
  const told = await agent.says(/The screen of \S+: (http:\/\/127\.0\.0\.1:\d+\/kiosk\/\S+#token=\S+)/);
  const { origin: url, hash } = new URL(told);
  const token = hash.slice('#token='.length);
  screens = { url, token };
}

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-cabinets-'));
  running.later(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const street = await startCabinets(running, folder, AGENT);
  ({ cabinets } = street);
  campus = await startCampus({
    httpPort: await freePort(),
    extra: {
      agents: [AGENT],
      devices: street.extra.devices,
      kiosks: street.extra.kiosks,
      top: street.extra.lockers,
    },
  });
  running.later(() => campus.stop());
  const hub = await campus.startHub();
  staff = await logInAsFirst(() => hub);
  cable = await layCable('127.0.0.5', [Number(new URL(hub.url).port), hub.mqttPort]);
  running.later(() => cable.stop());
  const { code } = await staff.ask<{ code: string }>('POST', `/api/agents/${AGENT}/code`);
  const url = new URL(hub.url);
  url.hostname = cable.address;
  const enrolled = await enrolAgent({ dataDir: campus.agentDir, url: url.origin, code });
  if (enrolled.exit?.code !== 0) throw new Error(enrolled.stderr);
  await startAgent();
  running.later(() => agent.stop('SIGKILL'));
});
afterAll(() => running.run());

const cabinetOf = (id: string): StreetCabinet => {
  const found = cabinets.find((one) => one.id === id);
  if (!found) throw new Error(`no cabinet ${id}`);
  return found;
};

/** The page at a cabinet. */
async function page(cabinet: StreetCabinet) {
  const base = `${screens.url}/api/kiosks/${cabinet.kiosk}`;
  const headers = { 'content-type': 'application/json', 'x-hallhub': '1' };
  const begun = await fetch(`${base}/session`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ token: screens.token }),
  });
  const cookie = begun.headers.get('set-cookie')?.split(';')[0] ?? '';
  const ask = async <T>(path: string, body?: object): Promise<T> => {
    const answer = await fetch(`${base}/locker${path}`, {
      headers: { ...headers, cookie },
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${answer.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  };
  const view = (): Promise<LockerView> => ask<LockerView>('');
  const order = (id: string, session: string): Promise<LockerOrderView> => ask(`/orders/${id}?session=${session}`);
  return {
    ask,
    view,
    order,
    /** Shows a code and begins what it is for; the order once its door is open, or has not opened. */
    begin: async (code: string) => {
      const { session, passes } = await ask<Presented>('/present', { code });
      const begunOrder = await ask<LockerOrderView>('/begin', { session, pass: passes[0]?.id });
      const open = await until('the door is open, or not to be opened', async () => {
        const now = await order(begunOrder.id, session);
        return now.state === 'opening' ? undefined : now;
      });
      return { session, order: open };
    },
    /** After somebody has shut the door: to its end, with the answer of whoever stands there where it is asked for. */
    end: (id: string, session: string) =>
      until('the order has ended', async () => {
        const now = await order(id, session);
        if (now.state === 'asking') await ask(`/orders/${id}`, { session, answer: 'done' });
        return now.state === 'ended' ? now : undefined;
      }),
  };
}
const lockOf = ({ compartment }: LockerOrderView): number => Number(compartment.slice(1));

/** Of the codes with which something may be done with a consignment, as the agent has them. */
const hashes = (item: string): readonly string[] =>
  reading(join(campus.agentDir, 'agent.db'), (db) =>
    db
      .prepare<[string], string>('SELECT DISTINCT hash FROM locker_edge_credential WHERE pass_id LIKE ?')
      .pluck()
      .all(`%/${item}/%`),
  );
let deliveries = 0;
/** Approved in the hall: from somebody of this campus to somebody of it. */
async function delivery(): Promise<{ readonly id: string; readonly dropOff: string }> {
  deliveries += 1;
  const dropOff = String(70_000_000 + deliveries * 1_234_567).slice(0, 8);
  const now = Date.now();
  const id = unwrap(
    campus.hall.requests.apply({
      kind: 'document-delivery',
      validFrom: new Date(now - 3_600_000).toISOString(),
      validUntil: new Date(now + 86_400_000).toISOString(),
      data: {
        sender: { name: '寄件人', number: `S${deliveries}` },
        recipient: { name: '收件人', number: `R${deliveries}` },
        ...{ from: HUB, to: HUB, dropOffCode: dropOff },
      },
    }),
  );
  unwrap(campus.hall.requests.approve(id));
  // Five wrong codes silence a cabinet: nobody comes before it knows theirs.
  await until('the cabinets know it', () => hashes(id).length > 0);
  return { id, dropOff };
}
const item = (id: string): Promise<ItemView> => staff.ask<ItemView>('GET', `/api/lockers/items/${id}`);
const told = (type: string, id: string) =>
  until(`${type} of ${id} is in the hall`, () =>
    campus.hall.inbox.list({ limit: 1_000 }).find((event) => event.type.includes(type) && event.subject === id),
  );
const isWorking = async (cabinet: StreetCabinet): Promise<void> => {
  const screen = await page(cabinet);
  await until(`the cabinet ${cabinet.id} works`, async () => {
    const { working, free } = await screen.view();
    return working && free.small > 0;
  });
};

describe.each(KINDS)('a cabinet behind a board of kind %s', (kind) => {
  test('takes a document in, tells the hub and the hall, and gives it out with the hub out of reach', async () => {
    const cabinet = cabinetOf(kind);
    await isWorking(cabinet);
    const { id, dropOff } = await delivery();
    const screen = await page(cabinet);
    const put = await screen.begin(dropOff);
    expect(put.order).toMatchObject({ state: 'open', purpose: 'deposit' });
    const lock = lockOf(put.order);
    expect(cabinet.hardware.isOpen(lock)).toBe(true);
    useDoor(cabinet, lock, true);
    expect(await screen.end(put.order.id, put.session)).toMatchObject({ outcome: 'stored' });
    await told('dropped-off', id);
    await told('ready', id);
    expect(await item(id)).toMatchObject({
      custodian: { is: 'hub', hub: HUB },
      place: { at: 'compartment', cabinet: kind, compartment: put.order.compartment },
      ready: true,
    });

    const before = hashes(id);
    const { code } = await staff.ask<{ code: string }>('POST', `/api/lockers/items/${id}/code`);
    await until('the cabinet has heard of the code', () => hashes(id).some((hash) => !before.includes(hash)));
    cable.cut();
    const got = await screen.begin(code);
    expect(got.order).toMatchObject({ state: 'open', purpose: 'collect', compartment: put.order.compartment });
    useDoor(cabinet, lock, false);
    expect(await screen.end(got.order.id, got.session)).toMatchObject({ outcome: 'collected' });
    await expect(screen.ask('/present', { code })).rejects.toThrow('E-LOCK-0102');
    expect(await item(id)).toMatchObject({ ready: true });
    cable.join();
    await told('collected', id);
    expect(await item(id)).toMatchObject({ custodian: { is: 'person', to: 'recipient' }, openCases: [] });
  });

  test('gives another door where one is stuck; staff learn why it is kept back', async () => {
    const cabinet = cabinetOf(kind);
    const screen = await page(cabinet);
    await isWorking(cabinet);
    cabinet.hardware.setStuck(1, true);
    const { id, dropOff } = await delivery();
    const first = await screen.begin(dropOff);
    expect(first.order).toMatchObject({ state: 'ended', outcome: 'not-opened', compartment: 'A1' });
    const { next = '' } = first.order;
    const second = await until('the other door is open', async () => {
      const now = await screen.order(next, first.session);
      return now.state === 'open' ? now : undefined;
    });
    expect(second.compartment).toBe('A2');
    useDoor(cabinet, 2, true);
    expect(await screen.end(next, first.session)).toMatchObject({ outcome: 'stored' });
    await told('dropped-off', id);
    await until(
      'the operator sees it',
      async () => {
        const all = await staff.ask<{ id: string; doors: { compartment: string; state: string }[] }[]>(
          'GET',
          '/api/lockers/cabinets',
        );
        const doors = all.find((one) => one.id === kind)?.doors ?? [];
        return doors.some(({ compartment, state }) => compartment === 'A1' && state === 'out-of-use');
      },
      API,
    );
    cabinet.hardware.setStuck(1, false);
  });
});

test('whoever stands before the screen drops off and collects, the hub out of reach', async () => {
  const cabinet = cabinetOf('modbus');
  await isWorking(cabinet);
  const { id, dropOff } = await delivery();
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
  running.later(() => browser.close());
  const page = await (await browser.newContext({ viewport: PANEL, hasTouch: true })).newPage();
  page.setDefaultTimeout(30_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(`${screens.url}/kiosk/${cabinet.kiosk}#token=${screens.token}`);
  const tap = (name: RegExp | string): Promise<void> => page.getByRole('button', { name }).first().tap();
  const says = (text: RegExp): Promise<void> => page.getByRole('heading', { name: text, level: 1 }).waitFor();
  const type = async (code: string): Promise<void> => {
    await tap(/存件取件/);
    await tap(/输入存取件码/);
    for (const digit of code) await page.getByRole('button', { name: digit, exact: true }).tap();
    await tap(/^确定$/);
  };
  cable.cut();
  await type(dropOff);
  await tap(/小格/);
  await says(/柜门已打开/);
  const lock = await until('a door is open', () => [1, 2, 3, 4, 5, 6].find((one) => cabinet.hardware.isOpen(one)));
  await page.getByText(`A${lock}`).first().waitFor();
  useDoor(cabinet, lock, true);
  const done = page.getByRole('button', { name: /放好了/ });
  const stored = page.getByRole('heading', { name: /已存入/, level: 1 });
  await done.or(stored).first().waitFor();
  if (await done.isVisible()) await done.tap();
  await stored.waitFor();
  cable.join();
  await told('ready', id);
  expect(complaints).toEqual([]);
  if (SHOTS !== undefined) await page.screenshot({ path: join(SHOTS, 'cabinet-stored.png') });
});

// An agent that dies more often in a few minutes leaves its devices alone.
describe.each(['kerong', 'modbus'])('a cabinet behind a board of kind %s', (kind) => {
  test('replays nothing after its agent was killed with a door open, and keeps that door back', async () => {
    const cabinet = cabinetOf(kind);
    await isWorking(cabinet);
    const { dropOff } = await delivery();
    const before = await page(cabinet);
    const { order } = await before.begin(dropOff);
    const lock = lockOf(order);
    await agent.stop('SIGKILL');
    const pulses: number[] = [];
    const stop = cabinet.hardware.onPulse((pulsed) => pulses.push(pulsed));
    cabinet.hardware.shut(lock);
    await startAgent();
    await isWorking(cabinet);
    // The same code is good for another door: nobody knows what is behind the first.
    const again = await (await page(cabinet)).begin(dropOff);
    expect(again.order).toMatchObject({ state: 'open' });
    expect(again.order.compartment).not.toBe(order.compartment);
    expect(pulses).toEqual([lockOf(again.order)]);
    useDoor(cabinet, lockOf(again.order), true);
    stop();
  });
});

test('a door that is forced is told to staff, and to whoever looks at its history', async () => {
  const cabinet = cabinetOf('wkly');
  cabinet.hardware.force(4);
  await until(
    'it stands in the history',
    async () =>
      (await staff.ask<{ what: string }[]>('GET', '/api/lockers/cabinets/wkly/doors/A4')).some(
        ({ what }) => what === 'opened-without-order',
      ),
    API,
  );
  cabinet.hardware.shut(4);
});
